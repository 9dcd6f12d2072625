//! Cuts by content: FastCDC as of 2020, with our own gear table and masks (C-10 to C-14).
//!
//! The rules are pinned in spec/chunking.md and not by a library, because a library may change where it cuts. They
//! are those of the `fastcdc` crate's `v2020::cut_gear` for the same sizes, masks and table, which a test compares.

use std::sync::LazyLock;

/// The smallest, the usual and the largest chunk, in bytes. All even, because bytes are looked at in pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) min: usize,
    pub(super) average: usize,
    pub(super) max: usize,
}

impl Sizes {
    /// For any file (C-2).
    pub(super) const FILE: Self = Self { min: 16 << 10, average: 64 << 10, max: 256 << 10 };
    /// For text (C-3).
    pub(super) const TEXT: Self = Self { min: 4 << 10, average: 16 << 10, max: 64 << 10 };

    /// Before the average a cut is twice as rare, and behind it twice as likely: one bit more, one bit less.
    fn masks(self) -> (u64, u64) {
        let bits = self.average.ilog2();
        (mask(bits + 1), mask(bits - 1))
    }
}

/// `gear[b]` for each byte: the first 8 bytes, little-endian, of the BLAKE3 of `tare-gear/1` and the byte (C-11).
pub(super) static GEAR: LazyLock<[u64; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let mut seed = b"tare-gear/1".to_vec();
        seed.extend(u8::try_from(byte));
        let digest = blake3::hash(&seed);
        let first = digest.as_bytes().first_chunk().copied().unwrap_or_default();
        u64::from_le_bytes(first)
    })
});

/// The table for the first byte of each pair, whose hash is kept one bit further left.
static GEAR_SHIFTED: LazyLock<[u64; 256]> = LazyLock::new(|| GEAR.map(|value| value << 1));

/// `count` one-bits with a zero between each two, from bit 62 downward (C-12). Bit 63 stays free for the shift.
pub(super) const fn mask(count: u32) -> u64 {
    let mut mask = 0;
    let mut bit = 0;
    while bit < count {
        mask |= 1 << (62 - 2 * bit);
        bit += 1;
    }
    mask
}

/// The length of the chunk at the start of `window`, which holds at least the largest chunk or all that is left.
pub(super) fn cut(window: &[u8], sizes: Sizes) -> usize {
    if window.len() <= sizes.min {
        return window.len();
    }
    let window = window.get(..sizes.max).unwrap_or(window);
    let centre = sizes.average.min(window.len());
    let (strict, loose) = sizes.masks();
    let mut hash = 0;
    let end = window.len() & !1;
    let first = scan(window, sizes.min, centre & !1, strict, &mut hash);
    let found = first.or_else(|| scan(window, centre & !1, end, loose, &mut hash));
    found.unwrap_or(window.len())
}

/// Looks at the pairs from `start` to `end`, both even. The byte whose hash fits the mask begins the next chunk.
fn scan(window: &[u8], start: usize, end: usize, mask: u64, hash: &mut u64) -> Option<usize> {
    let (gear, shifted) = (&*GEAR, &*GEAR_SHIFTED);
    let pairs = window.get(start..end)?.as_chunks::<2>().0;
    for (index, [first, second]) in pairs.iter().enumerate() {
        *hash = (*hash << 2).wrapping_add(shifted[usize::from(*first)]);
        if *hash & (mask << 1) == 0 {
            return Some(start + 2 * index);
        }
        *hash = hash.wrapping_add(gear[usize::from(*second)]);
        if *hash & mask == 0 {
            return Some(start + 2 * index + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use fastcdc::v2020::cut_gear;
    use proptest::prelude::*;

    use super::*;

    /// The `fastcdc` crate with our table and masks.
    fn oracle(window: &[u8], sizes: Sizes) -> usize {
        let (strict, loose) = sizes.masks();
        let Sizes { min, average, max } = sizes;
        let (strict_ls, loose_ls) = (strict << 1, loose << 1);
        let (gear, shifted) = (&GEAR[..], &GEAR_SHIFTED[..]);
        cut_gear(window, min, average, max, strict, loose, strict_ls, loose_ls, gear, shifted).1
    }

    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    }

    #[test]
    fn the_masks_have_their_bits_and_leave_the_top_one_free() {
        for count in 13..=17 {
            assert_eq!(mask(count).count_ones(), count);
            assert_eq!(mask(count) >> 63, 0);
        }
        assert_eq!(mask(2), 0x5000_0000_0000_0000);
    }

    #[test]
    fn the_table_is_the_one_of_the_specification() {
        assert_eq!((GEAR[0], GEAR[255]), (0xd2b9_a3d5_cbbf_5c9e, 0x98a7_8d23_4b3a_d96f));
        let bytes: Vec<u8> = GEAR.iter().flat_map(|value| value.to_le_bytes()).collect();
        let pinned = "0c878cd73841ea2aa6faf29f361d464aee900fb04493ad1428f053e8a5945a4a";
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), pinned);
    }

    #[test]
    fn the_average_is_near_what_is_wanted() {
        let bytes = noise(1, 64 << 20);
        for (sizes, wanted) in [(Sizes::FILE, 64 << 10), (Sizes::TEXT, 16 << 10)] {
            let (mut rest, mut count) = (&bytes[..], 0);
            while !rest.is_empty() {
                rest = &rest[cut(rest, sizes)..];
                count += 1;
            }
            let average = bytes.len() / count;
            assert!((wanted..wanted * 5 / 4).contains(&average), "{average}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn cuts_where_the_oracle_cuts(seed: u64, length in 0_usize..600_000, same in 0_usize..3) {
            let mut bytes = noise(seed, length);
            // Runs of one byte reach the largest size.
            bytes[..length * same / 3].fill(0);
            for sizes in [Sizes::FILE, Sizes::TEXT] {
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    let length = cut(rest, sizes);
                    prop_assert_eq!(length, oracle(rest, sizes));
                    rest = &rest[length..];
                }
            }
        }
    }
}
