//! The headers of tensor files: what tensors they hold and where each lies.
//!
//! Headers come from strangers. Every number is checked before it is used, every read is capped, and nothing is
//! allocated that the file does not pay for, so [`inspect`] is the gate at publish: whatever passes it is read the same
//! way by every loader. Chunking uses the same readers, and falls back to cuts by content for what does not pass.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek};

use crate::sniff::FileFormat;

mod gguf;
mod input;
mod npy;
mod safetensors;
mod zip;

use input::Input;

/// Why a header was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// The file breaks its format's rules, or goes beyond what a sound file needs.
    #[error("malformed {format} file: {reason}")]
    Malformed {
        /// The format's name.
        format: &'static str,
        /// What was found, and what was expected.
        reason: String,
    },
    /// The file may be sound, but Tare does not read this form of it.
    #[error("this form of a {format} file is not understood: {reason}")]
    Unsupported {
        /// The format's name.
        format: &'static str,
        /// Which form it is.
        reason: String,
    },
    /// The file could not be read.
    #[error("failed to read the header of a {format} file")]
    Io {
        /// The format's name.
        format: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// How wide the numbers of a run of bytes are, which tells the codec what to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NumberWidth {
    /// Single bytes, and everything that is not numbers.
    One,
    /// 2 bytes: bf16, f16, i16.
    Two,
    /// 4 bytes: f32, i32.
    Four,
    /// 8 bytes: f64, i64.
    Eight,
}

impl NumberWidth {
    /// The width of numbers of so many bits; anything uncommon counts as bytes.
    fn of_bits(bits: u64) -> Self {
        match bits {
            16 => Self::Two,
            32 => Self::Four,
            64 => Self::Eight,
            _ => Self::One,
        }
    }
}

/// One tensor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name; for a lone NumPy array, empty.
    pub name: String,
    /// The type of its numbers, in the format's own words: `BF16`, `Q4_K`, `<f4`.
    pub dtype: String,
    /// How many numbers in each dimension, in the format's own order.
    pub shape: Vec<u64>,
    /// Its first byte in the file.
    pub start: u64,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// How wide its numbers are.
    pub width: NumberWidth,
}

/// What the header of a tensor file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorFile {
    /// The file's format.
    pub format: FileFormat,
    /// The tensors in the order in which they lie.
    pub tensors: Vec<Tensor>,
    /// Texts about the file: `__metadata__` of safetensors, the short `general.*` texts of GGUF.
    pub metadata: BTreeMap<String, String>,
}

/// Where a file is cut: a run of bytes from `start` to the next segment's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) start: u64,
    pub(crate) width: NumberWidth,
}

/// Reads and checks the header of a file of `size_bytes`, or gives `None` for a format that has no tensor list.
/// At most the header is read.
///
/// # Errors
/// When the header is malformed, or of a form that is not understood, or cannot be read.
pub fn inspect<R: Read + Seek>(
    reader: &mut R,
    size_bytes: u64,
    format: FileFormat,
) -> Result<Option<TensorFile>, HeaderError> {
    let parsed = match format {
        FileFormat::Safetensors => {
            safetensors::read(&mut Input::new(reader, size_bytes, "safetensors")?)
        }
        FileFormat::Gguf => gguf::read(&mut Input::new(reader, size_bytes, "GGUF")?),
        FileFormat::Npy => npy::read(&mut Input::new(reader, size_bytes, "NPY")?),
        FileFormat::Npz => npz(&mut Input::new(reader, size_bytes, "NPZ")?),
        _ => return Ok(None),
    };
    parsed.map(Some)
}

/// Where a file of `size_bytes` is cut (C-6), in ascending order from 0; `None` when its format has no tensors.
///
/// # Errors
/// As [`inspect`]; also when a zip has members that are not stored plainly.
pub(crate) fn segments<R: Read + Seek>(
    reader: &mut R,
    size_bytes: u64,
    format: FileFormat,
) -> Result<Option<Vec<Segment>>, HeaderError> {
    let mut cuts = Vec::new();
    if matches!(format, FileFormat::Npz | FileFormat::TorchZip) {
        let mut input = Input::new(reader, size_bytes, "zip")?;
        for member in zip::members(&mut input)? {
            if !member.stored {
                return Err(input.unsupported(format!("member `{}` is compressed", member.name)));
            }
            let width = NumberWidth::One;
            cuts.extend(
                [member.local_start, member.data_start].map(|start| Segment { start, width }),
            );
        }
    }
    let file = inspect(reader, size_bytes, format)?;
    if file.is_none() && cuts.is_empty() {
        return Ok(None);
    }
    let tensors = file.map(|file| file.tensors).unwrap_or_default();
    cuts.extend(tensors.iter().map(|tensor| Segment { start: tensor.start, width: tensor.width }));
    Ok(Some(in_order(cuts, size_bytes)))
}

/// Sorts cuts, puts one at 0, and leaves one of several at the same place: the last, which is a tensor's.
fn in_order(mut cuts: Vec<Segment>, size_bytes: u64) -> Vec<Segment> {
    cuts.insert(0, Segment { start: 0, width: NumberWidth::One });
    cuts.retain(|cut| cut.start < size_bytes);
    cuts.sort_by_key(|cut| cut.start);
    let mut kept: Vec<Segment> = Vec::with_capacity(cuts.len());
    for cut in cuts {
        match kept.last_mut() {
            Some(last) if last.start == cut.start => *last = cut,
            _ => kept.push(cut),
        }
    }
    kept
}

/// The arrays of an NPZ whose members are stored plainly.
fn npz<R: Read + Seek>(input: &mut Input<'_, R>) -> Result<TensorFile, HeaderError> {
    let mut tensors = Vec::new();
    for member in zip::members(input)? {
        if !member.stored {
            return Err(input.unsupported(format!("member `{}` is compressed", member.name)));
        }
        if let Some(name) = member.name.strip_suffix(".npy") {
            let name = name.to_owned();
            let array = npy::read_at(input, member.data_start, member.data_end)?;
            tensors.push(Tensor { name, ..array });
        }
    }
    Ok(TensorFile { format: FileFormat::Npz, tensors, metadata: BTreeMap::new() })
}

/// The number of values in a tensor, or `None` when no file could hold it.
fn product(shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(1_u64, |product, dimension| product.checked_mul(*dimension))
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
