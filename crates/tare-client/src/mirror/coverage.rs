//! The coverage statement: what a mirror holds and what it leaves out, signed by the mirror (Z-12).
//!
//! ```text
//! tare-coverage/v1
//! registry tr1-0123456789abcdef0123456789abcdef
//! mirror mirror.example.org/m
//! size 812                                       of the log, and its root
//! root 1b21ihkXOmoBEd8/H2LbqgDkQiHg8JtHSJgSoBDNUxQ=
//! words releases named commons/*; with what they need
//! filter include commons/*
//! filter lineage documents
//! held 120 4000000000                            releases, bytes of their files
//! left-out license-class 33 9000000              the reason, releases, bytes
//! missing 1 400                                  what no source had
//! ```
//! It is a signed note with the key `<mirror>/statements`: a cosigner's key signs checkpoints and nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tare_format::registry::RegistryId;
use tare_tlog::hash::Hash;
use tare_tlog::key::{KeyName, SigningKey, VerifierKey};
use tare_tlog::note::{Note, NoteError};

use super::filter::{Filters, Reason};
use super::select::Count;

const FIRST_LINE: &str = "tare-coverage/v1";

/// What a mirror states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Of which registry.
    pub registry: RegistryId,
    /// Which mirror.
    pub mirror: KeyName,
    /// Up to which size of the log.
    pub size: u64,
    /// The root hash of the log at that size.
    pub root: Hash,
    /// Its filters.
    pub filters: Filters,
    /// Releases whose contents it holds.
    pub held: Count,
    /// Releases whose contents it leaves out, by the reason.
    pub left_out: BTreeMap<Reason, Count>,
    /// What it should hold and no source has: objects, as releases, and their bytes as far as they are known.
    pub missing: Count,
}

/// What a reader takes from a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Of which registry.
    pub registry: String,
    /// Up to which size of the log.
    pub size: u64,
    /// Whether anything is left out.
    pub is_selective: bool,
}

impl Coverage {
    /// The statement's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{FIRST_LINE}\nregistry {}\nmirror {}\nsize {}\nroot {}\nwords {}\n",
            self.registry,
            self.mirror,
            self.size,
            self.root,
            self.filters.words()
        );
        for line in self.filters.canonical().lines() {
            let _ = writeln!(text, "filter {line}");
        }
        let _ = writeln!(text, "held {} {}", self.held.releases, self.held.bytes);
        for (reason, count) in &self.left_out {
            let _ = writeln!(text, "left-out {reason} {} {}", count.releases, count.bytes);
        }
        if self.missing.releases > 0 {
            let _ = writeln!(text, "missing {} {}", self.missing.releases, self.missing.bytes);
        }
        text
    }

    /// The signed statement.
    ///
    /// # Errors
    /// When the key cannot sign notes.
    pub fn sign(&self, key: &SigningKey) -> Result<Vec<u8>, NoteError> {
        Ok(Note::sign(self.to_text(), &[key])?.to_bytes())
    }
}

impl Stated {
    /// Reads a statement; with `key`, only one that it signed.
    ///
    /// # Errors
    /// With a sentence, when it is no statement or not signed by the key.
    pub fn read(bytes: &[u8], key: Option<&VerifierKey>) -> Result<Self, String> {
        let note = Note::parse(bytes).map_err(|error| error.to_string())?;
        if let Some(key) = key {
            note.require(key).map_err(|error| error.to_string())?;
        }
        let mut lines = note.text().lines();
        if lines.next() != Some(FIRST_LINE) {
            return Err(format!("the coverage statement does not begin with `{FIRST_LINE}`"));
        }
        let mut value = |word: &str| {
            let line = lines.find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
            line.map(str::to_owned).ok_or_else(|| format!("the coverage statement has no `{word}`"))
        };
        let registry = value("registry")?;
        let size = value("size")?;
        let size = size.parse().map_err(|_| format!("`{size}` is no size of a log"))?;
        let is_selective = note.text().lines().any(|line| line.starts_with("left-out "));
        Ok(Self { registry, size, is_selective })
    }
}

#[cfg(test)]
mod tests {
    use tare_tlog::key::Algorithm;

    use super::*;

    fn coverage() -> Coverage {
        Coverage {
            registry: "tr1-0123456789abcdef0123456789abcdef".parse().unwrap(),
            mirror: "mirror.example.org/m".parse().unwrap(),
            size: 812,
            root: Hash::of(b"root"),
            filters: Filters { include: vec!["commons/*".parse().unwrap()], ..Filters::default() },
            held: Count { releases: 3, bytes: 400 },
            left_out: [(Reason::NotIncluded, Count { releases: 2, bytes: 9 })].into(),
            missing: Count::default(),
        }
    }

    fn key(seed: u8) -> SigningKey {
        let name = "mirror.example.org/m/statements".parse().unwrap();
        SigningKey::from_seed(name, Algorithm::Ed25519, &[seed; 32]).unwrap()
    }

    #[test]
    fn a_statement_says_what_is_held_and_what_is_not_and_why() {
        let text = coverage().to_text();
        for line in [
            "words releases named commons/*; with what they need",
            "filter include commons/*",
            "held 3 400",
            "left-out not-included 2 9",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("missing"));
    }

    #[test]
    fn only_the_statements_key_makes_a_statement() {
        let bytes = coverage().sign(&key(1)).unwrap();
        let stated = Stated::read(&bytes, Some(key(1).verifier())).unwrap();
        assert_eq!((stated.size, stated.is_selective), (812, true));
        assert!(Stated::read(&bytes, Some(key(2).verifier())).is_err());
        let text = String::from_utf8(bytes).unwrap();
        let forged = text.replace("left-out not-included 2 9\n", "");
        assert!(Stated::read(forged.as_bytes(), Some(key(1).verifier())).is_err());
        assert!(Stated::read(text.replace("size 812", "size x").as_bytes(), None).is_err());
        assert!(Stated::read(b"", None).is_err());
    }
}
