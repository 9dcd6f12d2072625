//! A file that is being put together, chunk by chunk, in any order, by many threads, over several lives of the
//! process.
//!
//! The bytes lie in a preallocated file beside a file of bits, one for each chunk. A bit is set after its chunk was
//! verified and written, so a killed process loses at most the chunks it was writing. After a power cut a bit may have
//! reached the disk before its bytes: nothing but the final SHA-256 says that the file is right, and when it is wrong,
//! every chunk is looked at again and only those that are wrong are missing afterwards.
//!
//! A second process that wants the same file gets a private one, which does not outlive it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tare_format::pack::Codec;
use tare_format::recipe::Recipe;
use tare_format::{Blake3, Sha256};

use crate::codec::{CodecError, Decoder};
use crate::durable::{DurableError, Staged, sha256_of};

mod bits;
mod place;

use bits::Bits;

/// Why a partial file could not be used or is not complete.
#[derive(Debug, thiserror::Error)]
pub enum PartialError {
    /// The disk is full or the system fails.
    #[error("failed to keep the partial file of {file}")]
    Write {
        /// Which file.
        file: Sha256,
        /// Why.
        source: DurableError,
    },
    /// There is no chunk of that number.
    #[error("the recipe of {file} has {count} chunks, there is no chunk {index}")]
    NoChunk {
        /// Which file.
        file: Sha256,
        /// How many chunks it has.
        count: usize,
        /// Which was named, from 0.
        index: usize,
    },
    /// The bytes are not those of the chunk. Nothing was written.
    #[error("chunk {index} of {file} did not arrive as it should")]
    Chunk {
        /// Which file.
        file: Sha256,
        /// Which chunk, from 0.
        index: usize,
        /// What is wrong with it.
        source: CodecError,
    },
    /// Chunks are missing.
    #[error("{missing} of the {count} chunks of {file} are missing")]
    Incomplete {
        /// Which file.
        file: Sha256,
        /// How many chunks it has.
        count: usize,
        /// How many of them are missing.
        missing: usize,
    },
    /// The file is complete and wrong. Its wrong chunks were found and are missing now.
    #[error(
        "the file put together is {found}, not {expected}; {wrong} of its chunks must be fetched again"
    )]
    WrongBytes {
        /// The file that was wanted.
        expected: Sha256,
        /// What its bytes give.
        found: Sha256,
        /// How many chunks were wrong.
        wrong: usize,
    },
    /// Every chunk is right and the file is wrong: the recipe is not that of the file. The partial file was removed.
    #[error("the recipe {recipe} makes the file {found}, not {expected}")]
    WrongRecipe {
        /// The file that was wanted.
        expected: Sha256,
        /// What the recipe makes.
        found: Sha256,
        /// The recipe.
        recipe: Blake3,
    },
}

/// A file that is being put together.
#[derive(Debug)]
pub struct Partial {
    file: Sha256,
    recipe: Recipe,
    /// The first byte of each chunk.
    offsets: Vec<u64>,
    data: Staged,
    /// Which chunks are written. Guarded by the lock, which is held for one small write and never for a chunk.
    bits: Mutex<Bits>,
}

impl Partial {
    /// Goes on with the partial file of `file` in `folder`, or begins one.
    ///
    /// # Errors
    /// When the disk is full or the system fails.
    pub fn open(folder: &Path, file: Sha256, recipe: Recipe) -> Result<Self, PartialError> {
        let (data, bits) = place::open(folder, &file, &recipe)
            .map_err(|source| PartialError::Write { file, source })?;
        let mut offset = 0_u64;
        let starts = recipe.chunks().iter().map(|chunk| {
            let start = offset;
            offset = offset.saturating_add(u64::from(chunk.length));
            start
        });
        let offsets = starts.collect();
        Ok(Self { file, recipe, offsets, data, bits: Mutex::new(bits) })
    }

    /// What is being put together.
    #[must_use]
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The chunks that are missing, by their place in the recipe, in order.
    #[must_use]
    pub fn missing(&self) -> Vec<usize> {
        let bits = self.bits();
        (0..self.offsets.len()).filter(|index| !bits.get(*index)).collect()
    }

    /// Verifies and writes a chunk from its raw bytes. Writing one twice is fine.
    ///
    /// # Errors
    /// When the bytes are not that chunk's, or cannot be written; the chunk is then still missing.
    pub fn put(&self, index: usize, raw: &[u8]) -> Result<(), PartialError> {
        let file = self.file;
        let count = self.offsets.len();
        let place = self.recipe.chunks().get(index).zip(self.offsets.get(index));
        let (chunk, offset) = place.ok_or(PartialError::NoChunk { file, count, index })?;
        let (expected, found) = (chunk.digest, Blake3::of(raw));
        if found != expected {
            let source = CodecError::Digest { expected, found };
            return Err(PartialError::Chunk { file, index, source });
        }
        write_at(self.data.file(), raw, *offset).map_err(|source| {
            self.write_error(DurableError::new("write", self.data.path(), source))
        })?;
        self.bits().set(index).map_err(|source| self.write_error(source))
    }

    /// Decodes, verifies and writes a chunk from its stored bytes.
    ///
    /// # Errors
    /// As [`Partial::put`].
    pub fn put_stored(
        &self,
        index: usize,
        codec: Codec,
        stored: &[u8],
        decoder: &mut Decoder,
    ) -> Result<(), PartialError> {
        let (file, count) = (self.file, self.offsets.len());
        let chunk = self.recipe.chunks().get(index);
        let chunk = chunk.ok_or(PartialError::NoChunk { file, count, index })?;
        let raw = decoder
            .decode(codec, stored, chunk.length)
            .map_err(|source| PartialError::Chunk { file, index, source })?;
        self.put(index, raw)
    }

    /// Hashes the whole file, which decides whether it is right.
    ///
    /// # Errors
    /// When chunks are missing or wrong; the partial file stays and can be gone on with. When the recipe itself is
    /// wrong it does not stay.
    pub fn finish(self) -> Result<Complete, PartialError> {
        let missing = self.missing().len();
        if missing > 0 {
            let (file, count) = (self.file, self.offsets.len());
            return Err(PartialError::Incomplete { file, count, missing });
        }
        let found = sha256_of(self.data.file()).map_err(|source| {
            self.write_error(DurableError::new("read", self.data.path(), source))
        })?;
        if found != self.file {
            return Err(self.reset(found)?);
        }
        let bits = self.bits.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Complete { file: self.file, size_bytes: self.recipe.size(), data: self.data, bits })
    }

    /// Looks at every chunk again. Gives the error that says what was wrong.
    fn reset(mut self, found: Sha256) -> Result<PartialError, PartialError> {
        let (expected, mut wrong) = (self.file, 0);
        let mut raw = Vec::new();
        let rewound = self.data.rewind().map(|_| ());
        let read_error = |path: &Path, source| DurableError::new("read", path, source);
        rewound.map_err(|source| self.write_error(read_error(self.data.path(), source)))?;
        for (index, chunk) in self.recipe.chunks().iter().enumerate() {
            raw.clear();
            let read = self.data.file().take(u64::from(chunk.length)).read_to_end(&mut raw);
            read.map_err(|source| self.write_error(read_error(self.data.path(), source)))?;
            if Blake3::of(&raw) != chunk.digest {
                wrong += 1;
                self.bits().clear(index).map_err(|source| self.write_error(source))?;
            }
        }
        if wrong > 0 {
            return Ok(PartialError::WrongBytes { expected, found, wrong });
        }
        let recipe = self.recipe.digest();
        self.bits().remove();
        self.data.remove_on_drop(true);
        Ok(PartialError::WrongRecipe { expected, found, recipe })
    }

    fn bits(&self) -> MutexGuard<'_, Bits> {
        // A panic between two bits leaves both as they are on the disk.
        self.bits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_error(&self, source: DurableError) -> PartialError {
        PartialError::Write { file: self.file, source }
    }
}

/// A file that is complete and right, on its way into the [file store](crate::files::FileStore).
#[derive(Debug)]
pub struct Complete {
    pub(crate) file: Sha256,
    pub(crate) size_bytes: u64,
    pub(crate) data: Staged,
    bits: Bits,
}

impl Complete {
    /// Which file it is.
    #[must_use]
    pub fn sha256(&self) -> Sha256 {
        self.file
    }

    /// Its size in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Splits off what is to be removed once the file is in its place.
    pub(crate) fn into_parts(self) -> (Staged, Leftover) {
        (self.data, Leftover(self.bits))
    }
}

/// The bits of a file that is in its place.
#[derive(Debug)]
pub(crate) struct Leftover(Bits);

impl Leftover {
    pub(crate) fn remove(mut self) {
        self.0.remove();
    }
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(not(unix))]
fn write_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !bytes.is_empty() {
        let written = file.seek_write(bytes, offset)?;
        bytes = bytes.get(written..).unwrap_or_default();
        offset = offset.saturating_add(written as u64);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
