//! GGUF, versions 2 and 3, little-endian: counts, key-values, tensor infos, then aligned tensors.

use std::collections::{BTreeMap, HashSet};
use std::io::{Read, Seek};

use tare_format::Blake3;

use super::input::Input;
use super::{HeaderError, NumberWidth, Tensor, TensorFile, product};
use crate::sniff::FileFormat;

const COUNT_CAP: u64 = 64 << 10;
const KEY_CAP: u64 = 64 << 10;
const NAME_CAP: u64 = 256;
const STRING_CAP: u64 = 64 << 20;
const ARRAY_CAP: u64 = 256 << 20;
const NESTING_CAP: u32 = 2;
const DIMENSION_CAP: u32 = 4;
const DEFAULT_ALIGNMENT: u64 = 32;
/// Texts about the model are worth keeping when they are short.
const METADATA_CAP: u64 = 4 << 10;

const TYPE_BOOL: u32 = 7;
const TYPE_STRING: u32 = 8;
const TYPE_ARRAY: u32 = 9;
const TYPE_U32: u32 = 4;

/// Id, name, numbers a block, bytes a block.
const DTYPES: [(u32, &str, u64, u64); 31] = [
    (0, "F32", 1, 4),
    (1, "F16", 1, 2),
    (2, "Q4_0", 32, 18),
    (3, "Q4_1", 32, 20),
    (6, "Q5_0", 32, 22),
    (7, "Q5_1", 32, 24),
    (8, "Q8_0", 32, 34),
    (9, "Q8_1", 32, 36),
    (10, "Q2_K", 256, 84),
    (11, "Q3_K", 256, 110),
    (12, "Q4_K", 256, 144),
    (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210),
    (15, "Q8_K", 256, 292),
    (16, "IQ2_XXS", 256, 66),
    (17, "IQ2_XS", 256, 74),
    (18, "IQ3_XXS", 256, 98),
    (19, "IQ1_S", 256, 50),
    (20, "IQ4_NL", 32, 18),
    (21, "IQ3_S", 256, 110),
    (22, "IQ2_S", 256, 82),
    (23, "IQ4_XS", 256, 136),
    (24, "I8", 1, 1),
    (25, "I16", 1, 2),
    (26, "I32", 1, 4),
    (27, "I64", 1, 8),
    (28, "F64", 1, 8),
    (29, "IQ1_M", 256, 56),
    (30, "BF16", 1, 2),
    (34, "TQ1_0", 256, 54),
    (35, "TQ2_0", 256, 66),
];

pub(super) fn read<R: Read + Seek>(input: &mut Input<'_, R>) -> Result<TensorFile, HeaderError> {
    if input.array("the magic")? != *b"GGUF" {
        return Err(input.malformed("it does not begin with `GGUF`"));
    }
    let version = input.u32("the version")?;
    match version {
        2 | 3 => {}
        1 => return Err(input.unsupported("version 1, not 2 or 3")),
        _ if (1..=3).contains(&version.swap_bytes()) => {
            return Err(input.unsupported("it is big-endian, not little-endian"));
        }
        _ => return Err(input.malformed(format!("version {version}, not 2 or 3"))),
    }
    let tensor_count = count(input, "tensors")?;
    let pair_count = count(input, "key-values")?;
    let pairs = Pairs::read(input, pair_count)?;
    let mut infos = Vec::new();
    let mut names = HashSet::new();
    for _ in 0..tensor_count {
        let info = Info::read(input)?;
        if !names.insert(info.name.clone()) {
            return Err(input.malformed(format!("tensor `{}` appears twice", info.name)));
        }
        infos.push(info);
    }
    let tensors = place(infos, input.position(), input.size_bytes(), pairs.alignment)
        .map_err(|reason| input.malformed(reason))?;
    Ok(TensorFile { format: FileFormat::Gguf, tensors, metadata: pairs.metadata })
}

fn count<R: Read + Seek>(input: &mut Input<'_, R>, what: &str) -> Result<u64, HeaderError> {
    let count = input.u64("a count")?;
    if count > COUNT_CAP {
        return Err(
            input.malformed(format!("it has {count} {what}, at most {COUNT_CAP} are allowed"))
        );
    }
    Ok(count)
}

fn text<R: Read + Seek>(
    input: &mut Input<'_, R>,
    cap: u64,
    what: &str,
) -> Result<String, HeaderError> {
    let length = input.u64(what)?;
    let bytes = input.bytes(length, cap, what)?;
    String::from_utf8(bytes).map_err(|_| input.malformed(format!("{what} is not UTF-8")))
}

/// The key-values: mostly skipped, because a vocabulary is large and nothing here needs it.
struct Pairs {
    alignment: u64,
    metadata: BTreeMap<String, String>,
}

impl Pairs {
    fn read<R: Read + Seek>(input: &mut Input<'_, R>, count: u64) -> Result<Self, HeaderError> {
        let mut pairs = Self { alignment: DEFAULT_ALIGNMENT, metadata: BTreeMap::new() };
        // Digests of the keys, so that 64 Ki keys of 64 KiB cannot fill the memory.
        let mut seen = HashSet::new();
        for _ in 0..count {
            let key = text(input, KEY_CAP, "a key")?;
            if !seen.insert(Blake3::of(key.as_bytes())) {
                return Err(input.malformed(format!("key `{key}` appears twice")));
            }
            let kind = input.u32("a value's type")?;
            if key == "general.alignment" {
                pairs.alignment = alignment(input, kind)?;
            } else if kind == TYPE_STRING && key.starts_with("general.") {
                pairs.keep_text(input, key)?;
            } else {
                skip_value(input, kind, 0)?;
            }
        }
        Ok(pairs)
    }

    fn keep_text<R: Read + Seek>(
        &mut self,
        input: &mut Input<'_, R>,
        key: String,
    ) -> Result<(), HeaderError> {
        let length = input.u64("a text")?;
        let bytes = input.bytes(length, STRING_CAP, "a text")?;
        if length <= METADATA_CAP
            && let Ok(text) = String::from_utf8(bytes)
        {
            self.metadata.insert(key, text);
        }
        Ok(())
    }
}

fn alignment<R: Read + Seek>(input: &mut Input<'_, R>, kind: u32) -> Result<u64, HeaderError> {
    if kind != TYPE_U32 {
        return Err(
            input.malformed(format!("`general.alignment` is of type {kind}, not {TYPE_U32}"))
        );
    }
    let alignment = input.u32("the alignment")?;
    if !alignment.is_power_of_two() || !(8..=4096).contains(&alignment) {
        let reason = format!("the alignment is {alignment}, not a power of two from 8 to 4096");
        return Err(input.malformed(reason));
    }
    Ok(u64::from(alignment))
}

fn skip_value<R: Read + Seek>(
    input: &mut Input<'_, R>,
    kind: u32,
    nesting: u32,
) -> Result<(), HeaderError> {
    match kind {
        TYPE_BOOL => match input.u8("a bool")? {
            0 | 1 => Ok(()),
            byte => Err(input.malformed(format!("a bool is {byte}, not 0 or 1"))),
        },
        TYPE_STRING => {
            let length = input.u64("a text")?;
            if length > STRING_CAP {
                return Err(
                    input.malformed(format!("a text has {length} bytes, at most {STRING_CAP}"))
                );
            }
            input.skip(length, "a text")
        }
        TYPE_ARRAY => skip_array(input, nesting),
        _ => match fixed_size(kind) {
            Some(size) => input.skip(size, "a value"),
            None => Err(input.malformed(format!("a value is of type {kind}, which is unknown"))),
        },
    }
}

fn skip_array<R: Read + Seek>(input: &mut Input<'_, R>, nesting: u32) -> Result<(), HeaderError> {
    if nesting == NESTING_CAP {
        return Err(input.malformed(format!("arrays are nested deeper than {NESTING_CAP}")));
    }
    let kind = input.u32("an array's type")?;
    let count = input.u64("an array's length")?;
    if count > ARRAY_CAP || count > input.rest() {
        return Err(
            input.malformed(format!("an array has {count} values, {} bytes follow", input.rest()))
        );
    }
    if let Some(size) = fixed_size(kind) {
        return input.skip(count.saturating_mul(size), "an array");
    }
    for _ in 0..count {
        skip_value(input, kind, nesting + 1)?;
    }
    Ok(())
}

/// The size of a number in bytes. Bools are not here: each one is looked at.
fn fixed_size(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

struct Info {
    name: String,
    shape: Vec<u64>,
    dtype: u32,
    offset: u64,
}

impl Info {
    fn read<R: Read + Seek>(input: &mut Input<'_, R>) -> Result<Self, HeaderError> {
        let name = text(input, NAME_CAP, "a tensor's name")?;
        let dimensions = input.u32("the dimensions")?;
        if dimensions > DIMENSION_CAP {
            let reason =
                format!("tensor `{name}` has {dimensions} dimensions, at most {DIMENSION_CAP}");
            return Err(input.malformed(reason));
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            shape.push(input.u64("a dimension")?);
        }
        let (dtype, offset) = (input.u32("a tensor's type")?, input.u64("a tensor's offset")?);
        Ok(Self { name, shape, dtype, offset })
    }

    /// The type's name, the size in bytes and the width. A type that came after this table has no known size.
    fn measure(&self) -> Result<(String, Option<u64>, NumberWidth), String> {
        let Some((_, dtype, block, bytes)) = DTYPES.iter().find(|(id, ..)| *id == self.dtype)
        else {
            return Ok((format!("type {}", self.dtype), None, NumberWidth::One));
        };
        let whole = self.shape.first().is_none_or(|row| row.is_multiple_of(*block));
        let size = product(&self.shape).filter(|_| whole).map(|count| count / block);
        let size = size.and_then(|blocks| blocks.checked_mul(*bytes)).ok_or_else(|| {
            format!("tensor `{}` of shape {:?} cannot be of type {dtype}", self.name, self.shape)
        })?;
        let width = if *block == 1 { NumberWidth::of_bits(bytes * 8) } else { NumberWidth::One };
        Ok(((*dtype).to_owned(), Some(size), width))
    }
}

/// Gives each tensor its place, and checks that they are aligned, apart, and within the file.
fn place(
    mut infos: Vec<Info>,
    header_end: u64,
    file_size: u64,
    alignment: u64,
) -> Result<Vec<Tensor>, String> {
    infos.sort_by_key(|info| info.offset);
    let data_start = header_end.checked_next_multiple_of(alignment).unwrap_or(u64::MAX);
    let mut tensors: Vec<Tensor> = Vec::new();
    let mut free_from = data_start;
    let mut infos = infos.into_iter().peekable();
    while let Some(info) = infos.next() {
        if !info.offset.is_multiple_of(alignment) {
            return Err(format!("tensor `{}` is not aligned to {alignment} bytes", info.name));
        }
        let (dtype, size, width) = info.measure()?;
        let start = data_start.saturating_add(info.offset);
        // Of a tensor whose size is unknown all that can be said is that the next one ends it.
        let next = infos.peek().and_then(|next| data_start.checked_add(next.offset));
        let size_bytes = size.unwrap_or(next.unwrap_or(file_size).saturating_sub(start));
        let end = start.checked_add(size_bytes).filter(|end| *end <= file_size);
        let name = info.name;
        let Some(end) = end else {
            return Err(format!("tensor `{name}` reaches beyond the file's {file_size} bytes"));
        };
        if start < free_from {
            return Err(format!("tensor `{name}` overlaps the one before"));
        }
        free_from = end;
        tensors.push(Tensor { name, dtype, shape: info.shape, start, size_bytes, width });
    }
    Ok(tensors)
}
