//! Hashing again what is there, the longest unseen first, and fetching again what is damaged (Z-11, Z-17).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tare_format::limits::Limits as Sizes;
use tare_format::location::Location;
use tare_store::ObjectKey;

use super::contents::check_name;
use super::inventory::Object;
use super::pace::{Limits, Pace};
use super::select::Level;
use super::{Mirror, MirrorError};
use crate::event::Unit;
use crate::registry::RegistryClient;

mod served;

/// How many objects are taken from the inventory at a time.
const BATCH: u32 = 64;

/// What a scrub found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Scrubbed {
    /// Objects that were hashed.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that follow from the log and were compared with it.
    pub files: u64,
    /// Paths of objects and files that were damaged or gone.
    pub damaged: Vec<String>,
    /// How many of them are right again.
    pub repaired: u64,
    /// Objects that should be there and no source had at the last sync.
    pub missing: u64,
}

impl Mirror {
    /// Hashes every object that was last hashed longer than `since` ago, at the rate of `limits`, and compares what else is
    /// served with the log. What is damaged is fetched, or made, again.
    ///
    /// # Errors
    /// When the disk fails, or no source can be reached for what is damaged.
    pub async fn scrub(
        &self,
        registry: &RegistryClient,
        since: SignedDuration,
        limits: Limits,
    ) -> Result<Scrubbed, MirrorError> {
        let _lock = self.folder.lock()?;
        self.write_drafts().await?;
        let pace = Pace::new(Limits { rate: limits.rate, ..Limits::default() });
        let before = self.now().checked_sub(since).unwrap_or(Timestamp::MIN);
        let there = self.inventory.total().await?;
        let task = self.progress.task("hashing", Unit::Bytes, there.bytes);
        let mut scrubbed = Scrubbed::default();
        let mut seen = BTreeSet::new();
        loop {
            let batch = self.inventory.oldest(before, BATCH).await?;
            let fresh: Vec<Object> =
                batch.into_iter().filter(|object| seen.insert(object.path.clone())).collect();
            if fresh.is_empty() {
                break;
            }
            for object in fresh {
                self.look_at(&object, &pace, &mut scrubbed).await?;
                task.advance(object.size);
            }
        }
        if !scrubbed.damaged.is_empty() {
            self.repair(registry, limits, &mut scrubbed).await?;
        }
        let pace = Pace::new(limits);
        let contents = self.contents(registry, &pace);
        self.scrub_log(&contents.upstream, before, &mut scrubbed).await?;
        scrubbed.missing = self.inventory.missing().await?.len() as u64;
        self.refresh_status(&self.position().await?).await?;
        Ok(scrubbed)
    }

    async fn look_at(
        &self,
        object: &Object,
        pace: &Pace,
        scrubbed: &mut Scrubbed,
    ) -> Result<(), MirrorError> {
        scrubbed.objects += 1;
        scrubbed.bytes = scrubbed.bytes.saturating_add(object.size);
        let is_right = self.is_right(object).await?;
        pace.pay(object.size).await;
        let mut change = self.inventory.change().await?;
        if is_right {
            change.put_object(&object.path, object.size, &object.why, self.now()).await?;
        } else {
            self.progress.warn(&format!("`{}` is damaged", object.path));
            self.folder.remove(&object.path)?;
            change.remove_object(&object.path).await?;
            scrubbed.damaged.push(object.path.clone());
        }
        Ok(change.commit().await?)
    }

    /// Whether an object is what its name says.
    async fn is_right(&self, object: &Object) -> Result<bool, MirrorError> {
        let Ok(key) = object.path.parse::<ObjectKey>() else { return Ok(false) };
        let cap = match &key {
            ObjectKey::Pack(_) => Sizes::default().pack_size,
            _ => Sizes::default().release_size,
        };
        let bytes = match self.folder.read(&object.path, cap.max(object.size)) {
            Ok(Some(bytes)) => bytes,
            Ok(None) | Err(MirrorError::Read { .. }) => return Ok(false),
            Err(error) => return Err(error),
        };
        let hashed = tokio::task::spawn_blocking(move || match key {
            ObjectKey::Location(_) => Location::from_bytes(&bytes).is_ok(),
            key => check_name(&key, &bytes).is_ok(),
        });
        hashed.await.map_err(|_| MirrorError::Stopped)
    }

    /// Fetches what is damaged: documents by themselves, contents by completing the releases that need them.
    async fn repair(
        &self,
        registry: &RegistryClient,
        limits: Limits,
        scrubbed: &mut Scrubbed,
    ) -> Result<(), MirrorError> {
        let pace = Pace::new(limits);
        let contents = self.contents(registry, &pace);
        let mut releases = BTreeSet::new();
        for path in &scrubbed.damaged {
            match path.parse() {
                Ok(key @ (ObjectKey::Release(_) | ObjectKey::Signature(_))) => {
                    contents.fetch_log_object(&key, Sizes::default().release_size).await?;
                }
                _ => releases.extend(self.inventory.needed_by(path).await?),
            }
        }
        let forbidden = self.inventory.tombstones().await?;
        for (candidate, level) in self.inventory.releases().await? {
            let level: Option<Level> = level;
            if let Some(level) = level.filter(|_| releases.contains(&candidate.release)) {
                contents.hold(&candidate.release, level, "scrub", &forbidden).await?;
            }
        }
        for path in &scrubbed.damaged {
            scrubbed.repaired += u64::from(self.inventory.has(path).await?);
        }
        Ok(())
    }
}
