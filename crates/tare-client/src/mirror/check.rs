//! Looking at another mirror as anybody can: is it on the same log, how far behind, are its bytes right, does it still serve
//! what was taken down (Z-14).

use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;
use tare_store::{LogPath, ObjectKey};
use tare_tlog::bundle::MAX_PROOF;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::tile::{TileId, TileSet, consistency_checked, plan_consistency};
use url::Url;

use super::contents::check_name;
use super::coverage::Stated;
use super::pending::kept_root;
use super::{Mirror, MirrorError};
use crate::error::{ClientError as _, ErrorKind, chain};
use crate::head::check_head;
use crate::registry::{RegistryClient, RegistryError};
use crate::transport::Request;

/// How many objects are asked for.
pub const SAMPLE: u32 = 20;
/// Objects larger than this are not asked for, in bytes.
const MOST_BYTES: u64 = 16 << 20;

/// The bytes of a full tile.
const TILE_BYTES: u64 = 256 * 32;

/// What a look at another mirror found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Checked {
    /// Where it is.
    pub url: String,
    /// The size of the log that its head proves.
    pub size: u64,
    /// The size of the log that this mirror holds.
    pub own_size: u64,
    /// How it is not the beginning, or the continuation, of the log that this mirror holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contradiction: Option<String>,
    /// Whether it states that it leaves something out; nothing when it states nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_selective: Option<bool>,
    /// Objects that were asked for and are right.
    pub right: u64,
    /// Objects that were asked for and are not there.
    pub absent: u64,
    /// Objects that have other bytes, with how.
    pub wrong: Vec<String>,
    /// Objects that were taken down and asked for.
    pub tombstones: u64,
    /// Those of them that it still serves.
    pub still_served: Vec<String>,
}

impl Checked {
    /// How many events it is behind this mirror.
    #[must_use]
    pub const fn lag(&self) -> u64 {
        self.own_size.saturating_sub(self.size)
    }

    /// What kind of failure it found, if any: the gravest.
    #[must_use]
    pub fn verdict(&self) -> Option<ErrorKind> {
        if self.contradiction.is_some() || !self.still_served.is_empty() {
            Some(ErrorKind::Trust)
        } else if !self.wrong.is_empty() {
            Some(ErrorKind::Integrity)
        } else {
            None
        }
    }
}

impl Mirror {
    /// Looks at the mirror behind `other`, by what this one holds.
    ///
    /// # Errors
    /// When it cannot be reached, or has no head of this registry.
    pub async fn check(&self, other: &RegistryClient) -> Result<Checked, MirrorError> {
        let mut checked = Checked { url: other.base().to_string(), ..Checked::default() };
        self.compare_heads(other, &mut checked).await?;
        checked.is_selective = stated(other).await?.map(|stated| stated.is_selective);
        for object in self.inventory.sample(SAMPLE, MOST_BYTES).await? {
            let Ok(key) = object.path.parse::<ObjectKey>() else { continue };
            let check = |bytes: &Bytes| check_name(&key, bytes);
            match other.fetch_verified(&key, object.size.max(1), check).await {
                Ok(Some(_)) => checked.right += 1,
                Ok(None) => checked.absent += 1,
                Err(RegistryError::Gone { .. }) => checked.absent += 1,
                Err(error) if error.kind() == ErrorKind::Integrity => {
                    let how = chain(&error).join(": ");
                    checked.wrong.push(format!("`{}`: {how}", object.path));
                }
                Err(error) => return Err(error.into()),
            }
        }
        for path in self.inventory.tombstones().await? {
            checked.tombstones += 1;
            if self.is_served(other, &path).await? {
                checked.still_served.push(path);
            }
        }
        Ok(checked)
    }

    async fn compare_heads(
        &self,
        other: &RegistryClient,
        checked: &mut Checked,
    ) -> Result<(), MirrorError> {
        let position = self.position().await?;
        checked.own_size = position.edge.size();
        let root = kept_root(&self.folder, &self.config.registry)?
            .ok_or_else(|| MirrorError::Log("this mirror was never synced".to_owned()))?;
        let cap = u64::try_from(MAX_PROOF).unwrap_or(u64::MAX);
        let bytes = other.fetch_object(&ObjectKey::Head, cap).await?;
        let missing =
            || RegistryError::NotFound { what: "`head`".to_owned(), base: other.base().clone() };
        let bytes = bytes.ok_or_else(missing)?;
        let now = u64::try_from(self.now().as_second()).unwrap_or(0);
        let seen =
            check_head(&bytes, root.document(), now).map_err(|error| MirrorError::log(&error))?;
        let theirs = seen.checkpoint;
        checked.size = theirs.size();
        let relation = if theirs.size() <= position.edge.size() {
            self.contains(&position.edge, theirs.size(), &theirs.root())?
        } else {
            self.continues(other, &position.edge, &theirs).await?
        };
        checked.contradiction = relation.err();
        Ok(())
    }

    /// Whether a larger log continues the mirror's own, by tiles of the other mirror.
    async fn continues(
        &self,
        other: &RegistryClient,
        own: &tare_tlog::tree::Edge,
        theirs: &Checkpoint,
    ) -> Result<Result<(), String>, MirrorError> {
        let (size, root) = (own.size(), own.root());
        if size == 0 {
            return Ok(Ok(()));
        }
        let plan =
            plan_consistency(size, theirs.size()).map_err(|error| MirrorError::log(&error))?;
        let mut tiles = TileSet::new();
        for tile in plan {
            let Some(bytes) = fetch_tile(other, &tile).await? else {
                return Ok(Err(format!("it does not serve `{tile}`")));
            };
            if let Err(error) = tiles.insert(tile, &bytes) {
                return Ok(Err(error.to_string()));
            }
        }
        let proven = consistency_checked(size, &root, theirs.size(), &theirs.root(), &tiles);
        Ok(proven.map(drop).map_err(|error| chain(&error).join(": ")))
    }

    /// Whether a path is answered with its bytes. 404, 410 and 451 are what is expected of what was taken down.
    async fn is_served(&self, other: &RegistryClient, path: &str) -> Result<bool, MirrorError> {
        let url: Url = other.base().join(path).map_err(|error| MirrorError::log(&error))?;
        let request = Request::new(Method::GET, url);
        let answer = other.transport().open(&request).await.map_err(RegistryError::from)?;
        Ok(!matches!(answer.status(), 404 | 410 | 451))
    }
}

/// What a place states of its coverage, unchecked; only an origin states nothing.
async fn stated(other: &RegistryClient) -> Result<Option<Stated>, MirrorError> {
    let url: Url = other.base().join("coverage").map_err(|error| MirrorError::log(&error))?;
    let fetched = other.transport().fetch(&Request::get(url), 64 << 10).await;
    let fetched = fetched.map_err(RegistryError::from)?;
    Ok(Stated::read(&fetched.bytes, None).ok().filter(|_| fetched.status == 200))
}

async fn fetch_tile(other: &RegistryClient, tile: &TileId) -> Result<Option<Bytes>, MirrorError> {
    for form in [Some(*tile), tile.full().filter(|_| tile.is_partial())].into_iter().flatten() {
        let Some(at) = LogPath::new(form.index(), form.width()) else { continue };
        let key = ObjectKey::Tile(form.level(), at);
        if let Some(bytes) = other.fetch_object(&key, TILE_BYTES).await? {
            let cut = tile.truncate(&bytes).map(Bytes::copy_from_slice);
            return Ok(Some(if form == *tile { bytes } else { cut.unwrap_or_default() }));
        }
    }
    Ok(None)
}
