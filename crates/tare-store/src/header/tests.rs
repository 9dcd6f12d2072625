use std::io::Cursor;

use proptest::prelude::*;

use super::samples::{self, Gguf, npy_of, pair, text, with_header};
use super::*;

fn read(bytes: &[u8], format: FileFormat) -> Result<TensorFile, HeaderError> {
    inspect(&mut Cursor::new(bytes), bytes.len() as u64, format).map(Option::unwrap)
}

/// Name, type, shape, first byte and size of each tensor.
fn summary(file: &TensorFile) -> Vec<String> {
    let line = |tensor: &Tensor| {
        let Tensor { name, dtype, shape, start, size_bytes, .. } = tensor;
        format!("{name} {dtype} {shape:?} {start}+{size_bytes}")
    };
    file.tensors.iter().map(line).collect()
}

/// The reason for which the file is refused.
fn refusal(bytes: &[u8], format: FileFormat) -> String {
    match read(bytes, format) {
        Err(HeaderError::Malformed { reason, .. } | HeaderError::Unsupported { reason, .. }) => {
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn safetensors_lists_its_tensors_where_they_lie() {
    let bytes = samples::safetensors();
    let file = read(&bytes, FileFormat::Safetensors).unwrap();
    let start = bytes.len() - 24;
    assert_eq!(
        summary(&file),
        [format!("bias F32 [3] {start}+12"), format!("weight BF16 [6] {}+12", start + 12)]
    );
    assert_eq!(file.tensors[1].width, NumberWidth::Two);
    assert_eq!(file.metadata["format"], "pt");
}

#[test]
fn safetensors_with_a_fault_is_refused_with_the_reason() {
    let tensor =
        |begin, end| format!(r#"{{"dtype":"U8","shape":[4],"data_offsets":[{begin},{end}]}}"#);
    let cases = [
        (format!(r#"{{"a":{0},"a":{0}}}"#, tensor(0, 4)), 4, "`a` appears twice"),
        (format!(r#"{{"a":{},"b":{}}}"#, tensor(0, 4), tensor(2, 6)), 6, "overlaps the one before"),
        (format!(r#"{{"a":{},"b":{}}}"#, tensor(0, 4), tensor(5, 9)), 9, "leaves a hole"),
        (format!(r#"{{"a":{}}}"#, tensor(0, 4)), 5, "the file at"),
        (format!(r#"{{"a":{}}}"#, tensor(0, 4)), 3, "the file at"),
        (format!(r#"{{"a":{}}}"#, tensor(4, 0)), 4, "cannot lie"),
        (format!(r#"{{"a":{}}}"#, tensor(0, 3)), 3, "needs 4 bytes"),
        (r#"{"a":{"dtype":"U9","shape":[],"data_offsets":[0,1]}}"#.to_owned(), 1, "unknown"),
        (
            r#"{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#
                .to_owned(),
            0,
            "cannot lie",
        ),
        (r#"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}"#.to_owned(), 1, "cannot lie"),
        (r#"{"__metadata__":{"a":"1","a":"2"}}"#.to_owned(), 0, "twice"),
        (r#"{"__metadata__":{"a":1}}"#.to_owned(), 0, "cannot be read"),
        (r#" {}"#.to_owned(), 0, "does not begin"),
        (r#"{} x"#.to_owned(), 0, "cannot be read"),
        ("{\"a\":".repeat(200), 0, "cannot be read"),
    ];
    for (header, data, expected) in cases {
        let found = refusal(&with_header(&header, &vec![0; data]), FileFormat::Safetensors);
        assert!(found.contains(expected), "{header}: {found}");
    }
}

#[test]
fn a_header_that_claims_more_than_the_file_is_refused_before_it_is_read() {
    let mut bytes = samples::safetensors();
    bytes[..8].copy_from_slice(&100_000_001_u64.to_le_bytes());
    assert!(refusal(&bytes, FileFormat::Safetensors).contains("at most 100000000"));
    bytes[..8].copy_from_slice(&99_000_000_u64.to_le_bytes());
    assert!(refusal(&bytes, FileFormat::Safetensors).contains("follow"));
}

#[test]
fn gguf_lists_its_tensors_where_they_lie() {
    let bytes = Gguf::sample().bytes();
    let file = read(&bytes, FileFormat::Gguf).unwrap();
    let start = bytes.len() - 100;
    assert_eq!(
        summary(&file),
        [format!("norm F32 [5] {start}+20"), format!("weight Q8_0 [32, 2] {}+68", start + 32)]
    );
    assert_eq!(file.metadata["general.architecture"], "llama");
    let two = Gguf { version: 2, ..Gguf::sample() };
    assert_eq!(read(&two.bytes(), FileFormat::Gguf).unwrap().tensors, file.tensors);
}

#[test]
fn a_gguf_type_from_the_future_ends_where_the_next_tensor_begins() {
    let mut gguf = Gguf::sample();
    gguf.tensors[0].2 = 77;
    let file = read(&gguf.bytes(), FileFormat::Gguf).unwrap();
    assert_eq!((file.tensors[0].dtype.as_str(), file.tensors[0].size_bytes), ("type 77", 32));
}

#[test]
fn gguf_with_a_fault_is_refused_with_the_reason() {
    let with = |change: fn(&mut Gguf)| {
        let mut gguf = Gguf::sample();
        change(&mut gguf);
        gguf.bytes()
    };
    let nested = |depth: usize| {
        let inner = [8_u32.to_le_bytes().to_vec(), 0_u64.to_le_bytes().to_vec()].concat();
        let level = [9_u32.to_le_bytes().to_vec(), 1_u64.to_le_bytes().to_vec()].concat();
        pair("nested", 9, &[level.repeat(depth - 1), inner].concat())
    };
    let mut deep = Gguf::sample();
    deep.pairs.push(nested(3));
    let cases = [
        (with(|gguf| gguf.version = 1), "version 1"),
        (with(|gguf| gguf.pairs[1] = pair("general.alignment", 4, &[3, 0, 0, 0])), "power of two"),
        (
            with(|gguf| gguf.pairs[1] = pair("general.alignment", 10, &[32, 0, 0, 0, 0, 0, 0, 0])),
            "type 10",
        ),
        (with(|gguf| gguf.pairs[3] = pair("b", 7, &[2])), "not 0 or 1"),
        (with(|gguf| gguf.pairs[3] = pair("b", 13, &[2])), "type 13"),
        (with(|gguf| gguf.pairs[3] = gguf.pairs[2].clone()), "`llama.rope` appears twice"),
        (with(|gguf| gguf.pairs[3] = pair("b", 8, &u64::MAX.to_le_bytes())), "a text has"),
        (with(|gguf| gguf.tensors[1].0 = "norm"), "`norm` appears twice"),
        (with(|gguf| gguf.tensors[1].3 = 0), "overlaps"),
        (with(|gguf| gguf.tensors[1].3 = 33), "not aligned"),
        (with(|gguf| gguf.tensors[1].3 = u64::MAX - 31), "beyond"),
        (with(|gguf| gguf.tensors[1].1 = vec![u64::MAX - 31, 32]), "cannot be of type"),
        (with(|gguf| gguf.tensors[1].1 = vec![33, 2]), "cannot be of type"),
        (with(|gguf| gguf.tensors[1].1 = vec![1; 5]), "5 dimensions"),
        (with(|gguf| gguf.data.truncate(99)), "beyond"),
        (deep.bytes(), "deeper"),
    ];
    for (bytes, expected) in cases {
        let found = refusal(&bytes, FileFormat::Gguf);
        assert!(found.contains(expected), "{expected}: {found}");
    }
    deep.pairs.pop();
    deep.pairs.push(nested(2));
    read(&deep.bytes(), FileFormat::Gguf).unwrap();
}

#[test]
fn a_gguf_version_that_never_was_is_a_fault_and_another_byte_order_is_not() {
    let read = |version| {
        let mut gguf = Gguf::sample();
        gguf.version = version;
        let bytes = gguf.bytes();
        inspect(&mut Cursor::new(&bytes), bytes.len() as u64, FileFormat::Gguf).unwrap_err()
    };
    for version in [1, 3_u32.swap_bytes()] {
        assert!(matches!(read(version), HeaderError::Unsupported { .. }), "{version}");
    }
    for version in [0, 4, u32::from_le_bytes(*b"xxxx")] {
        assert!(matches!(read(version), HeaderError::Malformed { .. }), "{version}");
    }
}

#[test]
fn gguf_counts_are_checked_before_anything_is_allocated() {
    let head = |tensors: u64, pairs: u64| {
        [&b"GGUF\x03\0\0\0"[..], &tensors.to_le_bytes(), &pairs.to_le_bytes()].concat()
    };
    assert!(refusal(&head(u64::MAX, 0), FileFormat::Gguf).contains("at most 65536"));
    assert!(refusal(&head(0, 65_537), FileFormat::Gguf).contains("at most 65536"));
    let array = [&4_u32.to_le_bytes()[..], &(1_u64 << 40).to_le_bytes()].concat();
    let bytes = [head(0, 1), pair("a", 9, &array)].concat();
    assert!(refusal(&bytes, FileFormat::Gguf).contains("an array has"));
    let bytes = [head(0, 1), text("a"), 8_u32.to_le_bytes().to_vec()].concat();
    assert!(refusal(&bytes, FileFormat::Gguf).contains("ends within"));
}

#[test]
fn npy_gives_type_and_shape() {
    let file = read(&samples::npy(), FileFormat::Npy).unwrap();
    let size = samples::npy().len();
    assert_eq!(summary(&file), [format!(" <f4 [2, 3] {}+24", size - 24)]);
    for (literal, data) in [
        ("{'shape': (), 'descr': '|b1', 'fortran_order': True}", 1),
        ("{\"descr\": \"<U3\", 'fortran_order': False, 'shape': (2,)}", 24),
        ("{'descr': '<c16', 'fortran_order': False, 'shape': (1L,)}", 16),
        ("{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (0, 5)}", 0),
    ] {
        read(&npy_of(literal, &vec![0; data]), FileFormat::Npy).unwrap();
    }
}

#[test]
fn npy_with_a_fault_is_refused_with_the_reason() {
    let cases = [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "cannot have 24 bytes"),
        ("{'descr': '<f4', 'fortran_order': False}", "lacks one of"),
        ("{'descr': '<f4', 'descr': '<f4'}", "appears twice"),
        ("{'descr': '<f4', 'code': 'x'}", "has a key `code`"),
        ("{'descr': '<f4', 'fortran_order': exit(), 'shape': (6,)}", "neither True nor False"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} or 1", "follows"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (6", "lacks a `)`"),
        ("{'descr': '<f4", "without an end"),
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
            "cannot have",
        ),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (3,)}", "numbers of type `|O`"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,)}", "type `record`"),
        (
            "{'descr': '<f99999999999999999999', 'fortran_order': False, 'shape': (6,)}",
            "numbers of type",
        ),
        ("{'descr': 'ä4', 'fortran_order': False, 'shape': (6,)}", "numbers of type"),
    ];
    for (literal, expected) in cases {
        let found = refusal(&npy_of(literal, &[0; 24]), FileFormat::Npy);
        assert!(found.contains(expected), "{literal}: {found}");
    }
}

#[test]
fn npz_gives_the_arrays_of_its_members() {
    let npy = samples::npy();
    let bytes = samples::zip(&[("w.npy", &npy), ("note.txt", b"hello"), ("b.npy", &npy)]);
    let file = read(&bytes, FileFormat::Npz).unwrap();
    let names: Vec<_> = file.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["w", "b"]);
    assert_eq!(file.tensors[0].shape, [2, 3]);
}

#[test]
fn a_zip_that_readers_may_read_differently_is_refused() {
    let sound = samples::zip(&[("a.npy", &samples::npy())]);
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = sound.clone();
        change(&mut bytes);
        bytes
    };
    let directory = sound.len() - 22 - 46 - 5;
    let cases = [
        (with(&|bytes| bytes.insert(0, 0)), "does not fit"),
        (with(&|bytes| bytes.push(0)), "does not end"),
        (with(&|bytes| bytes[30] = b'b'), "another name"),
        (with(&|bytes| bytes[8] = 8), "disagrees"),
        (with(&|bytes| bytes[directory + 42] = 255), "behind the directory"),
        (with(&|bytes| bytes[directory + 20..][..3].fill(255)), "reaches into"),
        (with(&|bytes| bytes[directory + 24] ^= 1), "two sizes differ"),
        (
            with(&|bytes| {
                bytes.drain(..sound.len() - 10);
            }),
            "shorter",
        ),
    ];
    for (bytes, expected) in cases {
        let found = refusal(&bytes, FileFormat::Npz);
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

fn sample(which: usize) -> (Vec<u8>, FileFormat) {
    match which {
        0 => (samples::safetensors(), FileFormat::Safetensors),
        1 => (Gguf::sample().bytes(), FileFormat::Gguf),
        2 => (samples::npy(), FileFormat::Npy),
        _ => (samples::zip(&[("a.npy", &samples::npy()), ("b", b"x")]), FileFormat::Npz),
    }
}

#[test]
fn a_file_cut_short_anywhere_is_an_error() {
    for which in 0..4 {
        let (bytes, format) = sample(which);
        read(&bytes, format).unwrap();
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length], format).is_err(), "{format:?} {length}");
        }
    }
}

proptest! {
    /// No panic and no endless loop; and what is accepted lies within the file, in order, without overlap.
    #[test]
    fn mutated_files_are_read_soundly_or_refused(
        which in 0_usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut: prop::sample::Index,
        cuts: bool,
    ) {
        let (mut bytes, format) = sample(which);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(file) = read(&bytes, format) {
            let mut end = 0;
            for tensor in file.tensors {
                prop_assert!(tensor.start >= end || format == FileFormat::Npz);
                end = tensor.start + tensor.size_bytes;
                prop_assert!(end <= bytes.len() as u64);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused(
        which in 0_usize..4,
        mut bytes in prop::collection::vec(any::<u8>(), 0..300),
        keeps in 0_usize..64,
    ) {
        let (valid, format) = sample(which);
        // A valid beginning leads further into the reader.
        let keeps = keeps.min(bytes.len());
        bytes[..keeps].copy_from_slice(&valid[..keeps]);
        let _ = read(&bytes, format);
    }
}
