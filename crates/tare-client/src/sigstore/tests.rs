use super::*;
use crate::error::{ClientError as _, ErrorKind};

const STAGING: &str = "../../spec/vectors/sigstore/staging.trusted_root.json";

fn config(home: &Path) -> Config {
    Config::load(home, home).unwrap()
}

#[test]
fn a_pinned_root_is_used_until_it_is_unpinned() {
    let home = tempfile::tempdir().unwrap();
    let load = || load(home.path(), &config(home.path()), None);
    assert!(load().unwrap().is_public_good());
    let pinned = pin(home.path(), Path::new(STAGING), None).unwrap();
    assert_eq!(load().unwrap().sha256(), pinned.sha256());
    assert!(unpin(home.path()).unwrap().is_public_good());
    assert!(load().unwrap().is_public_good());
}

#[test]
fn a_pinned_root_that_was_changed_or_lost_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let root = pin(home.path(), Path::new(STAGING), None).unwrap();
    let path = path_of(home.path(), root.sha256());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.push(b' ');
    std::fs::write(&path, &bytes).unwrap();
    let error = load(home.path(), &config(home.path()), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Trust);
    assert!(error.to_string().contains(&root.sha256().hex()), "{error}");
    std::fs::remove_file(&path).unwrap();
    assert!(load(home.path(), &config(home.path()), None).is_err());
}

#[test]
fn a_root_with_another_digest_than_expected_is_not_pinned() {
    let home = tempfile::tempdir().unwrap();
    let expected = Some(Sha256::of(b"another"));
    let error = pin(home.path(), Path::new(STAGING), expected).unwrap_err();
    assert!(matches!(error, TrustFileError::Other { .. }), "{error}");
    assert_eq!(config(home.path()).trust_root(), None);
}

#[test]
fn a_project_cannot_bring_its_own_trust_root() {
    let root = tempfile::tempdir().unwrap();
    let (home, project) = (root.path().join("home"), root.path().join("project/.tare"));
    std::fs::create_dir_all(&project).unwrap();
    let text = format!("[trust]\nroot-sha256 = '{}'\n", Sha256::of(b"mine"));
    std::fs::write(project.join("config.toml"), text).unwrap();
    let error = Config::load(&home, &root.path().join("project")).unwrap_err();
    assert!(error.to_string().contains("trust root"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Usage);
}
