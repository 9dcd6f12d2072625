use super::*;
use crate::error::{ClientError as _, ErrorKind};

fn write(folder: &Path, text: &str) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(CONFIG_FILE), text).unwrap();
}

#[test]
fn the_nearer_file_wins() {
    let root = tempfile::tempdir().unwrap();
    let (home, project) = (root.path().join("home"), root.path().join("a/b"));
    write(&home, "registry.default = 'main'\nregistries.main.url = 'https://a.example'\n");
    write(&project.join(".tare"), "registries.main.url = 'https://b.example'\n");
    let near = Config::load(&home, &project.join("c")).unwrap().choose(None).unwrap();
    let far = Config::load(&home, root.path()).unwrap().choose(None).unwrap();
    assert_eq!((near.url.as_str(), far.url.as_str()), ("https://b.example/", "https://a.example/"));
}

#[test]
fn only_the_home_folder_names_a_program_that_signs() {
    let root = tempfile::tempdir().unwrap();
    let (home, project) = (root.path().join("home"), root.path().join("a"));
    let text = "[signing]\nsigner = 'sign-with-card 9c'\npublic-key = 'card.pub'\n";
    write(&home, text);
    let config = Config::load(&home, &project).unwrap();
    let program = config.signing_program().unwrap();
    assert_eq!(program.command, "sign-with-card 9c");
    assert_eq!(program.public_key, home.join("card.pub"));
    write(&project.join(".tare"), text);
    let error = Config::load(&home, &project).unwrap_err();
    assert!(error.to_string().contains("a/.tare/config.toml` names a program that signs"));
    assert_eq!((error.kind(), error.code()), (ErrorKind::Usage, "E-CONFIG"));
}

#[test]
fn a_mistake_names_the_file_the_line_and_the_nearest_key() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "[registries.main]\nurll = 'https://a.example'\n");
    let error = Config::load(home.path(), home.path()).unwrap_err();
    assert!(error.to_string().contains("line 2: unknown key `urll`"), "{error}");
    assert_eq!(error.help().as_deref(), Some("did you mean `url`?"));
    assert_eq!(error.kind(), ErrorKind::Usage);
}

#[test]
fn a_url_without_a_scheme_gets_one() {
    let asked = |name: &str| Config::default().choose(Some(name)).unwrap_err().help().unwrap();
    assert_eq!(asked("127.0.0.1:8273"), "did you mean http://127.0.0.1:8273?");
    assert_eq!(asked("localhost:8273/tare"), "did you mean http://localhost:8273/tare?");
    assert_eq!(asked("tare.example"), "did you mean https://tare.example?");
    assert_eq!(asked("main"), "add it with `tare registry add main URL`");
}

#[test]
fn a_password_in_a_url_is_not_repeated() {
    let error = Config::default().choose(Some("http://ada:s3cret@a.example")).unwrap_err();
    let said = crate::error::chain(&error).join(" ");
    assert!(said.contains("a.example") && !said.contains("s3cret"), "{said}");
}

#[test]
fn an_unknown_registry_lists_the_known_ones() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "registries.main.url = 'https://a.example'\n");
    let config = Config::load(home.path(), home.path()).unwrap();
    assert!(matches!(config.choose(None), Err(ConfigError::NoDefault)));
    let error = config.choose(Some("other")).unwrap_err();
    assert_eq!(error.help().as_deref(), Some("the known ones are main"));
    let by_url = config.choose(Some("https://a.example")).unwrap();
    assert_eq!(by_url.name, "main", "a URL that is known has its name");
}

#[test]
fn changes_keep_what_a_person_wrote() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "# mine\n[registries]\nold = { url = 'https://old.example' }\n");
    let mut file = ConfigFile::open(home.path()).unwrap();
    let url = registry_url("http://127.0.0.1:8273").unwrap();
    file.set(&KnownRegistry::new("main", url)).unwrap();
    file.set_default("main").unwrap();
    assert!(file.remove("old").unwrap() && !file.remove("old").unwrap());
    file.save().unwrap();
    let text = std::fs::read_to_string(home.path().join(CONFIG_FILE)).unwrap();
    assert!(text.starts_with("# mine\n"), "{text}");
    let config = Config::load(home.path(), home.path()).unwrap();
    assert_eq!(config.choose(None).unwrap().url.as_str(), "http://127.0.0.1:8273/");
    assert_eq!(config.registries().count(), 1);
}

#[test]
fn removing_the_default_leaves_none() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "registry.default = 'main'\nregistries.main.url = 'https://a.example'\n");
    let mut file = ConfigFile::open(home.path()).unwrap();
    file.remove("main").unwrap();
    file.save().unwrap();
    assert_eq!(Config::load(home.path(), home.path()).unwrap(), Config::default());
}

#[test]
fn mirrors_are_urls_in_their_order_and_stay_when_a_registry_is_added_again() {
    let home = tempfile::tempdir().unwrap();
    let mirrors = "['https://b.example', 'https://a.example/tare', 'https://b.example/']";
    write(
        home.path(),
        &format!("registries.main = {{ url = 'https://m.example', mirrors = {mirrors} }}\n"),
    );
    let known = || Config::load(home.path(), home.path()).unwrap().choose(Some("main")).unwrap();
    assert_eq!(known().mirror_urls(), ["https://b.example/", "https://a.example/tare/"]);
    let mut file = ConfigFile::open(home.path()).unwrap();
    let url = registry_url("https://new.example").unwrap();
    file.set(&KnownRegistry::new("main", url.clone())).unwrap();
    file.save().unwrap();
    assert_eq!((known().url, known().mirrors.len()), (url, 2));
}

#[test]
fn a_mirror_that_is_no_url_names_the_registry_and_the_file() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "[registries.main]\nurl = 'https://a.example'\nmirrors = ['/srv/mirror']\n");
    let error = Config::load(home.path(), home.path()).unwrap_err();
    assert!(error.to_string().contains("`main`"), "{error}");
    assert!(error.to_string().contains(CONFIG_FILE), "{error}");
}
