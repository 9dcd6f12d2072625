//! What every backend must pass. A backend's own test calls [`check`] with a way to make empty stores.
//!
//! These are assertions, so they panic: they are meant for tests, and public so that backends in other crates can be
//! held to the same contract.

use std::io::Write as _;
use std::thread;

use tare_format::{Blake3, Sha256};

use crate::backend::{Content, Listed, ObjectStore, StoreError, read_all};
use crate::durable::Committed;
use crate::key::{ObjectKey, ObjectKind};

/// Runs every check, each on an empty store of its own.
///
/// # Panics
/// When the backend breaks the contract.
pub fn check(mut empty: impl FnMut() -> Box<dyn ObjectStore>) {
    what_was_put_is_read(&*empty());
    a_staged_file_becomes_an_object(&*empty());
    a_second_put_of_the_same_bytes_is_fine(&*empty());
    a_put_of_other_bytes_is_refused(&*empty());
    only_mutable_objects_are_replaced(&*empty());
    ranges_are_exact(&*empty());
    what_is_not_there_is_missing(&*empty());
    lists_are_sorted_and_of_one_kind(&*empty());
    a_removed_object_is_gone_and_can_come_back(&*empty());
    writers_at_once_agree(&*empty());
    readers_see_old_or_new_and_never_a_mix(&*empty());
}

/// An object is read back as it was put, an empty one too.
///
/// # Panics
/// When the backend breaks the contract.
pub fn what_was_put_is_read(store: &dyn ObjectStore) {
    for bytes in [&b""[..], b"one", &[7; 100_000]] {
        let key = ObjectKey::Meta(Sha256::of(bytes));
        assert_eq!(put(store, &key, bytes), Committed::Created);
        assert_eq!(store.size(&key).expect("size"), Some(bytes.len() as u64));
        assert_eq!(read_all(store, &key, 100_000).expect("read"), bytes);
    }
}

/// A staged file is put without its handle at the first byte.
///
/// # Panics
/// When the backend breaks the contract.
pub fn a_staged_file_becomes_an_object(store: &dyn ObjectStore) {
    let bytes = vec![3; 1 << 20];
    let key = ObjectKey::Pack(Blake3::of(&bytes));
    for expected in [Committed::Created, Committed::AlreadyThere] {
        let mut staged = store.stage().expect("stage");
        staged.write_all(&bytes).expect("write");
        let path = staged.path().to_owned();
        assert_eq!(store.put(&key, Content::File(staged)).expect("put"), expected);
        assert!(!path.exists(), "the temporary file is still there");
    }
    assert_eq!(read_all(store, &key, 1 << 20).expect("read"), bytes);
}

/// A retry is answered as the first try was, but for the word.
///
/// # Panics
/// When the backend breaks the contract.
pub fn a_second_put_of_the_same_bytes_is_fine(store: &dyn ObjectStore) {
    let key = ObjectKey::Release(Sha256::of(b"{}"));
    assert_eq!(put(store, &key, b"{}"), Committed::Created);
    assert_eq!(put(store, &key, b"{}"), Committed::AlreadyThere);
}

/// Put never changes what is there, of the same size or another.
///
/// # Panics
/// When the backend breaks the contract.
pub fn a_put_of_other_bytes_is_refused(store: &dyn ObjectStore) {
    let key = ObjectKey::Release(Sha256::of(b"{}"));
    put(store, &key, b"{}");
    for other in [&b"[]"[..], b"{} ", b""] {
        let error = store.put(&key, Content::Bytes(other)).expect_err("a conflict");
        assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    }
    assert_eq!(read_all(store, &key, 10).expect("read"), b"{}");
}

/// Replace makes and changes objects, but never one that is named by its content.
///
/// # Panics
/// When the backend breaks the contract.
pub fn only_mutable_objects_are_replaced(store: &dyn ObjectStore) {
    for bytes in [&b"first"[..], b"second and longer", b"3"] {
        store.replace(&ObjectKey::Registry, bytes).expect("replace");
        assert_eq!(read_all(store, &ObjectKey::Registry, 100).expect("read"), bytes);
    }
    let key = ObjectKey::Recipe(Blake3::of(b"recipe"));
    let error = store.replace(&key, b"recipe").expect_err("a refusal");
    assert!(matches!(error, StoreError::Immutable { .. }), "{error}");
    assert_eq!(store.size(&key).expect("size"), None);
}

/// A range gives exactly its bytes, or an error that says the size.
///
/// # Panics
/// When the backend breaks the contract.
pub fn ranges_are_exact(store: &dyn ObjectStore) {
    let key = ObjectKey::Pack(Blake3::of(b"0123456789"));
    put(store, &key, b"0123456789");
    let read = |start, end| store.read(&key, start..end);
    assert_eq!(read(0, 10).expect("all"), b"0123456789");
    assert_eq!(read(3, 5).expect("some"), b"34");
    assert_eq!(read(10, 10).expect("none"), b"");
    for (start, end) in [(0, 11), (11, 11), (9, u64::MAX), (u64::MAX, u64::MAX), (5, 3)] {
        match read(start, end).expect_err("out of range") {
            StoreError::Range { size_bytes, .. } => assert_eq!(size_bytes, 10),
            error => panic!("{start}..{end}: {error}"),
        }
    }
}

/// An absent object has no size, cannot be read, and can be removed.
///
/// # Panics
/// When the backend breaks the contract.
pub fn what_is_not_there_is_missing(store: &dyn ObjectStore) {
    let key = ObjectKey::Location(Blake3::of(b"nothing"));
    assert_eq!(store.size(&key).expect("size"), None);
    store.remove(&key).expect("remove");
    for error in [store.read(&key, 0..0), read_all(store, &key, 10)] {
        let error = error.expect_err("missing");
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    }
}

/// Lists hold every object of a kind, once, in the order of the paths.
///
/// # Panics
/// When the backend breaks the contract.
pub fn lists_are_sorted_and_of_one_kind(store: &dyn ObjectStore) {
    let mut expected = Vec::new();
    for number in 0_u8..40 {
        let key = ObjectKey::Recipe(Blake3::of(&[number]));
        put(store, &key, &[number]);
        put(store, &ObjectKey::Release(Sha256::of(&[number])), &[number]);
        expected.push(Listed { key, size_bytes: 1 });
    }
    expected.sort_by_key(|listed| listed.key.path());
    assert_eq!(store.list(ObjectKind::Recipe).expect("list"), expected);
    assert_eq!(store.list(ObjectKind::Pack).expect("list"), []);
    assert_eq!(store.list(ObjectKind::Registry).expect("list"), []);
    for name in ["b/x", "a/y", "a/x"] {
        let name = name.parse().expect("a package name");
        store.replace(&ObjectKey::Package(name), b"{}").expect("replace");
    }
    let pages = store.list(ObjectKind::Package).expect("list");
    let paths: Vec<_> = pages.into_iter().map(|listed| listed.key.path()).collect();
    assert_eq!(paths, ["packages/a/x", "packages/a/y", "packages/b/x"]);
}

/// Removing is final, and the same key can be put again.
///
/// # Panics
/// When the backend breaks the contract.
pub fn a_removed_object_is_gone_and_can_come_back(store: &dyn ObjectStore) {
    let key = ObjectKey::Meta(Sha256::of(b"meta"));
    put(store, &key, b"meta");
    store.remove(&key).expect("remove");
    assert_eq!(store.size(&key).expect("size"), None);
    assert_eq!(store.list(ObjectKind::Meta).expect("list"), []);
    assert_eq!(put(store, &key, b"meta"), Committed::Created);
}

/// Of many writers of one object exactly one creates it, and the others are told that it is there.
///
/// # Panics
/// When the backend breaks the contract.
pub fn writers_at_once_agree(store: &dyn ObjectStore) {
    let bytes = vec![5; 50_000];
    let key = ObjectKey::Pack(Blake3::of(&bytes));
    let created = thread::scope(|scope| {
        let writers: Vec<_> = (0..8).map(|_| scope.spawn(|| put(store, &key, &bytes))).collect();
        let answers = writers.into_iter().map(|writer| writer.join().expect("a writer"));
        answers.filter(|answer| *answer == Committed::Created).count()
    });
    assert_eq!(created, 1);
    assert_eq!(read_all(store, &key, 50_000).expect("read"), bytes);
}

/// While an object is replaced, a reader that knows the size sees one of the versions whole.
///
/// # Panics
/// When the backend breaks the contract.
pub fn readers_see_old_or_new_and_never_a_mix(store: &dyn ObjectStore) {
    const SIZE: u64 = 20_000;
    let version = |number| vec![number; SIZE as usize];
    store.replace(&ObjectKey::Registry, &version(0)).expect("replace");
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..50 {
                store.replace(&ObjectKey::Registry, &version(number)).expect("replace");
            }
        });
        for _ in 0..200 {
            let bytes = store.read(&ObjectKey::Registry, 0..SIZE).expect("read");
            assert!(bytes.windows(2).all(|pair| pair[0] == pair[1]), "a mix of two versions");
        }
    });
}

fn put(store: &dyn ObjectStore, key: &ObjectKey, bytes: &[u8]) -> Committed {
    store.put(key, Content::Bytes(bytes)).expect("put")
}
