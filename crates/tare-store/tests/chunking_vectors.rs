//! The vectors of spec/vectors/chunking: each file says how its content is made, and how it is cut.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use serde::Deserialize;
use tare_store::chunk::{ChunkError, chunk_reader};

/// One file of the folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    /// What it shows, for people.
    #[serde(rename = "about")]
    _about: String,
    /// The end of the file's path.
    name: String,
    content: Vec<Piece>,
    chunker: String,
    sha256: String,
    /// Length and BLAKE3 of each chunk.
    chunks: Vec<(u32, String)>,
}

/// A piece of the content.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Piece {
    /// These bytes.
    Hex(String),
    /// This text.
    Text(String),
    /// One byte, so many times.
    Repeat { byte: u8, length: usize },
    /// The first `length` bytes of BLAKE3's extended output for the seed.
    Xof { seed: String, length: usize },
    /// The same, in lower-case hex digits, `length` of them.
    XofHex { seed: String, length: usize },
}

fn xof(seed: &str, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(seed.as_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

impl Piece {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Hex(hex) => {
                let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hex digit") as u8;
                hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
            }
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Repeat { byte, length } => vec![*byte; *length],
            Self::Xof { seed, length } => xof(seed, *length),
            Self::XofHex { seed, length } => {
                let mut digits =
                    tare_format::digest::hex(&xof(seed, length.div_ceil(2))).into_bytes();
                digits.truncate(*length);
                digits
            }
        }
    }
}

#[test]
fn every_vector_is_cut_as_it_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/chunking");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let vector: Vector = serde_json::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let bytes: Vec<u8> = vector.content.iter().flat_map(Piece::bytes).collect();
        let visit = |_: tare_store::chunk::RawChunk<'_>| Ok::<_, ChunkError>(());
        let file =
            chunk_reader(Cursor::new(&bytes), bytes.len() as u64, &vector.name, visit).unwrap();
        let chunks: Vec<_> = file
            .recipe
            .chunks()
            .iter()
            .map(|chunk| (chunk.length, chunk.digest.to_string()))
            .collect();
        assert_eq!(file.recipe.chunker().id(), vector.chunker, "{}", path.display());
        assert_eq!(file.sha256.to_string(), vector.sha256, "{}", path.display());
        assert_eq!(chunks, vector.chunks, "{}", path.display());
        count += 1;
    }
    assert!(count >= 10, "only {count} vectors were found");
}
