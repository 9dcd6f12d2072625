//! Objects as plain files in a folder that any file server can serve.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Content, Listed, ObjectStore, StoreError, read_range};
use crate::durable::{Committed, DurableError, Folders, Staged, TEMPORARY_PREFIX, sync_folder};
use crate::key::{ObjectKey, ObjectKind};

/// How many folders a path of the layout has at most.
const MAX_DEPTH: usize = 8;

/// The folder backend. Final files lie in the public folder, temporary ones in the staging folder, so that a file
/// server on the public one never serves a part of an upload. Both must be in one file system.
#[derive(Debug)]
pub struct FolderStore {
    public: PathBuf,
    staging: PathBuf,
    folders: Folders,
}

impl FolderStore {
    /// Opens a store, and makes its two folders where they are missing.
    ///
    /// # Errors
    /// When the folders cannot be made, or are not in one file system.
    pub fn open(public: &Path, staging: &Path) -> Result<Self, StoreError> {
        let folders = Folders::default();
        folders.ensure(public).map_err(StoreError::Prepare)?;
        folders.ensure(staging).map_err(StoreError::Prepare)?;
        if file_system(public)? != file_system(staging)? {
            return Err(StoreError::TwoFileSystems {
                public: public.display().to_string(),
                staging: staging.display().to_string(),
            });
        }
        Ok(Self { public: public.to_owned(), staging: staging.to_owned(), folders })
    }

    /// Opens an object for streaming, or `None` when there is no such object.
    ///
    /// # Errors
    /// When the system fails.
    pub fn open_object(&self, key: &ObjectKey) -> Result<Option<File>, StoreError> {
        match File::open(self.path_of(key)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(source) => Err(StoreError::Io { action: "open", what: key.path(), source }),
        }
    }

    /// Removes temporary files that a dead process left, when they are older than `age` at the time `now`.
    /// Gives how many were removed.
    ///
    /// # Errors
    /// When the staging folder cannot be read or a file not removed.
    pub fn clean_staging(&self, now: SystemTime, age: Duration) -> Result<usize, StoreError> {
        let fail = |source| io_error("clean the folder", &self.staging, source);
        let mut removed = 0;
        for entry in fs::read_dir(&self.staging).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let old = modified.is_ok_and(|modified| {
                now.duration_since(modified).is_ok_and(|elapsed| elapsed >= age)
            });
            if old && entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX) {
                fs::remove_file(entry.path()).map_err(fail)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn path_of(&self, key: &ObjectKey) -> PathBuf {
        self.public.join(key.path())
    }

    fn staged(&self, key: &ObjectKey, content: Content<'_>) -> Result<Staged, StoreError> {
        match content {
            Content::File(staged) => Ok(staged),
            Content::Bytes(bytes) => {
                let mut staged = self.stage()?;
                let written = staged.write_all(bytes);
                written.map_err(|source| {
                    write_error(key, DurableError::new("write", &self.path_of(key), source))
                })?;
                Ok(staged)
            }
        }
    }

    /// Compares before the move, so that a retry of an upload costs no fsync, and the content of one that differs is
    /// never lost by a race: the move itself refuses to replace.
    fn compare(&self, key: &ObjectKey, staged: &mut Staged) -> Result<Option<bool>, StoreError> {
        let fail = |source| StoreError::Io { action: "compare", what: key.path(), source };
        match self.open_object(key)? {
            None => Ok(None),
            Some(there) => {
                let new = staged.rewind().map_err(fail)?;
                same_content(there, new).map(Some).map_err(fail)
            }
        }
    }
}

impl ObjectStore for FolderStore {
    fn stage(&self) -> Result<Staged, StoreError> {
        Staged::create_in(&self.staging).map_err(StoreError::Prepare)
    }

    fn put(&self, key: &ObjectKey, content: Content<'_>) -> Result<Committed, StoreError> {
        let mut staged = self.staged(key, content)?;
        let target = self.path_of(key);
        let same = match self.compare(key, &mut staged)? {
            Some(same) => same,
            None => {
                // A second handle, to compare with in case another writer comes first.
                let mut mine = staged
                    .file()
                    .try_clone()
                    .map_err(|source| io_error("compare", &target, source))?;
                let committed = staged
                    .commit_new(&target, &self.folders)
                    .map_err(|error| write_error(key, error))?;
                if committed == Committed::Created {
                    return Ok(committed);
                }
                let fail = |source| io_error("compare", &target, source);
                io::Seek::rewind(&mut mine).map_err(fail)?;
                same_content(File::open(&target).map_err(fail)?, &mut mine).map_err(fail)?
            }
        };
        if !same {
            return Err(StoreError::Conflict { key: key.clone() });
        }
        let settled = self.settle_existing(&target);
        settled.map_err(|error| write_error(key, error))?;
        Ok(Committed::AlreadyThere)
    }

    fn replace(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError> {
        if !key.is_mutable() {
            return Err(StoreError::Immutable { key: key.clone() });
        }
        self.staged(key, Content::Bytes(bytes))?
            .commit_replace(&self.path_of(key), &self.folders)
            .map_err(|error| write_error(key, error))
    }

    fn read(&self, key: &ObjectKey, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let mut file =
            self.open_object(key)?.ok_or_else(|| StoreError::Missing { key: key.clone() })?;
        read_range(&mut file, key, range)
    }

    fn size(&self, key: &ObjectKey) -> Result<Option<u64>, StoreError> {
        match fs::metadata(self.path_of(key)) {
            Ok(metadata) => Ok(metadata.is_file().then_some(metadata.len())),
            Err(error) if is_absent(&error) => Ok(None),
            Err(source) => Err(StoreError::Io { action: "look at", what: key.path(), source }),
        }
    }

    fn list(&self, kind: ObjectKind) -> Result<Vec<Listed>, StoreError> {
        let mut found = Vec::new();
        let mut waiting = vec![kind.folder().to_owned()];
        while let Some(path) = waiting.pop() {
            if let Some(key) = path.parse::<ObjectKey>().ok().filter(|key| key.kind() == kind)
                && let Some(size_bytes) = self.size(&key)?
            {
                found.push((path, Listed { key, size_bytes }));
                continue;
            }
            // No path of the layout is deeper; a link in a circle would have no end.
            if path.matches('/').count() < MAX_DEPTH {
                let names = names_in(&self.public.join(&path))?;
                waiting.extend(names.into_iter().map(|name| format!("{path}/{name}")));
            }
        }
        found.sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(found.into_iter().map(|(_, listed)| listed).collect())
    }

    fn remove(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let path = self.path_of(key);
        match fs::remove_file(&path) {
            Ok(()) => {
                let parent = path.parent().unwrap_or(&self.public);
                sync_folder(parent).map_err(|error| write_error(key, error))
            }
            Err(error) if is_absent(&error) => Ok(()),
            Err(source) => Err(StoreError::Io { action: "remove", what: key.path(), source }),
        }
    }
}

impl FolderStore {
    /// An object that another writer put may not be on the disk yet; after this it is.
    fn settle_existing(&self, target: &Path) -> Result<(), DurableError> {
        File::open(target)
            .and_then(|file| file.sync_all())
            .map_err(|source| DurableError::new("sync", target, source))?;
        let parent = target.parent().unwrap_or(&self.public);
        self.folders.ensure(parent)?;
        sync_folder(parent)
    }
}

fn write_error(key: &ObjectKey, source: DurableError) -> StoreError {
    StoreError::Write { key: key.clone(), source }
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { action, what: path.display().to_string(), source }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The names in a folder; none when there is no such folder, or it is a file. Names that are not UTF-8 are no names
/// of the layout.
fn names_in(folder: &Path) -> Result<Vec<String>, StoreError> {
    let fail = |source| io_error("list the folder", folder, source);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(source) => return Err(fail(source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(fail)?.file_name().into_string());
    }
    Ok(names)
}

fn same_content(mut left: File, right: &mut File) -> io::Result<bool> {
    const PIECE: usize = 64 << 10;
    if left.metadata()?.len() != right.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let length = left.read(&mut one)?;
        if length == 0 {
            return Ok(true);
        }
        right.read_exact(&mut other[..length])?;
        if one[..length] != other[..length] {
            return Ok(false);
        }
    }
}

#[cfg(unix)]
fn file_system(folder: &Path) -> Result<u64, StoreError> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(folder)
        .map(|metadata| metadata.dev())
        .map_err(|source| io_error("look at", folder, source))
}

#[cfg(not(unix))]
fn file_system(_: &Path) -> Result<u64, StoreError> {
    Ok(0)
}

#[cfg(test)]
mod tests;
