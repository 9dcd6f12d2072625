//! Data files: from packs in a registry to contents in the local store.
//!
//! ```text
//! recipe ─► partial file ─► chunks that older local files have ─► the rest, as ranges of packs ─► SHA-256 ─► files/
//! ```
//!
//! Nothing that comes is believed: each chunk is checked against the recipe before a byte of it is written, and the whole
//! file against the signed release document before it gets its name. What arrived before a failure or a kill stays in the
//! partial file, and the next attempt asks only for the rest.

mod error;
mod ranges;
mod reuse;

use std::sync::Arc;

use tare_format::recipe::Recipe;
use tare_format::release::ReleaseFile;
use tare_store::FileStore;
use tare_store::assemble::fetches;
use tare_store::partial::{Partial, PartialError};
use tokio::sync::Semaphore;

use crate::event::Task;
use crate::source::Source;

pub use error::FetchError;
pub(crate) use reuse::{Donor, donors};

/// How many ranges are fetched at a time, over all files. Each holds at most 16 MiB in memory.
const RANGES_AT_A_TIME: usize = 6;
/// How often a file that came out wrong is tried again. Its wrong chunks are found first, so a second time is cheap.
const ATTEMPTS: u32 = 2;

/// Fetches data files of one source into one local store.
#[derive(Debug)]
pub(crate) struct Fetcher<'a> {
    source: &'a Source<'a>,
    store: Arc<FileStore>,
    permits: Semaphore,
}

impl<'a> Fetcher<'a> {
    pub(crate) fn new(source: &'a Source<'a>, store: Arc<FileStore>) -> Self {
        Self { source, store, permits: Semaphore::new(RANGES_AT_A_TIME) }
    }

    /// Sees to it that the content of a data file is in the store. `donors` may have some of its chunks; `task` counts
    /// the bytes of the file as they come to be there.
    pub(crate) async fn fetch(
        &self,
        file: &ReleaseFile,
        donors: &[Donor],
        task: &Task,
    ) -> Result<(), FetchError> {
        let (sha256, size) = (file.sha256, file.size);
        if self.store.contains(&sha256, size)? {
            task.advance(size);
            return Ok(());
        }
        let recipe = self.recipe(file).await?;
        for attempt in 1.. {
            let partial = self.open(file, recipe.clone()).await?;
            task.advance(bytes_of(&partial, |missing| !missing));
            let before = bytes_of(&partial, |missing| missing);
            self.fill(file, &partial, donors, task).await?;
            match self.finish(partial).await {
                Err(FetchError::Partial(PartialError::WrongBytes { .. })) if attempt < ATTEMPTS => {
                    task.retreat(size);
                    self.source.progress().detail(&format!(
                        "`{}` came out wrong after {before} bytes; its wrong chunks are fetched again",
                        file.path
                    ));
                }
                outcome => return outcome.map_err(|error| error.at(file)),
            }
        }
        unreachable!("the number of attempts has an end")
    }

    /// The recipe, which must make a file of the size that was signed.
    async fn recipe(&self, file: &ReleaseFile) -> Result<Recipe, FetchError> {
        let digest = file.recipe.ok_or_else(|| FetchError::NoRecipe { path: file.path.clone() })?;
        let recipe = self.source.documents().recipe(self.source.registry(), &digest).await?;
        if recipe.size() != file.size {
            let (expected, found) = (file.size, recipe.size());
            return Err(FetchError::Size { path: file.path.clone(), expected, found });
        }
        Ok(recipe)
    }

    async fn open(&self, file: &ReleaseFile, recipe: Recipe) -> Result<Arc<Partial>, FetchError> {
        let (store, sha256) = (Arc::clone(&self.store), file.sha256);
        Ok(Arc::new(blocking(move || store.partial(sha256, recipe)).await??))
    }

    /// Brings every chunk that is missing.
    async fn fill(
        &self,
        file: &ReleaseFile,
        partial: &Arc<Partial>,
        donors: &[Donor],
        task: &Task,
    ) -> Result<(), FetchError> {
        if !donors.is_empty() && !partial.missing().is_empty() {
            let (donors, partial) = (donors.to_vec(), Arc::clone(partial));
            let store = Arc::clone(&self.store);
            task.advance(blocking(move || reuse::copy(&store, &donors, &partial)).await?);
        }
        let missing = partial.missing();
        let Some(recipe) = file.recipe.filter(|_| !missing.is_empty()) else { return Ok(()) };
        let location = self.source.registry().location(&recipe).await?;
        let wanted = fetches(partial.recipe(), &location, &missing).map_err(|source| {
            FetchError::Location { path: file.path.clone(), source: Box::new(source) }
        })?;
        ranges::fetch_all(self.source, &self.permits, partial, wanted, task)
            .await
            .map_err(|error| error.at(file))
    }

    /// Hashes the file and gives it its name.
    async fn finish(&self, partial: Arc<Partial>) -> Result<(), FetchError> {
        let partial = Arc::into_inner(partial).ok_or(FetchError::Stopped)?;
        let store = Arc::clone(&self.store);
        blocking(move || {
            let complete = partial.finish()?;
            store.insert_complete(complete)?;
            Ok(())
        })
        .await?
    }
}

/// The bytes of the chunks that are missing, or of those that are not.
fn bytes_of(partial: &Partial, wanted: impl Fn(bool) -> bool) -> u64 {
    let missing = partial.missing();
    let chunks = partial.recipe().chunks().iter().enumerate();
    chunks
        .filter(|(index, _)| wanted(missing.binary_search(index).is_ok()))
        .map(|(_, chunk)| u64::from(chunk.length))
        .sum()
}

/// Runs work that waits for the disk or the processor where it keeps nobody else waiting.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FetchError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| FetchError::Stopped)
}
