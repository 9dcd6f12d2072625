//! Packs and their indexes: how chunks are stored (spec/pack.md).
//!
//! A pack is nothing but stored chunks one after another, named by its BLAKE3. The index travels beside it:
//!
//! ```text
//! "tare-pack-index/1\n"  u32 count  count × ( 32-byte BLAKE3, u32 raw length, u32 stored length, u8 codec )
//! ```

use crate::cursor::{BinaryError, Cursor};
use crate::digest::Blake3;
use crate::recipe::MAX_CHUNK_SIZE;

const DOCUMENT: &str = "pack index";
const MAGIC: &str = "tare-pack-index/1\n";
const RECORD_SIZE: usize = 41;

/// The size that a pack is filled up to, in bytes (P-3).
pub const PACK_TARGET_SIZE: u64 = 64 << 20;

/// How a stored chunk was made from the raw one (P-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// As it is.
    Raw,
    /// One zstd frame.
    Zstd,
    /// The bytes of 2-byte numbers separated into planes, then one zstd frame.
    Planes2Zstd,
    /// The bytes of 4-byte numbers separated into planes, then one zstd frame.
    Planes4Zstd,
}

impl Codec {
    /// Every codec, in the order of its code.
    pub const ALL: [Self; 4] = [Self::Raw, Self::Zstd, Self::Planes2Zstd, Self::Planes4Zstd];

    /// The codec's name in `registry.json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Zstd => "zstd",
            Self::Planes2Zstd => "planes2-zstd",
            Self::Planes4Zstd => "planes4-zstd",
        }
    }

    /// The codec's code in an index or a location: 0 to 3.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The codec with this code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// A chunk as it lies in a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredChunk {
    /// BLAKE3 of the raw bytes.
    pub digest: Blake3,
    /// Raw size in bytes, 1 to [`MAX_CHUNK_SIZE`].
    pub raw_length: u32,
    /// Stored size in bytes; not larger than the raw size.
    pub stored_length: u32,
    /// How the stored bytes were made.
    pub codec: Codec,
}

/// What a pack holds, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackIndex {
    chunks: Vec<StoredChunk>,
}

impl PackIndex {
    /// An index of `chunks`, in the order in which they lie.
    ///
    /// # Errors
    /// When there is none, or a length is out of range (P-5).
    pub fn new(chunks: Vec<StoredChunk>) -> Result<Self, BinaryError> {
        let fail = |reason| Err(BinaryError::Value { document: DOCUMENT, reason });
        if chunks.is_empty() {
            return fail("it lists no chunk".to_owned());
        }
        for (index, chunk) in chunks.iter().enumerate() {
            if chunk.raw_length == 0 || chunk.raw_length > MAX_CHUNK_SIZE {
                let size = chunk.raw_length;
                return fail(format!(
                    "chunk {index} has {size} raw bytes, not 1 to {MAX_CHUNK_SIZE}"
                ));
            }
            let fits = match chunk.codec {
                Codec::Raw => chunk.stored_length == chunk.raw_length,
                _ => chunk.stored_length > 0 && chunk.stored_length < chunk.raw_length,
            };
            if !fits {
                let size = chunk.stored_length;
                return fail(format!("chunk {index} cannot be stored as {size} bytes"));
            }
        }
        Ok(Self { chunks })
    }

    /// The chunks in order.
    #[must_use]
    pub fn chunks(&self) -> &[StoredChunk] {
        &self.chunks
    }

    /// The pack's size in bytes.
    #[must_use]
    pub fn pack_size(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.stored_length)).sum()
    }

    /// The document's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MAGIC.len() + 4 + self.chunks.len() * RECORD_SIZE);
        bytes.extend(MAGIC.as_bytes());
        bytes.extend(u32::try_from(self.chunks.len()).unwrap_or(u32::MAX).to_le_bytes());
        for chunk in &self.chunks {
            bytes.extend(chunk.digest.as_bytes());
            bytes.extend(chunk.raw_length.to_le_bytes());
            bytes.extend(chunk.stored_length.to_le_bytes());
            bytes.push(chunk.codec.code());
        }
        bytes
    }

    /// Reads an index. Nothing is allocated that the bytes do not pay for.
    ///
    /// # Errors
    /// When the bytes are not an index, or a record is out of range.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BinaryError> {
        let mut cursor = Cursor::new(DOCUMENT, MAGIC, bytes)?;
        let count = cursor.count(RECORD_SIZE)?;
        let mut chunks = Vec::with_capacity(count);
        for _ in 0..count {
            let (digest, raw_length) = (cursor.blake3()?, cursor.u32()?);
            let (stored_length, code) = (cursor.u32()?, cursor.u8()?);
            let codec = Codec::from_code(code)
                .ok_or_else(|| cursor.fail(format!("codec {code} is unknown to this version")))?;
            chunks.push(StoredChunk { digest, raw_length, stored_length, codec });
        }
        cursor.finish()?;
        Self::new(chunks)
    }
}
