//! Sends what the registry lacks: documents first, because it tells missing chunks by them, then packs.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, TryStreamExt as _};
use tare_format::api::SessionRelease;
use tare_format::pack::Codec;
use tare_format::registry::Registry;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::PublishError;
use super::pack::{ReadyPack, make_packs};
use super::plan::Plan;
use crate::event::{Progress, RunningTask, Task, Unit};
use crate::package::Prepared;
use crate::registry::{PackUpload, RegistryClient, RegistryError};

/// How many packs, or recipes, are on their way at once.
const PARALLEL: usize = 4;

/// What was sent, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// As it went out.
    pub(super) bytes: u64,
    /// How much of the files the registry lacked.
    pub(super) lacking: u64,
}

/// Sends the meta archive and the recipes that are missing. Gives the number of bytes.
pub(super) async fn documents(
    client: &RegistryClient,
    session: &str,
    package: &Prepared,
    state: &SessionRelease,
) -> Result<u64, PublishError> {
    let mut sent = 0;
    if state.missing_meta.is_some() {
        let meta = Bytes::copy_from_slice(&package.meta);
        sent += meta.len() as u64;
        client.put_meta(session, &package.release.meta.sha256, meta).await?;
    }
    let missing = package.cuts.values().filter(|cut| state.missing_recipes.contains(&cut.digest));
    let mut recipes: Vec<_> =
        missing.map(|cut| (cut.digest, Bytes::from(cut.recipe.to_bytes()))).collect();
    recipes.sort_by_key(|(digest, _)| *digest);
    recipes.dedup_by_key(|(digest, _)| *digest);
    sent += recipes.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
    stream::iter(recipes.into_iter().map(Ok::<_, RegistryError>))
        .try_for_each_concurrent(PARALLEL, |(digest, bytes)| async move {
            client.put_recipe(session, &digest, bytes).await
        })
        .await?;
    Ok(sent)
}

/// Makes and sends the packs of a plan. While some are on their way the next is made; there are never more than
/// [`PARALLEL`] and two on the disk. Gives the number of bytes.
pub(super) async fn packs(
    client: &RegistryClient,
    registry: &Registry,
    session: &str,
    plan: Plan,
    staging: &Path,
    progress: &Progress,
) -> Result<u64, PublishError> {
    let task = progress.task("Uploading", Unit::Bytes, plan.raw_size());
    let (give, take) = mpsc::channel(1);
    let accepted = codecs(registry);
    let staging = staging.to_owned();
    let making = spawn_blocking(move || {
        // A receiver that is gone has failed, and says so itself.
        make_packs(&plan, &accepted, &staging, |pack| give.blocking_send(pack).is_ok())
    });
    let ready = stream::unfold(take, async |mut take| Some((Ok(take.recv().await?), take)));
    let sent = ready
        .try_for_each_concurrent(PARALLEL, |pack| send_pack(client, session, pack, &task))
        .await;
    let made = making.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    // Whichever stopped first: a maker that failed ends the stream without an error of its own.
    sent?;
    made?;
    Ok(task.done())
}

async fn send_pack(
    client: &RegistryClient,
    session: &str,
    pack: ReadyPack,
    task: &RunningTask,
) -> Result<(), PublishError> {
    let handle: Arc<Task> = task.handle();
    let upload = PackUpload {
        digest: pack.digest,
        index: pack.index,
        file: Arc::new(pack.file),
        task: Some(handle),
    };
    // The bar counts what goes out, so what compression saves is taken from what there is to do.
    task.correct_total(pack.raw_size, upload.size());
    Ok(client.put_pack(session, &upload).await?)
}

/// The codecs that both sides know.
fn codecs(registry: &Registry) -> Vec<Codec> {
    let known = |codec: &Codec| registry.codecs.iter().any(|name| name == codec.name());
    Codec::ALL.into_iter().filter(known).collect()
}
