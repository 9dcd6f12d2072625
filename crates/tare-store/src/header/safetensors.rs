//! safetensors: a length, a JSON header, then the tensors without holes.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::{Read, Seek};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::input::Input;
use super::{HeaderError, NumberWidth, Tensor, TensorFile, product};
use crate::sniff::{FileFormat, SAFETENSORS_HEADER_CAP};

const TENSOR_CAP: usize = 1_000_000;
const METADATA_KEY: &str = "__metadata__";

/// The size of each type's numbers, in bits.
const DTYPES: [(&str, u64); 22] = [
    ("BOOL", 8),
    ("F4", 4),
    ("F6_E2M3", 6),
    ("F6_E3M2", 6),
    ("U8", 8),
    ("I8", 8),
    ("F8_E5M2", 8),
    ("F8_E4M3", 8),
    ("F8_E8M0", 8),
    ("F8_E4M3FNUZ", 8),
    ("F8_E5M2FNUZ", 8),
    ("I16", 16),
    ("U16", 16),
    ("F16", 16),
    ("BF16", 16),
    ("I32", 32),
    ("U32", 32),
    ("F32", 32),
    ("C64", 64),
    ("F64", 64),
    ("I64", 64),
    ("U64", 64),
];

pub(super) fn read<R: Read + Seek>(input: &mut Input<'_, R>) -> Result<TensorFile, HeaderError> {
    let length = input.u64("the header's length")?;
    let bytes = input.bytes(length, SAFETENSORS_HEADER_CAP, "the header")?;
    if bytes.first() != Some(&b'{') {
        return Err(input.malformed("the header does not begin with `{`"));
    }
    let header: Header = serde_json::from_slice(&bytes)
        .map_err(|error| input.malformed(format!("the header cannot be read: {error}")))?;
    drop(bytes);
    let data_start = input.position();
    let mut tensors = Vec::with_capacity(header.tensors.len());
    for (name, entry) in header.tensors {
        let tensor = tensor(name, entry, data_start).map_err(|reason| input.malformed(reason))?;
        tensors.push(tensor);
    }
    tensors.sort_by_key(|tensor| (tensor.start, tensor.size_bytes));
    check_without_holes(&tensors, data_start, input.size_bytes())
        .map_err(|reason| input.malformed(reason))?;
    Ok(TensorFile { format: FileFormat::Safetensors, tensors, metadata: header.metadata })
}

fn tensor(name: String, entry: Entry, data_start: u64) -> Result<Tensor, String> {
    let Entry { dtype, shape, data_offsets: (begin, end) } = entry;
    let Some((_, bits)) = DTYPES.iter().find(|(known, _)| *known == dtype) else {
        return Err(format!("tensor `{name}` is of type `{dtype}`, which is unknown"));
    };
    let needed = product(&shape).and_then(|count| count.checked_mul(*bits));
    let needed = needed.filter(|bits| bits.is_multiple_of(8)).map(|bits| bits / 8);
    let (Some(needed), Some(size_bytes)) = (needed, end.checked_sub(begin)) else {
        return Err(format!("tensor `{name}` of shape {shape:?} cannot lie from {begin} to {end}"));
    };
    if needed != size_bytes {
        return Err(format!("tensor `{name}` needs {needed} bytes, its offsets give {size_bytes}"));
    }
    let start = data_start.checked_add(begin);
    let start = start.ok_or_else(|| format!("tensor `{name}` begins at {begin}"))?;
    let width = NumberWidth::of_bits(*bits);
    Ok(Tensor { name, dtype, shape, start, size_bytes, width })
}

/// A hole could carry what no loader shows; an overlap reads differently in different loaders.
fn check_without_holes(tensors: &[Tensor], data_start: u64, file_size: u64) -> Result<(), String> {
    let mut expected = data_start;
    for tensor in tensors {
        if tensor.start != expected {
            let what =
                if tensor.start < expected { "overlaps the one before" } else { "leaves a hole" };
            return Err(format!("tensor `{}` {what}", tensor.name));
        }
        expected = expected.saturating_add(tensor.size_bytes);
    }
    if expected != file_size {
        return Err(format!("its tensors end at byte {expected}, the file at {file_size}"));
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// The JSON header. Read by hand because a derived map keeps the last of two equal keys in silence.
struct Header {
    tensors: Vec<(String, Entry)>,
    metadata: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Header, M::Error> {
        let mut header = Header { tensors: Vec::new(), metadata: BTreeMap::new() };
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(M::Error::custom(format!("`{name}` appears twice")));
            }
            if name == METADATA_KEY {
                header.metadata = map.next_value::<Texts>()?.0;
            } else if header.tensors.len() == TENSOR_CAP {
                return Err(M::Error::custom(format!("more than {TENSOR_CAP} tensors")));
            } else {
                header.tensors.push((name, map.next_value()?));
            }
        }
        Ok(header)
    }
}

struct Texts(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Texts, M::Error> {
        let mut texts = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, String>()? {
            if texts.contains_key(&key) {
                return Err(M::Error::custom(format!("`{key}` appears twice in {METADATA_KEY}")));
            }
            texts.insert(key, value);
        }
        Ok(Texts(texts))
    }
}
