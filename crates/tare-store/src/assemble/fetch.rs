//! Which ranges of which packs hold the chunks that are wanted.

use std::ops::Range;

use tare_format::Blake3;
use tare_format::location::Location;
use tare_format::pack::Codec;
use tare_format::recipe::Recipe;

use super::AssembleError;

/// The most that is read at once, unless one chunk is larger, in bytes.
const FETCH_CAP: u64 = 16 << 20;
/// Reading over a gap of so many bytes costs less than a second request.
const GAP_CAP: u64 = 256 << 10;

/// A run of bytes of one pack, and the chunks in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Which pack.
    pub pack: Blake3,
    /// Which bytes of it.
    pub range: Range<u64>,
    /// The chunks that are wanted from them.
    pub parts: Vec<Part>,
}

/// One stored chunk within a [`Fetch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The chunk's place in the recipe, from 0.
    pub index: usize,
    /// Its first byte, counted from the start of the fetch.
    pub offset: u64,
    /// How many stored bytes.
    pub stored_length: u32,
    /// How they were made.
    pub codec: Codec,
}

impl Part {
    /// The chunk's stored bytes among those of its fetch; `None` when the fetch came back short.
    #[must_use]
    pub fn of<'b>(&self, fetched: &'b [u8]) -> Option<&'b [u8]> {
        let start = usize::try_from(self.offset).ok()?;
        let end = start.checked_add(usize::try_from(self.stored_length).ok()?)?;
        fetched.get(start..end)
    }
}

impl Fetch {
    pub(super) fn is_short(&self) -> AssembleError {
        AssembleError::Short { pack: self.pack, end: self.range.end }
    }
}

/// What must be read to get the chunks `wanted`, which are places in the recipe: few and long ranges, in the order of
/// the packs. A chunk that stands twice in the recipe is read once. Places that are not in the recipe are left out.
///
/// # Errors
/// When recipe and location do not belong together.
pub fn fetches(
    recipe: &Recipe,
    location: &Location,
    wanted: &[usize],
) -> Result<Vec<Fetch>, AssembleError> {
    let (chunks, places) = (recipe.chunks().len(), location.places().len());
    if chunks != places {
        return Err(AssembleError::Mismatch { chunks, places });
    }
    let mut found: Vec<_> = wanted
        .iter()
        .filter_map(|index| location.places().get(*index).map(|place| (*index, place)))
        .collect();
    found.sort_by_key(|(index, place)| (place.pack, place.offset, *index));
    let mut fetches: Vec<Fetch> = Vec::new();
    for (index, place) in found {
        let Some(pack) =
            usize::try_from(place.pack).ok().and_then(|pack| location.packs().get(pack))
        else {
            continue;
        };
        // A location's end was checked when it was read.
        let end = place.offset.saturating_add(u64::from(place.stored_length));
        let (stored_length, codec) = (place.stored_length, place.codec);
        match fetches.last_mut() {
            Some(last) if last.pack == *pack && last.reaches(place.offset, end) => {
                let offset = place.offset - last.range.start;
                last.range.end = last.range.end.max(end);
                last.parts.push(Part { index, offset, stored_length, codec });
            }
            _ => {
                let parts = vec![Part { index, offset: 0, stored_length, codec }];
                fetches.push(Fetch { pack: *pack, range: place.offset..end, parts });
            }
        }
    }
    Ok(fetches)
}

impl Fetch {
    /// Whether a chunk that begins at `start`, not before this fetch, is near enough to be part of it.
    fn reaches(&self, start: u64, end: u64) -> bool {
        let gap = start.saturating_sub(self.range.end);
        gap <= GAP_CAP && end - self.range.start <= FETCH_CAP
    }
}
