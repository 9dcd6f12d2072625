//! Packs: stored chunks one after another (spec/pack.md).

use std::io::{self, Read, Write};

use tare_format::pack::{PACK_TARGET_SIZE, PackIndex, StoredChunk};
use tare_format::recipe::Chunk;
use tare_format::{BinaryError, Blake3};

use crate::codec::{CodecError, Decoder, Encoded};

/// Why a pack was not made or not accepted.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The pack could not be written or read.
    #[error("failed to {action} the pack")]
    Io {
        /// What was being done.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The chunks make no index.
    #[error("the pack's chunks make no index")]
    Index(#[from] BinaryError),
    /// A stored chunk is not what the index says.
    #[error("chunk {index} of the pack is not what its index says")]
    Chunk {
        /// The chunk's place in the index, from 0.
        index: usize,
        /// What is wrong with it.
        source: CodecError,
    },
    /// The pack is shorter than its index says.
    #[error("the pack ends within chunk {index}, its index says it has {expected_bytes} bytes")]
    Short {
        /// The chunk's place in the index, from 0.
        index: usize,
        /// The size that the index gives.
        expected_bytes: u64,
    },
    /// Bytes follow the last chunk.
    #[error("the pack goes on behind the {expected_bytes} bytes of its index")]
    Trailing {
        /// The size that the index gives.
        expected_bytes: u64,
    },
    /// The pack's bytes have another name.
    #[error("the pack is {found}, not {expected}")]
    Digest {
        /// The name it should have.
        expected: Blake3,
        /// The name its bytes give.
        found: Blake3,
    },
}

/// A pack that is complete.
#[derive(Debug)]
pub struct Pack<W> {
    /// What it was written into.
    pub writer: W,
    /// Its name.
    pub digest: Blake3,
    /// What it holds.
    pub index: PackIndex,
}

/// Writes a pack chunk by chunk.
#[derive(Debug)]
pub struct PackWriter<W> {
    writer: W,
    hasher: blake3::Hasher,
    chunks: Vec<StoredChunk>,
    size_bytes: u64,
}

impl<W: Write> PackWriter<W> {
    /// An empty pack, to be written into `writer`.
    pub fn new(writer: W) -> Self {
        Self { writer, hasher: blake3::Hasher::new(), chunks: Vec::new(), size_bytes: 0 }
    }

    /// Whether a chunk of so many stored bytes still belongs into this pack (P-3).
    #[must_use]
    pub fn has_room_for(&self, stored_bytes: usize) -> bool {
        let size_bytes = self.size_bytes.saturating_add(stored_bytes as u64);
        self.chunks.is_empty() || size_bytes <= PACK_TARGET_SIZE
    }

    /// Whether nothing was pushed yet. An empty pack cannot be finished.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The bytes written so far.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Adds a chunk. The caller answers for `encoded` being that chunk.
    ///
    /// # Errors
    /// When the writer fails; the pack is then of no use.
    pub fn push(&mut self, chunk: Chunk, encoded: Encoded<'_>) -> Result<(), PackError> {
        self.hasher.update(encoded.bytes);
        self.writer
            .write_all(encoded.bytes)
            .map_err(|source| PackError::Io { action: "write", source })?;
        self.size_bytes = self.size_bytes.saturating_add(encoded.bytes.len() as u64);
        // A stored chunk is not larger than the raw one; what does not fit is refused with the index.
        let stored_length = u32::try_from(encoded.bytes.len()).unwrap_or(u32::MAX);
        let (digest, raw_length) = (chunk.digest, chunk.length);
        self.chunks.push(StoredChunk { digest, raw_length, stored_length, codec: encoded.codec });
        Ok(())
    }

    /// Ends the pack.
    ///
    /// # Errors
    /// When nothing was pushed, a length was out of range, or the writer fails.
    pub fn finish(mut self) -> Result<Pack<W>, PackError> {
        let index = PackIndex::new(self.chunks)?;
        self.writer.flush().map_err(|source| PackError::Io { action: "write", source })?;
        let digest = Blake3::from_bytes(self.hasher.finalize().into());
        Ok(Pack { writer: self.writer, digest, index })
    }
}

/// Checks that `reader` gives exactly the pack `expected` and that each chunk is what `index` says (P-6). The memory
/// is two chunks, whatever the pack's size.
///
/// # Errors
/// The first difference that is found.
pub fn verify_pack(
    mut reader: impl Read,
    index: &PackIndex,
    expected: Blake3,
) -> Result<(), PackError> {
    let read_error = |source| PackError::Io { action: "read", source };
    let mut decoder = Decoder::new().map_err(read_error)?;
    let mut hasher = blake3::Hasher::new();
    let mut stored = Vec::new();
    let expected_bytes = index.pack_size();
    for (index, chunk) in index.chunks().iter().enumerate() {
        stored.clear();
        let length = u64::from(chunk.stored_length);
        let read = reader.by_ref().take(length).read_to_end(&mut stored).map_err(read_error)?;
        if read as u64 != length {
            return Err(PackError::Short { index, expected_bytes });
        }
        hasher.update(&stored);
        decoder
            .decode_verified(chunk, &stored)
            .map_err(|source| PackError::Chunk { index, source })?;
    }
    stored.clear();
    if reader.take(1).read_to_end(&mut stored).map_err(read_error)? > 0 {
        return Err(PackError::Trailing { expected_bytes });
    }
    let found = Blake3::from_bytes(hasher.finalize().into());
    if found != expected {
        return Err(PackError::Digest { expected, found });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
