//! Writes safetensors: a length, a JSON header, and the tensors one after another, little-endian.

use std::collections::BTreeMap;

use serde_json::json;

/// How numbers are stored.
#[derive(Clone, Copy)]
pub(crate) enum Dtype {
    Bf16,
    F32,
}

/// One tensor: its name, dtype, shape and values.
pub(crate) type Tensor<'a> = (&'a str, Dtype, [usize; 2], &'a [f32]);

/// The bytes of a safetensors file.
pub(crate) fn to_bytes(tensors: &[Tensor<'_>]) -> Vec<u8> {
    let mut header = BTreeMap::new();
    let mut data = Vec::new();
    for (name, dtype, shape, values) in tensors {
        let start = data.len();
        for value in *values {
            match dtype {
                // bf16 is the upper half of an f32, rounded to nearest.
                Dtype::Bf16 => data
                    .extend(((value.to_bits().saturating_add(0x8000) >> 16) as u16).to_le_bytes()),
                Dtype::F32 => data.extend(value.to_le_bytes()),
            }
        }
        let dtype = match dtype {
            Dtype::Bf16 => "BF16",
            Dtype::F32 => "F32",
        };
        let entry = json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, data.len()] });
        header.insert(*name, entry);
    }
    let mut header = serde_json::to_vec(&header).unwrap_or_default();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes(), header.as_slice(), &data].concat()
}
