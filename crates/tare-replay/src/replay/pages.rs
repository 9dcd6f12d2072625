//! Where a replay keeps its pages.

use std::collections::BTreeMap;
use std::convert::Infallible;

use tare_format::Sha256;
use tare_format::event::PageKey;
use tare_tlog::map::{Key, MemoryMap, Value};

/// Keeps pages by key.
///
/// Names that cannot be told apart are one page, whatever spelling it is asked for by: an implementation looks up by
/// [`PageKey::state_key`], or by the folded name. A replay asks for each page once before it writes it.
pub trait Pages {
    /// Why a page cannot be read or written.
    type Error: std::error::Error + 'static;

    /// The bytes of a page; `None` when there is none. A failure must not look like that.
    ///
    /// # Errors
    /// When nobody can say.
    fn get(&self, key: &PageKey) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Takes the whole bytes of a page in place of those before. The key is in its owner's spelling.
    ///
    /// # Errors
    /// When they are not kept.
    fn put(&mut self, key: &PageKey, bytes: &[u8]) -> Result<(), Self::Error>;
}

impl<P: Pages> Pages for &mut P {
    type Error = P::Error;

    fn get(&self, key: &PageKey) -> Result<Option<Vec<u8>>, Self::Error> {
        (**self).get(key)
    }

    fn put(&mut self, key: &PageKey, bytes: &[u8]) -> Result<(), Self::Error> {
        (**self).put(key, bytes)
    }
}

/// Pages in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryPages(BTreeMap<[u8; 32], (PageKey, Vec<u8>)>);

impl MemoryPages {
    /// No pages.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All pages, sorted by their key in the state map.
    pub fn iter(&self) -> impl Iterator<Item = (&PageKey, &[u8])> {
        self.0.values().map(|(key, bytes)| (key, bytes.as_slice()))
    }

    /// The state map of the pages.
    #[must_use]
    pub fn to_map(&self) -> MemoryMap {
        let mut map = MemoryMap::new();
        for (key, (_, bytes)) in &self.0 {
            map.insert(Key(*key), Value(*Sha256::of(bytes).as_bytes()));
        }
        map
    }
}

impl Pages for MemoryPages {
    type Error = Infallible;

    fn get(&self, key: &PageKey) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(&key.state_key()).map(|(_, bytes)| bytes.clone()))
    }

    fn put(&mut self, key: &PageKey, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.insert(key.state_key(), (key.clone(), bytes.to_vec()));
        Ok(())
    }
}
