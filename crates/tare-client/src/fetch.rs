//! Data files: from packs in a registry to contents in the local store.
//!
//! ```text
//! recipe ─► partial file ─► chunks that older local files have ─► the rest, as ranges of packs ─► SHA-256 ─► files/
//! ```
//!
//! Nothing that comes is believed: each chunk is checked against the recipe before a byte of it is written, and the whole
//! file against the signed release document before it gets its name. What arrived before a failure or a kill stays in the
//! partial file, and the next attempt, or the next place that is asked, brings only the rest.

mod error;
mod filling;
mod ranges;
mod reuse;
mod whole;

use std::sync::Arc;

use tare_format::Blake3;
use tare_format::recipe::Recipe;
use tare_format::release::ReleaseFile;
use tare_store::FileStore;
use tare_store::partial::{Partial, PartialError};
use tokio::sync::Semaphore;

use crate::event::Task;
use crate::registry::Fault as _;
use crate::source::Source;
use filling::Filling;
use ranges::Supply;
use whole::WholePacks;

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
    /// For a range that somebody else is asked for as well.
    hedges: Semaphore,
    whole_packs: WholePacks,
}

impl<'a> Fetcher<'a> {
    pub(crate) fn new(source: &'a Source<'a>, store: Arc<FileStore>) -> Self {
        Self {
            source,
            store,
            permits: Semaphore::new(RANGES_AT_A_TIME),
            hedges: Semaphore::new(1),
            whole_packs: WholePacks::default(),
        }
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
            let filling = Filling::new(partial, task);
            let filled = self.fill(file, &filling, donors).await;
            // Also after a failure: nobody may still be writing when the file is opened again.
            let partial = filling.into_partial().await?;
            filled.map_err(|error| error.at(file))?;
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

    async fn open(&self, file: &ReleaseFile, recipe: Recipe) -> Result<Partial, FetchError> {
        let (store, sha256) = (Arc::clone(&self.store), file.sha256);
        Ok(blocking(move || store.partial(sha256, recipe)).await??)
    }

    /// Brings every chunk that is missing: from other local files, then from one place after another.
    async fn fill(
        &self,
        file: &ReleaseFile,
        filling: &Filling<'_>,
        donors: &[Donor],
    ) -> Result<(), FetchError> {
        if !donors.is_empty() && !filling.partial().missing().is_empty() {
            let (donors, partial) = (donors.to_vec(), Arc::clone(filling.partial()));
            let store = Arc::clone(&self.store);
            filling.advance(blocking(move || reuse::copy(&store, &donors, &partial)).await?);
        }
        let Some(recipe) = file.recipe else { return Ok(()) };
        loop {
            let before = filling.partial().missing().len();
            if before == 0 {
                return Ok(());
            }
            match self.go_round(recipe, filling).await {
                // Places that break off have an end of their own when nothing comes between.
                Err(error) if error.may_pass() && filling.partial().missing().len() < before => {}
                outcome => return outcome,
            }
        }
    }

    /// Asks one place after another for the chunks that are missing, until none is.
    async fn go_round(&self, recipe: Blake3, filling: &Filling<'_>) -> Result<(), FetchError> {
        let registry = self.source.registry();
        let mut round = registry.sources().round();
        while let Some(turn) = round.next() {
            let supply = Supply { fetcher: self, filling, recipe, turn: &turn };
            match supply.bring().await {
                Err(error) if error.is_local() => return Err(error),
                Err(error) => {
                    let another = registry.identify(&turn.site, error.verdict()).await;
                    let error = another.map_or(error, FetchError::from);
                    round.failed(&turn, error, self.source.progress());
                }
                Ok(()) => return Ok(()),
            }
        }
        Err(FetchError::nobody(round.into_failures()))
    }

    /// Hashes the file and gives it its name.
    async fn finish(&self, partial: Partial) -> Result<(), FetchError> {
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

#[cfg(test)]
mod tests;
