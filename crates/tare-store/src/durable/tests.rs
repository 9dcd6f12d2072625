use super::*;

fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(TEMPORARY_PREFIX))
        .collect()
}

#[test]
fn a_new_file_is_moved_into_folders_that_did_not_exist() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("a/b/c");
    let mut staged = Staged::create_in(home.path()).unwrap();
    staged.write_all(b"bytes").unwrap();

    assert_eq!(staged.commit_new(&target, &Folders::default()).unwrap(), Committed::Created);

    assert_eq!(fs::read(&target).unwrap(), b"bytes");
    assert_eq!(leftovers(home.path()), [] as [PathBuf; 0]);
}

#[test]
fn a_file_that_is_there_already_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("name");
    write(&target, b"first").unwrap();
    let mut staged = Staged::create_in(home.path()).unwrap();
    staged.write_all(b"second").unwrap();

    assert_eq!(staged.commit_new(&target, &Folders::default()).unwrap(), Committed::AlreadyThere);

    assert_eq!(fs::read(&target).unwrap(), b"first");
    assert_eq!(leftovers(home.path()), [] as [PathBuf; 0]);
}

#[test]
fn replace_puts_the_new_bytes_in_the_old_place() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("name");
    write(&target, b"first").unwrap();
    write(&target, b"second").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"second");
    assert_eq!(leftovers(home.path()), [] as [PathBuf; 0]);
}

#[test]
fn a_dropped_temporary_file_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let mut staged = Staged::create_in(home.path()).unwrap();
    staged.write_all(b"bytes").unwrap();
    drop(staged);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_file_in_the_way_of_a_folder_is_an_error_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    write(&home.path().join("a"), b"a file").unwrap();
    let staged = Staged::create_in(home.path()).unwrap();

    let error = staged.commit_new(&home.path().join("a/b"), &Folders::default()).unwrap_err();

    assert!(matches!(error, DurableError::Io { .. }), "{error}");
    assert_eq!(leftovers(home.path()), [] as [PathBuf; 0]);
}

#[test]
fn a_full_disk_is_told_from_other_failures() {
    // `/dev/full` answers every write as a full disk does.
    let mut full = File::options().write(true).open("/dev/full").unwrap();
    let source = full.write_all(b"x").unwrap_err();
    let error = DurableError::new("write", Path::new("x"), source);
    assert!(matches!(error, DurableError::Full { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_final_file_may_be_read_by_a_file_server() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("name");
    write(&target, b"bytes").unwrap();
    let mode = fs::metadata(&target).unwrap().permissions().mode();
    assert_eq!(mode & 0o600, 0o600);
    assert_eq!(mode & 0o111, 0);
}

#[test]
fn a_folder_that_is_there_needs_no_say_over_its_parent() {
    // `/proc` lets nobody sync it, as the parent of a home folder may let nobody read it.
    Folders::default().ensure(Path::new("/proc/self")).unwrap();
}

#[test]
fn a_closed_folder_is_named_and_no_temporary_file() {
    let said = io::Error::new(
        io::ErrorKind::PermissionDenied,
        "Permission denied at path \"/srv/x/.tare-tmp-abc\"",
    );
    let folder = Path::new("/srv/x");
    let error = DurableError::making("make a temporary file in", folder, folder, said);
    assert_eq!(error.to_string(), "the folder `/srv/x` cannot be written");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(!source.contains(TEMPORARY_PREFIX), "{source}");
}
