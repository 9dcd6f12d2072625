//! Files that only their owner can read: tokens and keys. The mode is set before the first byte is written.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use tare_store::durable::{Committed, DurableError, Folders, Staged};

/// Writes a secret to `path`, over what is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), DurableError> {
    let folders = Folders::default();
    stage(path, bytes, &folders)?.commit_replace(path, &folders)
}

/// Writes a secret to `path`, unless something is there.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<Committed, DurableError> {
    let folders = Folders::default();
    stage(path, bytes, &folders)?.commit_new(path, &folders)
}

/// Lets nobody but its owner read or write a file.
#[cfg(unix)]
pub(crate) fn close_to_others(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

/// Elsewhere a home folder is closed to others already.
#[cfg(not(unix))]
pub(crate) fn close_to_others(_: &File) -> io::Result<()> {
    Ok(())
}

fn stage(path: &Path, bytes: &[u8], folders: &Folders) -> Result<Staged, DurableError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    folders.ensure(folder)?;
    let mut staged = Staged::create_in(folder)?;
    let written = close_to_others(staged.file()).and_then(|()| staged.write_all(bytes));
    let action = "write";
    written.map_err(|source| DurableError::Io { action, path: path.to_owned(), source })?;
    Ok(staged)
}
