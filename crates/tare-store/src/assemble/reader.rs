//! A file read from its chunks, front to back, without being written anywhere.

use tare_format::Blake3;
use tare_format::location::Location;
use tare_format::recipe::Recipe;

use super::fetch::Fetch;
use super::{AssembleError, PackSource, fetches, read};
use crate::codec::{CodecError, Decoder};

/// How many chunks are looked at for one read.
const AHEAD: usize = 64;

/// Reads the file that a recipe makes. Every chunk is verified before a byte of it is handed out; the SHA-256 of the
/// whole is the caller's to check. The memory is one fetch and one chunk.
pub struct FileReader<'s, S: ?Sized> {
    recipe: &'s Recipe,
    location: &'s Location,
    source: &'s S,
    decoder: Decoder,
    /// The next chunk to hand out.
    next: usize,
    /// The bytes that were read last, and what they hold.
    fetched: Option<(Fetch, Vec<u8>)>,
    /// The chunk that [`std::io::Read`] is in, and how far.
    current: Vec<u8>,
    position: usize,
}

impl<'s, S: PackSource + ?Sized> FileReader<'s, S> {
    /// A reader at the first byte.
    ///
    /// # Errors
    /// When recipe and location do not belong together.
    pub fn new(
        recipe: &'s Recipe,
        location: &'s Location,
        source: &'s S,
    ) -> Result<Self, AssembleError> {
        fetches(recipe, location, &[])?;
        let decoder = Decoder::new().map_err(AssembleError::Decoder)?;
        let (next, fetched, current, position) = (0, None, Vec::new(), 0);
        Ok(Self { recipe, location, source, decoder, next, fetched, current, position })
    }

    /// Goes to byte `offset`, reading only the chunk that it is in. At or behind the end there is nothing to read.
    ///
    /// # Errors
    /// When that chunk cannot be read or is wrong.
    pub fn go_to(&mut self, offset: u64) -> Result<(), AssembleError> {
        (self.next, self.position) = (0, 0);
        self.current.clear();
        let mut within = offset;
        for chunk in self.recipe.chunks() {
            let length = u64::from(chunk.length);
            if within < length {
                break;
            }
            within -= length;
            self.next += 1;
        }
        if within > 0 && self.load()? {
            self.position = usize::try_from(within).unwrap_or(usize::MAX);
        }
        Ok(())
    }

    /// The raw bytes of the next chunk, verified; `None` behind the last.
    ///
    /// # Errors
    /// When the chunk cannot be read or is wrong.
    pub fn next_chunk(&mut self) -> Result<Option<&[u8]>, AssembleError> {
        let Some(chunk) = self.recipe.chunks().get(self.next) else { return Ok(None) };
        let index = self.next;
        self.fetch(index)?;
        let Some((fetch, bytes)) = &self.fetched else { return Ok(None) };
        let part = fetch.parts.iter().find(|part| part.index == index);
        let part = part.ok_or_else(|| fetch.is_short())?;
        let stored = part.of(bytes).ok_or_else(|| fetch.is_short())?;
        let pack = fetch.pack;
        let fail = |source| AssembleError::Chunk { index, pack, source };
        let raw = self.decoder.decode(part.codec, stored, chunk.length).map_err(fail)?;
        let (expected, found) = (chunk.digest, Blake3::of(raw));
        if found != expected {
            return Err(fail(CodecError::Digest { expected, found }));
        }
        self.next += 1;
        Ok(Some(raw))
    }

    /// Copies some bytes of the file; none at its end.
    pub(super) fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, AssembleError> {
        if self.position >= self.current.len() && !self.load()? {
            return Ok(0);
        }
        let rest = self.current.get(self.position..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        let (target, _) = buffer.split_at_mut(length);
        target.copy_from_slice(rest.get(..length).unwrap_or_default());
        self.position += length;
        Ok(length)
    }

    /// Makes the next chunk the current one; false behind the last.
    fn load(&mut self) -> Result<bool, AssembleError> {
        let mut current = std::mem::take(&mut self.current);
        current.clear();
        let there = match self.next_chunk()? {
            Some(raw) => {
                current.extend_from_slice(raw);
                true
            }
            None => false,
        };
        (self.current, self.position) = (current, 0);
        Ok(there)
    }

    /// Reads the bytes that hold chunk `index` and, with them, those that follow it where it lies.
    fn fetch(&mut self, index: usize) -> Result<(), AssembleError> {
        let has =
            |(fetch, _): &(Fetch, Vec<u8>)| fetch.parts.iter().any(|part| part.index == index);
        if self.fetched.as_ref().is_some_and(has) {
            return Ok(());
        }
        let ahead: Vec<usize> = (index..index.saturating_add(AHEAD)).collect();
        let found = fetches(self.recipe, self.location, &ahead)?;
        let holds = |fetch: &Fetch| fetch.parts.iter().any(|part| part.index == index);
        self.fetched = match found.into_iter().find(holds) {
            Some(fetch) => {
                let bytes = read(self.source, &fetch)?;
                Some((fetch, bytes))
            }
            None => None,
        };
        Ok(())
    }
}
