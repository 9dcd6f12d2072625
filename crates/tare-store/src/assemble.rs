//! Files from chunks: what to read from which pack, and reading it with every chunk verified.

use std::io::{self, Read};
use std::ops::Range;

use sha2::Digest as _;
use tare_format::location::Location;
use tare_format::recipe::Recipe;
use tare_format::{Blake3, Sha256};

use crate::backend::{ObjectStore, StoreError};
use crate::codec::{CodecError, Decoder};
use crate::key::ObjectKey;
use crate::partial::{Partial, PartialError};

mod fetch;
mod reader;

pub use fetch::{Fetch, Part, fetches};
pub use reader::FileReader;

/// Why a file was not put together.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// Recipe and location do not belong together.
    #[error("the recipe has {chunks} chunks and the location {places} places")]
    Mismatch {
        /// Chunks in the recipe.
        chunks: usize,
        /// Places in the location.
        places: usize,
    },
    /// A pack could not be read.
    #[error("failed to read from the pack {pack}")]
    Pack {
        /// Which pack.
        pack: Blake3,
        /// Why.
        source: StoreError,
    },
    /// A pack gave fewer bytes than it was asked for.
    #[error("the pack {pack} ends before byte {end}")]
    Short {
        /// Which pack.
        pack: Blake3,
        /// The first byte after those asked for.
        end: u64,
    },
    /// What lies at a place is not the chunk.
    #[error("chunk {index} is not where its location says, in the pack {pack}")]
    Chunk {
        /// Which chunk, from 0.
        index: usize,
        /// Which pack.
        pack: Blake3,
        /// What is wrong with it.
        source: CodecError,
    },
    /// The partial file could not take a chunk.
    #[error("failed to put the file together")]
    Partial(#[from] PartialError),
    /// Memory is short.
    #[error("failed to set up a decoder")]
    Decoder(#[source] io::Error),
}

/// Something that has packs: a store, or a client of one.
pub trait PackSource {
    /// Reads exactly the bytes of `range` from a pack. What comes is not trusted.
    ///
    /// # Errors
    /// When the pack is not there or cannot be read.
    fn read_pack(&self, pack: &Blake3, range: Range<u64>) -> Result<Vec<u8>, StoreError>;
}

impl<S: ObjectStore + ?Sized> PackSource for S {
    fn read_pack(&self, pack: &Blake3, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.read(&ObjectKey::Pack(*pack), range)
    }
}

/// Fetches the chunks that `partial` lacks and writes each one in its place. The file is complete afterwards;
/// [`Partial::finish`] says whether it is right.
///
/// # Errors
/// The first failure. What was written by then stays, and a second call goes on from there.
pub fn assemble(
    partial: &Partial,
    location: &Location,
    source: &(impl PackSource + ?Sized),
) -> Result<(), AssembleError> {
    let mut decoder = Decoder::new().map_err(AssembleError::Decoder)?;
    for fetch in fetches(partial.recipe(), location, &partial.missing())? {
        let bytes = read(source, &fetch)?;
        for part in &fetch.parts {
            let stored = part.of(&bytes).ok_or_else(|| fetch.is_short())?;
            partial.put_stored(part.index, part.codec, stored, &mut decoder)?;
        }
    }
    Ok(())
}

/// The SHA-256 of the file that `recipe` makes, each chunk verified on the way.
///
/// # Errors
/// When a chunk cannot be read or is wrong.
pub fn hash_file(
    recipe: &Recipe,
    location: &Location,
    source: &(impl PackSource + ?Sized),
) -> Result<Sha256, AssembleError> {
    let mut reader = FileReader::new(recipe, location, source)?;
    let mut hasher = sha2::Sha256::new();
    while let Some(raw) = reader.next_chunk()? {
        hasher.update(raw);
    }
    Ok(Sha256::from_bytes(hasher.finalize().into()))
}

fn read(source: &(impl PackSource + ?Sized), fetch: &Fetch) -> Result<Vec<u8>, AssembleError> {
    let pack = fetch.pack;
    source
        .read_pack(&pack, fetch.range.clone())
        .map_err(|source| AssembleError::Pack { pack, source })
}

impl<S: PackSource + ?Sized> Read for FileReader<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_some(buffer).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests;
