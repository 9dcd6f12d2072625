//! How a final file comes to be: temporary file, write, fsync, move into place, fsync of the folder.
//!
//! Nothing else in Tare writes a final file. When a commit has returned `Ok`, the bytes and the name survive a power
//! cut; when it has returned an error or the process dies before, the final name is as it was. An fsync that fails is
//! never tried again: the kernel has then dropped the pages and marked them clean, so a second fsync would succeed
//! over lost bytes. The temporary file is removed on every error.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::Digest as _;
use tare_format::Sha256;
use tempfile::{NamedTempFile, TempPath};

/// The prefix of every temporary file and folder that this crate makes.
pub const TEMPORARY_PREFIX: &str = ".tare-tmp-";

/// What is read at a time, in bytes.
const BLOCK_SIZE: usize = 1 << 20;

/// Why a final file was not written.
#[derive(Debug, thiserror::Error)]
pub enum DurableError {
    /// The file system is full, or the quota is used up.
    #[error("no space is left to write `{}`", path.display())]
    Full {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing may be made in the folder by whoever runs this.
    #[error("the folder `{}` cannot be written", folder.display())]
    Denied {
        /// The folder.
        folder: PathBuf,
        /// What the system said, without the name of a temporary file, which says nothing to anybody.
        source: io::Error,
    },
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

impl DurableError {
    /// Like [`DurableError::new`], for something new in `folder`; tells also a folder that is closed.
    fn making(action: &'static str, path: &Path, folder: &Path, source: io::Error) -> Self {
        match source.kind() {
            kind @ io::ErrorKind::PermissionDenied => {
                Self::Denied { folder: folder.to_owned(), source: kind.into() }
            }
            _ => Self::new(action, path, source),
        }
    }

    /// Tells a full disk from any other failure.
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { path, source }
            }
            _ => Self::Io { action, path, source },
        }
    }
}

/// What a commit found at the final name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// Nothing: the file was moved there.
    Created,
    /// A file: it was left alone and the new one was removed.
    AlreadyThere,
}

/// A temporary file on its way to a final name in the same file system. Dropping it removes it.
#[derive(Debug)]
pub struct Staged {
    file: File,
    path: TempPath,
}

impl Staged {
    /// Makes an empty temporary file in `folder`, readable by all as far as the umask lets.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create_in(folder: &Path) -> Result<Self, DurableError> {
        let action = "make a temporary file in";
        let fail = |source| DurableError::making(action, folder, folder, source);
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY_PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o644));
        }
        let (file, path) = builder.tempfile_in(folder).map_err(fail)?.into_parts();
        Ok(Self { file, path })
    }

    /// Takes over a temporary file that lies at `path`, for instance one that survived an earlier process.
    pub(crate) fn adopt(file: File, path: PathBuf) -> Result<Self, DurableError> {
        let path = TempPath::try_from_path(&path)
            .map_err(|source| DurableError::new("take over", &path, source))?;
        Ok(Self { file, path })
    }

    /// Whether dropping it removes the file, as it does unless this says otherwise.
    pub(crate) fn remove_on_drop(&mut self, remove: bool) {
        self.path.disable_cleanup(!remove);
    }

    /// The open file, for reading and writing.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where it lies for now.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file from its first byte, for checking what was written before it is committed.
    ///
    /// # Errors
    /// When seeking fails.
    pub fn rewind(&mut self) -> io::Result<&mut File> {
        self.file.seek(SeekFrom::Start(0))?;
        Ok(&mut self.file)
    }

    /// Moves the file to `target` unless a file is there already. Durable when it returns.
    ///
    /// # Errors
    /// When a sync or the move fails; the temporary file is then removed and `target` is as it was.
    pub fn commit_new(self, target: &Path, folders: &Folders) -> Result<Committed, DurableError> {
        let parent = self.settle(target, folders)?;
        let temporary = NamedTempFile::from_parts(self.file, self.path);
        let committed = match temporary.persist_noclobber(target) {
            Ok(_) => Committed::Created,
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Committed::AlreadyThere
            }
            Err(error) => return Err(DurableError::new("move into place", target, error.error)),
        };
        // Also when it was there already: whoever put it there may not have come to this line yet.
        sync_folder(parent)?;
        Ok(committed)
    }

    /// Moves the file to `target`, over what is there, at one stroke. Durable when it returns.
    ///
    /// # Errors
    /// When a sync or the move fails; the temporary file is then removed and `target` is as it was.
    pub fn commit_replace(self, target: &Path, folders: &Folders) -> Result<(), DurableError> {
        let parent = self.settle(target, folders)?;
        NamedTempFile::from_parts(self.file, self.path)
            .persist(target)
            .map_err(|error| DurableError::new("move into place", target, error.error))?;
        sync_folder(parent)
    }

    /// Everything that must be on the disk before the name may be.
    fn settle<'t>(&self, target: &'t Path, folders: &Folders) -> Result<&'t Path, DurableError> {
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        folders.ensure(parent)?;
        self.file.sync_all().map_err(|source| DurableError::new("sync", target, source))?;
        Ok(parent)
    }
}

impl Read for Staged {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Write for Staged {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Staged {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

/// Makes folders durably, and remembers which are: a folder that is merely there may not have been synced by the
/// process or thread that made it.
#[derive(Debug, Default)]
pub struct Folders {
    /// Folders whose own name is on the disk as far as it is up to us. Guarded by the lock, held for no system call.
    synced: Mutex<HashSet<PathBuf>>,
}

impl Folders {
    /// Makes `folder` and those above it that are missing, each synced into its own parent. A folder that somebody
    /// else made above all of ours is taken as it is: its parent may be closed to us.
    ///
    /// # Errors
    /// When a folder cannot be made or synced.
    pub fn ensure(&self, folder: &Path) -> Result<(), DurableError> {
        if self.knows(folder) {
            return Ok(());
        }
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
        // Below a folder of ours another process may have made one and not come to syncing it.
        let is_below_ours = folder.ancestors().any(|ancestor| self.knows(ancestor));
        if let Some(parent) = parent
            && (is_below_ours || !folder.is_dir())
        {
            self.ensure(parent)?;
        }
        let made = match fs::create_dir(folder) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => false,
            Err(error) => {
                let above = parent.unwrap_or(Path::new("."));
                return Err(DurableError::making("make the folder", folder, above, error));
            }
        };
        if made || is_below_ours {
            sync_folder(parent.unwrap_or(Path::new(".")))?;
        }
        self.synced.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
        Ok(())
    }

    fn knows(&self, folder: &Path) -> bool {
        self.synced.lock().unwrap_or_else(PoisonError::into_inner).contains(folder)
    }
}

/// Writes `bytes` to `target` by way of a temporary file beside it, over what is there. Durable when it returns.
///
/// # Errors
/// When the disk is full or the system fails; `target` is then as it was.
pub fn write(target: &Path, bytes: &[u8]) -> Result<(), DurableError> {
    let folders = Folders::default();
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    folders.ensure(parent)?;
    let mut staged = Staged::create_in(parent)?;
    staged.write_all(bytes).map_err(|source| DurableError::new("write", target, source))?;
    staged.commit_replace(target, &folders)
}

/// The SHA-256 of all of an open file, wherever its handle stands.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn sha256_of(mut file: &File) -> io::Result<Sha256> {
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = sha2::Sha256::new();
    let mut block = Vec::with_capacity(BLOCK_SIZE);
    while file.take(BLOCK_SIZE as u64).read_to_end(&mut block)? > 0 {
        hasher.update(&block);
        block.clear();
    }
    Ok(Sha256::from_bytes(hasher.finalize().into()))
}

/// Puts a folder's names on the disk.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> Result<(), DurableError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // Elsewhere a folder cannot be opened as a file, and the file system keeps its names itself.
    #[cfg(unix)]
    File::open(folder)
        .and_then(|open| open.sync_all())
        .map_err(|source| DurableError::new("sync the folder", folder, source))?;
    Ok(())
}

#[cfg(test)]
mod tests;
