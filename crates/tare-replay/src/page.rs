//! Pages: the lines of the effective events that concern one thing, in the order of the log (E-14 to E-17).
//!
//! A redacted line is `- ` and its digest. What is left of it stands in the redaction, which is on the same page further
//! down, so a page is read in two passes and needs nothing beside it.

use std::collections::HashMap;

use tare_format::Sha256;
use tare_format::event::{Event, EventBody, PageKey, Residue};

/// What starts a redacted line of a page.
const REDACTED: &str = "- ";

/// One line of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// SHA-256 of the line as it was logged.
    pub payload: Sha256,
    /// What it says.
    pub content: Content,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Event(Box<Event>),
    /// What is left of it.
    Redacted(Residue),
}

impl Content {
    /// The pages that the line stands on.
    #[must_use]
    pub fn pages(&self) -> Vec<PageKey> {
        match self {
            Self::Event(event) => event.body.pages(),
            Self::Redacted(residue) => residue.pages(),
        }
    }
}

/// The lines of a page. Those of types that are not known here are left out: they have no effect (E-5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Which page it is.
    pub key: PageKey,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// Why bytes are not a page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// It is cut off, or no text.
    #[error("page `{key}` is not lines of UTF-8 that each end in a line feed")]
    NotLines {
        /// Which page.
        key: PageKey,
    },
    /// A line is no event.
    #[error("line {line} of page `{key}` is not an event")]
    Line {
        /// Which page.
        key: PageKey,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A line belongs elsewhere.
    #[error("line {line} of page `{key}` belongs to another page")]
    Foreign {
        /// Which page.
        key: PageKey,
        /// The line's number, from 1.
        line: usize,
    },
    /// A line is gone and no redaction says so.
    #[error("line {line} of page `{key}` is redacted, and no later line says so")]
    Forged {
        /// Which page.
        key: PageKey,
        /// The line's number, from 1.
        line: usize,
    },
}

/// Redactions by the digest of what they redact. The first one of a line counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redactions(HashMap<Sha256, Residue>);

impl Redactions {
    /// No redactions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The redactions among the lines of a log, of which a replay has to know before it comes to what they redact.
    ///
    /// Lines that cannot be read, and redactions that nobody but the registry may make, are passed over as the replay
    /// will.
    pub fn scan<'l>(lines: impl IntoIterator<Item = &'l str>) -> Self {
        let mut found = Self::new();
        for line in lines {
            found.add(line);
        }
        found
    }

    /// Takes the redaction from a line of the log, if it is one.
    pub fn add(&mut self, line: &str) {
        // Nearly every line is of another type, and reading it whole costs more than looking for the word.
        if line.contains("redact")
            && let Ok(Some(event)) = Event::from_line(line)
        {
            self.add_event(&event);
        }
    }

    /// What is left of the line with this digest.
    #[must_use]
    pub fn find(&self, payload: &Sha256) -> Option<&Residue> {
        self.0.get(payload)
    }

    fn add_event(&mut self, event: &Event) {
        if let Some((payload, residue)) = redaction(event) {
            self.0.entry(payload).or_insert_with(|| residue.clone());
        }
    }
}

fn redaction(event: &Event) -> Option<(Sha256, &Residue)> {
    match &event.body {
        EventBody::Redact { payload, residue, .. } if event.is_by_registry() => {
            Some((*payload, residue))
        }
        _ => None,
    }
}

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    /// When it is cut off, a line is no event or belongs elsewhere, or a line is redacted without a redaction after it.
    pub fn parse(bytes: &[u8], key: &PageKey) -> Result<Self, PageError> {
        Self::parse_with(bytes, key, &Redactions::new())
    }

    /// Reads a page that is being made: redactions that the replay has not come to yet are in `ahead`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(bytes: &[u8], key: &PageKey, ahead: &Redactions) -> Result<Self, PageError> {
        let not_lines = || PageError::NotLines { key: key.clone() };
        let text = std::str::from_utf8(bytes).map_err(|_| not_lines())?;
        if text.is_empty() {
            return Ok(Self { key: key.clone(), lines: Vec::new() });
        }
        let text = text.strip_suffix('\n').ok_or_else(not_lines)?;
        let mut later = HashMap::new();
        let mut lines = Vec::new();
        // From the end, so that each redaction is known before the line that it redacts.
        let texts: Vec<&str> = text.split('\n').collect();
        for (number, text) in texts.into_iter().enumerate().rev() {
            let place = Place { key, line: number + 1, ahead };
            lines.extend(place.read(text, &mut later)?);
        }
        lines.reverse();
        Ok(Self { key: key.clone(), lines })
    }
}

struct Place<'p> {
    key: &'p PageKey,
    line: usize,
    ahead: &'p Redactions,
}

impl Place<'_> {
    /// Reads one line; `later` has the redactions that stand after it.
    fn read(
        &self,
        text: &str,
        later: &mut HashMap<Sha256, Residue>,
    ) -> Result<Option<Line>, PageError> {
        let line = match text.strip_prefix(REDACTED) {
            Some(digits) => self.redacted(digits, later)?,
            None => {
                let key = || self.key.clone();
                let event = Event::from_line(text).map_err(|source| PageError::Line {
                    key: key(),
                    line: self.line,
                    source,
                })?;
                let Some(event) = event else { return Ok(None) };
                if let Some((payload, residue)) = redaction(&event) {
                    later.insert(payload, residue.clone());
                }
                let payload = Sha256::of(text.as_bytes());
                Line { payload, content: Content::Event(Box::new(event)) }
            }
        };
        let own = self.key.state_key();
        if line.content.pages().iter().any(|page| page.state_key() == own) {
            Ok(Some(line))
        } else {
            Err(PageError::Foreign { key: self.key.clone(), line: self.line })
        }
    }

    fn redacted(&self, digits: &str, later: &HashMap<Sha256, Residue>) -> Result<Line, PageError> {
        let forged = || PageError::Forged { key: self.key.clone(), line: self.line };
        let payload = Sha256::from_hex(digits).map_err(|_| forged())?;
        let residue = later.get(&payload).or_else(|| self.ahead.find(&payload));
        let residue = residue.ok_or_else(forged)?.clone();
        Ok(Line { payload, content: Content::Redacted(residue) })
    }
}

/// The line that a page has in place of one that is redacted, without its line feed.
#[must_use]
pub fn redacted_line(payload: &Sha256) -> String {
    format!("{REDACTED}{}", payload.hex())
}

/// The bytes of a page after a line of it was redacted.
#[must_use]
pub fn redact(bytes: &[u8], payload: &Sha256) -> Vec<u8> {
    let mut redacted = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        if Sha256::of(content) == *payload {
            redacted.extend_from_slice(redacted_line(payload).as_bytes());
            redacted.push(b'\n');
        } else {
            redacted.extend_from_slice(line);
        }
    }
    redacted
}

/// The beginning of `bytes` that ends at a line feed and has the digest `value`: a page as of a head, from a file that may
/// have grown since (E-17). Nothing after it may be looked at.
#[must_use]
pub fn prefix_with_digest<'b>(bytes: &'b [u8], value: &[u8; 32]) -> Option<&'b [u8]> {
    use sha2::Digest as _;

    let mut hasher = sha2::Sha256::new();
    let mut length = 0;
    // One pass: the hash so far is finished at each line and goes on from there.
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        hasher.update(line);
        length += line.len();
        if line.ends_with(b"\n") && hasher.clone().finalize().as_slice() == value {
            return bytes.get(..length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_as_of_a_head_is_the_beginning_with_its_digest() {
        let file = b"one\ntwo\nthree\n";
        let digest = |bytes: &[u8]| *Sha256::of(bytes).as_bytes();
        assert_eq!(prefix_with_digest(file, &digest(b"one\ntwo\n")), Some(&b"one\ntwo\n"[..]));
        assert_eq!(prefix_with_digest(file, &digest(file)), Some(&file[..]));
        // Not at a line feed, nothing at all, and something else.
        for other in [&b"one\ntw"[..], b"", b"one\ntwo\nfour\n"] {
            assert_eq!(prefix_with_digest(file, &digest(other)), None);
        }
        assert_eq!(prefix_with_digest(b"one", &digest(b"one")), None);
    }

    #[test]
    fn redacting_changes_one_line() {
        let payload = Sha256::of(b"two");
        let expected = format!("one\n- {}\nthree\n", payload.hex());
        assert_eq!(redact(b"one\ntwo\nthree\n", &payload), expected.as_bytes());
        assert_eq!(redact(b"one\n", &payload), b"one\n");
    }
}
