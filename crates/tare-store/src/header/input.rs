//! A file that is read forward with a cap on everything.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::HeaderError;

/// A reader that knows where it is, how large the file is, and what to call it in an error.
pub(super) struct Input<'r, R> {
    reader: BufReader<&'r mut R>,
    position: u64,
    size_bytes: u64,
    format: &'static str,
}

impl<'r, R: Read + Seek> Input<'r, R> {
    /// Starts at the first byte of a file of `size_bytes`.
    pub(super) fn new(
        reader: &'r mut R,
        size_bytes: u64,
        format: &'static str,
    ) -> Result<Self, HeaderError> {
        let reader = BufReader::with_capacity(64 << 10, reader);
        let mut input = Self { reader, position: 0, size_bytes, format };
        input.go_to(0)?;
        Ok(input)
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// How many bytes follow.
    pub(super) fn rest(&self) -> u64 {
        self.size_bytes.saturating_sub(self.position)
    }

    pub(super) fn go_to(&mut self, position: u64) -> Result<(), HeaderError> {
        // Relative, so that a short way ahead does not throw the buffer away.
        let forward = i128::from(position) - i128::from(self.position);
        let moved = match i64::try_from(forward) {
            Ok(offset) if self.position > 0 => self.reader.seek_relative(offset),
            _ => self.reader.seek(SeekFrom::Start(position)).map(|_| ()),
        };
        moved.map_err(|source| self.io(source))?;
        self.position = position;
        Ok(())
    }

    pub(super) fn skip(&mut self, length: u64, what: &str) -> Result<(), HeaderError> {
        if length > self.rest() {
            return Err(
                self.malformed(format!("{what} has {length} bytes, {} follow", self.rest()))
            );
        }
        self.go_to(self.position.saturating_add(length))
    }

    /// Reads `length` bytes, which must be there and at most `cap`.
    pub(super) fn bytes(
        &mut self,
        length: u64,
        cap: u64,
        what: &str,
    ) -> Result<Vec<u8>, HeaderError> {
        if length > cap {
            return Err(
                self.malformed(format!("{what} has {length} bytes, at most {cap} are allowed"))
            );
        }
        if length > self.rest() {
            return Err(
                self.malformed(format!("{what} has {length} bytes, {} follow", self.rest()))
            );
        }
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(length).read_to_end(&mut bytes);
        read.map_err(|source| self.io(source))?;
        if bytes.len() as u64 != length {
            return Err(self.io(io::ErrorKind::UnexpectedEof.into()));
        }
        self.position = self.position.saturating_add(length);
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], HeaderError> {
        if self.rest() < N as u64 {
            return Err(self.malformed(format!("it ends within {what}")));
        }
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(|source| self.io(source))?;
        self.position = self.position.saturating_add(N as u64);
        Ok(bytes)
    }

    pub(super) fn u8(&mut self, what: &str) -> Result<u8, HeaderError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    pub(super) fn u32(&mut self, what: &str) -> Result<u32, HeaderError> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, what: &str) -> Result<u64, HeaderError> {
        self.array(what).map(u64::from_le_bytes)
    }

    pub(super) fn malformed(&self, reason: impl Into<String>) -> HeaderError {
        HeaderError::Malformed { format: self.format, reason: reason.into() }
    }

    pub(super) fn unsupported(&self, reason: impl Into<String>) -> HeaderError {
        HeaderError::Unsupported { format: self.format, reason: reason.into() }
    }

    fn io(&self, source: io::Error) -> HeaderError {
        HeaderError::Io { format: self.format, source }
    }
}
