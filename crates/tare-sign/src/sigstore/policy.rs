//! Whose signature is meant: an issuer, compared whole, and an identity, compared whole or with a pattern (S-36, S-37).
//!
//! Patterns are where other tools go wrong: an expression that is not anchored accepts `…/org/repo-of-somebody-else`. Here
//! a pattern covers the whole identity, its only sign is `*`, which stops at a `/`, and the host is always spelled out.

use std::fmt;
use std::str::FromStr;

/// The most bytes of an issuer or of an identity.
const MAX_SIZE: usize = 1024;

/// Whose signature counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityPolicy {
    issuer: String,
    identity: IdentityPattern,
}

/// Why a policy would accept too much, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is empty, too long, or has a character that cannot be seen.
    #[error("{what} is empty, longer than {MAX_SIZE} bytes or has control characters")]
    Text {
        /// `issuer` or `identity`.
        what: &'static str,
    },
    /// The issuer has a `*`.
    #[error("issuer `{found}` has a `*`, expected the exact URL of an issuer")]
    IssuerPattern {
        /// The issuer.
        found: String,
    },
    /// The pattern accepts everybody.
    #[error(
        "identity `{found}` accepts everybody, expected at least one letter or digit beside `*`"
    )]
    Everybody {
        /// The pattern.
        found: String,
    },
    /// The pattern leaves the host open.
    #[error(
        "identity `{found}` leaves the host open, expected it to be spelled out before the first `*`"
    )]
    Host {
        /// The pattern.
        found: String,
    },
}

impl IdentityPolicy {
    /// Signatures by `identity`, as `issuer` calls it.
    ///
    /// # Errors
    /// When the issuer is not one exact text.
    pub fn new(identity: IdentityPattern, issuer: impl Into<String>) -> Result<Self, PolicyError> {
        let issuer = issuer.into();
        check_text("issuer", &issuer)?;
        if issuer.contains('*') {
            return Err(PolicyError::IssuerPattern { found: issuer });
        }
        Ok(Self { issuer, identity })
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The identity.
    #[must_use]
    pub const fn identity(&self) -> &IdentityPattern {
        &self.identity
    }
}

impl fmt::Display for IdentityPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of {}", self.identity, self.issuer)
    }
}

/// An identity, or a pattern of one: `*` stands for any characters but `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityPattern(String);

impl IdentityPattern {
    /// Whether all of `identity` fits.
    #[must_use]
    pub fn matches(&self, identity: &str) -> bool {
        // `open[i]`: the pattern read so far fits the first `i` bytes. A row for each sign of the pattern, so the work is
        // bounded by the product of the two lengths, whatever the pattern.
        let text = identity.as_bytes();
        let mut open = vec![false; text.len() + 1];
        open[0] = true;
        for sign in self.0.bytes() {
            let mut next = vec![false; text.len() + 1];
            if sign == b'*' {
                next[0] = open[0];
            }
            for (index, byte) in text.iter().enumerate() {
                next[index + 1] = match sign {
                    b'*' => open[index + 1] || (*byte != b'/' && next[index]),
                    literal => *byte == literal && open[index],
                };
            }
            open = next;
        }
        open[text.len()]
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdentityPattern {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        check_text("identity", text)?;
        if !text.contains('*') {
            return Ok(Self(text.to_owned()));
        }
        if !text.chars().any(char::is_alphanumeric) {
            return Err(PolicyError::Everybody { found: text.to_owned() });
        }
        // In `https://host/path` and in `name@host` alike, who owns the host decides what the rest means.
        let host = match text.split_once("://") {
            Some((scheme, rest)) if !scheme.contains('*') => rest.split('/').next(),
            Some(_) => None,
            None => text.rsplit_once('@').map(|(_, host)| host),
        };
        match host {
            Some(host) if !host.contains('*') && !host.is_empty() => Ok(Self(text.to_owned())),
            _ => Err(PolicyError::Host { found: text.to_owned() }),
        }
    }
}

impl fmt::Display for IdentityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_text(what: &'static str, text: &str) -> Result<(), PolicyError> {
    if text.is_empty() || text.len() > MAX_SIZE || text.chars().any(char::is_control) {
        return Err(PolicyError::Text { what });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, identity: &str) -> bool {
        pattern.parse::<IdentityPattern>().unwrap().matches(identity)
    }

    #[test]
    fn a_star_stays_between_two_slashes() {
        let pattern = "https://git.example/org/repo/.ci/release.yml@refs/tags/v*";
        assert!(matches(pattern, "https://git.example/org/repo/.ci/release.yml@refs/tags/v1.2.0"));
        assert!(matches(pattern, "https://git.example/org/repo/.ci/release.yml@refs/tags/v"));
        for other in [
            "https://git.example/org/repo/.ci/release.yml@refs/tags/v1/evil",
            "https://git.example/org/repo/.ci/release.yml@refs/heads/v1",
            "https://git.example/org/repo-2/.ci/release.yml@refs/tags/v1",
            "xhttps://git.example/org/repo/.ci/release.yml@refs/tags/v1",
        ] {
            assert!(!matches(pattern, other), "{other}");
        }
    }

    #[test]
    fn without_a_star_the_whole_identity_is_compared() {
        assert!(matches("ada@example.com", "ada@example.com"));
        for other in ["Ada@example.com", "ada@example.com.evil", "xada@example.com", ""] {
            assert!(!matches("ada@example.com", other), "{other}");
        }
        assert!(matches("*-bot@example.com", "nightly-bot@example.com"));
    }

    #[test]
    fn a_pattern_that_accepts_too_much_is_refused() {
        for bad in [
            "*",
            "**",
            "*/*",
            "*@*",
            "https://*/org/repo",
            "https://*.example/org/x*",
            "*://git.example/a",
        ] {
            assert!(bad.parse::<IdentityPattern>().is_err(), "{bad}");
        }
        for bad in ["ada@*", "ada*", "", "a\nb@c*"] {
            assert!(bad.parse::<IdentityPattern>().is_err(), "{bad}");
        }
        let identity: IdentityPattern = "ada@example.com".parse().unwrap();
        assert!(IdentityPolicy::new(identity.clone(), "https://*.example").is_err());
        assert!(IdentityPolicy::new(identity, "").is_err());
    }

    proptest! {
        /// The same answer as trying every way to spread the text over the stars.
        #[test]
        fn a_pattern_means_what_trying_everything_finds(
            pattern in "[ab/*]{0,7}", text in "[ab/]{0,8}",
        ) {
            fn tries(pattern: &[u8], text: &[u8]) -> bool {
                match pattern {
                    [] => text.is_empty(),
                    [b'*', rest @ ..] => (0..=text.len())
                        .take_while(|end| !text[..*end].contains(&b'/'))
                        .any(|end| tries(rest, &text[end..])),
                    [sign, rest @ ..] => text.first() == Some(sign) && tries(rest, &text[1..]),
                }
            }
            let found = IdentityPattern(pattern.clone()).matches(&text);
            prop_assert_eq!(found, tries(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
