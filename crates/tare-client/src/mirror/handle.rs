//! An open mirror, and how one is made.

use std::path::Path;

use jiff::Timestamp;
use tare_tlog::hash::Hash;
use tare_tlog::key::{Algorithm, KeyName, SigningKey};
use tare_tlog::tile::{CheckedError, TileId, TileSet, consistency_checked, plan_consistency};
use tare_tlog::tree::Edge;

use super::MirrorError;
use super::config::Config;
use super::contents::Clock;
use super::folder::Folder;
use super::inventory::Inventory;
use super::report::whole_seconds;
use crate::event::Progress;

/// The key that cosigns checkpoints.
const COSIGNER: &str = "cosigner.key";
/// The key that signs statements.
const STATEMENTS: &str = "statements.key";

/// A mirror.
#[derive(Debug)]
pub struct Mirror {
    pub(super) folder: Folder,
    pub(super) config: Config,
    pub(super) inventory: Inventory,
    pub(super) clock: Clock,
    pub(super) progress: Progress,
}

/// The keys of a mirror as others need to know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeys {
    /// For a `witness` line of the root document.
    pub cosigner: String,
    /// Of coverage statements.
    pub statements: String,
}

impl Mirror {
    /// Makes a mirror at `root`: its folder, its keys, its configuration. Nothing is fetched.
    ///
    /// # Errors
    /// When there is one already, or the folder cannot be written.
    pub async fn init(
        root: &Path,
        config: Config,
        clock: Clock,
        progress: Progress,
    ) -> Result<Self, MirrorError> {
        let folder = Folder::create(root)?;
        folder.make_key(COSIGNER, config.name.clone(), Algorithm::CosignatureEd25519)?;
        folder.make_key(STATEMENTS, statements_name(&config.name)?, Algorithm::Ed25519)?;
        let inventory = Inventory::open(&folder.inventory()).await?;
        // Last, because a folder is a mirror once this is there.
        config.save(&folder.config())?;
        Ok(Self { folder, config, inventory, clock, progress })
    }

    /// Opens the mirror at `root`.
    ///
    /// # Errors
    /// When there is none, or its configuration has a mistake.
    pub async fn open(root: &Path, clock: Clock, progress: Progress) -> Result<Self, MirrorError> {
        let folder = Folder::open(root)?;
        let config = Config::load(&folder.config())?;
        let inventory = Inventory::open(&folder.inventory()).await?;
        Ok(Self { folder, config, inventory, clock, progress })
    }

    /// How it is set up.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.folder.root()
    }

    /// Its keys as others need to know them.
    ///
    /// # Errors
    /// When their files cannot be read.
    pub fn public_keys(&self) -> Result<PublicKeys, MirrorError> {
        Ok(PublicKeys {
            cosigner: self.cosigner()?.verifier().to_string(),
            statements: self.statements_key()?.verifier().to_string(),
        })
    }

    /// Closes the inventory.
    pub async fn close(self) {
        self.inventory.close().await;
    }

    pub(super) fn now(&self) -> Timestamp {
        whole_seconds((self.clock)())
    }

    pub(super) fn cosigner(&self) -> Result<SigningKey, MirrorError> {
        self.folder.key(COSIGNER)
    }

    pub(super) fn statements_key(&self) -> Result<SigningKey, MirrorError> {
        self.folder.key(STATEMENTS)
    }

    /// Whether a log of `size` entries with this root is the beginning of the mirror's own tree, by its own tiles. If not, what
    /// was found instead.
    pub(super) fn contains(
        &self,
        edge: &Edge,
        size: u64,
        root: &Hash,
    ) -> Result<Result<(), String>, MirrorError> {
        let (total, own) = (edge.size(), edge.root());
        if size == total {
            let equal = *root == own;
            return Ok(if equal { Ok(()) } else { Err(format!("this mirror holds {own}")) });
        }
        if size == 0 {
            return Ok(Ok(()));
        }
        let mut tiles = TileSet::new();
        for tile in plan_consistency(size, total).map_err(|error| MirrorError::log(&error))? {
            let bytes = self.read_tile(&tile)?;
            tiles.insert(tile, &bytes).map_err(|error| MirrorError::log(&error))?;
        }
        match consistency_checked(size, root, total, &own, &tiles) {
            Ok(_) => Ok(Ok(())),
            Err(CheckedError::Proof(error)) => Ok(Err(error.to_string())),
            Err(error) => Err(MirrorError::log(&error)),
        }
    }

    fn read_tile(&self, tile: &TileId) -> Result<Vec<u8>, MirrorError> {
        let path = tile.to_string();
        let bytes = self.folder.read(&path, 256 * 32)?;
        bytes.ok_or(MirrorError::Damaged { path })
    }
}

/// The name of the key for statements.
fn statements_name(name: &KeyName) -> Result<KeyName, MirrorError> {
    format!("{name}/statements").parse().map_err(|error| MirrorError::Key {
        file: STATEMENTS.to_owned(),
        reason: format!("{error}"),
    })
}
