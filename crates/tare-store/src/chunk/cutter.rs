//! Where the next chunk ends, by either rule.

use tare_format::recipe::{Chunker, MAX_CHUNK_SIZE};

use super::cdc::{Sizes, cut};
use crate::header::{NumberWidth, Segment};

/// Cuts a file that passes by once.
#[derive(Debug)]
pub(super) enum Cutter {
    /// By content.
    Content { chunker: Chunker, sizes: Sizes },
    /// At given places.
    Tensors { segments: std::vec::IntoIter<Segment>, width: NumberWidth, left: u64, ends: u64 },
}

/// The next chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) length: usize,
    pub(super) width: NumberWidth,
}

impl Cutter {
    /// By content, with the sizes for text or for anything else.
    pub(super) fn content(is_text: bool) -> Self {
        if is_text {
            Self::Content { chunker: Chunker::Cdc16K, sizes: Sizes::TEXT }
        } else {
            Self::Content { chunker: Chunker::Cdc64K, sizes: Sizes::FILE }
        }
    }

    /// At the start of each of `segments`, of which the first is at 0, in a file of `size_bytes`.
    pub(super) fn tensors(segments: Vec<Segment>, size_bytes: u64) -> Self {
        let width = NumberWidth::One;
        Self::Tensors { segments: segments.into_iter(), width, left: 0, ends: size_bytes }
    }

    pub(super) fn chunker(&self) -> Chunker {
        match self {
            Self::Content { chunker, .. } => *chunker,
            Self::Tensors { .. } => Chunker::Tensor4M,
        }
    }

    /// Cuts the chunk at the start of `window`; `None` when more must be read first. `is_all` says that nothing
    /// follows the window.
    pub(super) fn next(&mut self, window: &[u8], is_all: bool) -> Option<Cut> {
        if window.is_empty() {
            return None;
        }
        match self {
            Self::Content { sizes, .. } => (is_all || window.len() >= sizes.max)
                .then(|| Cut { length: cut(window, *sizes), width: NumberWidth::One }),
            Self::Tensors { segments, width, left, ends } => {
                if *left == 0 {
                    let segment = segments.next();
                    let end = segments.as_slice().first().map_or(*ends, |next| next.start);
                    // Behind the last segment there is only what a growing file has too much; its size tells.
                    *left = segment.map_or(u64::MAX, |segment| end.saturating_sub(segment.start));
                    *width = segment.map_or(NumberWidth::One, |segment| segment.width);
                }
                let wanted = (*left).min(u64::from(MAX_CHUNK_SIZE));
                let there = window.len() as u64;
                if there < wanted && !is_all {
                    return None;
                }
                let length = wanted.min(there);
                *left -= length;
                Some(Cut { length: usize::try_from(length).ok()?, width: *width })
            }
        }
    }
}
