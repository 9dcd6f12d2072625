//! Why a data file was not fetched.

use tare_format::Blake3;
use tare_format::path::FilePath;
use tare_format::release::ReleaseFile;
use tare_store::assemble::AssembleError;
use tare_store::durable::DurableError;
use tare_store::files::FileStoreError;
use tare_store::partial::PartialError;

use crate::documents::DocumentError;
use crate::error::{ClientError, ErrorKind};
use crate::registry::{Failure, Fault, RegistryError, Verdict, told, worst};

/// Why a data file was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The registry did not send something.
    #[error(transparent)]
    Registry(Box<RegistryError>),
    /// A recipe is not to be had, or wrong.
    #[error(transparent)]
    Document(Box<DocumentError>),
    /// The local store failed.
    #[error("failed to use the local store")]
    Store(#[from] FileStoreError),
    /// A chunk or the whole file is wrong, or cannot be written.
    #[error(transparent)]
    Partial(#[from] PartialError),
    /// A release document that lists a data file without a recipe.
    #[error("the release document gives no recipe for `{path}`")]
    NoRecipe {
        /// The file.
        path: FilePath,
    },
    /// A recipe that makes a file of another size.
    #[error("the recipe of `{path}` makes {found} bytes, and the release document says {expected}")]
    Size {
        /// The file.
        path: FilePath,
        /// The size in the release document.
        expected: u64,
        /// The size that the recipe makes.
        found: u64,
    },
    /// A location of another file.
    #[error("the location document does not fit the recipe")]
    Location {
        /// What does not fit.
        source: Box<AssembleError>,
    },
    /// What lies at a place is not the chunk.
    #[error(
        "pack {pack} does not hold chunk {index} where the location document says, at byte {offset}"
    )]
    Chunk {
        /// The pack.
        pack: Blake3,
        /// Which chunk of the file, from 0.
        index: usize,
        /// The first of its stored bytes in the pack.
        offset: u64,
        /// What is wrong.
        source: Box<PartialError>,
    },
    /// Several places were asked for a file, and none had all of it.
    #[error("no source has all of it; {}", told(failures))]
    Sources {
        /// What each of them did.
        failures: Vec<Failure<Self>>,
    },
    /// A file could not be fetched.
    #[error("failed to fetch `{path}`")]
    File {
        /// The file.
        path: FilePath,
        /// Why.
        source: Box<Self>,
    },
    /// The thread that did the work died.
    #[error("the work on a file was stopped")]
    Stopped,
}

impl FetchError {
    /// Says which file it was.
    pub(super) fn at(self, file: &ReleaseFile) -> Self {
        match self {
            Self::File { .. } => self,
            error => Self::File { path: file.path.clone(), source: Box::new(error) },
        }
    }
}

impl FetchError {
    /// That nobody had all of a file.
    pub(super) fn nobody(mut failures: Vec<Failure<Self>>) -> Self {
        match failures.len() {
            1 => failures.remove(0).error,
            _ => Self::Sources { failures },
        }
    }

    /// Whether somebody may do better when asked again.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Sources { failures } => failures.iter().any(|failure| failure.error.may_pass()),
            error => error.verdict() == Verdict::Passing,
        }
    }

    /// Whether it is a failure of this machine, which no other place can mend.
    pub(super) fn is_local(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Stopped | Self::Partial(PartialError::Write { .. }))
    }
}

impl Fault for FetchError {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Registry(error) => error.verdict(),
            Self::Location { .. } | Self::Chunk { .. } => Verdict::Wrong,
            Self::File { source, .. } => source.verdict(),
            Self::Sources { failures } => worst(failures).map_or(Verdict::Failing, Fault::verdict),
            _ => Verdict::Failing,
        }
    }
}

impl From<RegistryError> for FetchError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(Box::new(error))
    }
}

impl From<DocumentError> for FetchError {
    fn from(error: DocumentError) -> Self {
        Self::Document(Box::new(error))
    }
}

impl ClientError for FetchError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Registry(error) => match error.kind() {
                // A pack or a location that is gone makes the file incomplete; the file itself was found.
                ErrorKind::NotFound => ErrorKind::Integrity,
                kind => kind,
            },
            Self::Document(error) => match error.kind() {
                ErrorKind::NotFound => ErrorKind::Integrity,
                kind => kind,
            },
            Self::File { source, .. } => source.kind(),
            Self::Sources { failures } => match worst(failures).map(ClientError::kind) {
                None => ErrorKind::Network,
                Some(kind) => kind,
            },
            Self::Partial(PartialError::Write { .. }) | Self::Store(_) | Self::Stopped => {
                ErrorKind::Failure
            }
            Self::Partial(_)
            | Self::NoRecipe { .. }
            | Self::Size { .. }
            | Self::Location { .. }
            | Self::Chunk { .. } => ErrorKind::Integrity,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Registry(error) => error.code(),
            Self::Document(error) => error.code(),
            Self::File { source, .. } => source.code(),
            Self::Sources { failures } => worst(failures).map_or("E-NO-SOURCE", ClientError::code),
            Self::Partial(PartialError::Write { source, .. }) if is_full(source) => "E-DISK-FULL",
            Self::Partial(PartialError::Write { .. }) | Self::Store(_) | Self::Stopped => "E-STORE",
            Self::Partial(PartialError::WrongRecipe { .. })
            | Self::NoRecipe { .. }
            | Self::Size { .. } => "E-RECIPE",
            Self::Location { .. } => "E-LOCATION",
            Self::Partial(_) | Self::Chunk { .. } => "E-CHUNK",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.help(),
            Self::Document(error) => error.help(),
            Self::File { source, .. } => source.help(),
            Self::Sources { failures } => worst(failures).and_then(ClientError::help),
            Self::Partial(PartialError::Write { source, .. }) if is_full(source) => {
                Some("make room, for instance with `tare cache prune`, and run it again: it goes on where it stopped".to_owned())
            }
            Self::Partial(PartialError::Write { .. }) | Self::Store(_) | Self::Stopped => None,
            _ => Some("tell whoever runs the registry or mirror; nothing of this was kept".to_owned()),
        }
    }
}

fn is_full(error: &DurableError) -> bool {
    matches!(error, DurableError::Full { .. })
}
