//! What a root document needs of the registry's folder: the log's key, the version before, and its publication.

use std::path::{Path, PathBuf};

use tare_format::Sha256;
use tare_format::event::{BY_REGISTRY, EventBody};
use tare_format::registry::RegistryId;
use tare_tlog::hash::Hash;
use tare_tlog::key::{Algorithm, KeyError, KeyName, NameError, SigningKey, VerifierKey};
use tare_tlog::note::{Note, NoteError};
use tare_tlog::root::{OldLog, RootDocument, RootError, Time};

use super::draft::{Rotation, next_origin};
use super::{RootFile, RootFileError};
use crate::config::Config;
use crate::db::{roots, tree};
use crate::entropy::random;
use crate::error::{ApiError, chain};
use crate::key_file::{self, KeyFileError};
use crate::log_key::LogKeyError;
use crate::registry::{OpenError, Registry};
use crate::sequence::newest_root;

/// Why a root document was not published, or what it needs is not there.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] RootFileError),
    /// Nobody has signed it.
    #[error("`{}` has no signature that can be read", path.display())]
    Unsigned {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: NoteError,
    },
    /// It is not to be trusted.
    #[error("version {version} of the root cannot be published; it is not signed by {waiting}")]
    Untrusted {
        /// Its version.
        version: u64,
        /// The labels of the keys that have not signed.
        waiting: String,
        /// What is wrong with it.
        source: RootError,
    },
    /// It would be of no use.
    #[error("version {version} of the root expired at {expires}")]
    Expired {
        /// Its version.
        version: u64,
        /// When.
        expires: Time,
    },
    /// The folder has no registry, so only version 1 can be published.
    #[error("there is no registry yet, so version 1 comes first, not version {found}")]
    NotFirst {
        /// The version.
        found: u64,
    },
    /// A file has another key than is needed.
    #[error(
        "`{}` has the key `{found}`, expected `{expected}`: remove it if it is of a draft that was given up",
        path.display()
    )]
    OtherKey {
        /// The file.
        path: PathBuf,
        /// The name of the key in it.
        found: KeyName,
        /// The name that is needed.
        expected: KeyName,
    },
    /// The log's key cannot be used.
    #[error("failed to use the key of the log")]
    LogKey(#[from] LogKeyError),
    /// A key file cannot be used.
    #[error("failed to use the key of the log")]
    KeyFile(#[from] KeyFileError),
    /// No key could be made.
    #[error("failed to make a key for the log")]
    Key(#[from] KeyError),
    /// The log could get no new name.
    #[error("the log has a name that cannot be continued")]
    Name(#[from] NameError),
    /// The registry was not opened or made.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The registry failed.
    #[error("the registry failed: {}", chain(.0))]
    Registry(ApiError),
}

impl From<ApiError> for PublishError {
    fn from(error: ApiError) -> Self {
        Self::Registry(error)
    }
}

/// A root document that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The registry.
    pub id: RegistryId,
    /// The version.
    pub version: u64,
    /// The SHA-256 of its text.
    pub fingerprint: Hash,
}

/// The log's key in the folder of keys, under this file name; it is made when it is missing. One that an abandoned draft
/// has left is taken again.
///
/// # Errors
/// When the file has the key of another log, or cannot be used.
pub fn prepare_log_key(
    config: &Config,
    file: &str,
    origin: &KeyName,
) -> Result<VerifierKey, PublishError> {
    let folder = config.keys();
    std::fs::create_dir_all(&folder).map_err(ApiError::from)?;
    let path = folder.join(file);
    if path.exists() {
        let key = key_file::read(&path)?;
        let found = key.verifier().name();
        if found != origin {
            let (found, expected) = (found.clone(), origin.clone());
            return Err(PublishError::OtherKey { path, found, expected });
        }
        return Ok(key.verifier().clone());
    }
    let seed = random(config.entropy.as_ref()).map_err(ApiError::from)?;
    let key = SigningKey::from_seed(origin.clone(), Algorithm::Ed25519, &seed)?;
    key_file::create(&path, &key)?;
    Ok(key.verifier().clone())
}

/// The newest root document that was published.
///
/// # Errors
/// When the database cannot be read.
pub async fn newest(registry: &Registry) -> Result<RootFile, PublishError> {
    let mut db = registry.db.read().await?;
    let newest = roots::newest(&mut db).await?;
    let (_, note) =
        newest.ok_or_else(|| ApiError::internal("the registry has no root document"))?;
    let note = Note::parse(note.as_bytes()).map_err(ApiError::internal)?;
    RootFile::of(&note).map_err(|error| ApiError::internal(error).into())
}

/// A new key for the log, and the log as it is now as the end of the old one.
///
/// # Errors
/// When the key cannot be made, or the log cannot be read.
pub async fn rotation(registry: &Registry) -> Result<Rotation, PublishError> {
    let (document, row) = {
        let mut db = registry.db.read().await?;
        (newest_root(&mut db).await?.1, tree::newest_checkpoint(&mut db).await?)
    };
    let log = document.log().ok_or(LogKeyError::NoLog { version: document.version })?;
    let row = row.ok_or_else(|| ApiError::internal("the log has no checkpoint"))?;
    let origin = next_origin(log.key.name())?;
    let file = origin.as_str().rsplit('/').next().unwrap_or_default().to_owned();
    let key = prepare_log_key(&registry.config, &format!("{file}.key"), &origin)?;
    Ok(Rotation { key, frozen: OldLog { key: log.key.clone(), size: row.size, root: row.root } })
}

/// Publishes a root document: makes the registry with the first, and logs each next one.
///
/// # Errors
/// When too few keys of this version, or of the one before, have signed it; when it expired; when the log's key is not
/// there. Nothing has changed then.
pub async fn publish(config: &Config, path: &Path) -> Result<Published, PublishError> {
    let file = RootFile::read(path)?;
    let note =
        file.note().map_err(|source| PublishError::Unsigned { path: path.to_owned(), source })?;
    let document = file.document();
    let (version, expires) = (document.version, document.expires);
    let now = u64::try_from(config.clock.now().as_second()).unwrap_or_default();
    if document.is_expired(now) {
        return Err(PublishError::Expired { version, expires });
    }
    let id = if config.is_initialised() {
        let registry = Registry::attach(config.clone()).await?;
        let id = registry.id().clone();
        let done = publish_next(&registry, &file, &note).await;
        registry.close().await;
        done?;
        id
    } else {
        publish_first(config, &file, note).await?
    };
    Ok(Published { id, version, fingerprint: file.fingerprint() })
}

async fn publish_first(
    config: &Config,
    file: &RootFile,
    note: Note,
) -> Result<RegistryId, PublishError> {
    let document = file.document();
    if document.version != 1 {
        return Err(PublishError::NotFirst { found: document.version });
    }
    RootDocument::verify_first(&note).map_err(|source| untrusted(file, &[document], source))?;
    let log = document.log().ok_or(LogKeyError::NoLog { version: 1 })?;
    let path = config.keys().join("log.key");
    let key = key_file::read(&path)?;
    if *key.verifier() != log.key {
        let (found, expected) = (key.verifier().name().clone(), log.key.name().clone());
        return Err(PublishError::OtherKey { path, found, expected });
    }
    Registry::init_with_root(config, note, &key).await?;
    Ok(RegistryId::of_root(&Sha256::from_bytes(file.fingerprint().0)))
}

async fn publish_next(
    registry: &Registry,
    file: &RootFile,
    note: &Note,
) -> Result<(), PublishError> {
    let mut batch = registry.batch(BY_REGISTRY).await?;
    let (_, current) = newest_root(batch.db()).await?;
    let next = current
        .verify_next(note)
        .map_err(|source| untrusted(file, &[&current, file.document()], source))?;
    // Before anything is logged: without the key, the event would be the last of the log.
    registry.find_log_key(&next)?;
    let version = u32::try_from(next.version).map_err(ApiError::internal)?;
    let sha256 = Sha256::from_bytes(file.fingerprint().0);
    batch.append(EventBody::Root { version, sha256 }).await?;
    let text = String::from_utf8(note.to_bytes()).map_err(ApiError::internal)?;
    roots::insert(batch.db(), version, &text).await?;
    Ok(batch.commit().await?)
}

/// The refusal, with who could still sign.
fn untrusted(file: &RootFile, documents: &[&RootDocument], source: RootError) -> PublishError {
    let mut waiting: Vec<String> = Vec::new();
    for document in documents {
        for (root, signed) in file.signers(document) {
            let label = format!("`{}`", root.label);
            if !signed && !waiting.contains(&label) {
                waiting.push(label);
            }
        }
    }
    let waiting = if waiting.is_empty() { "nobody else".to_owned() } else { waiting.join(", ") };
    PublishError::Untrusted { version: file.document().version, waiting, source }
}
