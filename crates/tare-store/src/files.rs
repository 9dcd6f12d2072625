//! A client's files by content: `$TARE_HOME/files/ab/<sha256>`, each whole, read-only and once.
//!
//! Trees of installed packages are hard links to these files, so a program that writes to an installed file writes to
//! the store. To notice it without reading everything, every file gets the same time stamp, [`STORE_MTIME_SECS`], when it
//! comes in: a write moves it, whatever the clock says. [`FileStore::verify`] reads everything.

use std::fs::{self, File, FileTimes, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tare_format::Sha256;
use tare_format::recipe::Recipe;

use crate::durable::{Committed, DurableError, Folders, Staged, sha256_of, sync_folder};
use crate::key::{fan_out, hex_of};
use crate::partial::{Complete, Partial, PartialError};

/// The modification time of every file in the store, in seconds of Unix time: 1980-01-02, which zip files can hold too.
pub const STORE_MTIME_SECS: u64 = 315_619_200;

const FILES: &str = "files";
const PARTIAL: &str = "partial";

/// Why the file store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum FileStoreError {
    /// There is no such file.
    #[error("the file {file} is not in the store")]
    Missing {
        /// Which file.
        file: Sha256,
    },
    /// Somebody changed a file of the store, perhaps through a link to it.
    #[error("`{}` was changed after it came into the store: {reason}", path.display())]
    Changed {
        /// Where it lies.
        path: PathBuf,
        /// What is different.
        reason: String,
    },
    /// A file that was to be inserted is another one.
    #[error("the file to insert is {found}, not {expected}")]
    Digest {
        /// Which file was named.
        expected: Sha256,
        /// Which it is.
        found: Sha256,
    },
    /// A file could not be written.
    #[error("failed to write into the file store")]
    Write(#[from] DurableError),
    /// Any other failure of the system.
    #[error("failed to {action} `{}`", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What a quick look at a file found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is not there.
    Absent,
    /// It is there and looks untouched.
    Intact,
    /// It is there, and somebody changed it: why it is known.
    Changed(String),
}

/// A file as [`FileStore::list`] finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// How many installed trees link to it, where links can be counted.
    pub links: u64,
    /// When it last came in, or was linked to or unlinked from.
    pub last_used: SystemTime,
}

/// The files of one `$TARE_HOME`.
#[derive(Debug)]
pub struct FileStore {
    files: PathBuf,
    partial: PathBuf,
    folders: Folders,
}

impl FileStore {
    /// Opens the store in `home`, and makes its folders where they are missing.
    ///
    /// # Errors
    /// When the folders cannot be made.
    pub fn open(home: &Path) -> Result<Self, FileStoreError> {
        let (files, partial) = (home.join(FILES), home.join(PARTIAL));
        let folders = Folders::default();
        folders.ensure(&files)?;
        folders.ensure(&partial)?;
        Ok(Self { files, partial, folders })
    }

    /// Where a file lies, or would.
    #[must_use]
    pub fn path(&self, file: &Sha256) -> PathBuf {
        self.files.join(fan_out(&file.hex()))
    }

    /// Looks at a file without reading it: is it there, of `size_bytes`, and untouched?
    ///
    /// # Errors
    /// When the system fails.
    pub fn look(&self, file: &Sha256, size_bytes: u64) -> Result<Presence, FileStoreError> {
        let path = self.path(file);
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Presence::Absent),
            Err(source) => return Err(FileStoreError::Io { action: "look at", path, source }),
        };
        let size = metadata.len();
        let differs = difference(&metadata).or_else(|| {
            (size != size_bytes).then(|| format!("it has {size} bytes, not {size_bytes}"))
        });
        Ok(differs.map_or(Presence::Intact, Presence::Changed))
    }

    /// Whether a file is there, of `size_bytes` and untouched.
    ///
    /// # Errors
    /// When the system fails.
    pub fn contains(&self, file: &Sha256, size_bytes: u64) -> Result<bool, FileStoreError> {
        Ok(self.look(file, size_bytes)? == Presence::Intact)
    }

    /// Opens a file that looks untouched.
    ///
    /// # Errors
    /// When it is not there, or was changed.
    pub fn open_file(&self, file: &Sha256, size_bytes: u64) -> Result<File, FileStoreError> {
        let path = self.path(file);
        match self.look(file, size_bytes)? {
            Presence::Absent => Err(FileStoreError::Missing { file: *file }),
            Presence::Changed(reason) => Err(FileStoreError::Changed { path, reason }),
            Presence::Intact => File::open(&path).map_err(|source| FileStoreError::Io {
                action: "open",
                path,
                source,
            }),
        }
    }

    /// Reads all of a file and compares its digest.
    ///
    /// # Errors
    /// [`FileStoreError::Changed`] when the digest is another one.
    pub fn verify(&self, file: &Sha256) -> Result<(), FileStoreError> {
        let path = self.path(file);
        let hashed = File::open(&path).and_then(|open| sha256_of(&open));
        match hashed {
            Ok(found) if found == *file => Ok(()),
            Ok(found) => {
                Err(FileStoreError::Changed { path, reason: format!("it is {found} now") })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(FileStoreError::Missing { file: *file })
            }
            Err(source) => Err(FileStoreError::Io { action: "read", path, source }),
        }
    }

    /// Begins, or goes on with, putting a file together from its chunks.
    ///
    /// # Errors
    /// When the disk is full or the system fails.
    pub fn partial(&self, file: Sha256, recipe: Recipe) -> Result<Partial, PartialError> {
        Partial::open(&self.partial, file, recipe)
    }

    /// An empty temporary file that [`FileStore::insert`] can take without copying it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn stage(&self) -> Result<Staged, FileStoreError> {
        Ok(Staged::create_in(&self.partial)?)
    }

    /// Takes in a file that was put together. Durable when it returns. A file that is there already stays, unless it
    /// was changed: then the new one takes its place.
    ///
    /// # Errors
    /// When the disk is full or the system fails.
    pub fn insert_complete(&self, complete: Complete) -> Result<Committed, FileStoreError> {
        let (file, size_bytes) = (complete.file, complete.size_bytes);
        let (staged, leftover) = complete.into_parts();
        let committed = self.commit(staged, &file, size_bytes)?;
        leftover.remove();
        Ok(committed)
    }

    /// Takes in a file from [`FileStore::stage`] after hashing it. As [`FileStore::insert_complete`] otherwise.
    ///
    /// # Errors
    /// When it is not the file `expected`, the disk is full, or the system fails.
    pub fn insert(&self, staged: Staged, expected: &Sha256) -> Result<Committed, FileStoreError> {
        let read_error = |source| self.io("read", staged.path(), source);
        let found = sha256_of(staged.file()).map_err(read_error)?;
        if found != *expected {
            return Err(FileStoreError::Digest { expected: *expected, found });
        }
        let size_bytes = staged.file().metadata().map_err(read_error)?.len();
        self.commit(staged, expected, size_bytes)
    }

    /// Every file of the store, by name. What is not one of its files is left out.
    ///
    /// # Errors
    /// When the system fails.
    pub fn list(&self) -> Result<Vec<StoredFile>, FileStoreError> {
        let mut found = Vec::new();
        for (_, folder) in self.entries(&self.files)? {
            if !folder.is_dir() {
                continue;
            }
            for (name, path) in self.entries(&folder)? {
                let outer = folder.file_name().unwrap_or_default().to_string_lossy();
                let fanned_out = format!("{outer}/{name}");
                let digest = hex_of(&fanned_out).and_then(|hex| Sha256::from_hex(hex).ok());
                if let Some(sha256) = digest {
                    let metadata = fs::symlink_metadata(&path);
                    let metadata = metadata.map_err(|source| self.io("look at", &path, source))?;
                    found.push(describe(sha256, &metadata));
                }
            }
        }
        found.sort_by_key(|file| file.sha256);
        Ok(found)
    }

    /// Removes a file; one that is not there is fine. Links to it in installed trees stay.
    ///
    /// # Errors
    /// When the system fails.
    pub fn remove(&self, file: &Sha256) -> Result<(), FileStoreError> {
        let path = self.path(file);
        match fs::remove_file(&path) {
            Ok(()) => Ok(sync_folder(path.parent().unwrap_or(&self.files))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(self.io("remove", &path, source)),
        }
    }

    fn commit(
        &self,
        staged: Staged,
        file: &Sha256,
        size_bytes: u64,
    ) -> Result<Committed, FileStoreError> {
        let path = self.path(file);
        seal(staged.file()).map_err(|source| self.io("seal", &path, source))?;
        match self.look(file, size_bytes)? {
            Presence::Changed(_) => {
                staged.commit_replace(&path, &self.folders)?;
                Ok(Committed::Created)
            }
            Presence::Absent | Presence::Intact => Ok(staged.commit_new(&path, &self.folders)?),
        }
    }

    fn entries(&self, folder: &Path) -> Result<Vec<(String, PathBuf)>, FileStoreError> {
        let fail = |source| self.io("list the folder", folder, source);
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            entries.extend(entry.file_name().into_string().ok().map(|name| (name, entry.path())));
        }
        Ok(entries)
    }

    fn io(&self, action: &'static str, path: &Path, source: io::Error) -> FileStoreError {
        FileStoreError::Io { action, path: path.to_owned(), source }
    }
}

fn store_mtime() -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_secs(STORE_MTIME_SECS)).unwrap_or(UNIX_EPOCH)
}

/// Makes a file look as every file of the store does.
pub(crate) fn seal(file: &File) -> io::Result<()> {
    file.set_times(FileTimes::new().set_modified(store_mtime()))?;
    let mut permissions = file.metadata()?.permissions();
    #[cfg(unix)]
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o444);
    #[cfg(not(unix))]
    permissions.set_readonly(true);
    file.set_permissions(permissions)
}

/// What tells that a file is not as [`seal`] left it.
pub(crate) fn difference(metadata: &Metadata) -> Option<String> {
    if !metadata.is_file() {
        return Some("it is not a regular file".to_owned());
    }
    (metadata.modified().ok() != Some(store_mtime())).then(|| "it was written to".to_owned())
}

#[cfg(unix)]
fn describe(sha256: Sha256, metadata: &Metadata) -> StoredFile {
    use std::os::unix::fs::MetadataExt as _;
    let seconds = Duration::from_secs(u64::try_from(metadata.ctime()).unwrap_or(0));
    let last_used = UNIX_EPOCH.checked_add(seconds).unwrap_or(UNIX_EPOCH);
    let links = metadata.nlink().saturating_sub(1);
    StoredFile { sha256, size_bytes: metadata.len(), links, last_used }
}

#[cfg(not(unix))]
fn describe(sha256: Sha256, metadata: &Metadata) -> StoredFile {
    let last_used = metadata.accessed().unwrap_or(UNIX_EPOCH);
    StoredFile { sha256, size_bytes: metadata.len(), links: 0, last_used }
}

#[cfg(test)]
mod tests;
