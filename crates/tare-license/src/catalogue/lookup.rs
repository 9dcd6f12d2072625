//! The catalogue itself: entries found by id, by hub tag, by word, and by being nearly right.

use std::collections::HashMap;
use std::sync::OnceLock;

use tare_format::Sha256;

use super::{CatalogueError, Entry, layers};

/// Every licence that is known, with the digest of the data it was read from.
#[derive(Debug, Clone)]
pub struct Catalogue {
    entries: Vec<Entry>,
    ids: HashMap<String, Owner>,
    aliases: HashMap<String, Owner>,
    digest: Sha256,
}

/// Which entry has a word, and in which layer it got it.
#[derive(Debug, Clone, Copy)]
struct Owner {
    entry: usize,
    layer: usize,
}

impl Catalogue {
    /// The catalogue built into Tare, read once.
    ///
    /// # Panics
    /// Never: a test reads the same bytes.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Catalogue> = OnceLock::new();
        BUILTIN.get_or_init(|| layers::read(&[]).expect("the built-in catalogue is read by a test"))
    }

    /// The built-in catalogue with layers of TOML over it, in order (G-6).
    ///
    /// # Errors
    /// When a layer cannot be read, contradicts itself, or is of a later format.
    pub fn with_overrides(layers: &[&str]) -> Result<Self, CatalogueError> {
        layers::read(layers)
    }

    /// The SHA-256 of the data with all its layers (G-7): what a report or a lock names.
    #[must_use]
    pub const fn digest(&self) -> Sha256 {
        self.digest
    }

    /// Every entry, those built in first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry with this id, in any case (G-5).
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.entry(self.ids.get(&id.to_ascii_lowercase()))
    }

    /// The entry that an id, a hub tag or another known word means, in any case, spaces and `_` read as `-` (G-5).
    #[must_use]
    pub fn resolve(&self, text: &str) -> Option<&Entry> {
        let folded = fold(text);
        self.entry(self.ids.get(&folded)).or_else(|| self.entry(self.aliases.get(&folded)))
    }

    /// The id that is most like a text which means nothing here: what a message asks with "did you mean".
    #[must_use]
    pub fn nearest(&self, text: &str) -> Option<&Entry> {
        let folded = fold(text);
        let bare = folded.strip_prefix("licenseref-").unwrap_or(&folded);
        if bare.is_empty() || bare.len() > 128 {
            return None;
        }
        let words = self.ids.iter().chain(&self.aliases);
        let scored = words.map(|(word, owner)| {
            let score = strsim::normalized_levenshtein(
                word.strip_prefix("licenseref-").unwrap_or(word),
                bare,
            );
            (score, owner.entry)
        });
        // Ties go to the entry that stands first, so that the answer does not depend on the map's order.
        let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
        (best.0 >= 0.6).then(|| self.entries.get(best.1))?
    }

    /// The entries whose id, name or aliases hold every word of the query, in catalogue order.
    #[must_use]
    pub fn search(&self, query: &str) -> Vec<&Entry> {
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        let matches = |entry: &&Entry| {
            let aliases = entry.aliases.join(" ");
            let text =
                format!("{} {} {aliases} {}", entry.id, entry.name, entry.class).to_lowercase();
            words.iter().all(|word| text.contains(word.as_str()))
        };
        self.entries.iter().filter(matches).collect()
    }

    pub(super) fn empty() -> Self {
        Self {
            entries: Vec::new(),
            ids: HashMap::new(),
            aliases: HashMap::new(),
            digest: Sha256::of(b""),
        }
    }

    pub(super) fn sealed(self, digest: Sha256) -> Self {
        Self { digest, ..self }
    }

    /// Adds an entry. `layer` tells layers apart; `number` is what an error calls it.
    pub(super) fn lay(
        &mut self,
        entry: Entry,
        layer: usize,
        number: usize,
    ) -> Result<(), CatalogueError> {
        let key = entry.id.to_ascii_lowercase();
        let at = self.ids.get(&key).map_or(self.entries.len(), |owner| owner.entry);
        self.claim(true, &key, &entry.id, Owner { entry: at, layer }, number)?;
        // What the entry replaces keeps no word of its own.
        self.aliases.retain(|_, owner| owner.entry != at);
        for alias in &entry.aliases {
            self.claim(false, &fold(alias), &entry.id, Owner { entry: at, layer }, number)?;
        }
        match self.entries.get_mut(at) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
        Ok(())
    }

    fn claim(
        &mut self,
        is_id: bool,
        word: &str,
        id: &str,
        owner: Owner,
        number: usize,
    ) -> Result<(), CatalogueError> {
        let words = if is_id { &mut self.ids } else { &mut self.aliases };
        let before = words.insert(word.to_owned(), owner);
        let Some(before) = before else { return Ok(()) };
        if before.layer == owner.layer && (is_id || before.entry != owner.entry) {
            let first =
                self.entries.get(before.entry).map_or_else(String::new, |entry| entry.id.clone());
            let (word, second) = (word.to_owned(), id.to_owned());
            return Err(CatalogueError::Ambiguous { layer: number, word, first, second });
        }
        if let Some(old) =
            self.entries.get_mut(before.entry).filter(|_| before.entry != owner.entry)
        {
            old.aliases.retain(|alias| fold(alias) != word);
        }
        Ok(())
    }

    fn entry(&self, owner: Option<&Owner>) -> Option<&Entry> {
        self.entries.get(owner?.entry)
    }
}

/// One spelling for words that hubs and people write in several.
fn fold(text: &str) -> String {
    let one = |c: char| if c == '_' || c.is_whitespace() { '-' } else { c.to_ascii_lowercase() };
    text.trim().chars().map(one).collect()
}
