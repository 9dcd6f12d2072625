use proptest::prelude::*;

use super::*;

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Weights as training leaves them: normally distributed, of standard deviation 0.02, in bf16.
fn bf16_weights(count: usize) -> Vec<u8> {
    let uniform = noise(1, count * 8);
    let numbers = uniform.chunks_exact(8).map(|pair| {
        let unit = |bytes: &[u8]| {
            f64::from(u32::from_le_bytes(bytes.try_into().unwrap())) / 4_294_967_296.0
        };
        let (radius, angle) = (unit(&pair[..4]).max(1e-12), unit(&pair[4..]));
        let normal = (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
        (normal * 0.02) as f32
    });
    numbers.flat_map(|number| ((number.to_bits() >> 16) as u16).to_le_bytes()).collect()
}

fn encode(raw: &[u8], width: NumberWidth) -> (Codec, Vec<u8>) {
    let mut encoder = Encoder::new(&Codec::ALL).unwrap();
    let encoded = encoder.encode(raw, width);
    (encoded.codec, encoded.bytes.to_vec())
}

fn decode(codec: Codec, stored: &[u8], raw_length: usize) -> Result<Vec<u8>, CodecError> {
    let mut decoder = Decoder::new().unwrap();
    decoder.decode(codec, stored, u32::try_from(raw_length).unwrap()).map(<[u8]>::to_vec)
}

#[test]
fn bf16_weights_are_stored_in_two_planes_at_two_thirds() {
    let raw = bf16_weights(2 << 20);
    let (codec, stored) = encode(&raw, NumberWidth::Two);
    let ratio = stored.len() as f64 / raw.len() as f64;
    assert_eq!(codec, Codec::Planes2Zstd);
    assert!((0.66..0.70).contains(&ratio), "{ratio}");
    assert_eq!(decode(codec, &stored, raw.len()).unwrap(), raw);
}

#[test]
fn small_f32_integers_are_stored_in_four_planes() {
    let raw: Vec<u8> =
        (0..200_000_u32).flat_map(|n| ((n % 977) as f32 + 0.5).to_le_bytes()).collect();
    let (codec, stored) = encode(&raw, NumberWidth::Four);
    assert_ne!(codec, Codec::Raw);
    assert_eq!(decode(codec, &stored, raw.len()).unwrap(), raw);
}

#[test]
fn what_does_not_get_three_percent_smaller_stays_raw() {
    for length in [0, 1, 63, 64, 1000, 300_000] {
        let raw = noise(2, length);
        assert_eq!(encode(&raw, NumberWidth::Two), (Codec::Raw, raw));
    }
    // 2 % of zeros save less than 3 %.
    let mut raw = noise(3, 100_000);
    raw[..2_000].fill(0);
    assert_eq!(encode(&raw, NumberWidth::One).0, Codec::Raw);
    raw[..10_000].fill(0);
    assert_eq!(encode(&raw, NumberWidth::One).0, Codec::Zstd);
}

#[test]
fn only_accepted_codecs_are_used() {
    let raw = vec![0; 10_000];
    assert_eq!(Encoder::new(&[]).unwrap().encode(&raw, NumberWidth::Two).codec, Codec::Raw);
    let mut encoder = Encoder::new(&[Codec::Zstd]).unwrap();
    assert_eq!(encoder.encode(&raw, NumberWidth::Two).codec, Codec::Zstd);
}

#[test]
fn one_encoder_serves_many_chunks() {
    let mut encoder = Encoder::new(&Codec::ALL).unwrap();
    let mut decoder = Decoder::new().unwrap();
    for (raw, width) in [
        (bf16_weights(50_000), NumberWidth::Two),
        (noise(4, 200_000), NumberWidth::Four),
        (b"text ".repeat(1000), NumberWidth::One),
        (vec![1; 100], NumberWidth::Eight),
    ] {
        let encoded = encoder.encode(&raw, width);
        let length = u32::try_from(raw.len()).unwrap();
        assert_eq!(decoder.decode(encoded.codec, encoded.bytes, length).unwrap(), raw);
    }
}

#[test]
fn a_frame_that_would_grow_beyond_its_chunk_is_stopped() {
    // 3 MiB of zeros in a few hundred bytes, said to be 1000.
    let bomb = zstd::bulk::compress(&vec![0; 3 << 20], 1).unwrap();
    assert!(bomb.len() < 999);
    for raw_length in [1000, (3 << 20) - 1, (3 << 20) + 1] {
        let error = decode(Codec::Zstd, &bomb, raw_length).unwrap_err();
        assert!(matches!(error, CodecError::Corrupt { .. }), "{error}");
    }
    assert!(matches!(decode(Codec::Zstd, &bomb, (4 << 20) + 1), Err(CodecError::Length { .. })));
    assert!(matches!(decode(Codec::Zstd, &bomb, 3), Err(CodecError::Length { .. })));
}

#[test]
fn a_second_frame_or_trailing_bytes_are_refused() {
    let frame = zstd::bulk::compress(&[7; 1000], 1).unwrap();
    for behind in [frame.clone(), vec![0], zstd::bulk::compress(&[], 1).unwrap()] {
        let stored = [frame.clone(), behind].concat();
        assert!(matches!(decode(Codec::Zstd, &stored, 1000), Err(CodecError::Corrupt { .. })));
    }
    assert_eq!(decode(Codec::Zstd, &frame, 1000).unwrap(), [7; 1000]);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let raw = b"a chunk of text ".repeat(20);
    let (codec, stored) = encode(&raw, NumberWidth::One);
    let (raw_length, stored_length) = (raw.len() as u32, stored.len() as u32);
    let chunk = StoredChunk { digest: Blake3::of(&raw), raw_length, stored_length, codec };
    let mut decoder = Decoder::new().unwrap();
    assert_eq!(decoder.decode_verified(&chunk, &stored).unwrap(), raw);
    for bit in 0..stored.len() * 8 {
        let mut flipped = stored.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // Bits of the frame header that carry nothing may flip without a change of what comes out.
        if let Ok(found) = decoder.decode_verified(&chunk, &flipped) {
            assert_eq!(found, raw);
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_encoded_comes_back(
        seed: u64,
        length in 0_usize..200_000,
        zeros in 0_usize..100,
        width in 0_usize..4,
    ) {
        let mut raw = noise(seed, length);
        raw.iter_mut().step_by(1 + seed as usize % 5).take(length * zeros / 100).for_each(|byte| *byte = 0);
        let width = [NumberWidth::One, NumberWidth::Two, NumberWidth::Four, NumberWidth::Eight][width];
        let (codec, stored) = encode(&raw, width);
        prop_assert!(codec == Codec::Raw || stored.len() * 100 <= raw.len() * 97);
        prop_assert_eq!(decode(codec, &stored, raw.len()).unwrap(), raw);
    }

    #[test]
    fn arbitrary_bytes_decode_to_an_error_or_the_right_length(
        code in 0_u8..4,
        stored in prop::collection::vec(any::<u8>(), 0..200),
        raw_length in 0_usize..100_000,
    ) {
        let codec = Codec::from_code(code).unwrap();
        if let Ok(raw) = decode(codec, &stored, raw_length) {
            prop_assert_eq!(raw.len(), raw_length);
        }
    }
}
