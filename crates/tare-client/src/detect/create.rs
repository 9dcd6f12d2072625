//! Writes the draft of a manifest, where there is none.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use tare_format::manifest::{MANIFEST_PATH, Manifest};
use tare_format::schema::schema;
use tare_store::durable::{self, Committed, DurableError, Folders, Staged};

use super::manifest::SCHEMA_FILE;
use crate::error::{ClientError, ErrorKind};

/// Why no manifest was written.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is one.
    #[error("there is a `{}` already", path.display())]
    Exists {
        /// Where it is.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("failed to write the manifest")]
    Write(#[from] DurableError),
}

impl ClientError for CreateError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Exists { .. } => ErrorKind::Usage,
            Self::Write(_) => ErrorKind::Failure,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "E-EXISTS",
            Self::Write(_) => "E-FILE",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Exists { .. } => Some("edit it; nothing of it was changed".to_owned()),
            Self::Write(_) => None,
        }
    }
}

/// Writes `text` as the manifest of `folder`, which is made if it is missing, and beside it the schema that an editor
/// checks it against. Gives the manifest's path.
///
/// # Errors
/// When there is a manifest already, or the disk says no.
pub fn create(folder: &Path, text: &str) -> Result<PathBuf, CreateError> {
    let path = folder.join(MANIFEST_PATH);
    let folders = Folders::default();
    folders.ensure(folder)?;
    let mut staged = Staged::create_in(folder)?;
    let fail = |source| DurableError::Io { action: "write", path: path.clone(), source };
    staged.write_all(text.as_bytes()).map_err(fail)?;
    if staged.commit_new(&path, &folders)? == Committed::AlreadyThere {
        return Err(CreateError::Exists { path });
    }
    let schema = schema::<Manifest>();
    durable::write(&folder.join(SCHEMA_FILE), format!("{:#}\n", schema.as_value()).as_bytes())?;
    Ok(path)
}
