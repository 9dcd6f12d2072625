//! Folders that others may be changing at the same time: what is gone is no failure.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::CacheError;

/// Takes a removal of what is gone already for a success.
pub(super) fn gone(
    action: &'static str,
    path: &Path,
    outcome: io::Result<()>,
) -> Result<(), CacheError> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(CacheError::Io { action, path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// The folders in a folder; none when it is not there.
pub(super) fn folders(folder: &Path) -> Result<Vec<PathBuf>, CacheError> {
    let entries = entries(folder)?;
    Ok(entries
        .into_iter()
        .filter(|(_, metadata)| metadata.is_dir())
        .map(|(path, _)| path)
        .collect())
}

/// How many files are below a folder, and their bytes.
pub(super) fn measure(folder: &Path) -> Result<(usize, u64), CacheError> {
    let files = files_below(folder)?;
    Ok((files.len(), files.iter().map(|(_, size)| size).sum()))
}

/// Every file below a folder, with its size in bytes, sorted.
pub(super) fn files_below(folder: &Path) -> Result<Vec<(PathBuf, u64)>, CacheError> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for (path, metadata) in entries(&folder)? {
            if metadata.is_dir() {
                open.push(path);
            } else if metadata.is_file() {
                found.push((path, metadata.len()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What a folder holds, without following links; what vanishes meanwhile is left out.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, fs::Metadata)>, CacheError> {
    let fail = |source| CacheError::Io { action: "read", path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(fail(source)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(fail)?;
        match entry.metadata() {
            Ok(metadata) => found.push((entry.path(), metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(fail(source)),
        }
    }
    Ok(found)
}
