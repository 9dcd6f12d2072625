//! The bits of a partial file, in memory and on the disk.
//!
//! ```text
//! "tare-partial/1\n"  32-byte BLAKE3 of the recipe  one bit for each chunk, the first in the lowest bit
//! ```

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use tare_format::Blake3;

use crate::durable::DurableError;

const MAGIC: &[u8] = b"tare-partial/1\n";

#[derive(Debug)]
pub(super) struct Bits {
    file: File,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Bits {
    /// Reads the bits of `count` chunks of `recipe`; `None` when the file holds others.
    pub(super) fn read(
        mut file: File,
        path: PathBuf,
        recipe: &Blake3,
        count: usize,
    ) -> Result<(Self, bool), DurableError> {
        let head = head(recipe);
        let wanted = head.len() + count.div_ceil(8);
        let mut found = Vec::new();
        let read = file.rewind().and_then(|()| {
            (&mut file as &mut dyn Read)
                .take((wanted as u64).saturating_add(1))
                .read_to_end(&mut found)
        });
        read.map_err(|source| DurableError::new("read", &path, source))?;
        let known = found.len() == wanted && found.starts_with(&head);
        let bytes = match found.get(head.len()..) {
            Some(bytes) if known => bytes.to_vec(),
            _ => vec![0; count.div_ceil(8)],
        };
        Ok((Self { file, path, bytes }, known))
    }

    /// Writes the bits of no chunk.
    pub(super) fn begin(&mut self, recipe: &Blake3) -> Result<(), DurableError> {
        self.bytes.fill(0);
        let mut whole = head(recipe);
        whole.extend(&self.bytes);
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .and_then(|()| self.file.write_all(&whole))
            .map_err(|source| self.write_error(source))
    }

    pub(super) fn get(&self, index: usize) -> bool {
        self.bytes.get(index / 8).is_some_and(|byte| byte & (1 << (index % 8)) != 0)
    }

    pub(super) fn set(&mut self, index: usize) -> Result<(), DurableError> {
        self.change(index, |byte| byte | 1 << (index % 8))
    }

    pub(super) fn clear(&mut self, index: usize) -> Result<(), DurableError> {
        self.change(index, |byte| byte & !(1 << (index % 8)))
    }

    /// Removes the file of bits. One that stays is harmless: its data file is gone, so it begins anew.
    pub(super) fn remove(&mut self) {
        let _ = fs::remove_file(&self.path);
    }

    fn change(&mut self, index: usize, change: impl Fn(u8) -> u8) -> Result<(), DurableError> {
        let Some(byte) = self.bytes.get_mut(index / 8) else { return Ok(()) };
        let changed = change(*byte);
        let offset = (MAGIC.len() + 32 + index / 8) as u64;
        let written =
            self.file.seek(SeekFrom::Start(offset)).and_then(|_| self.file.write_all(&[changed]));
        // The bit in memory follows the one on the disk.
        if written.is_ok() {
            *byte = changed;
        }
        written.map_err(|source| self.write_error(source))
    }

    fn write_error(&self, source: io::Error) -> DurableError {
        DurableError::new("write", &self.path, source)
    }
}

fn head(recipe: &Blake3) -> Vec<u8> {
    [MAGIC, recipe.as_bytes()].concat()
}
