//! Sets of versions, as the solver sees them: sets of positions in a package's sorted list of versions.
//!
//! The solver never compares versions. A requirement is asked once which of the existing versions it matches
//! (by the `semver` crate, the oracle of spec/resolution.md V-4), and from there on everything is bits. That keeps
//! pre-releases and build metadata right by construction, and makes neighbouring versions merge, which ranges over
//! a dense order cannot do.

use std::fmt;
use std::ops::Range;

use pubgrub::VersionSet;

const WORD: u32 = u64::BITS;

/// A set of positions, finite or the complement of a finite set.
///
/// The first 64 positions live inline, so the sets of an ordinary package never allocate.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Selection {
    first: u64,
    /// Further words, without trailing words that equal `beyond`.
    more: Vec<u64>,
    /// Whether every position after the last word is in the set.
    beyond: bool,
}

impl Selection {
    /// The positions of `range`.
    pub(super) fn of_range(range: Range<u32>) -> Self {
        let words = range.end.div_ceil(WORD) as usize;
        let word = |index: usize| {
            let base = u32::try_from(index).unwrap_or(u32::MAX).saturating_mul(WORD);
            let below = |end: u32| match end.saturating_sub(base) {
                count @ 0..WORD => (1 << count) - 1,
                _ => u64::MAX,
            };
            below(range.end) & !below(range.start)
        };
        let mut set = Self { first: word(0), more: (1..words).map(word).collect(), beyond: false };
        set.trim();
        set
    }

    /// The highest position of a finite set; for an infinite one, of its finite part.
    pub(super) fn highest(&self) -> Option<u32> {
        self.positions_from_top().next()
    }

    /// The positions of a finite set, highest first.
    pub(super) fn positions_from_top(&self) -> impl Iterator<Item = u32> + '_ {
        let words = self.more.len() + 1;
        (0..words).rev().flat_map(move |index| {
            let word = self.word(index);
            let base = u32::try_from(index).unwrap_or(u32::MAX).saturating_mul(WORD);
            (0..WORD).rev().filter(move |bit| word >> bit & 1 == 1).map(move |bit| base + bit)
        })
    }

    /// How many positions a finite set has.
    pub(super) fn len(&self) -> u32 {
        self.first.count_ones() + self.more.iter().map(|word| word.count_ones()).sum::<u32>()
    }

    /// Whether the set is finite and has nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.first == 0 && self.more.is_empty() && !self.beyond
    }

    fn fill(&self) -> u64 {
        if self.beyond { u64::MAX } else { 0 }
    }

    fn word(&self, index: usize) -> u64 {
        match index.checked_sub(1) {
            None => self.first,
            Some(index) => self.more.get(index).copied().unwrap_or_else(|| self.fill()),
        }
    }

    fn combine(&self, other: &Self, operation: impl Fn(u64, u64) -> u64) -> Self {
        let beyond = operation(self.fill(), other.fill()) != 0;
        let words = self.more.len().max(other.more.len());
        let more =
            (1..=words).map(|index| operation(self.word(index), other.word(index))).collect();
        let mut set = Self { first: operation(self.first, other.first), more, beyond };
        set.trim();
        set
    }

    fn trim(&mut self) {
        let fill = self.fill();
        while self.more.last() == Some(&fill) {
            self.more.pop();
        }
    }
}

impl FromIterator<u32> for Selection {
    fn from_iter<I: IntoIterator<Item = u32>>(positions: I) -> Self {
        let mut set = Self { first: 0, more: Vec::new(), beyond: false };
        for position in positions {
            let bit = 1 << (position % WORD);
            match (position / WORD) as usize {
                0 => set.first |= bit,
                index => {
                    if set.more.len() < index {
                        set.more.resize(index, 0);
                    }
                    set.more[index - 1] |= bit;
                }
            }
        }
        set
    }
}

impl VersionSet for Selection {
    type V = u32;

    fn empty() -> Self {
        Self { first: 0, more: Vec::new(), beyond: false }
    }

    fn singleton(position: u32) -> Self {
        std::iter::once(position).collect()
    }

    fn complement(&self) -> Self {
        let more = self.more.iter().map(|word| !word).collect();
        Self { first: !self.first, more, beyond: !self.beyond }
    }

    fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a & b)
    }

    fn union(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a | b)
    }

    fn contains(&self, position: &u32) -> bool {
        self.word((position / WORD) as usize) >> (position % WORD) & 1 == 1
    }

    fn is_disjoint(&self, other: &Self) -> bool {
        let words = self.more.len().max(other.more.len());
        self.fill() & other.fill() == 0
            && (0..=words).all(|index| self.word(index) & other.word(index) == 0)
    }

    fn subset_of(&self, other: &Self) -> bool {
        let words = self.more.len().max(other.more.len());
        self.fill() & !other.fill() == 0
            && (0..=words).all(|index| self.word(index) & !other.word(index) == 0)
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.positions_from_top()).finish()?;
        if self.beyond { f.write_str(" and all after") } else { Ok(()) }
    }
}

impl fmt::Debug for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const UNIVERSE: u32 = 200;

    fn any_set() -> impl Strategy<Value = (Selection, BTreeSet<u32>)> {
        (proptest::collection::btree_set(0..150_u32, 0..12), any::<bool>()).prop_map(
            |(set, flip)| {
                let selection: Selection = set.iter().copied().collect();
                if flip {
                    (selection.complement(), (0..UNIVERSE).filter(|p| !set.contains(p)).collect())
                } else {
                    (selection, set)
                }
            },
        )
    }

    fn positions(set: &Selection) -> BTreeSet<u32> {
        (0..UNIVERSE).filter(|position| set.contains(position)).collect()
    }

    proptest! {
        #[test]
        fn operations_agree_with_a_plain_set((a, plain_a) in any_set(), (b, plain_b) in any_set()) {
            prop_assert_eq!(positions(&a.intersection(&b)), &plain_a & &plain_b);
            prop_assert_eq!(positions(&a.union(&b)), &plain_a | &plain_b);
            prop_assert_eq!(a.is_disjoint(&b), plain_a.is_disjoint(&plain_b));
            prop_assert_eq!(a.subset_of(&b), plain_a.is_subset(&plain_b));
        }

        #[test]
        fn equal_content_is_equal((a, _) in any_set(), (b, _) in any_set()) {
            let law = a.complement().union(&b.complement()).complement();
            prop_assert_eq!(law, a.intersection(&b));
            prop_assert_eq!(a.intersection(&a.complement()), Selection::empty());
            prop_assert_eq!(a.complement().complement(), a);
        }
    }

    #[test]
    fn a_range_is_its_positions() {
        for (start, end) in
            [(0, 0), (0, 1), (3, 3), (5, 64), (0, 64), (63, 65), (64, 128), (70, 200)]
        {
            assert_eq!(Selection::of_range(start..end), (start..end).collect(), "{start}..{end}");
        }
    }

    #[test]
    fn positions_come_from_the_top() {
        let set: Selection = [3, 70, 64, 129].into_iter().collect();
        assert_eq!(set.positions_from_top().collect::<Vec<_>>(), [129, 70, 64, 3]);
        assert_eq!((set.highest(), set.len()), (Some(129), 4));
        assert_eq!(Selection::of_range(2..5).to_string(), "{4, 3, 2}");
    }
}
