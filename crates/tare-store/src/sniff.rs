//! What a file is, from its first bytes and, where they do not decide, its name.
//!
//! Content comes first: a scanner that believes an extension is fooled by renaming (CVE-2025-1889 and its like). The
//! answer is a pure function of the first [`HEAD_SIZE`] bytes and the name, so that publisher and server agree.

/// How many bytes at the start of a file decide what it is.
pub const HEAD_SIZE: usize = 4096;

/// The largest safetensors header that its readers accept, in bytes.
pub(crate) const SAFETENSORS_HEADER_CAP: u64 = 100_000_000;

/// A file format that Tare tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileFormat {
    /// Tensors with a JSON header.
    Safetensors,
    /// Tensors and metadata of llama.cpp and its relatives.
    Gguf,
    /// A protobuf graph with weights. Known by content and extension together: it has no magic number.
    Onnx,
    /// A FlatBuffers graph with weights.
    Tflite,
    /// One NumPy array.
    Npy,
    /// A zip of NumPy arrays.
    Npz,
    /// A zip that PyTorch wrote: a pickle and raw storages.
    TorchZip,
    /// A bare pickle, protocol 2 to 5. Loading one runs what it names.
    Pickle,
    /// HDF5, which Keras uses.
    Hdf5,
    /// Columnar tables.
    Parquet,
    /// Arrow IPC file.
    Arrow,
    /// Any other zip.
    Zip,
    /// gzip.
    Gzip,
    /// One JSON value.
    Json,
    /// JSON, one value a line.
    Jsonl,
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// Markdown.
    Markdown,
    /// Any other text in UTF-8.
    Text,
    /// Anything else.
    Other,
}

impl FileFormat {
    /// What a file is whose first bytes, up to [`HEAD_SIZE`] of them, are `head`, and whose path ends in `name`.
    #[must_use]
    pub fn sniff(head: &[u8], name: &str) -> Self {
        let head = head.get(..HEAD_SIZE).unwrap_or(head);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let extension = extension.to_ascii_lowercase();
        by_magic(head)
            .or_else(|| (extension == "onnx" && starts_an_onnx_model(head)).then_some(Self::Onnx))
            .or_else(|| is_text(head).then(|| by_extension(&extension)))
            .unwrap_or(Self::Other)
    }

    /// What a loader takes a file named `name` for without looking into it, or `None` when the name promises nothing.
    /// Such a file is damaged when its content is something else, even nothing.
    #[must_use]
    pub fn promised_by(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "safetensors" => Some(Self::Safetensors),
            "gguf" => Some(Self::Gguf),
            _ => None,
        }
    }

    /// The media type for release documents and HTTP.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Safetensors => "application/x-safetensors",
            Self::Gguf => "application/x-gguf",
            Self::Onnx => "application/x-onnx",
            Self::Tflite => "application/x-tflite",
            Self::Npy => "application/x-npy",
            Self::Npz => "application/x-npz",
            Self::TorchZip => "application/x-pytorch",
            Self::Pickle => "application/x-pickle",
            Self::Hdf5 => "application/x-hdf5",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Arrow => "application/vnd.apache.arrow.file",
            Self::Zip => "application/zip",
            Self::Gzip => "application/gzip",
            Self::Json => "application/json",
            Self::Jsonl => "application/jsonl",
            Self::Csv => "text/csv",
            Self::Tsv => "text/tab-separated-values",
            Self::Markdown => "text/markdown",
            Self::Text => "text/plain",
            Self::Other => "application/octet-stream",
        }
    }

    /// Whether it is text, which is cut finer (C-3).
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(
            self,
            Self::Json | Self::Jsonl | Self::Csv | Self::Tsv | Self::Markdown | Self::Text
        )
    }
}

fn by_magic(head: &[u8]) -> Option<FileFormat> {
    const MAGIC: [(&[u8], FileFormat); 8] = [
        (b"GGUF", FileFormat::Gguf),
        (b"\x93NUMPY", FileFormat::Npy),
        (b"PAR1", FileFormat::Parquet),
        (b"ARROW1\0\0", FileFormat::Arrow),
        (b"\x89HDF\r\n\x1a\n", FileFormat::Hdf5),
        (b"\x1f\x8b\x08", FileFormat::Gzip),
        (b"PK\x05\x06", FileFormat::Zip),
        (b"PK\x03\x04", FileFormat::Zip),
    ];
    let found = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, format)| *format);
    match found {
        Some(FileFormat::Zip) => Some(which_zip(head)),
        Some(format) => Some(format),
        None if starts_safetensors(head) => Some(FileFormat::Safetensors),
        None if head.get(4..8) == Some(b"TFL3") => Some(FileFormat::Tflite),
        None => match head {
            [0x80, 2..=5, ..] => Some(FileFormat::Pickle),
            _ => None,
        },
    }
}

/// A length, then the brace of the JSON header.
fn starts_safetensors(head: &[u8]) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<8>() else { return false };
    let length = u64::from_le_bytes(*length);
    rest.first() == Some(&b'{') && (2..=SAFETENSORS_HEADER_CAP).contains(&length)
}

/// The name of a zip's first member tells who wrote it.
fn which_zip(head: &[u8]) -> FileFormat {
    let length = head.get(26..28).and_then(|pair| <[u8; 2]>::try_from(pair).ok());
    let length = length.map_or(0, |pair| usize::from(u16::from_le_bytes(pair)));
    let name = head.get(30..30 + length).unwrap_or_default();
    if name.ends_with(b".npy") {
        FileFormat::Npz
    } else if name.ends_with(b"/data.pkl") {
        FileFormat::TorchZip
    } else {
        FileFormat::Zip
    }
}

/// A `ModelProto` begins with its format version, a small varint, and goes on with another of its fields.
fn starts_an_onnx_model(head: &[u8]) -> bool {
    matches!(head, [0x08, 1..=0x7f, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42 | 0x72, ..])
}

fn by_extension(extension: &str) -> FileFormat {
    match extension {
        "json" => FileFormat::Json,
        "jsonl" | "ndjson" => FileFormat::Jsonl,
        "csv" => FileFormat::Csv,
        "tsv" => FileFormat::Tsv,
        "md" | "markdown" => FileFormat::Markdown,
        _ => FileFormat::Text,
    }
}

/// UTF-8 without control characters, but for the spaces; a character that the head cuts in two is fine.
fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(_) => head,
        Err(error) if error.error_len().is_none() && head.len() == HEAD_SIZE => {
            head.get(..error.valid_up_to()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    whole.iter().all(|byte| matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | 0x20..=0x7e | 0x80..))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &[u8], name: &str, expected: FileFormat) {
        assert_eq!(FileFormat::sniff(head, name), expected, "{name}");
    }

    #[test]
    fn content_decides_before_the_name() {
        check(b"\x02\0\0\0\0\0\0\0{}", "weights.txt", FileFormat::Safetensors);
        check(b"GGUF\x03\0\0\0", "model.bin", FileFormat::Gguf);
        check(b"\x93NUMPY\x01\0", "x", FileFormat::Npy);
        check(b"\x80\x04\x95", "model.safetensors", FileFormat::Pickle);
        check(b"PAR1\x15", "t.csv", FileFormat::Parquet);
        check(b"\0\0\0\0\0", "notes.txt", FileFormat::Other);
    }

    #[test]
    fn a_zip_is_known_by_its_first_member() {
        let zip = |name: &[u8]| {
            let mut head = b"PK\x03\x04".to_vec();
            head.extend([0; 22]);
            head.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            head.extend([0; 2]);
            head.extend(name);
            head
        };
        check(&zip(b"weight.npy"), "a.zip", FileFormat::Npz);
        check(&zip(b"archive/data.pkl"), "a.npz", FileFormat::TorchZip);
        check(&zip(b"readme.txt"), "a.npz", FileFormat::Zip);
        check(b"PK\x03\x04", "a.pt", FileFormat::Zip);
    }

    #[test]
    fn among_texts_the_extension_decides() {
        check(b"{}\n{}\n", "a.JSONL", FileFormat::Jsonl);
        check(b"{}", "a.json", FileFormat::Json);
        check(b"a,b\n", "a.csv", FileFormat::Csv);
        check("größe\n".as_bytes(), "notes", FileFormat::Text);
        check(b"", "empty.txt", FileFormat::Text);
        assert!(FileFormat::Csv.is_text() && !FileFormat::Npy.is_text());
    }

    #[test]
    fn an_onnx_model_needs_both() {
        check(b"\x08\x08\x12\x07pytorch", "m.onnx", FileFormat::Onnx);
        check(b"\x08\x08\x12\x07pytorch", "m.bin", FileFormat::Other);
        check(b"hello", "m.onnx", FileFormat::Text);
    }

    #[test]
    fn a_character_that_the_head_cuts_in_two_is_still_text() {
        let mut text = vec![b'a'; HEAD_SIZE - 1];
        text.extend("ö".as_bytes());
        check(&text, "x.txt", FileFormat::Text);
        check(&[b'a', 0xc3], "x.txt", FileFormat::Other);
    }
}
