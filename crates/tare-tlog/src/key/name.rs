//! The name of a key (spec/log.md W-4).

use std::fmt;
use std::str::FromStr;

/// The most bytes of a key name, which is also what one length byte can say.
pub const MAX_NAME: usize = 255;

/// Who a key belongs to: usually a URL without its scheme. A log's key has the log's origin as its name.
///
/// Not empty, at most [`MAX_NAME`] bytes, without Unicode space, control character of ASCII, or `+`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a key name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty.
    #[error("key name is empty")]
    Empty,
    /// It is too long.
    #[error("key name has {found} bytes, the limit is {MAX_NAME}")]
    Length {
        /// How many bytes it has.
        found: usize,
    },
    /// It has a character that separates names from other things.
    #[error("key name has the character {found:?}, expected no space, control character or `+`")]
    Character {
        /// The character.
        found: char,
    },
}

impl FromStr for KeyName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > MAX_NAME {
            return Err(NameError::Length { found: text.len() });
        }
        match text.chars().find(|c| c.is_whitespace() || *c < ' ' || *c == '+') {
            Some(found) => Err(NameError::Character { found }),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl PartialEq<str> for KeyName {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}
