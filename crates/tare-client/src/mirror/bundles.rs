//! Signature bundles on their way: a replay needs them before anybody knows whether the log will be accepted.
//!
//! Until then they wait in the staging folder. Those of releases that the replay accepts are moved to where they are served,
//! and the others are removed: nothing that was refused is served (Z-16).

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use tare_format::Sha256;
use tare_format::event::Published;
use tare_format::limits::Limits;
use tare_store::{ObjectKey, durable};

use super::MirrorError;
use super::contents::{Contents, check_name};
use super::folder::Folder;
use super::upstream::Got;

/// The folder in the staging folder.
const FOLDER: &str = "bundles";

impl Contents<'_> {
    /// Fetches bundles, with the most bytes of each, into the staging folder. An inert event may name some that are nowhere.
    pub(super) async fn stage_bundles(
        &self,
        bundles: BTreeMap<Sha256, u64>,
    ) -> Result<(), MirrorError> {
        futures::stream::iter(bundles)
            .map(async |(bundle, cap)| self.stage_bundle(&bundle, cap).await)
            .buffer_unordered(self.upstream.pace.connections())
            .try_collect()
            .await
    }

    /// Moves the bundles of what was published to where they are served, and removes all others.
    pub(super) async fn settle_bundles<'p>(
        &self,
        accepted: impl Iterator<Item = &'p Published>,
    ) -> Result<(), MirrorError> {
        for bundle in accepted.flat_map(|published| &published.signatures) {
            let path = ObjectKey::Signature(bundle.sha256).path();
            let staged = staged(self.folder, &bundle.sha256);
            let Ok(metadata) = fs::metadata(&staged) else { continue };
            self.folder.adopt(&staged, &path)?;
            let mut change = self.inventory.change().await?;
            change.put_object(&path, metadata.len(), "log", (self.clock)()).await?;
            change.commit().await?;
        }
        let rest = self.folder.staging().join(FOLDER);
        match fs::remove_dir_all(&rest) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(MirrorError::Read { path: rest, source })
            }
            _ => Ok(()),
        }
    }

    async fn stage_bundle(&self, bundle: &Sha256, cap: u64) -> Result<(), MirrorError> {
        let key = ObjectKey::Signature(*bundle);
        if self.inventory.has(&key.path()).await? || read_bundle(self.folder, bundle).is_some() {
            return Ok(());
        }
        let check = |bytes: &Bytes| check_name(&key, bytes);
        if let Got::There(bytes) = self.upstream.object(&key, cap, check).await? {
            durable::write(&staged(self.folder, bundle), &bytes)?;
        }
        Ok(())
    }
}

/// A bundle that is served, or waits to be; only bytes that have its name.
pub(super) fn read_bundle(folder: &Folder, bundle: &Sha256) -> Option<Vec<u8>> {
    let (key, cap) = (ObjectKey::Signature(*bundle), Limits::default().signature_size);
    let is_right = |bytes: &Vec<u8>| check_name(&key, bytes).is_ok();
    let served = folder.read(&key.path(), cap).ok().flatten().filter(is_right);
    served.or_else(|| folder.read_staged(&name(bundle), cap).ok().flatten().filter(is_right))
}

fn staged(folder: &Folder, bundle: &Sha256) -> PathBuf {
    folder.staging().join(name(bundle))
}

fn name(bundle: &Sha256) -> String {
    format!("{FOLDER}/{}", bundle.hex())
}
