//! Small valid files for tests.

use std::io::Write as _;

/// A safetensors file of a bf16 and an f32 tensor, with metadata.
pub(crate) fn safetensors() -> Vec<u8> {
    safetensors_of(&[("bias", "F32", 3), ("weight", "BF16", 6)])
}

/// A safetensors file of one-dimensional tensors: name, type, count of numbers.
pub(crate) fn safetensors_of(tensors: &[(&str, &str, usize)]) -> Vec<u8> {
    let mut entries = vec![r#""__metadata__":{"format":"pt"}"#.to_owned()];
    let mut data = Vec::new();
    for (name, dtype, count) in tensors {
        let begin = data.len();
        let width = if *dtype == "F32" { 4 } else { 2 };
        // Every tensor has bytes of its own, so that no two chunks are the same.
        let mut bytes = vec![0; count * width];
        blake3::Hasher::new().update(name.as_bytes()).finalize_xof().fill(&mut bytes);
        data.extend(bytes);
        let end = data.len();
        entries.push(format!(
            r#""{name}":{{"dtype":"{dtype}","shape":[{count}],"data_offsets":[{begin},{end}]}}"#
        ));
    }
    with_header(&format!("{{{}}}", entries.join(",")), &data)
}

/// A safetensors file of a header as it is given.
pub(crate) fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

/// What a GGUF file is made of.
pub(crate) struct Gguf {
    pub(crate) version: u32,
    pub(crate) pairs: Vec<Vec<u8>>,
    /// Name, dimensions, type, offset.
    pub(crate) tensors: Vec<(&'static str, Vec<u64>, u32, u64)>,
    pub(crate) alignment: usize,
    pub(crate) data: Vec<u8>,
}

impl Gguf {
    /// An f32 and a Q8_0 tensor, and pairs of several types.
    pub(crate) fn sample() -> Self {
        let array = [
            &9_u32.to_le_bytes()[..],
            &8_u32.to_le_bytes(),
            &2_u64.to_le_bytes(),
            &text("a"),
            &text("b"),
        ];
        Self {
            version: 3,
            pairs: vec![
                pair("general.architecture", 8, &text("llama")),
                pair("general.alignment", 4, &32_u32.to_le_bytes()),
                pair("llama.rope", 6, &1.5_f32.to_le_bytes()),
                pair("tokenizer.add_bos", 7, &[1]),
                [text("tokenizer.tokens"), array.concat()].concat(),
            ],
            tensors: vec![("norm", vec![5], 0, 0), ("weight", vec![32, 2], 8, 32)],
            alignment: 32,
            data: (0..100).collect(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(self.version.to_le_bytes());
        file.extend((self.tensors.len() as u64).to_le_bytes());
        file.extend((self.pairs.len() as u64).to_le_bytes());
        file.extend(self.pairs.concat());
        for (name, shape, dtype, offset) in &self.tensors {
            file.extend(text(name));
            file.extend(u32::try_from(shape.len()).unwrap().to_le_bytes());
            shape.iter().for_each(|dimension| file.extend(dimension.to_le_bytes()));
            file.extend(dtype.to_le_bytes());
            file.extend(offset.to_le_bytes());
        }
        file.resize(file.len().next_multiple_of(self.alignment), 0);
        file.extend(&self.data);
        file
    }
}

/// A key-value.
pub(crate) fn pair(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [&text(key)[..], &kind.to_le_bytes(), value].concat()
}

/// A text with its length before it.
pub(crate) fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

/// An NPY file of an f32 array of 2 by 3.
pub(crate) fn npy() -> Vec<u8> {
    npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", &[7; 24])
}

/// An NPY file, version 1, of a header as it is given.
pub(crate) fn npy_of(literal: &str, data: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(u16::try_from(literal.len() + 1).unwrap().to_le_bytes());
    writeln!(file, "{literal}").unwrap();
    file.extend(data);
    file
}

/// A zip of stored members.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let start = u32::try_from(file.len()).unwrap();
        let size = u32::try_from(data.len()).unwrap().to_le_bytes();
        let name_length = u16::try_from(name.len()).unwrap().to_le_bytes();
        // Flags, method, time, date, checksum, sizes.
        let common = [&[0; 12][..], &size, &size, &name_length].concat();
        file.extend([b"PK\x03\x04\x14\x00", &common[..], &[0; 2], name.as_bytes(), data].concat());
        directory.extend([b"PK\x01\x02\x14\x00\x14\x00", &common[..], &[0; 12]].concat());
        directory.extend(start.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = u32::try_from(file.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    file.extend(directory);
    file.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &start, &[0; 2]].concat());
    file
}
