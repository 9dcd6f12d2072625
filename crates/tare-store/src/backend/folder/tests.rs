use tare_format::Sha256;

use super::*;

fn store(home: &Path) -> FolderStore {
    FolderStore::open(&home.join("public"), &home.join("staging")).unwrap()
}

fn release(bytes: &[u8]) -> ObjectKey {
    ObjectKey::Release(Sha256::of(bytes))
}

#[test]
fn a_folder_keeps_the_contract() {
    let home = tempfile::tempdir().unwrap();
    let mut count = 0;
    crate::conformance::check(|| {
        count += 1;
        Box::new(store(&home.path().join(count.to_string())))
    });
}

#[test]
fn objects_are_plain_files_at_the_path_of_their_url() {
    let home = tempfile::tempdir().unwrap();
    let key = release(b"{}");
    store(home.path()).put(&key, Content::Bytes(b"{}")).unwrap();
    let path = home.path().join("public").join(key.path());
    assert_eq!(fs::read(path).unwrap(), b"{}");
}

#[test]
fn nothing_is_staged_in_what_a_file_server_serves() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path());
    let staged = store.stage().unwrap();
    assert!(staged.path().starts_with(home.path().join("staging")));
    assert_eq!(fs::read_dir(home.path().join("public")).unwrap().count(), 0);
}

#[test]
fn files_of_others_are_left_out_of_lists() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path());
    store.put(&release(b"{}"), Content::Bytes(b"{}")).unwrap();
    let releases = home.path().join("public/releases");
    fs::create_dir_all(releases.join("zz")).unwrap();
    fs::write(releases.join("README"), b"a file beside the folders").unwrap();
    fs::write(releases.join("zz/notes"), b"a file in a folder").unwrap();

    let keys: Vec<_> = store.list(ObjectKind::Release).unwrap();

    assert_eq!(keys, [Listed { key: release(b"{}"), size_bytes: 2 }]);
}

#[test]
fn what_a_dead_process_staged_is_cleaned_by_age() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path());
    let (_, path) = tempfile::Builder::new()
        .prefix(TEMPORARY_PREFIX)
        .tempfile_in(home.path().join("staging"))
        .unwrap()
        .keep()
        .unwrap();
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    let hour = Duration::from_secs(3600);

    assert_eq!(store.clean_staging(written + hour / 2, hour).unwrap(), 0);
    assert_eq!(store.clean_staging(written + hour, hour).unwrap(), 1);
    assert!(!path.exists());
}

#[test]
fn two_file_systems_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let staging = Path::new("/dev/shm/tare-store-test");
    let same = file_system(home.path()).unwrap() == file_system(Path::new("/dev/shm")).unwrap();
    assert!(!same, "this test needs a temporary folder that is not in /dev/shm");
    let error = FolderStore::open(&home.path().join("public"), staging).unwrap_err();
    fs::remove_dir(staging).unwrap();
    assert!(matches!(error, StoreError::TwoFileSystems { .. }), "{error}");
}
