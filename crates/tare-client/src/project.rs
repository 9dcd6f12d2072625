//! A project: the folder with the `Tare.toml` that says what a program, a job or a package uses.
//!
//! `Tare.toml` belongs to its author, so an edit changes the one entry it is about and keeps everything else, comments
//! too. `Tare.lock` belongs to tare. When both change, the manifest is written first and the lock last: a kill in between
//! leaves a lock that is out of date, which the next command sees and mends.

mod edit;

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tare_format::limits::Limits;
use tare_format::lock::Lock;
use tare_format::manifest::{Manifest, ManifestError};
use tare_store::durable::{self, DurableError};

use crate::error::{ClientError, ErrorKind};

pub use edit::{Addition, EditError};

/// The manifest's name.
pub const MANIFEST_FILE: &str = "Tare.toml";
/// The lock's name.
pub const LOCK_FILE: &str = "Tare.lock";
/// The folder in a project where the installed packages appear.
pub const LOCAL_FOLDER: &str = ".tare";
/// The most bytes of a lock: room for 100,000 releases.
const MAX_LOCK_SIZE: u64 = 64 << 20;

/// Why there is no project, or why it was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No folder above has a manifest.
    #[error("there is no `Tare.toml` in `{}` or any folder above it", folder.display())]
    None {
        /// Where the search began.
        folder: PathBuf,
    },
    /// A file cannot be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is larger than it may be.
    #[error("`{}` is larger than the {cap} bytes that are allowed", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes.
        cap: u64,
    },
    /// The manifest or the lock has a mistake.
    #[error("`{}` cannot be used", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// The place and the reason.
        source: ManifestError,
    },
    /// The manifest cannot be edited.
    #[error("`{}` was not changed", path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// Why.
        source: EditError,
    },
    /// The lock cannot be put into words.
    #[error("the lock cannot be written as TOML")]
    Text(#[from] toml::ser::Error),
    /// A file cannot be written.
    #[error("failed to save the project")]
    Write(#[from] DurableError),
}

impl ClientError for ProjectError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::None { .. } | Self::Document { .. } | Self::TooLarge { .. } => ErrorKind::Usage,
            Self::Edit { source, .. } => source.kind(),
            Self::Read { .. } | Self::Text(_) | Self::Write(_) => ErrorKind::Failure,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::None { .. } => "E-NO-PROJECT",
            Self::Document { .. } => "E-MANIFEST",
            Self::TooLarge { .. } => "E-TOO-LARGE",
            Self::Edit { .. } => "E-EDIT",
            Self::Read { .. } | Self::Text(_) | Self::Write(_) => "E-FILE",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::None { .. } => Some("make a project here with `tare init`".to_owned()),
            Self::Document { source, .. } => source.help.clone(),
            Self::Edit { source, .. } => source.help(),
            _ => None,
        }
    }
}

/// A project as it lies on the disk, with the changes that were made to it since and not yet written.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
    text: String,
    manifest: Manifest,
    lock: Option<Lock>,
}

impl Project {
    /// The project that `folder` is in: its own, or that of the nearest folder above.
    ///
    /// # Errors
    /// When there is none, or its files cannot be read.
    pub fn find(folder: &Path) -> Result<Self, ProjectError> {
        let has_manifest = |folder: &&Path| folder.join(MANIFEST_FILE).is_file();
        match folder.ancestors().find(has_manifest) {
            Some(root) => Self::open(root),
            None => Err(ProjectError::None { folder: folder.to_owned() }),
        }
    }

    /// The project whose manifest lies in `root`.
    ///
    /// # Errors
    /// When its files cannot be read, or have a mistake.
    pub fn open(root: &Path) -> Result<Self, ProjectError> {
        let path = root.join(MANIFEST_FILE);
        let text = read(&path, Limits::default().manifest_size)?
            .ok_or_else(|| ProjectError::None { folder: root.to_owned() })?;
        let manifest = parse(&path, &text, Manifest::parse)?;
        let path = root.join(LOCK_FILE);
        let lock = match read(&path, MAX_LOCK_SIZE)? {
            Some(text) => Some(parse(&path, &text, Lock::parse)?),
            None => None,
        };
        Ok(Self { root: root.to_owned(), text, manifest, lock })
    }

    /// The folder of the manifest.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The lock, when there is one.
    #[must_use]
    pub fn lock(&self) -> Option<&Lock> {
        self.lock.as_ref()
    }

    /// Where the links to the installed packages are: `.tare/packages`.
    #[must_use]
    pub fn packages_folder(&self) -> PathBuf {
        self.root.join(LOCAL_FOLDER).join("packages")
    }

    /// Adds a dependency to the manifest, or changes the one of that name. Nothing is written yet.
    ///
    /// # Errors
    /// When the manifest would break a rule.
    pub fn add(&mut self, addition: &Addition) -> Result<(), ProjectError> {
        let text = edit::add(&self.text, addition).map_err(|source| self.edit_error(source))?;
        self.replace_text(text)
    }

    /// Removes a dependency from the manifest. Nothing is written yet.
    ///
    /// # Errors
    /// When it is not there.
    pub fn remove(&mut self, name: &tare_format::PackageName) -> Result<(), ProjectError> {
        let text = edit::remove(&self.text, name).map_err(|source| self.edit_error(source))?;
        self.replace_text(text)
    }

    /// Writes the manifest if it differs from what is on the disk.
    ///
    /// # Errors
    /// When the disk says no; the file is then as it was.
    pub fn save_manifest(&self) -> Result<(), ProjectError> {
        let path = self.root.join(MANIFEST_FILE);
        write_if_changed(&path, &self.text, Limits::default().manifest_size)
    }

    /// Takes `lock` as the project's and writes it if it differs from what is on the disk.
    ///
    /// # Errors
    /// When the disk says no; the file is then as it was.
    pub fn save_lock(&mut self, lock: Lock) -> Result<(), ProjectError> {
        write_if_changed(&self.root.join(LOCK_FILE), &lock.to_text()?, MAX_LOCK_SIZE)?;
        self.lock = Some(lock);
        Ok(())
    }

    fn replace_text(&mut self, text: String) -> Result<(), ProjectError> {
        self.manifest = parse(&self.root.join(MANIFEST_FILE), &text, Manifest::parse)?;
        self.text = text;
        Ok(())
    }

    fn edit_error(&self, source: EditError) -> ProjectError {
        ProjectError::Edit { path: self.root.join(MANIFEST_FILE), source }
    }
}

fn parse<T>(
    path: &Path,
    text: &str,
    parse: impl Fn(&str) -> Result<T, ManifestError>,
) -> Result<T, ProjectError> {
    parse(text).map_err(|source| ProjectError::Document { path: path.to_owned(), source })
}

/// A text file of at most `cap` bytes; `None` when there is none.
fn read(path: &Path, cap: u64) -> Result<Option<String>, ProjectError> {
    let fail = |source| ProjectError::Read { path: path.to_owned(), source };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(error)),
    };
    let mut text = String::new();
    file.take(cap.saturating_add(1)).read_to_string(&mut text).map_err(fail)?;
    if text.len() as u64 > cap {
        return Err(ProjectError::TooLarge { path: path.to_owned(), cap });
    }
    Ok(Some(text))
}

/// Leaves a file alone that is right already, so that its time says when it last changed.
fn write_if_changed(path: &Path, text: &str, cap: u64) -> Result<(), ProjectError> {
    if matches!(read(path, cap), Ok(Some(present)) if present == text) {
        return Ok(());
    }
    Ok(durable::write(path, text.as_bytes())?)
}

#[cfg(test)]
mod tests;
