//! The beginning of a registry: its keys, its first root document, and the first events of its log.
//!
//! The registry's id is the hash of that document, so there is no registry without one. `init` makes the smallest: one root
//! key, no witnesses, both keys in files beside the database. It grows by root documents that are published later.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;

use jiff::ToSpan as _;
use tare_format::Sha256;
use tare_format::event::{BY_REGISTRY, EventBody};
use tare_format::registry::{REGISTRY_FORMAT, RegistryId};
use tare_tlog::key::{Algorithm, KeyName, SigningKey};
use tare_tlog::note::Note;
use tare_tlog::policy::{Log, PolicyBuilder};
use tare_tlog::root::{RootDocument, RootKey, Span, Time};

use crate::config::Config;
use crate::db::{roots, seconds};
use crate::entropy::random;
use crate::error::ApiError;
use crate::key_file;
use crate::registry::Registry;

/// How long the first root document is good for, in months.
const MONTHS: i32 = 18;
/// From what age on a head is worth a warning, in hours.
const FRESH_WARN: u64 = 36;
/// From what age on a head is not used for anything new, in hours.
const FRESH_FAIL: u64 = 14 * 24;
/// How long an entry of the log may be, in bytes.
const MAX_ENTRY: u32 = 4096;

/// A root document that was signed by enough of its own keys, and its text.
pub(crate) struct FirstRoot {
    note: Note,
    text: Sha256,
}

impl FirstRoot {
    /// Takes a signed root document as the first of a registry.
    ///
    /// # Errors
    /// When it is not the first version, or too few of its keys signed it.
    pub(crate) fn new(note: Note) -> Result<Self, ApiError> {
        let document = RootDocument::verify_first(&note).map_err(ApiError::internal)?;
        if document.version != 1 {
            let found = document.version;
            return Err(ApiError::internal(format!(
                "root document has version {found}, expected 1"
            )));
        }
        let text = Sha256::of(note.text().as_bytes());
        Ok(Self { note, text })
    }

    /// The id of the registry that it is the first document of.
    pub(crate) fn id(&self) -> RegistryId {
        RegistryId::of_root(&self.text)
    }
}

/// Makes keys and a root document of one root key without witnesses. Keys that are there already, because an earlier try was
/// cut off, are taken again: a key is never written over.
///
/// # Errors
/// When the keys cannot be made or kept.
pub(crate) fn small_root(config: &Config) -> Result<FirstRoot, ApiError> {
    let folder = config.keys();
    make_folder(&folder)?;
    let name = name(config)?;
    let root = key(config, &folder.join("root.key"), &format!("{name}/root"))?;
    let log = key(config, &folder.join("log.key"), &format!("{name}/log1"))?;
    let mut policy = PolicyBuilder::new();
    let log = Log { key: log.verifier().clone(), url: None };
    policy.log(log).and_then(|policy| policy.quorum("none")).map_err(ApiError::internal)?;
    let root_key = RootKey { label: "root".to_owned(), key: root.verifier().clone() };
    let document = RootDocument {
        registry: name,
        version: 1,
        expires: expiry(config)?,
        threshold: 1,
        root_keys: vec![root_key],
        old_logs: Vec::new(),
        policy: policy.build().map_err(ApiError::internal)?,
        fresh_warn: Span::hours(FRESH_WARN).map_err(ApiError::internal)?,
        fresh_fail: Span::hours(FRESH_FAIL).map_err(ApiError::internal)?,
        max_entry: MAX_ENTRY,
    };
    let text = document.to_text().map_err(ApiError::internal)?;
    FirstRoot::new(Note::sign(text, &[&root]).map_err(ApiError::internal)?)
}

impl Registry {
    /// Puts the first root document and the first events into an empty database, in one transaction.
    ///
    /// # Errors
    /// When the database fails or the log's key is not there.
    pub(crate) async fn found(&self, root: &FirstRoot) -> Result<(), ApiError> {
        let mut batch = self.batch(BY_REGISTRY).await?;
        sqlx::query("INSERT INTO registry (singleton, id, format, created) VALUES (1, ?, ?, ?)")
            .bind(self.id.as_str())
            .bind(REGISTRY_FORMAT)
            .bind(seconds(self.clock.now()))
            .execute(&mut *batch.db())
            .await?;
        let note = String::from_utf8(root.note.to_bytes()).map_err(ApiError::internal)?;
        batch.append(EventBody::Root { version: 1, sha256: root.text }).await?;
        roots::insert(batch.db(), 1, &note).await?;
        batch.commit().await
    }
}

/// Makes the folder of keys, for its owner alone where the system knows such a thing.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The registry's name: as configured, or as the keys of an earlier try have it, or drawn.
fn name(config: &Config) -> Result<KeyName, ApiError> {
    let name = match &config.name {
        Some(name) => name.clone(),
        None => match earlier(&config.keys().join("root.key"))? {
            Some(name) => name,
            None => {
                let drawn = u32::from_be_bytes(random(config.entropy.as_ref())?);
                format!("registry.local/{drawn:08x}")
            }
        },
    };
    name.parse().map_err(ApiError::internal)
}

fn earlier(path: &Path) -> Result<Option<String>, ApiError> {
    if !path.exists() {
        return Ok(None);
    }
    let key = key_file::read(path).map_err(ApiError::internal)?;
    Ok(key.verifier().name().as_str().strip_suffix("/root").map(str::to_owned))
}

/// The key in a file, which is made when it is missing.
fn key(config: &Config, path: &Path, name: &str) -> Result<SigningKey, ApiError> {
    if path.exists() {
        return key_file::read(path).map_err(ApiError::internal);
    }
    let name = name.parse().map_err(ApiError::internal)?;
    let seed = random(config.entropy.as_ref())?;
    let key = SigningKey::from_seed(name, Algorithm::Ed25519, &seed).map_err(ApiError::internal)?;
    key_file::create(path, &key).map_err(ApiError::internal)?;
    Ok(key)
}

fn expiry(config: &Config) -> Result<Time, ApiError> {
    let now = config.clock.now().to_zoned_datetime(jiff::tz::TimeZone::UTC);
    let then = now.checked_add(MONTHS.months()).map_err(ApiError::internal)?;
    let seconds = u64::try_from(then.timestamp().as_second()).map_err(ApiError::internal)?;
    Time::from_seconds(seconds).map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_init_that_was_cut_off_goes_on_with_its_keys() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path().join("registry"));
        std::fs::create_dir_all(&config.path).unwrap();
        // The database comes before the keys, and is empty until both are there.
        std::fs::write(config.database(), "").unwrap();
        let first = small_root(&config).unwrap();
        let log = std::fs::read(config.keys().join("log.key")).unwrap();
        Registry::init(&config).await.unwrap();
        assert_eq!(std::fs::read(config.keys().join("log.key")).unwrap(), log);
        let registry = Registry::attach(config).await.unwrap();
        // The time may have moved on between the two, and with it the expiry.
        assert!(first.id().as_str().starts_with("tr1-") && registry.id().as_str().len() == 36);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn keys_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path().join("registry"));
        Registry::init(&config).await.unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&config.keys()), 0o700);
        for name in ["root.key", "log.key"] {
            assert_eq!(mode(&config.keys().join(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn a_name_that_no_key_can_have_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path());
        for bad in ["", "two words", "a+b"] {
            config.name = Some(bad.to_owned());
            assert!(small_root(&config).is_err(), "{bad}");
        }
    }
}
