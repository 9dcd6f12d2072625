//! Reading and writing the binary documents: recipe, location, pack index.
//!
//! They hold one record a chunk, so they are the only documents that grow with the data; as JSON they would be three
//! times the size and ten times the work (docs/decisions/0002-binary-recipes.md). Integers are little-endian.

use crate::digest::Blake3;

/// Why bytes are not the document they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BinaryError {
    /// The first bytes are not the document's mark.
    #[error("not a {document}: it does not start with `{expected}`")]
    Magic {
        /// The kind of document.
        document: &'static str,
        /// The mark it should start with.
        expected: &'static str,
    },
    /// The bytes end inside a field.
    #[error("the {document} is cut short at byte {at}")]
    Short {
        /// The kind of document.
        document: &'static str,
        /// Where the bytes end.
        at: usize,
    },
    /// There are bytes after the last field.
    #[error("the {document} has {extra} bytes after its end")]
    Trailing {
        /// The kind of document.
        document: &'static str,
        /// How many.
        extra: usize,
    },
    /// A field has a value that the document does not allow.
    #[error("the {document} is wrong: {reason}")]
    Value {
        /// The kind of document.
        document: &'static str,
        /// Which field and what it should be.
        reason: String,
    },
}

/// A reader that cannot run past the end.
pub(crate) struct Cursor<'a> {
    document: &'static str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(
        document: &'static str,
        magic: &'static str,
        bytes: &'a [u8],
    ) -> Result<Self, BinaryError> {
        if !bytes.starts_with(magic.as_bytes()) {
            return Err(BinaryError::Magic { document, expected: magic.trim_end() });
        }
        Ok(Self { document, bytes, at: magic.len() })
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], BinaryError> {
        let short = BinaryError::Short { document: self.document, at: self.bytes.len() };
        let (head, _) = self.bytes[self.at..].split_first_chunk::<N>().ok_or(short)?;
        self.at += N;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, BinaryError> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, BinaryError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, BinaryError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn blake3(&mut self) -> Result<Blake3, BinaryError> {
        self.array().map(Blake3::from_bytes)
    }

    /// A count of records of `record_size` bytes each, refused before anything is allocated for it.
    pub(crate) fn count(&mut self, record_size: usize) -> Result<usize, BinaryError> {
        let count = self.u32()? as usize;
        let left = self.bytes.len() - self.at;
        if count.checked_mul(record_size).is_none_or(|size| size > left) {
            return Err(BinaryError::Short { document: self.document, at: self.bytes.len() });
        }
        Ok(count)
    }

    pub(crate) fn fail(&self, reason: impl Into<String>) -> BinaryError {
        BinaryError::Value { document: self.document, reason: reason.into() }
    }

    pub(crate) fn finish(self) -> Result<(), BinaryError> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            extra => Err(BinaryError::Trailing { document: self.document, extra }),
        }
    }
}
