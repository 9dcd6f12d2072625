//! Why a folder does not become a package.

use std::io;
use std::path::{Path, PathBuf};

use tare_format::archive::ArchiveError;
use tare_format::canonical::CanonicalError;
use tare_format::manifest::ManifestError;
use tare_format::path::{FilePath, FilePathError, PathConflict};
use tare_format::release::DeriveError;
use tare_store::chunk::ChunkError;
use tare_store::header::HeaderError;
use tare_store::walk::WalkError;

use crate::error::{ClientError, ErrorKind, Mistake};

/// Why a folder does not become a package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// There is no manifest.
    #[error("there is no `Tare.toml` in `{}`", folder.display())]
    NoManifest {
        /// The folder.
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
    /// The manifest is too large.
    #[error("`{}` has {found} bytes, at most {limit} are allowed", path.display())]
    ManifestSize {
        /// The manifest.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The manifest has a mistake, or does not fit the files.
    #[error("`{}` cannot be used", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// The place and the reason.
        source: ManifestError,
    },
    /// The manifest is that of a project.
    #[error("`{}` has no `[package]`, so there is nothing to publish", path.display())]
    Project {
        /// The manifest.
        path: PathBuf,
    },
    /// The folder holds something that no package can.
    #[error("`{}` cannot be packaged as it is", folder.display())]
    Walk {
        /// The folder.
        folder: PathBuf,
        /// What is there.
        source: WalkError,
    },
    /// A file has a name that not every system can have.
    #[error("a file cannot be packaged under its name")]
    Path(#[from] FilePathError),
    /// Two files cannot be told apart everywhere.
    #[error("two files cannot be in one package")]
    Conflict(#[source] PathConflict),
    /// There are too many files.
    #[error("the package has {found} files, at most {limit} are allowed")]
    FileCount {
        /// How many.
        found: usize,
        /// The limit.
        limit: u64,
    },
    /// A file that travels in the meta archive is too large for it.
    #[error("`{path}` has {found} bytes, and a file that the manifest names has at most {limit}")]
    MetaSize {
        /// The file.
        path: FilePath,
        /// Its size in bytes.
        found: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file was not cut into chunks.
    #[error("`{path}` was not packaged")]
    Chunk {
        /// The file.
        path: FilePath,
        /// Why.
        source: ChunkError,
    },
    /// A file changed while it was packaged.
    #[error("`{path}` changed while it was packaged")]
    Changed {
        /// The file.
        path: FilePath,
    },
    /// A tensor file is damaged.
    #[error("`{path}` is damaged")]
    Damaged {
        /// The file.
        path: FilePath,
        /// How.
        source: HeaderError,
    },
    /// The meta archive cannot be made.
    #[error("the meta archive cannot be made")]
    Archive(#[from] ArchiveError),
    /// The release document cannot be derived.
    #[error("the release document cannot be derived")]
    Derive(#[source] DeriveError),
    /// The release document has no canonical form.
    #[error("the release document cannot be written")]
    Canonical(#[from] CanonicalError),
}

impl PackageError {
    /// A mistake in the manifest at `path`.
    pub(super) fn manifest(path: &Path, source: ManifestError) -> Self {
        Self::Manifest { path: path.to_owned(), source }
    }
}

impl ClientError for PackageError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoManifest { .. }
            | Self::ManifestSize { .. }
            | Self::Manifest { .. }
            | Self::Project { .. } => ErrorKind::Usage,
            Self::Damaged { .. } => ErrorKind::Integrity,
            _ => ErrorKind::Failure,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoManifest { .. } | Self::Project { .. } => "E-NO-PACKAGE",
            Self::ManifestSize { .. } | Self::Manifest { .. } | Self::Derive(_) => "E-MANIFEST",
            Self::Read { .. } => "E-FILE",
            Self::Walk { source: WalkError::Symlink { .. }, .. } => "E-SYMLINK",
            Self::Walk { .. } => "E-FILE",
            Self::Path(_) | Self::Conflict(_) => "E-PATH",
            Self::FileCount { .. } | Self::MetaSize { .. } | Self::Archive(_) => "E-LIMIT",
            Self::Chunk { source: ChunkError::Changed { .. }, .. } | Self::Changed { .. } => {
                "E-CHANGED"
            }
            Self::Chunk { .. } => "E-FILE",
            Self::Damaged { .. } => "E-DAMAGED",
            Self::Canonical(_) => "E-DOCUMENT",
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NoManifest { .. } => "make one with `tare init`",
            Self::Project { .. } => "add `[package]` with `name`, `version` and `kind`",
            Self::Walk { source: WalkError::Symlink { .. }, .. } => {
                "put the file itself there, or leave the link out with `exclude`"
            }
            Self::Path(_) => "rename the file, or leave it out with `exclude`",
            Self::Conflict(_) => "rename one of them, or leave it out with `exclude`",
            Self::MetaSize { .. } => {
                "shorten it: readmes, cards, licences and evidence travel to everybody who looks at the package"
            }
            Self::Chunk { source: ChunkError::Changed { .. }, .. } | Self::Changed { .. } => {
                "wait until nothing writes to it, and run the command again"
            }
            Self::Damaged { .. } => {
                "write the file again: a loader would fail on it, or read something else"
            }
            _ => return None,
        };
        Some(help.to_owned())
    }

    fn mistake(&self) -> Option<Mistake<'_>> {
        match self {
            Self::Manifest { path, source } => Some(Mistake { path, error: source }),
            _ => None,
        }
    }
}
