//! Leaves of the log: a type and the digest of a payload line, so that a payload can go and every proof still holds (E-10).

use std::fmt::Write as _;

use crate::digest::Sha256;

/// The line that stands where a payload was redacted.
pub const REDACTED: &str = "-";

/// The longest type's name, in bytes.
const MAX_TYPE: usize = 32;

/// One leaf of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafEntry {
    /// The type of the event, also of one that is not known here.
    pub event_type: String,
    /// SHA-256 of the payload line without its line feed.
    pub payload: Sha256,
}

/// Why bytes are not a leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("log entry is not `<type> <64 hex digits>` and a line feed: {reason}")]
pub struct LeafError {
    reason: &'static str,
}

impl LeafEntry {
    /// The leaf of a payload line.
    #[must_use]
    pub fn of(event_type: &str, payload: &str) -> Self {
        Self { event_type: event_type.to_owned(), payload: Sha256::of(payload.as_bytes()) }
    }

    /// The bytes that the log's tree has: `<type> <sha256 hex>` and a line feed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = self.event_type.clone();
        let _ = writeln!(text, " {}", self.payload.hex());
        text.into_bytes()
    }

    /// Reads a leaf. Exactly the bytes that [`to_bytes`](Self::to_bytes) makes are accepted.
    ///
    /// # Errors
    /// When they are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        let fail = |reason| LeafError { reason };
        // A type, a blank, a digest and a line feed: nothing longer is looked at.
        if bytes.len() > MAX_TYPE + 66 {
            return Err(fail("it is too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| fail("it is not UTF-8"))?;
        let text = text.strip_suffix('\n').ok_or_else(|| fail("it has no line feed"))?;
        let (event_type, digits) = text.split_once(' ').ok_or_else(|| fail("it has no blank"))?;
        if !is_type_name(event_type) {
            return Err(fail("its type is not of lower-case letters, digits and `-`"));
        }
        let payload = Sha256::from_hex(digits).map_err(|_| fail("its digest is not one"))?;
        Ok(Self { event_type: event_type.to_owned(), payload })
    }
}

fn is_type_name(text: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_TYPE).contains(&text.len()) && text.bytes().all(is_good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_has_one_form() {
        let leaf = LeafEntry::of("yank", "{}");
        let bytes = leaf.to_bytes();
        assert_eq!(LeafEntry::parse(&bytes), Ok(leaf));
        let text = String::from_utf8(bytes).unwrap();
        for bad in [
            text.trim_end().to_owned(),
            format!("{text}\n"),
            text.replace(' ', "  "),
            text.to_uppercase(),
            text.replace("yank", ""),
            text.replace("yank", &"y".repeat(33)),
            text.replace("yank", "y_k"),
            text.replace("yank ", "yank sha256:"),
            String::new(),
        ] {
            assert!(LeafEntry::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_refused_or_written_back(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..120)) {
            if let Ok(leaf) = LeafEntry::parse(&bytes) {
                proptest::prop_assert_eq!(leaf.to_bytes(), bytes);
            }
        }
    }
}
