//! A real full disk: a file system of one mebibyte, made for the test.
//!
//! It is mounted in a namespace of a child process, which every user may do where the kernel allows it, and reached
//! through `/proc`; it is gone with the child. For root a failure to mount is a failure of the test. Other users whom the
//! kernel does not let still have the checks against `/dev/full` in the unit tests, and against a size no disk has.

#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tare_format::recipe::{Chunk, Chunker, Recipe};
use tare_format::{Blake3, Sha256};
use tare_store::durable::{self, DurableError, Folders, Staged};
use tare_store::partial::{Partial, PartialError};
use tare_store::{Content, FolderStore, ObjectKey, ObjectKind, ObjectStore as _};

/// A file system of one mebibyte, as long as the value lives.
struct SmallDisk {
    child: Child,
    _mount_point: tempfile::TempDir,
    path: PathBuf,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let mount_point = tempfile::tempdir().expect("a temporary folder");
        let script = "mount -t tmpfs -o size=1m tmpfs \"$1\" && echo mounted && cat";
        let mut child = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .arg(mount_point.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
        if line != "mounted\n" {
            child.wait().ok()?;
            // The gate runs as root, so there these tests cannot be passed over.
            assert!(!rustix::process::geteuid().is_root(), "root cannot mount a file system here");
            return None;
        }
        let inside = mount_point.path().strip_prefix("/").ok()?;
        let path = PathBuf::from(format!("/proc/{}/root", child.id())).join(inside);
        Some(Self { child, _mount_point: mount_point, path })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Its standard input ends, and with it `cat`, the namespace and the file system.
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}

fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("a folder").count()
}

#[test]
fn a_store_on_a_full_disk_says_so_and_keeps_what_it_had() {
    let Some(disk) = SmallDisk::mount() else { return };
    let store = FolderStore::open(&disk.path.join("public"), &disk.path.join("staging")).unwrap();
    let small = ObjectKey::Meta(Sha256::of(b"small"));
    store.put(&small, Content::Bytes(b"small")).unwrap();
    let large = vec![1; 2 << 20];

    let key = ObjectKey::Pack(Blake3::of(&large));
    let error = store.put(&key, Content::Bytes(&large)).unwrap_err();
    assert!(error.is_full(), "{error}");
    let error = store.replace(&ObjectKey::Registry, &large).unwrap_err();
    assert!(error.is_full(), "{error}");

    assert_eq!(store.list(ObjectKind::Pack).unwrap(), []);
    assert_eq!(store.size(&ObjectKey::Registry).unwrap(), None);
    assert_eq!(store.read(&small, 0..5).unwrap(), b"small");
    assert_eq!(files_in(&disk.path.join("staging")), 0);
    // With room again, the same call succeeds.
    store.put(&key, Content::Bytes(&large[..1000])).unwrap();
}

#[test]
fn a_staged_file_that_fills_the_disk_is_removed() {
    let Some(disk) = SmallDisk::mount() else { return };
    let store = FolderStore::open(&disk.path.join("public"), &disk.path.join("staging")).unwrap();
    let mut staged = store.stage().unwrap();
    let error = staged.write_all(&vec![1; 2 << 20]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    drop(staged);
    assert_eq!(files_in(&disk.path.join("staging")), 0);
}

#[test]
fn a_replaced_file_is_as_it_was_when_the_disk_is_full() {
    let Some(disk) = SmallDisk::mount() else { return };
    let path = disk.path.join("file");
    durable::write(&path, b"old").unwrap();
    let error = durable::write(&path, &vec![1; 2 << 20]).unwrap_err();
    assert!(matches!(error, DurableError::Full { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(files_in(&disk.path), 1);
}

#[test]
fn a_file_larger_than_the_disk_is_refused_before_the_first_byte() {
    let home = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount();
    let folder = disk.as_ref().map_or(home.path(), |disk| disk.path.as_path());
    // Without a small disk: 15 TiB, more than a large one has free.
    let count = if disk.is_some() { 1 } else { 15 << 18 };
    let chunk = Chunk { digest: Blake3::of(b"x"), length: 4 << 20 };
    let recipe = Recipe::new(Chunker::Tensor4M, vec![chunk; count]).unwrap();
    let error = Partial::open(folder, Sha256::of(b"x"), recipe).unwrap_err();
    assert!(matches!(error, PartialError::Write { .. }), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let Some(disk) = SmallDisk::mount() else { return };
    let mut filler = Staged::create_in(&disk.path).unwrap();
    while filler.write_all(&[1; 4096]).is_ok() {}
    let staged = Staged::create_in(&disk.path);
    let made = staged.and_then(|mut staged| {
        let path = staged.path().to_owned();
        let written = staged.write_all(&[1; 4096]);
        written.map_err(|source| DurableError::Io { action: "write", path, source })?;
        staged.commit_new(&disk.path.join("a/b/c"), &Folders::default())
    });
    made.unwrap_err();
    drop(filler);
    assert!(!disk.path.join("a/b/c").exists());
}
