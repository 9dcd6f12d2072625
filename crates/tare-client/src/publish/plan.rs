//! Which chunks have to be sent: those that the registry lacks, each once, however many files have it.

use std::collections::HashSet;
use std::path::PathBuf;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tare_format::Blake3;
use tare_format::recipe::Chunk;
use tare_store::header::NumberWidth;

use super::PublishError;
use crate::package::{Cut, Prepared};
use crate::registry::{MissingChunks, RegistryClient};

/// How many recipes are asked about at once.
const PARALLEL: usize = 8;

/// A chunk that has to be sent, and where it lies in its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) chunk: Chunk,
    /// Its first byte in the file.
    pub(super) start: u64,
    pub(super) width: NumberWidth,
}

/// The chunks of one file that have to be sent.
#[derive(Debug)]
pub(super) struct FilePlan {
    pub(super) path: PathBuf,
    pub(super) chunks: Vec<Wanted>,
}

/// What has to be sent, in the order of releases, paths and chunks, so that what is read is read in long runs.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) files: Vec<FilePlan>,
}

impl Plan {
    /// Asks the registry for every recipe of `packages` which chunks it lacks.
    pub(super) async fn make(
        client: &RegistryClient,
        session: &str,
        packages: &[&Prepared],
    ) -> Result<Self, PublishError> {
        let mut asked = HashSet::new();
        let cuts: Vec<&Cut> = packages
            .iter()
            .flat_map(|package| package.cuts.values())
            .filter(|cut| !cut.recipe.chunks().is_empty() && asked.insert(cut.digest))
            .collect();
        let mut answers = stream::iter(cuts)
            .map(|cut| async move {
                let missing = client.missing_chunks(session, &cut.digest, &cut.recipe).await?;
                Ok::<_, PublishError>((cut, missing))
            })
            .buffered(PARALLEL);
        let (mut plan, mut planned) = (Self::default(), HashSet::new());
        while let Some((cut, missing)) = answers.try_next().await? {
            plan.add(cut, &missing, &mut planned);
        }
        Ok(plan)
    }

    fn add(&mut self, cut: &Cut, missing: &MissingChunks, planned: &mut HashSet<Blake3>) {
        let mut file = FilePlan { path: cut.path.clone(), chunks: Vec::new() };
        let mut start = 0;
        for (position, chunk) in cut.recipe.chunks().iter().enumerate() {
            let width = cut.widths.get(position).copied().unwrap_or(NumberWidth::One);
            if missing.contains(position) && planned.insert(chunk.digest) {
                file.chunks.push(Wanted { chunk: *chunk, start, width });
            }
            start += u64::from(chunk.length);
        }
        if !file.chunks.is_empty() {
            self.files.push(file);
        }
    }

    /// Whether the registry has everything.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many bytes of the files have to be sent.
    pub(super) fn raw_size(&self) -> u64 {
        let chunks = self.files.iter().flat_map(|file| &file.chunks);
        chunks.map(|wanted| u64::from(wanted.chunk.length)).sum()
    }
}
