//! The location: where the chunks of a recipe lie (spec/location.md).
//!
//! ```text
//! "tare-location/1\n"  u32 packs  packs × 32-byte BLAKE3
//!                      u32 count  count × ( u32 pack, u64 offset, u32 stored length, u8 codec )
//! ```
//!
//! One record for each chunk of the recipe, in the recipe's order. A registry may rewrite it at any time (repacking, a
//! mirror); nothing has to trust it, because every chunk is checked against its name in the recipe.

use crate::cursor::{BinaryError, Cursor};
use crate::digest::Blake3;
use crate::pack::Codec;
use crate::recipe::MAX_CHUNK_SIZE;

const DOCUMENT: &str = "location";
const MAGIC: &str = "tare-location/1\n";
const RECORD_SIZE: usize = 17;

/// Where one chunk lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which of the location's packs.
    pub pack: u32,
    /// First byte in the pack.
    pub offset: u64,
    /// How many stored bytes.
    pub stored_length: u32,
    /// How the stored bytes were made.
    pub codec: Codec,
}

/// Where the chunks of one recipe lie, in the recipe's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    packs: Vec<Blake3>,
    places: Vec<Place>,
}

impl Location {
    /// A location of `places` in `packs`.
    ///
    /// # Errors
    /// When a place names a pack that is not listed, or a length is out of range (L-3).
    pub fn new(packs: Vec<Blake3>, places: Vec<Place>) -> Result<Self, BinaryError> {
        let fail = |reason| Err(BinaryError::Value { document: DOCUMENT, reason });
        for (index, place) in places.iter().enumerate() {
            if place.pack as usize >= packs.len() {
                return fail(format!("chunk {index} is in pack {} of {}", place.pack, packs.len()));
            }
            if place.stored_length == 0 || place.stored_length > MAX_CHUNK_SIZE {
                return fail(format!("chunk {index} has {} stored bytes", place.stored_length));
            }
            if place.offset.checked_add(u64::from(place.stored_length)).is_none() {
                return fail(format!("chunk {index} lies at {}", place.offset));
            }
        }
        Ok(Self { packs, places })
    }

    /// The packs that hold the chunks.
    #[must_use]
    pub fn packs(&self) -> &[Blake3] {
        &self.packs
    }

    /// One place for each chunk of the recipe.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The document's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let size = MAGIC.len() + 8 + self.packs.len() * 32 + self.places.len() * RECORD_SIZE;
        let mut bytes = Vec::with_capacity(size);
        bytes.extend(MAGIC.as_bytes());
        bytes.extend(u32::try_from(self.packs.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.packs.iter().for_each(|pack| bytes.extend(pack.as_bytes()));
        bytes.extend(u32::try_from(self.places.len()).unwrap_or(u32::MAX).to_le_bytes());
        for place in &self.places {
            bytes.extend(place.pack.to_le_bytes());
            bytes.extend(place.offset.to_le_bytes());
            bytes.extend(place.stored_length.to_le_bytes());
            bytes.push(place.codec.code());
        }
        bytes
    }

    /// Reads a location. Nothing is allocated that the bytes do not pay for.
    ///
    /// # Errors
    /// When the bytes are not a location, or a record is out of range.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BinaryError> {
        let mut cursor = Cursor::new(DOCUMENT, MAGIC, bytes)?;
        let packs = cursor.count(32)?;
        let packs = (0..packs).map(|_| cursor.blake3()).collect::<Result<_, _>>()?;
        let count = cursor.count(RECORD_SIZE)?;
        let mut places = Vec::with_capacity(count);
        for _ in 0..count {
            let (pack, offset) = (cursor.u32()?, cursor.u64()?);
            let (stored_length, code) = (cursor.u32()?, cursor.u8()?);
            let codec = Codec::from_code(code)
                .ok_or_else(|| cursor.fail(format!("codec {code} is unknown to this version")))?;
            places.push(Place { pack, offset, stored_length, codec });
        }
        cursor.finish()?;
        Self::new(packs, places)
    }
}
