//! Cuts a file into chunks, by format (spec/chunking.md), and hashes it in the same pass.
//!
//! A tensor file is cut at the start of each tensor, so that a new version of a model needs new chunks for exactly the
//! tensors that changed. Everything else is cut by content. What merely looks like a tensor file is cut by content
//! too, so that cutting never fails on odd input; [`crate::header::inspect`] is what refuses it.
//!
//! Nothing but a window of the file is held in memory: at most the largest chunk and a few blocks.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tare_format::recipe::{Chunk, Recipe};
use tare_format::{BinaryError, Blake3, Sha256};

use crate::header::{NumberWidth, segments};
use crate::sniff::{FileFormat, HEAD_SIZE};

mod cdc;
mod cutter;
mod feed;
mod source;

use cutter::Cutter;
use source::Source;

/// Why a file was not cut.
#[derive(Debug, thiserror::Error)]
pub enum ChunkError {
    /// The file is a link, a folder, a device or a pipe.
    #[error("`{}` is not a regular file", path.display())]
    NotAFile {
        /// Which file.
        path: PathBuf,
    },
    /// Somebody wrote to the file, or put another in its place, while it was read.
    #[error("`{}` changed while it was read", path.display())]
    Changed {
        /// Which file.
        path: PathBuf,
    },
    /// A reader gave more or fewer bytes than it was said to have.
    #[error("the file has {found_bytes} bytes, not {expected_bytes}")]
    Size {
        /// What was said.
        expected_bytes: u64,
        /// What was read.
        found_bytes: u64,
    },
    /// The file could not be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A reader failed.
    #[error("failed to read the file")]
    Reader(#[from] io::Error),
    /// The chunks make no recipe.
    #[error("the chunks make no recipe")]
    Recipe(#[from] BinaryError),
}

/// One chunk as it passes by.
#[derive(Debug, Clone, Copy)]
pub struct RawChunk<'b> {
    /// Its name and length.
    pub chunk: Chunk,
    /// How wide its numbers are: what [`crate::codec::Encoder::encode`] wants to know.
    pub width: NumberWidth,
    /// Its bytes.
    pub bytes: &'b [u8],
}

/// What a file is, once it was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkedFile {
    /// SHA-256 of the whole file.
    pub sha256: Sha256,
    /// The file's format.
    pub format: FileFormat,
    /// Its chunks in order.
    pub recipe: Recipe,
}

/// Cuts the file at `path`, hands each chunk to `visit` in order, and fails if the file changes meanwhile.
///
/// # Errors
/// Any [`ChunkError`], and whatever `visit` returns.
pub fn chunk_path<E: From<ChunkError>>(
    path: &Path,
    visit: impl FnMut(RawChunk<'_>) -> Result<(), E>,
) -> Result<ChunkedFile, E> {
    let source = Source::open(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let chunked = cut(&source.file, source.size_bytes(), &name, visit);
    match (source.check(path), chunked) {
        // The visitor fails for reasons of its own.
        (_, Err(Failure::Visit(error))) => Err(error),
        // A change explains any other failure.
        (Err(changed), _) => Err(changed.into()),
        (Ok(()), Err(Failure::Cut(error))) => Err(error.into()),
        (Ok(()), Ok(chunked)) => Ok(chunked),
    }
}

/// Cuts what `reader` gives, which is `size_bytes` long, and hands each chunk to `visit` in order. The end of `name`
/// helps to tell the format where the content does not.
///
/// # Errors
/// [`ChunkError::Size`] when the reader gives another number of bytes, any failure to read, and whatever `visit`
/// returns.
pub fn chunk_reader<R, E>(
    reader: R,
    size_bytes: u64,
    name: &str,
    visit: impl FnMut(RawChunk<'_>) -> Result<(), E>,
) -> Result<ChunkedFile, E>
where
    R: Read + Seek + Send,
    E: From<ChunkError>,
{
    cut(reader, size_bytes, name, visit).map_err(|failure| match failure {
        Failure::Cut(error) => error.into(),
        Failure::Visit(error) => error,
    })
}

/// What the file is, from its first bytes and the end of `name`. Leaves the reader anywhere.
///
/// # Errors
/// When it cannot be read.
pub fn sniff_reader<R: Read + Seek>(reader: &mut R, name: &str) -> io::Result<FileFormat> {
    reader.seek(SeekFrom::Start(0))?;
    let mut head = Vec::with_capacity(HEAD_SIZE);
    reader.take(HEAD_SIZE as u64).read_to_end(&mut head)?;
    Ok(FileFormat::sniff(&head, name))
}

/// Keeps a failure to cut apart from a visitor's.
enum Failure<E> {
    Cut(ChunkError),
    Visit(E),
}

impl<E> From<io::Error> for Failure<E> {
    fn from(error: io::Error) -> Self {
        Self::Cut(error.into())
    }
}

fn cut<R, E>(
    mut reader: R,
    size_bytes: u64,
    name: &str,
    visit: impl FnMut(RawChunk<'_>) -> Result<(), E>,
) -> Result<ChunkedFile, Failure<E>>
where
    R: Read + Seek + Send,
{
    let format = sniff_reader(&mut reader, name)?;
    let cutter = match segments(&mut reader, size_bytes, format) {
        Ok(Some(segments)) => Cutter::tensors(segments, size_bytes),
        Ok(None) | Err(_) => Cutter::content(format.is_text()),
    };
    reader.seek(SeekFrom::Start(0))?;
    let mut cutting = Cutting { cutter, window: Vec::new(), chunks: Vec::new(), visit };
    let passed =
        feed::feed(reader, size_bytes, |block| cutting.take(block).map_err(Failure::Visit))?;
    let found_bytes = passed.size_bytes;
    if found_bytes != size_bytes {
        return Err(Failure::Cut(ChunkError::Size { expected_bytes: size_bytes, found_bytes }));
    }
    let recipe = cutting.finish()?;
    Ok(ChunkedFile { sha256: passed.sha256, format, recipe })
}

/// A file that is being cut.
struct Cutting<V> {
    cutter: Cutter,
    /// Bytes that were read and not cut yet.
    window: Vec<u8>,
    chunks: Vec<Chunk>,
    visit: V,
}

impl<V> Cutting<V> {
    fn take<E>(&mut self, block: &[u8]) -> Result<(), E>
    where
        V: FnMut(RawChunk<'_>) -> Result<(), E>,
    {
        self.window.extend_from_slice(block);
        self.cut(false)
    }

    fn finish<E>(mut self) -> Result<Recipe, Failure<E>>
    where
        V: FnMut(RawChunk<'_>) -> Result<(), E>,
    {
        self.cut(true).map_err(Failure::Visit)?;
        let recipe = Recipe::new(self.cutter.chunker(), self.chunks);
        recipe.map_err(|error| Failure::Cut(error.into()))
    }

    fn cut<E>(&mut self, is_all: bool) -> Result<(), E>
    where
        V: FnMut(RawChunk<'_>) -> Result<(), E>,
    {
        let mut rest = &self.window[..];
        while let Some(cut) = self.cutter.next(rest, is_all) {
            let (bytes, behind) = rest.split_at_checked(cut.length).unwrap_or((rest, &[]));
            rest = behind;
            // A chunk is at most 4 MiB, so its length fits.
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let chunk = Chunk { digest: Blake3::of(bytes), length };
            self.chunks.push(chunk);
            (self.visit)(RawChunk { chunk, width: cut.width, bytes })?;
        }
        let done = self.window.len() - rest.len();
        self.window.drain(..done);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
