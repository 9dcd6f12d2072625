//! Packages made in a test, in the words of their manifest.

use tare_format::archive::{self, Entry};
use tare_format::limits::Limits;
use tare_format::manifest::Manifest;
use tare_format::pack::{Codec, PackIndex, StoredChunk};
use tare_format::recipe::{Chunk, Chunker, Recipe};
use tare_format::release::{FileClass, MetaArchive, Release, ReleaseFile};
use tare_format::{Blake3, Sha256};

/// How a test cuts its files: small, so that small files have several chunks.
const CHUNK: usize = 1000;

/// A package to be built.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    name: String,
    version: String,
    kind: &'static str,
    description: String,
    license: String,
    rest: String,
    data: Vec<(String, Vec<u8>)>,
}

impl Package {
    pub(crate) fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            kind: "model",
            description: "A tiny model.".to_owned(),
            license: "Apache-2.0".to_owned(),
            rest: String::new(),
            data: Vec::new(),
        }
    }

    pub(crate) fn kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    pub(crate) fn description(self, description: &str) -> Self {
        Self { description: description.to_owned(), ..self }
    }

    pub(crate) fn license(self, license: &str) -> Self {
        Self { license: license.to_owned(), ..self }
    }

    /// More tables for the manifest.
    pub(crate) fn with(self, tables: &str) -> Self {
        Self { rest: format!("{}\n{tables}", self.rest), ..self }
    }

    /// A file that travels as chunks.
    pub(crate) fn data(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.data.push((path.to_owned(), bytes.into()));
        self
    }

    /// A model of so many bytes that no other seed gives.
    pub(crate) fn weights(self, seed: u8, size: usize) -> Self {
        self.data("model.bin", noise(seed, size))
    }

    pub(crate) fn manifest(&self) -> String {
        let Self { name, version, kind, description, license, rest, .. } = self;
        let part = if *kind == "dataset" { "data" } else { "weights" };
        format!(
            "[package]\nname = \"{name}\"\nversion = \"{version}\"\nkind = \"{kind}\"\n\
             description = \"{description}\"\n\n[license]\n{part} = \"{license}\"\n{rest}\n"
        )
    }

    pub(crate) fn build(&self) -> Built {
        let text = self.manifest();
        let manifest = Manifest::parse(&text).unwrap();
        let entry = Entry {
            path: archive::MANIFEST.parse().unwrap(),
            executable: false,
            content: text.clone().into_bytes(),
        };
        let meta = archive::write(&[entry], &Limits::default()).unwrap();
        let mut files = vec![release_file(archive::MANIFEST, text.as_bytes(), None)];
        let data: Vec<DataFile> = self.data.iter().map(|(_, bytes)| DataFile::cut(bytes)).collect();
        for ((path, bytes), file) in self.data.iter().zip(&data) {
            files.push(release_file(path, bytes, Some(file.recipe.digest())));
        }
        let archive = MetaArchive { sha256: Sha256::of(&meta), size: meta.len() as u64 };
        let release = Release::derive(&text, &manifest, files, archive, "tare 0.1.0").unwrap();
        Built::of(release, meta, data)
    }
}

/// Bytes that look random and are the same in every run.
pub(crate) fn noise(seed: u8, size: usize) -> Vec<u8> {
    let blocks = (0_u32..).flat_map(|block| {
        let mut name = vec![seed];
        name.extend(block.to_le_bytes());
        *Sha256::of(&name).as_bytes()
    });
    blocks.take(size).collect()
}

fn release_file(path: &str, bytes: &[u8], recipe: Option<Blake3>) -> ReleaseFile {
    ReleaseFile {
        path: path.parse().unwrap(),
        size: bytes.len() as u64,
        sha256: Sha256::of(bytes),
        class: if recipe.is_some() { FileClass::Data } else { FileClass::Meta },
        recipe,
        variant: None,
        media_type: "application/octet-stream".to_owned(),
    }
}

/// A package as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    pub(crate) release: Release,
    pub(crate) document: String,
    pub(crate) digest: Sha256,
    pub(crate) meta: Vec<u8>,
    pub(crate) files: Vec<DataFile>,
}

impl Built {
    fn of(release: Release, meta: Vec<u8>, files: Vec<DataFile>) -> Self {
        let document = String::from_utf8(release.to_bytes().unwrap()).unwrap();
        let digest = Sha256::of(document.as_bytes());
        Self { release, document, digest, meta, files }
    }

    /// The same package with a document that somebody has changed.
    pub(crate) fn forged(&self, change: impl FnOnce(&mut Release)) -> Self {
        let mut release = self.release.clone();
        change(&mut release);
        Self::of(release, self.meta.clone(), self.files.clone())
    }

    pub(crate) fn recipe(&self, digest: Blake3) -> &Recipe {
        let file = self.files.iter().find(|file| file.recipe.digest() == digest);
        &file.unwrap().recipe
    }
}

/// A file that travels as chunks.
#[derive(Debug, Clone)]
pub(crate) struct DataFile {
    pub(crate) recipe: Recipe,
    pieces: Vec<Vec<u8>>,
}

impl DataFile {
    fn cut(bytes: &[u8]) -> Self {
        let pieces: Vec<Vec<u8>> = bytes.chunks(CHUNK).map(<[u8]>::to_vec).collect();
        let chunk = |piece: &Vec<u8>| Chunk {
            digest: Blake3::of(piece),
            length: u32::try_from(piece.len()).unwrap(),
        };
        let recipe = Recipe::new(Chunker::Cdc64K, pieces.iter().map(chunk).collect()).unwrap();
        Self { recipe, pieces }
    }

    /// The pack of the chunks whose bit is set: its name, the body that carries it, its size.
    pub(crate) fn pack(&self, bits: &[u8]) -> Option<(Blake3, Vec<u8>, usize)> {
        let is_set = |index: usize| bits[index / 8] >> (index % 8) & 1 == 1;
        let (mut pack, mut stored) = (Vec::new(), Vec::new());
        for (index, piece) in self.pieces.iter().enumerate().filter(|(index, _)| is_set(*index)) {
            let Chunk { digest, length } = self.recipe.chunks()[index];
            let chunk = StoredChunk {
                digest,
                raw_length: length,
                stored_length: length,
                codec: Codec::Raw,
            };
            if !stored.contains(&chunk) {
                stored.push(chunk);
                pack.extend(piece);
            }
        }
        if stored.is_empty() {
            return None;
        }
        let index = PackIndex::new(stored).unwrap().to_bytes();
        Some((Blake3::of(&pack), framed(&index, &pack), pack.len()))
    }

    /// The pack of all its chunks.
    pub(crate) fn whole_pack(&self) -> (Blake3, Vec<u8>) {
        let (digest, body, _) = self.pack(&vec![0xff; self.pieces.len().div_ceil(8)]).unwrap();
        (digest, body)
    }
}

/// An index and a pack as one body.
pub(crate) fn framed(index: &[u8], pack: &[u8]) -> Vec<u8> {
    let mut body = u32::try_from(index.len()).unwrap().to_le_bytes().to_vec();
    body.extend(index);
    body.extend(pack);
    body
}
