//! How the files of a log are numbered: groups of three digits, and the width of a file that is not full.

use std::fmt;

use super::TILE_WIDTH;
use crate::excerpt::excerpt;

/// Why a path names no file of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not the path of {expected}")]
pub struct PathError {
    found: String,
    expected: &'static str,
}

impl PathError {
    pub(super) fn new(found: &str, expected: &'static str) -> Self {
        Self { found: excerpt(found), expected }
    }
}

/// The last part of a path: `<N>` or `<N>.p/<W>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Number {
    pub(super) index: u64,
    pub(super) width: u16,
}

impl Number {
    /// How many items lie in this file and all before it, if the file can be: 1 to 256 items, each of `scale` entries, that
    /// end below the limit of a log.
    pub(super) fn end(self, scale: u64) -> Option<u64> {
        let items = self.index.checked_mul(TILE_WIDTH.into())?.checked_add(self.width.into())?;
        let entries = items.checked_mul(scale)?;
        let possible =
            (1..=TILE_WIDTH).contains(&self.width) && entries < crate::checkpoint::MAX_TREE_SIZE;
        possible.then_some(items)
    }

    /// The files that hold the items from `old` up when there are `new`: full ones, and one that is not.
    pub(super) fn between(old: u64, new: u64) -> impl Iterator<Item = Self> {
        let full = u64::from(TILE_WIDTH);
        let partial = u16::try_from(new % full).ok().filter(|width| *width > 0 && new > old);
        (old / full..new / full)
            .map(|index| Self { index, width: TILE_WIDTH })
            .chain(partial.map(|width| Self { index: new / full, width }))
    }

    /// The file that holds item `item` when there are `items`, which are more.
    pub(super) fn holding(item: u64, items: u64) -> Self {
        let full = u64::from(TILE_WIDTH);
        let index = item / full;
        let width = u16::try_from(items - index * full).unwrap_or(TILE_WIDTH).min(TILE_WIDTH);
        Self { index, width }
    }

    /// Reads what printing may have made. The caller compares with the print, so that one file has one path.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (groups, width) = match text.split_once(".p/") {
            Some((groups, width)) => (groups, decimal(width)?),
            None => (text, TILE_WIDTH.into()),
        };
        let mut index: u64 = 0;
        for group in groups.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            index = index.checked_mul(1000)?.checked_add(decimal(digits)?)?;
        }
        Some(Self { index, width: width.try_into().ok()? })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut scale = 1_000_u64.pow(6);
        while scale >= 1000 {
            if self.index >= scale {
                write!(f, "x{:03}/", self.index / scale % 1000)?;
            }
            scale /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.width == TILE_WIDTH { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// Digits only: the standard parser also takes a sign.
pub(super) fn decimal(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
