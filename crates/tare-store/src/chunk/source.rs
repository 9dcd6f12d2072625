//! A file that must not change while it is read.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::ChunkError;

/// A file and what it looked like when it was opened.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: File,
    seen: Looks,
}

impl Source {
    /// Opens a regular file, and nothing else: not a symbolic link, and not a pipe that would never end.
    pub(super) fn open(path: &Path) -> Result<Self, ChunkError> {
        let fail = |source| read_error(path, source);
        let before = fs::symlink_metadata(path).map_err(fail)?;
        if !before.is_file() {
            return Err(ChunkError::NotAFile { path: path.to_owned() });
        }
        let file = File::open(path).map_err(fail)?;
        let seen = Looks::of(&file.metadata().map_err(fail)?);
        if seen != Looks::of(&before) {
            return Err(ChunkError::Changed { path: path.to_owned() });
        }
        Ok(Self { file, seen })
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.seen.size_bytes
    }

    /// Fails when the file, or what lies at its path now, looks different from when it was opened.
    pub(super) fn check(&self, path: &Path) -> Result<(), ChunkError> {
        let open = self.file.metadata().map_err(|source| read_error(path, source))?;
        let there = fs::symlink_metadata(path).map(|metadata| Looks::of(&metadata));
        if Looks::of(&open) != self.seen || there.is_ok_and(|there| there != self.seen) {
            return Err(ChunkError::Changed { path: path.to_owned() });
        }
        Ok(())
    }
}

fn read_error(path: &Path, source: io::Error) -> ChunkError {
    ChunkError::Read { path: path.to_owned(), source }
}

/// What tells that a file was written to or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Looks {
    size_bytes: u64,
    modified: Option<SystemTime>,
    identity: (u64, u64),
    /// Moves with every write, and no program can set it back.
    changed: (i64, i64),
}

impl Looks {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            size_bytes: metadata.len(),
            modified: metadata.modified().ok(),
            identity: (metadata.dev(), metadata.ino()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        Self { size_bytes: metadata.len(), modified, identity: (0, 0), changed: (0, 0) }
    }
}
