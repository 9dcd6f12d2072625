//! How fast bytes are hashed, cut, encoded, packed and checked. `cargo bench -p tare-store`.
//!
//! The input lies in memory, so nothing here waits for a disk. Weights are bf16, normally distributed; text is rows of
//! JSON.

use std::io::Cursor;

use divan::Bencher;
use divan::counter::BytesCount;
use sha2::Digest as _;
use tare_format::Blake3;
use tare_format::pack::Codec;
use tare_format::recipe::Chunk;
use tare_store::chunk::{ChunkError, RawChunk, chunk_reader};
use tare_store::codec::{Decoder, Encoder};
use tare_store::header::NumberWidth;
use tare_store::pack::{Pack, PackWriter, verify_pack};

const SIZE: usize = 64 << 20;
const CHUNK: usize = 4 << 20;

fn main() {
    divan::main();
}

/// The sum of twelve uniform numbers is near enough to a normal one.
fn weights(length: usize) -> Vec<u8> {
    let mut noise = vec![0; length * 6];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    let number = |bytes: &[u8]| {
        let sum: f32 = bytes.iter().map(|byte| f32::from(*byte)).sum();
        let bits = ((sum - 1530.0) / 256.0 * 0.02 + f32::from(bytes[0]) * 1e-6).to_bits();
        [(bits >> 16) as u8, (bits >> 24) as u8]
    };
    noise.chunks_exact(12).flat_map(number).collect()
}

fn rows(length: usize) -> Vec<u8> {
    let row = |index: usize| {
        format!("{{\"id\":{index},\"text\":\"row {}\"}}\n", index.wrapping_mul(2_654_435_761))
    };
    let mut rows: Vec<u8> = (0..length / 20).flat_map(|index| row(index).into_bytes()).collect();
    rows.truncate(length);
    rows
}

fn safetensors(data: &[u8]) -> Vec<u8> {
    let half = data.len() / 4;
    let header = format!(
        r#"{{"a":{{"dtype":"BF16","shape":[{half}],"data_offsets":[0,{}]}},"b":{{"dtype":"BF16","shape":[{half}],"data_offsets":[{},{}]}}}}"#,
        half * 2,
        half * 2,
        half * 4
    );
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

#[divan::bench]
fn sha256(bencher: Bencher<'_, '_>) {
    let bytes = weights(SIZE);
    bencher.counter(BytesCount::new(SIZE)).bench(|| sha2::Sha256::digest(&bytes));
}

#[divan::bench]
fn blake3_of_chunks(bencher: Bencher<'_, '_>) {
    let bytes = weights(SIZE);
    bencher
        .counter(BytesCount::new(SIZE))
        .bench(|| bytes.chunks(CHUNK).map(Blake3::of).collect::<Vec<_>>());
}

#[divan::bench(args = ["tensors", "content", "text"])]
fn cut_name_and_hash(bencher: Bencher<'_, '_>, kind: &str) {
    let bytes = match kind {
        "tensors" => safetensors(&weights(SIZE)),
        "content" => [&[0][..], &weights(SIZE)].concat(),
        _ => rows(SIZE),
    };
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let visit = |_: RawChunk<'_>| Ok::<_, ChunkError>(());
        chunk_reader(Cursor::new(&bytes), bytes.len() as u64, "x", visit)
    });
}

const KINDS: [&str; 3] = ["weights", "text", "noise"];

fn input(kind: &str) -> (Vec<u8>, NumberWidth) {
    match kind {
        "weights" => (weights(CHUNK), NumberWidth::Two),
        "text" => (rows(CHUNK), NumberWidth::One),
        _ => {
            let mut noise = vec![0; CHUNK];
            blake3::Hasher::new().finalize_xof().fill(&mut noise);
            (noise, NumberWidth::Two)
        }
    }
}

#[divan::bench(args = KINDS)]
fn encode(bencher: Bencher<'_, '_>, kind: &str) {
    let (bytes, width) = input(kind);
    let mut encoder = Encoder::new(&Codec::ALL).expect("an encoder");
    bencher
        .counter(BytesCount::new(CHUNK))
        .bench_local(|| encoder.encode(&bytes, width).bytes.len());
}

#[divan::bench(args = KINDS)]
fn decode(bencher: Bencher<'_, '_>, kind: &str) {
    let (bytes, width) = input(kind);
    let mut encoder = Encoder::new(&Codec::ALL).expect("an encoder");
    let encoded = encoder.encode(&bytes, width);
    let mut decoder = Decoder::new().expect("a decoder");
    bencher.counter(BytesCount::new(CHUNK)).bench_local(|| {
        decoder.decode(encoded.codec, encoded.bytes, CHUNK as u32).map(<[u8]>::len)
    });
}

fn pack(bytes: &[u8], accepted: &[Codec]) -> Pack<Vec<u8>> {
    let mut encoder = Encoder::new(accepted).expect("an encoder");
    let mut writer = PackWriter::new(Vec::with_capacity(bytes.len()));
    for raw in bytes.chunks(CHUNK) {
        let chunk = Chunk { digest: Blake3::of(raw), length: raw.len() as u32 };
        writer.push(chunk, encoder.encode(raw, NumberWidth::Two)).expect("a pack");
    }
    writer.finish().expect("a pack")
}

#[divan::bench(args = [false, true])]
fn write_pack(bencher: Bencher<'_, '_>, compressed: bool) {
    let bytes = weights(SIZE);
    let accepted: &[Codec] = if compressed { &Codec::ALL } else { &[] };
    bencher.counter(BytesCount::new(SIZE)).bench(|| pack(&bytes, accepted).digest);
}

#[divan::bench(args = [false, true])]
fn check_pack(bencher: Bencher<'_, '_>, compressed: bool) {
    let accepted: &[Codec] = if compressed { &Codec::ALL } else { &[] };
    let pack = pack(&weights(SIZE), accepted);
    bencher
        .counter(BytesCount::new(SIZE))
        .bench(|| verify_pack(&pack.writer[..], &pack.index, pack.digest));
}
