//! Moves of whole folders, and of links to them, at one stroke.

use std::fs;
use std::io;
use std::path::Path;

use crate::durable::{DurableError, Folders, TEMPORARY_PREFIX, sync_folder};

/// What a move found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    /// Nothing was in the way.
    In,
    /// A folder is in the way.
    Occupied,
}

/// Moves the folder `from` to `to`, unless something is there.
pub(super) fn into_place(from: &Path, to: &Path) -> Result<Moved, DurableError> {
    match fs::rename(from, to) {
        Ok(()) => Ok(Moved::In),
        // A file or a link in the way is somebody's, and not a tree to replace.
        Err(_) if is_folder(to) => Ok(Moved::Occupied),
        Err(source) => Err(DurableError::new("move into place", to, source)),
    }
}

/// Puts each of two things in the other's place; false when `to` is gone meanwhile.
pub(super) fn exchange(from: &Path, to: &Path) -> Result<bool, DurableError> {
    match exchange_names(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(DurableError::new("move into place", to, source)),
    }
}

/// Makes `link` a symbolic link to the folder `target`, over a link that is there, at one stroke.
///
/// # Errors
/// When something other than a link is there, or the link cannot be made.
pub fn point(link: &Path, target: &Path) -> Result<(), DurableError> {
    let parent = link.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    Folders::default().ensure(parent)?;
    let fail = |source| DurableError::new("make the link", link, source);
    if fs::read_link(link).is_ok_and(|there| there == target) {
        return Ok(());
    }
    if fs::symlink_metadata(link).is_ok_and(|there| !there.is_symlink()) {
        return Err(fail(io::ErrorKind::AlreadyExists.into()));
    }
    let folder =
        tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempdir_in(parent).map_err(fail)?;
    let temporary = folder.path().join("link");
    symlink(target, &temporary).map_err(fail)?;
    fs::rename(&temporary, link).map_err(fail)?;
    sync_folder(parent)
}

/// Whether a folder is at `path`, and not a link to one.
pub(super) fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_dir())
}

#[cfg(target_os = "linux")]
fn exchange_names(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::EXCHANGE)?)
}

/// Two moves: for a moment there is no tree, which is what a reader without one sees too.
#[cfg(not(target_os = "linux"))]
fn exchange_names(from: &Path, to: &Path) -> io::Result<()> {
    let aside = from.with_extension("old");
    fs::rename(to, &aside)?;
    fs::rename(from, to)?;
    fs::rename(&aside, from)
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(target, link)
}
