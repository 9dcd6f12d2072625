use std::io::Write as _;

use tare_format::Blake3;
use tare_format::recipe::{Chunk, Chunker};

use super::*;

fn insert(store: &FileStore, bytes: &[u8]) -> Sha256 {
    let sha256 = Sha256::of(bytes);
    let mut staged = store.stage().unwrap();
    staged.write_all(bytes).unwrap();
    store.insert(staged, &sha256).unwrap();
    sha256
}

/// Writes to a file in spite of its being read-only, as a program run by its owner can.
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_file_is_whole_read_only_and_where_its_digest_says() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::open(home.path()).unwrap();
    let sha256 = insert(&store, b"weights");
    let hex = sha256.hex();
    let path = home.path().join("files").join(&hex[..2]).join(&hex);
    assert_eq!(fs::read(&path).unwrap(), b"weights");
    assert!(fs::metadata(&path).unwrap().permissions().readonly());
    assert!(store.contains(&sha256, 7).unwrap());
    store.verify(&sha256).unwrap();
    store.open_file(&sha256, 7).unwrap();
    assert_eq!(fs::read_dir(home.path().join("partial")).unwrap().count(), 0);
}

#[test]
fn another_file_than_was_said_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::open(home.path()).unwrap();
    let mut staged = store.stage().unwrap();
    staged.write_all(b"other").unwrap();
    let error = store.insert(staged, &Sha256::of(b"weights")).unwrap_err();
    assert!(matches!(error, FileStoreError::Digest { .. }), "{error}");
    assert_eq!(store.list().unwrap(), []);
}

#[test]
fn a_changed_file_is_noticed_without_reading_it() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::open(home.path()).unwrap();
    let sha256 = insert(&store, b"weights");
    overwrite(&store.path(&sha256), b"weighty");
    assert!(matches!(store.look(&sha256, 7).unwrap(), Presence::Changed(_)));
    let error = store.open_file(&sha256, 7).unwrap_err();
    assert!(
        error.to_string().ends_with("was changed after it came into the store: it was written to")
    );
    let error = store.verify(&sha256).unwrap_err();
    assert!(matches!(error, FileStoreError::Changed { .. }), "{error}");
}

#[test]
fn a_file_of_another_size_or_kind_is_noticed() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::open(home.path()).unwrap();
    let sha256 = insert(&store, b"weights");
    assert!(matches!(store.look(&sha256, 8).unwrap(), Presence::Changed(_)));
    let path = store.path(&sha256);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
    assert!(matches!(store.look(&sha256, 7).unwrap(), Presence::Changed(_)));
}

#[test]
fn a_change_that_hides_its_time_is_found_by_reading() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::open(home.path()).unwrap();
    let sha256 = insert(&store, b"weights");
    overwrite(&store.path(&sha256), b"weighty");
    seal(&File::open(store.path(&sha256)).unwrap()).unwrap();
    assert_eq!(store.look(&sha256, 7).unwrap(), Presence::Intact);
    store.verify(&sha256).unwrap_err();
}

#[test]
fn inserting_again_mends_a_changed_file_and_leaves_a_sound_one() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::open(home.path()).unwrap();
    let sha256 = insert(&store, b"weights");
    insert(&store, b"weights");
    overwrite(&store.path(&sha256), b"weighty");
    insert(&store, b"weights");
    store.verify(&sha256).unwrap();
    assert!(store.contains(&sha256, 7).unwrap());
}

#[test]
fn a_file_that_was_put_together_comes_in_and_leaves_no_partial() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::open(home.path()).unwrap();
    let (raw, sha256) = (b"chunk", Sha256::of(b"chunk"));
    let chunk = Chunk { digest: Blake3::of(raw), length: 5 };
    let recipe = Recipe::new(Chunker::Cdc64K, vec![chunk]).unwrap();
    let partial = store.partial(sha256, recipe).unwrap();
    partial.put(0, raw).unwrap();

    let complete = partial.finish().unwrap();
    assert_eq!(store.insert_complete(complete).unwrap(), Committed::Created);

    assert!(store.contains(&sha256, 5).unwrap());
    assert_eq!(fs::read_dir(home.path().join("partial")).unwrap().count(), 0);
}

#[test]
fn lists_say_size_and_links_and_leave_out_what_is_not_a_file_of_the_store() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::open(home.path()).unwrap();
    let sha256 = insert(&store, b"weights");
    fs::hard_link(store.path(&sha256), home.path().join("linked")).unwrap();
    fs::write(home.path().join("files/README"), b"").unwrap();
    fs::create_dir(home.path().join("files/zz")).unwrap();
    fs::write(home.path().join("files/zz/x"), b"").unwrap();

    let files = store.list().unwrap();

    assert_eq!(files.len(), 1);
    assert_eq!((files[0].sha256, files[0].size_bytes, files[0].links), (sha256, 7, 1));
    assert!(files[0].last_used > UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    store.remove(&sha256).unwrap();
    store.remove(&sha256).unwrap();
    assert_eq!(store.list().unwrap(), []);
    assert!(matches!(store.verify(&sha256), Err(FileStoreError::Missing { .. })));
}
