//! Installed trees: plain folders whose files are links to the [file store](crate::files).
//!
//! A tree is made beside its place under a temporary name and moved there at one stroke, so whoever looks sees no
//! tree, the old tree or the new one. Two processes may make the same tree at once: one of them finds it made.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tare_format::Sha256;

use crate::durable::{DurableError, Folders, TEMPORARY_PREFIX, sync_folder};
use crate::files::{FileStore, FileStoreError, Presence, difference};
use crate::link;
use crate::walk::{Links, WalkError, walk};

mod swap;

pub use swap::point;

/// Why a tree was not made or could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A path would leave the tree, or means different things on different systems.
    #[error("`{path}` cannot be a path in a tree: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file is not in the store, or was changed there.
    #[error("`{path}` cannot be taken from the file store")]
    File {
        /// Its path in the tree.
        path: String,
        /// Why.
        source: FileStoreError,
    },
    /// The tree could not be written.
    #[error("failed to write the tree")]
    Write(#[from] DurableError),
    /// The tree could not be read.
    #[error("failed to read the tree")]
    Walk(#[from] WalkError),
}

/// One file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Its path in the tree, with `/` between the parts.
    pub path: String,
    /// Which file of the store it is.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// How the files come into a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// Links to the store where possible: read-only, and no room on the disk.
    Shared,
    /// Files of its own, which may be changed.
    Own,
}

/// What was done for a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Materialized {
    /// It was made.
    Made,
    /// One that differed was replaced.
    Replaced,
    /// It was there.
    AlreadyThere,
}

/// Makes `target` a folder of exactly `files`. Durable when it returns.
///
/// # Errors
/// When a path is not safe, a file is not in the store, or the tree cannot be written. `target` is then as it was.
pub fn materialize(
    store: &FileStore,
    files: &[TreeFile],
    target: &Path,
    ownership: Ownership,
) -> Result<Materialized, TreeError> {
    check_paths(files)?;
    if swap::is_folder(target) && differences(store, files, target)?.is_empty() {
        return Ok(Materialized::AlreadyThere);
    }
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    Folders::default().ensure(parent)?;
    let temporary = tempfile::Builder::new()
        .prefix(TEMPORARY_PREFIX)
        .tempdir_in(parent)
        .map_err(|source| DurableError::new("make a temporary folder in", parent, source))?;
    fill(store, files, temporary.path(), ownership)?;
    loop {
        match swap::into_place(temporary.path(), target)? {
            swap::Moved::In => {
                // Its old name is gone, and with it what there was to remove.
                let _ = temporary.keep();
                sync_folder(parent)?;
                return Ok(Materialized::Made);
            }
            // Another process came first; if it made the same tree, ours is not needed.
            swap::Moved::Occupied if differences(store, files, target)?.is_empty() => {
                return Ok(Materialized::AlreadyThere);
            }
            swap::Moved::Occupied => {
                if swap::exchange(temporary.path(), target)? {
                    sync_folder(parent)?;
                    return Ok(Materialized::Replaced);
                }
            }
        }
    }
}

/// How the tree at `target` differs from `files`, one line each; nothing when it does not. Looks at sizes, times and
/// identities, and reads no file of a shared tree; files of its own it reads.
///
/// # Errors
/// When the tree cannot be read.
pub fn differences(
    store: &FileStore,
    files: &[TreeFile],
    target: &Path,
) -> Result<Vec<String>, TreeError> {
    let mut found = Vec::new();
    let mut expected = BTreeSet::new();
    for file in files {
        expected.insert(file.path.as_str());
        found.extend(difference_of(store, file, &target.join(&file.path)));
    }
    // Links are reported like any other thing that does not belong there.
    let extra = std::cell::RefCell::new(Vec::new());
    walk(target, Links::Refuse, |path, is_folder| {
        if !is_folder && !expected.contains(path) {
            extra.borrow_mut().push(format!("`{path}` does not belong to the package"));
        }
        !is_folder
    })?;
    found.extend(extra.into_inner());
    found.sort();
    Ok(found)
}

fn difference_of(store: &FileStore, file: &TreeFile, path: &Path) -> Option<String> {
    let name = &file.path;
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return Some(format!("`{name}` is not a file")),
        Err(_) => return Some(format!("`{name}` is missing")),
    };
    if metadata.len() != file.size_bytes {
        let size = metadata.len();
        return Some(format!("`{name}` has {size} bytes, not {}", file.size_bytes));
    }
    let changed = difference(&metadata);
    match (relation(&metadata, &store.path(&file.sha256)), changed) {
        (Relation::Same, changed) => return changed.map(|reason| format!("`{name}`: {reason}")),
        // A copy that no link could replace: it was given the look of a file of the store.
        (Relation::Elsewhere, None) => return None,
        (Relation::Elsewhere | Relation::Other, _) => {}
    }
    let hashed = fs::File::open(path).and_then(|open| crate::durable::sha256_of(&open));
    match hashed {
        Ok(found) if found == file.sha256 => None,
        Ok(found) => Some(format!("`{name}` is {found}, not {}", file.sha256)),
        Err(error) => Some(format!("`{name}` cannot be read: {error}")),
    }
}

/// Puts the files into the empty folder `root`.
fn fill(
    store: &FileStore,
    files: &[TreeFile],
    root: &Path,
    ownership: Ownership,
) -> Result<(), TreeError> {
    let mut folders = BTreeSet::from([root.to_owned()]);
    for file in files {
        let fail = |source| TreeError::File { path: file.path.clone(), source };
        let path = store.path(&file.sha256);
        match store.look(&file.sha256, file.size_bytes).map_err(fail)? {
            Presence::Intact => {}
            Presence::Absent => return Err(fail(FileStoreError::Missing { file: file.sha256 })),
            Presence::Changed(reason) => {
                return Err(fail(FileStoreError::Changed { path, reason }));
            }
        }
        let target = root.join(&file.path);
        make_folders(root, &target, &mut folders)?;
        let placed = match ownership {
            Ownership::Shared => link::share(&path, &target),
            Ownership::Own => link::copy(&path, &target),
        };
        placed.map_err(|source| DurableError::new("write", &target, source))?;
    }
    // The names within come to the disk before the name of the whole does.
    for folder in &folders {
        sync_folder(folder)?;
    }
    open_to_all(root)?;
    Ok(())
}

fn make_folders(
    root: &Path,
    target: &Path,
    made: &mut BTreeSet<PathBuf>,
) -> Result<(), DurableError> {
    let mut missing = Vec::new();
    let mut folder = target.parent().unwrap_or(root);
    while !made.contains(folder) {
        missing.push(folder.to_owned());
        folder = folder.parent().unwrap_or(root);
    }
    for folder in missing.into_iter().rev() {
        fs::create_dir(&folder)
            .map_err(|source| DurableError::new("make the folder", &folder, source))?;
        made.insert(folder);
    }
    Ok(())
}

/// Refuses what would leave the tree, or come to lie on another file.
fn check_paths(files: &[TreeFile]) -> Result<(), TreeError> {
    let mut seen = BTreeSet::new();
    for file in files {
        let fail = |reason| TreeError::Path { path: file.path.clone(), reason };
        if file.path.contains(['\\', '\0', ':']) {
            return Err(fail("it has a character that some systems do not take literally"));
        }
        if file.path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(fail("it is not a plain path below the tree"));
        }
        if !seen.insert(file.path.as_str()) {
            return Err(fail("it appears twice"));
        }
    }
    Ok(())
}

/// What a file of a tree is to the file of the store.
enum Relation {
    /// Two names of one file.
    Same,
    /// A file on another file system.
    Elsewhere,
    /// Another file on the same file system.
    Other,
}

#[cfg(unix)]
fn relation(metadata: &fs::Metadata, stored: &Path) -> Relation {
    use std::os::unix::fs::MetadataExt as _;
    match fs::symlink_metadata(stored) {
        Ok(stored) if stored.dev() != metadata.dev() => Relation::Elsewhere,
        Ok(stored) if stored.ino() == metadata.ino() => Relation::Same,
        _ => Relation::Other,
    }
}

#[cfg(not(unix))]
fn relation(_: &fs::Metadata, _: &Path) -> Relation {
    Relation::Other
}

/// A temporary folder is its maker's alone; an installed tree is not.
#[cfg(unix)]
fn open_to_all(folder: &Path) -> Result<(), DurableError> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
        .map_err(|source: io::Error| DurableError::new("open to all", folder, source))
}

#[cfg(not(unix))]
fn open_to_all(_: &Path) -> Result<(), DurableError> {
    Ok(())
}

#[cfg(test)]
mod tests;
