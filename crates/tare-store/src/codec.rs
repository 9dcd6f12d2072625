//! Raw chunk to stored chunk and back (spec/pack.md, P-4).
//!
//! A chunk is stored as it is unless a codec makes it smaller by 3 % or more: below that the saving is not worth a
//! reader's time. What will not get smaller is known from a sample, so incompressible weights cost almost nothing.
//! Numbers are separated into planes first: the exponents of bf16 compress and the mantissas do not, and a plane of
//! its own lets the entropy coder see that (0.68 of the size, against 0.78 for the numbers as they lie).

use std::io;

use tare_format::Blake3;
use tare_format::pack::{Codec, StoredChunk};
use tare_format::recipe::MAX_CHUNK_SIZE;
use zstd::bulk::Decompressor;
use zstd::stream::raw::{self, InBuffer, Operation as _, OutBuffer};
use zstd::zstd_safe;

use crate::header::NumberWidth;

mod planes;

/// Level 1: for weights the higher ones are slower and not smaller.
const LEVEL: i32 = 1;
/// Chunks below this size are stored as they are.
const SMALLEST: usize = 64;
/// A sample is so many pieces of so many bytes.
const SAMPLE_PIECES: usize = 4;
const SAMPLE_PIECE: usize = 16 << 10;

/// Why stored bytes are not a chunk.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// A length is out of range before anything is decoded.
    #[error("{stored_length} stored bytes cannot be {raw_length} raw bytes by the codec {}", codec.name())]
    Length {
        /// The codec.
        codec: Codec,
        /// How many bytes are stored.
        stored_length: usize,
        /// How many the chunk has.
        raw_length: u32,
    },
    /// The stored bytes cannot be decoded.
    #[error("the stored bytes are not what the codec {} makes", codec.name())]
    Corrupt {
        /// The codec.
        codec: Codec,
        /// What the decoder said.
        source: io::Error,
    },
    /// The decoded bytes are another chunk's.
    #[error("the chunk is {found}, not {expected}")]
    Digest {
        /// The name it has.
        expected: Blake3,
        /// The name its bytes give.
        found: Blake3,
    },
}

/// A chunk as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoded<'b> {
    /// How it was made.
    pub codec: Codec,
    /// The stored bytes.
    pub bytes: &'b [u8],
}

/// Encodes chunks, one after another, with the same buffers.
pub struct Encoder {
    zstd: raw::Encoder<'static>,
    accepted: Vec<Codec>,
    sample: Vec<u8>,
    planes: Vec<u8>,
    output: Vec<u8>,
}

impl Encoder {
    /// An encoder that uses only codecs in `accepted`; raw needs no mention.
    ///
    /// # Errors
    /// When memory is short.
    pub fn new(accepted: &[Codec]) -> io::Result<Self> {
        let zstd = raw::Encoder::new(LEVEL)?;
        let accepted = accepted.to_vec();
        let (sample, planes, output) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { zstd, accepted, sample, planes, output })
    }

    /// Stores `raw`, whose numbers are of the given width, in the smallest way that pays.
    pub fn encode<'b>(&'b mut self, raw: &'b [u8], width: NumberWidth) -> Encoded<'b> {
        let as_it_is = Encoded { codec: Codec::Raw, bytes: raw };
        if raw.len() < SMALLEST {
            return as_it_is;
        }
        let Some(codec) = self.choose(raw, width) else { return as_it_is };
        match self.compress(codec, raw) {
            Some(length) => Encoded { codec, bytes: self.output.get(..length).unwrap_or_default() },
            None => as_it_is,
        }
    }

    /// The codec that makes a sample smallest, when one pays at all.
    fn choose(&mut self, raw: &[u8], width: NumberWidth) -> Option<Codec> {
        let mut sample = std::mem::take(&mut self.sample);
        take_sample(raw, &mut sample);
        let mut best: Option<(usize, Codec)> = None;
        for codec in candidates(width) {
            if self.accepted.contains(codec)
                && let Some(length) = self.compress(*codec, &sample)
                && best.is_none_or(|(least, _)| length < least)
            {
                best = Some((length, *codec));
            }
        }
        self.sample = sample;
        best.map(|(_, codec)| codec)
    }

    /// Compresses `raw` into `output`; `None` when the result would not be 3 % smaller. A failure of the compressor
    /// also means `None`: raw is always right.
    fn compress(&mut self, codec: Codec, raw: &[u8]) -> Option<usize> {
        let limit = raw.len() - raw.len().div_ceil(100).saturating_mul(3).min(raw.len());
        if self.output.len() < limit {
            self.output.resize(limit, 0);
        }
        let mut output = OutBuffer::around(self.output.get_mut(..limit)?);
        self.zstd.reinit().ok()?;
        self.zstd.set_pledged_src_size(Some(raw.len() as u64)).ok()?;
        let width = planes::count(codec);
        if width == 1 {
            add(&mut self.zstd, raw, &mut output)?;
        } else {
            planes::split(width, raw, &mut self.planes);
            for plane in self.planes.chunks((raw.len() / width).max(1)) {
                add(&mut self.zstd, plane, &mut output)?;
                // A block of its own for each plane, so that each gets its own code lengths.
                while self.zstd.flush(&mut output).ok()? > 0 {
                    is_roomy(&output)?;
                }
            }
        }
        while self.zstd.finish(&mut output, true).ok()? > 0 {
            is_roomy(&output)?;
        }
        Some(output.pos())
    }
}

/// Decodes chunks, one after another, with the same buffers.
pub struct Decoder {
    zstd: Decompressor<'static>,
    planes: Vec<u8>,
    raw: Vec<u8>,
}

impl Decoder {
    /// A decoder.
    ///
    /// # Errors
    /// When memory is short.
    pub fn new() -> io::Result<Self> {
        Ok(Self { zstd: Decompressor::new()?, planes: Vec::new(), raw: Vec::new() })
    }

    /// Decodes `stored` into exactly `raw_length` bytes. Never allocates more than the largest chunk.
    ///
    /// # Errors
    /// When the bytes are corrupt, or the chunk is longer or shorter.
    pub fn decode<'b>(
        &'b mut self,
        codec: Codec,
        stored: &'b [u8],
        raw_length: u32,
    ) -> Result<&'b [u8], CodecError> {
        let stored_length = stored.len();
        let fail = || CodecError::Length { codec, stored_length, raw_length };
        let length = usize::try_from(raw_length).map_err(|_| fail())?;
        let fits =
            if codec == Codec::Raw { stored_length == length } else { stored_length < length };
        if !fits || raw_length > MAX_CHUNK_SIZE {
            return Err(fail());
        }
        if codec == Codec::Raw {
            return Ok(stored);
        }
        let width = planes::count(codec);
        let target = if width == 1 { &mut self.raw } else { &mut self.planes };
        target.resize(length, 0);
        decompress(&mut self.zstd, stored, target)
            .map_err(|source| CodecError::Corrupt { codec, source })?;
        if width > 1 {
            planes::join(width, &self.planes, &mut self.raw);
        }
        Ok(&self.raw)
    }

    /// Decodes `stored` and checks that it is the chunk it should be.
    ///
    /// # Errors
    /// When the bytes are corrupt or another chunk's.
    pub fn decode_verified<'b>(
        &'b mut self,
        chunk: &StoredChunk,
        stored: &'b [u8],
    ) -> Result<&'b [u8], CodecError> {
        let raw = self.decode(chunk.codec, stored, chunk.raw_length)?;
        let found = Blake3::of(raw);
        if found != chunk.digest {
            return Err(CodecError::Digest { expected: chunk.digest, found });
        }
        Ok(raw)
    }
}

/// What is worth a try for numbers of this width.
fn candidates(width: NumberWidth) -> &'static [Codec] {
    match width {
        NumberWidth::Two => &[Codec::Planes2Zstd, Codec::Zstd],
        NumberWidth::Four => &[Codec::Planes4Zstd, Codec::Zstd],
        NumberWidth::One | NumberWidth::Eight => &[Codec::Zstd],
    }
}

/// Pieces spread over `raw`, each at the start of a number; all of it when it is small.
fn take_sample(raw: &[u8], sample: &mut Vec<u8>) {
    sample.clear();
    if raw.len() <= 2 * SAMPLE_PIECES * SAMPLE_PIECE {
        return sample.extend_from_slice(raw);
    }
    let step = (raw.len() / SAMPLE_PIECES) & !7;
    for piece in raw.chunks(step).take(SAMPLE_PIECES) {
        sample.extend_from_slice(piece.get(..SAMPLE_PIECE).unwrap_or(piece));
    }
}

/// Feeds all of `bytes`; `None` when the output is full or the compressor fails.
fn add(zstd: &mut raw::Encoder<'_>, bytes: &[u8], output: &mut OutBuffer<'_, [u8]>) -> Option<()> {
    let mut input = InBuffer::around(bytes);
    while input.pos() < bytes.len() {
        zstd.run(&mut input, output).ok()?;
        is_roomy(output)?;
    }
    Some(())
}

fn is_roomy(output: &OutBuffer<'_, [u8]>) -> Option<()> {
    (output.pos() < output.capacity()).then_some(())
}

/// One frame, the whole of it and nothing behind, into exactly `target`.
fn decompress(zstd: &mut Decompressor<'_>, stored: &[u8], target: &mut [u8]) -> io::Result<()> {
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    let frame = zstd_safe::find_frame_compressed_size(stored);
    if frame.ok() != Some(stored.len()) {
        return Err(invalid("it is not exactly one zstd frame"));
    }
    let length = zstd.decompress_to_buffer(stored, target)?;
    if length != target.len() {
        return Err(invalid("the frame holds fewer bytes than the chunk"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
