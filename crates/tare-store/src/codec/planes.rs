//! Separates the bytes of numbers: all first bytes, then all second bytes, and so on. What does not fill a number
//! stays at the end as it is.

use tare_format::pack::Codec;

/// How many planes a codec makes; 1 for those that make none.
pub(super) fn count(codec: Codec) -> usize {
    match codec {
        Codec::Raw | Codec::Zstd => 1,
        Codec::Planes2Zstd => 2,
        Codec::Planes4Zstd => 4,
    }
}

pub(super) fn split(width: usize, raw: &[u8], planes: &mut Vec<u8>) {
    planes.resize(raw.len(), 0);
    match width {
        2 => split_by::<2>(raw, planes),
        4 => split_by::<4>(raw, planes),
        _ => planes.copy_from_slice(raw),
    }
}

pub(super) fn join(width: usize, planes: &[u8], raw: &mut Vec<u8>) {
    raw.resize(planes.len(), 0);
    match width {
        2 => join_by::<2>(planes, raw),
        4 => join_by::<4>(planes, raw),
        _ => raw.copy_from_slice(planes),
    }
}

fn split_by<const N: usize>(raw: &[u8], planes: &mut [u8]) {
    let (numbers, tail) = raw.as_chunks::<N>();
    let (body, end) = planes.split_at_mut(numbers.len() * N);
    end.copy_from_slice(tail);
    for (byte, plane) in body.chunks_exact_mut(numbers.len().max(1)).enumerate() {
        for (target, number) in plane.iter_mut().zip(numbers) {
            *target = number[byte];
        }
    }
}

fn join_by<const N: usize>(planes: &[u8], raw: &mut [u8]) {
    let (numbers, tail) = raw.as_chunks_mut::<N>();
    let (body, end) = planes.split_at(numbers.len() * N);
    tail.copy_from_slice(end);
    let count = numbers.len().max(1);
    for (byte, plane) in body.chunks_exact(count).enumerate() {
        for (number, source) in numbers.iter_mut().zip(plane) {
            number[byte] = *source;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_one_significance_lie_together() {
        let mut planes = Vec::new();
        split(2, b"aAbBcC!", &mut planes);
        assert_eq!(planes, b"abcABC!");
        split(4, b"1234abcdxy", &mut planes);
        assert_eq!(planes, b"1a2b3c4dxy");
    }

    #[test]
    fn joining_undoes_splitting_at_every_length() {
        let bytes: Vec<u8> = (0..40).collect();
        let (mut planes, mut raw) = (Vec::new(), Vec::new());
        for width in [1, 2, 4] {
            for length in 0..bytes.len() {
                split(width, &bytes[..length], &mut planes);
                join(width, &planes, &mut raw);
                assert_eq!(raw, bytes[..length]);
            }
        }
    }
}
