//! The recipe: which chunks, in which order, make a file (spec/recipe.md).
//!
//! ```text
//! "tare-recipe/1\n"  u8 chunker  u64 size  u32 count  count × ( 32-byte BLAKE3, u32 length )
//! ```
//!
//! A recipe is named by the BLAKE3 of these bytes; the release document binds it. It says nothing of where the chunks
//! lie: that is the [location](crate::location), which nobody has to trust.

use crate::cursor::{BinaryError, Cursor};
use crate::digest::Blake3;

const DOCUMENT: &str = "recipe";
const MAGIC: &str = "tare-recipe/1\n";
const RECORD_SIZE: usize = 36;

/// The largest chunk that any chunker makes, in bytes (R-4).
pub const MAX_CHUNK_SIZE: u32 = 4 << 20;

/// How a file was cut (R-3). The rules of each are pinned in spec/chunking.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chunker {
    /// FastCDC, 64 KiB on average: any file.
    Cdc64K,
    /// FastCDC, 16 KiB on average: text.
    Cdc16K,
    /// At the start of each tensor, in pieces of at most 4 MiB: safetensors, GGUF, NPY and NPZ.
    Tensor4M,
}

impl Chunker {
    const ALL: [(u8, Self, &'static str); 3] = [
        (1, Self::Cdc64K, "fastcdc-64k/1"),
        (2, Self::Cdc16K, "fastcdc-16k/1"),
        (3, Self::Tensor4M, "tensor-4m/1"),
    ];

    /// The chunker's id in text.
    #[must_use]
    pub fn id(self) -> &'static str {
        Self::ALL.iter().find(|(_, chunker, _)| *chunker == self).map_or("", |(_, _, id)| id)
    }

    fn code(self) -> u8 {
        Self::ALL.iter().find(|(_, chunker, _)| *chunker == self).map_or(0, |(code, _, _)| *code)
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().find(|(known, _, _)| *known == code).map(|(_, chunker, _)| *chunker)
    }
}

/// A run of bytes and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// BLAKE3 of the raw bytes.
    pub digest: Blake3,
    /// How many raw bytes, 1 to [`MAX_CHUNK_SIZE`].
    pub length: u32,
}

/// The list of chunks that makes a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    chunker: Chunker,
    size: u64,
    chunks: Vec<Chunk>,
}

impl Recipe {
    /// A recipe of `chunks`, whose lengths add up to the file's size in bytes.
    ///
    /// # Errors
    /// When a chunk is empty or larger than [`MAX_CHUNK_SIZE`].
    pub fn new(chunker: Chunker, chunks: Vec<Chunk>) -> Result<Self, BinaryError> {
        let mut size = 0_u64;
        for (index, chunk) in chunks.iter().enumerate() {
            if chunk.length == 0 || chunk.length > MAX_CHUNK_SIZE {
                let reason =
                    format!("chunk {index} has {} bytes, not 1 to {MAX_CHUNK_SIZE}", chunk.length);
                return Err(BinaryError::Value { document: DOCUMENT, reason });
            }
            size += u64::from(chunk.length);
        }
        Ok(Self { chunker, size, chunks })
    }

    /// How the file was cut.
    #[must_use]
    pub fn chunker(&self) -> Chunker {
        self.chunker
    }

    /// The file's size in bytes: the sum of the chunks' lengths.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The chunks in order.
    #[must_use]
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// The document's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MAGIC.len() + 13 + self.chunks.len() * RECORD_SIZE);
        bytes.extend(MAGIC.as_bytes());
        bytes.push(self.chunker.code());
        bytes.extend(self.size.to_le_bytes());
        bytes.extend(u32::try_from(self.chunks.len()).unwrap_or(u32::MAX).to_le_bytes());
        for chunk in &self.chunks {
            bytes.extend(chunk.digest.as_bytes());
            bytes.extend(chunk.length.to_le_bytes());
        }
        bytes
    }

    /// The recipe's name.
    #[must_use]
    pub fn digest(&self) -> Blake3 {
        Blake3::of(&self.to_bytes())
    }

    /// Reads a recipe. Nothing is allocated that the bytes do not pay for.
    ///
    /// # Errors
    /// When the bytes are not a recipe, or the lengths do not add up to the size (R-5).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BinaryError> {
        let mut cursor = Cursor::new(DOCUMENT, MAGIC, bytes)?;
        let code = cursor.u8()?;
        let chunker = Chunker::from_code(code)
            .ok_or_else(|| cursor.fail(format!("chunker {code} is unknown to this version")))?;
        let size = cursor.u64()?;
        let count = cursor.count(RECORD_SIZE)?;
        let mut chunks = Vec::with_capacity(count);
        for _ in 0..count {
            chunks.push(Chunk { digest: cursor.blake3()?, length: cursor.u32()? });
        }
        cursor.finish()?;
        let recipe = Self::new(chunker, chunks)?;
        if recipe.size != size {
            let reason = format!("its chunks hold {} bytes, it says {size}", recipe.size);
            return Err(BinaryError::Value { document: DOCUMENT, reason });
        }
        Ok(recipe)
    }
}
