//! One file in two places: by a hard link, by shared blocks, or by a copy.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::files::seal;

/// How a file came to its second place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placed {
    /// Both names are the same file.
    HardLink,
    /// Two files that share their blocks until one is written to.
    Reflink,
    /// Two files.
    Copy,
}

/// Puts the file `from` at `to` in the cheapest way that the file systems allow. A hard link comes first: it works on
/// every file system, and the store's files are read-only.
///
/// # Errors
/// When none of the ways works, or something is at `to`.
pub fn share(from: &Path, to: &Path) -> io::Result<Placed> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(Placed::HardLink),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Another file system, too many links, or a file system that has none. The copy is made to look like a file
        // of the store, so that a write to it is noticed as one to a link would be.
        Err(_) => copy(from, to).and_then(|placed| seal(&File::open(to)?).map(|()| placed)),
    }
}

/// Makes a file of its own at `to`, durably, sharing blocks with `from` where the file system can.
///
/// # Errors
/// When the file cannot be read or written, or something is at `to`.
pub fn copy(from: &Path, to: &Path) -> io::Result<Placed> {
    let mut source = File::open(from)?;
    let mut target = File::options().write(true).create_new(true).open(to)?;
    let placed = if reflink(&source, &target) {
        Placed::Reflink
    } else {
        io::copy(&mut source, &mut target)?;
        Placed::Copy
    };
    target.sync_all()?;
    Ok(placed)
}

#[cfg(target_os = "linux")]
fn reflink(source: &File, target: &File) -> bool {
    rustix::fs::ioctl_ficlone(target, source).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn reflink(_: &File, _: &File) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hard_link_is_tried_first_and_a_copy_is_a_file_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let [from, linked, copied] =
            ["from", "linked", "copied"].map(|name| home.path().join(name));
        fs::write(&from, b"bytes").unwrap();

        assert_eq!(share(&from, &linked).unwrap(), Placed::HardLink);
        assert_ne!(copy(&from, &copied).unwrap(), Placed::HardLink);

        fs::write(&from, b"other").unwrap();
        assert_eq!(fs::read(&linked).unwrap(), b"other");
        assert_eq!(fs::read(&copied).unwrap(), b"bytes");
    }

    #[test]
    fn nothing_is_written_over() {
        let home = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| home.path().join(name));
        fs::write(&from, b"bytes").unwrap();
        fs::write(&to, b"mine").unwrap();
        for error in [share(&from, &to), copy(&from, &to)] {
            assert_eq!(error.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read(&to).unwrap(), b"mine");
    }

    #[test]
    fn between_file_systems_the_bytes_are_copied() {
        let (home, other) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir_in("/dev/shm").unwrap());
        let (from, to) = (home.path().join("from"), other.path().join("to"));
        fs::write(&from, b"bytes").unwrap();
        assert_eq!(share(&from, &to).unwrap(), Placed::Copy);
        assert_eq!(fs::read(&to).unwrap(), b"bytes");
    }
}
