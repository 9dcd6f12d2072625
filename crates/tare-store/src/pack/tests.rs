use tare_format::pack::Codec;

use super::*;
use crate::codec::Encoder;
use crate::header::NumberWidth;

/// A pack of a compressible, an incompressible and a small chunk.
fn sample() -> Pack<Vec<u8>> {
    let mut noise = vec![0; 1000];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    pack_of(&[&b"text and more text ".repeat(40), &noise, b"tiny"])
}

fn pack_of(chunks: &[&[u8]]) -> Pack<Vec<u8>> {
    let mut encoder = Encoder::new(&Codec::ALL).unwrap();
    let mut writer = PackWriter::new(Vec::new());
    for raw in chunks {
        let chunk = Chunk { digest: Blake3::of(raw), length: u32::try_from(raw.len()).unwrap() };
        writer.push(chunk, encoder.encode(raw, NumberWidth::One)).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn a_pack_is_its_stored_chunks_and_named_by_them() {
    let pack = sample();
    assert_eq!(pack.writer.len() as u64, pack.index.pack_size());
    assert_eq!(pack.digest, Blake3::of(&pack.writer));
    let codecs: Vec<_> = pack.index.chunks().iter().map(|chunk| chunk.codec).collect();
    assert_eq!(codecs, [Codec::Zstd, Codec::Raw, Codec::Raw]);
    verify_pack(&pack.writer[..], &pack.index, pack.digest).unwrap();
}

#[test]
fn chunks_that_are_stored_raw_are_the_file_byte_for_byte() {
    let pieces: Vec<Vec<u8>> =
        (0..3_u8).map(|seed| blake3::hash(&[seed]).as_bytes().to_vec()).collect();
    let pack = pack_of(&[&pieces[0], &pieces[1], &pieces[2]]);
    assert_eq!(pack.writer, pieces.concat());
}

#[test]
fn a_pack_has_room_up_to_its_target_and_for_one_chunk_always() {
    let mut writer = PackWriter::new(io::sink());
    let target = usize::try_from(PACK_TARGET_SIZE).unwrap();
    assert!(writer.is_empty() && writer.has_room_for(target + 1));
    let raw = vec![0; 1 << 20];
    let chunk = Chunk { digest: Blake3::of(&raw), length: 1 << 20 };
    writer.push(chunk, Encoded { codec: Codec::Raw, bytes: &raw }).unwrap();
    assert!(writer.has_room_for(target - (1 << 20)));
    assert!(!writer.has_room_for(target - (1 << 20) + 1));
    assert_eq!(writer.size_bytes(), 1 << 20);
}

#[test]
fn an_empty_pack_is_no_pack() {
    assert!(matches!(PackWriter::new(Vec::new()).finish(), Err(PackError::Index(_))));
}

#[test]
fn a_full_disk_is_told_to_the_writer() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let raw = [1; 100];
    let chunk = Chunk { digest: Blake3::of(&raw), length: 100 };
    let pushed = PackWriter::new(full).push(chunk, Encoded { codec: Codec::Raw, bytes: &raw });
    match pushed.unwrap_err() {
        PackError::Io { source, .. } => assert_eq!(source.kind(), io::ErrorKind::StorageFull),
        error => panic!("{error}"),
    }
}

#[test]
fn every_flipped_bit_of_a_pack_is_noticed() {
    let pack = sample();
    for bit in 0..pack.writer.len() * 8 {
        let mut flipped = pack.writer.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        verify_pack(&flipped[..], &pack.index, pack.digest).unwrap_err();
    }
}

#[test]
fn every_flipped_bit_of_an_index_is_noticed() {
    let pack = sample();
    let bytes = pack.index.to_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(index) = PackIndex::from_bytes(&flipped) {
            verify_pack(&pack.writer[..], &index, pack.digest).unwrap_err();
        }
    }
}

#[test]
fn a_pack_that_is_short_long_or_another_is_refused() {
    let pack = sample();
    let verify = |bytes: &[u8], digest| verify_pack(bytes, &pack.index, digest).unwrap_err();
    for length in 0..pack.writer.len() {
        let error = verify(&pack.writer[..length], pack.digest);
        assert!(matches!(error, PackError::Short { .. }), "{length}: {error}");
    }
    let longer = [&pack.writer[..], &[0]].concat();
    assert!(matches!(verify(&longer, pack.digest), PackError::Trailing { .. }));
    assert!(matches!(verify(&pack.writer, Blake3::of(b"")), PackError::Digest { .. }));
}
