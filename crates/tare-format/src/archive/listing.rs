//! Rules 10, 11 and 16: which files an archive holds, and in which order. The same checks for writer and reader.

use super::header::MAX_SIZE;
use super::{ArchiveError, MANIFEST};
use crate::limits::Limits;
use crate::path::{FilePath, PathSet};

/// The files of an archive so far.
pub(super) struct Listing<'a> {
    limits: &'a Limits,
    paths: PathSet,
    last: Option<FilePath>,
}

impl<'a> Listing<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self { limits, paths: PathSet::new(), last: None }
    }

    /// Takes the next file, or says why it cannot come next.
    pub(super) fn add(&mut self, path: &FilePath, size: u64) -> Result<(), ArchiveError> {
        self.check_size(path, size)?;
        if self.paths.len() as u64 >= self.limits.meta_files {
            return Err(ArchiveError::FileCount { limit: self.limits.meta_files });
        }
        self.paths.insert(path).map_err(ArchiveError::Conflict)?;
        match self.last.replace(path.clone()) {
            None if path.as_str() != MANIFEST => {
                Err(ArchiveError::First { found: Some(path.clone()) })
            }
            Some(previous) if previous.as_str() != MANIFEST && previous >= *path => {
                Err(ArchiveError::Order { path: path.clone(), previous })
            }
            _ => Ok(()),
        }
    }

    /// Says whether the archive may end here.
    pub(super) fn finish(self) -> Result<(), ArchiveError> {
        if self.paths.is_empty() { Err(ArchiveError::First { found: None }) } else { Ok(()) }
    }

    fn check_size(&self, path: &FilePath, found: u64) -> Result<(), ArchiveError> {
        let limit = self.limits.meta_file_size.min(MAX_SIZE);
        if found > limit {
            return Err(ArchiveError::FileSize { path: path.clone(), found, limit });
        }
        Ok(())
    }
}
