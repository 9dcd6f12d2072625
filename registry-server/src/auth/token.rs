//! The text of a token: `tare_`, 43 characters of base64url for 32 random bytes, 6 characters of a checksum.
//!
//! The prefix and the checksum let a scanner of leaked secrets find tokens without asking anybody.

use std::fmt;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tare_format::Sha256;

use crate::entropy::{Entropy, random};

const PREFIX: &str = "tare_";
const BODY_LENGTH: usize = 43;
const CHECK_LENGTH: usize = 6;

/// A token in clear. `Debug` does not show it, so that it cannot get into a log by chance.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText(String);

impl TokenText {
    /// A new token.
    ///
    /// # Errors
    /// When the random source fails.
    pub(crate) fn draw(entropy: &dyn Entropy) -> io::Result<Self> {
        let body = URL_SAFE_NO_PAD.encode(random::<32>(entropy)?);
        let check = checksum(&body);
        Ok(Self(format!("{PREFIX}{body}{check}")))
    }

    /// Reads a token. A typing error is found here and costs no query.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let (body, check) = rest.split_at_checked(BODY_LENGTH)?;
        (rest.len() == BODY_LENGTH + CHECK_LENGTH && checksum(body) == check)
            .then(|| Self(text.to_owned()))
    }

    /// What the database keeps. The token has 256 random bits, so a plain hash cannot be guessed from.
    pub(crate) fn hash(&self) -> [u8; 32] {
        *Sha256::of(self.0.as_bytes()).as_bytes()
    }

    /// The token itself, for the one time that it is shown.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tare_…")
    }
}

fn checksum(body: &str) -> String {
    let digest = Sha256::of(body.as_bytes());
    let mut text = URL_SAFE_NO_PAD.encode(digest.as_bytes());
    text.truncate(CHECK_LENGTH);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn a_token_reads_back_and_a_typing_error_does_not() {
        let token = TokenText::draw(&SystemEntropy).unwrap();
        assert_eq!(TokenText::parse(token.reveal()), Some(token.clone()));
        let mut typo = token.reveal().to_owned().into_bytes();
        typo[10] ^= 1;
        assert_eq!(TokenText::parse(&String::from_utf8(typo).unwrap()), None);
        for bad in ["", "tare_", &token.reveal()[5..], &format!("{}x", token.reveal()), "tare_ä"] {
            assert_eq!(TokenText::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        let token = TokenText::draw(&SystemEntropy).unwrap();
        assert!(!format!("{token:?}").contains(&token.reveal()[5..20]));
    }
}
