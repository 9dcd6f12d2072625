//! Policies as text: C2SP's tlog-policy (spec/log.md W-21).

use std::fmt;
use std::str::FromStr;

use crate::decimal;
use crate::key::KeyError;
use crate::note::MAX_NOTE;

use super::{Group, Log, Policy, PolicyBuilder, PolicyError, Rule, Witness};

/// The most bytes of a label or URL.
pub(crate) const MAX_TOKEN: usize = 1024;
/// What stands where a URL is not said, in the documents where every line has the same parts.
pub(crate) const NO_URL: &str = "-";

/// Why a text is not a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyTextError {
    /// It is too large.
    #[error("policy has {found} bytes, the limit is {MAX_NOTE}")]
    Size {
        /// Its size in bytes.
        found: usize,
    },
    /// It has a character that no line can have.
    #[error("policy has the control character {found:?}, expected none but tabs and line feeds")]
    Control {
        /// The character.
        found: char,
    },
    /// A line is wrong.
    #[error("line {number} of the policy is not accepted")]
    Line {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        source: PolicyLineError,
    },
    /// Something is missing.
    #[error(transparent)]
    Missing {
        /// What.
        #[from]
        source: PolicyError,
    },
}

/// Why a line is not one of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyLineError {
    /// It does not have the parts of such a line.
    #[error("line has another form, expected `{expected}`")]
    Form {
        /// The form that was expected.
        expected: &'static str,
    },
    /// A key cannot be read.
    #[error("line has a bad key")]
    Key {
        /// What is wrong with it.
        #[from]
        source: KeyError,
    },
    /// It breaks a rule.
    #[error(transparent)]
    Rule {
        /// Which one.
        #[from]
        source: PolicyError,
    },
}

impl FromStr for Policy {
    type Err = PolicyTextError;

    fn from_str(text: &str) -> Result<Self, PolicyTextError> {
        if text.len() > MAX_NOTE {
            return Err(PolicyTextError::Size { found: text.len() });
        }
        if let Some(found) = text.chars().find(|c| c.is_ascii_control() && !"\t\n".contains(*c)) {
            return Err(PolicyTextError::Control { found });
        }
        let mut builder = PolicyBuilder::new();
        for (line, number) in text.split('\n').zip(1..) {
            let words: Vec<&str> =
                line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            if words.first().is_none_or(|first| first.starts_with('#')) {
                continue;
            }
            add_line(&mut builder, &words)
                .map_err(|source| PolicyTextError::Line { number, source })?;
        }
        Ok(builder.build()?)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Log { key, url } in &self.logs {
            writeln!(f, "log {key}{}", last_word(url))?;
        }
        for Witness { label, key, url } in &self.witnesses {
            writeln!(f, "witness {label} {key}{}", last_word(url))?;
        }
        write_groups(f, self)
    }
}

/// Takes one line, as words, into the policy.
pub(crate) fn add_line(builder: &mut PolicyBuilder, words: &[&str]) -> Result<(), PolicyLineError> {
    let form = |expected| PolicyLineError::Form { expected };
    match words {
        ["log", key, url @ ..] => {
            let url = optional(url).ok_or_else(|| form("log <key> [<url>]"))?;
            builder.log(Log { key: key.parse()?, url })?;
        }
        ["witness", label, key, url @ ..] => {
            let url = optional(url).ok_or_else(|| form("witness <label> <key> [<url>]"))?;
            builder.witness(Witness { label: (*label).to_owned(), key: key.parse()?, url })?;
        }
        ["group", label, rule, members @ ..] => {
            let rule =
                self::rule(rule).ok_or_else(|| form("group <label> all|any|<number> <member>…"))?;
            let members = members.iter().map(|member| (*member).to_owned()).collect();
            builder.group(Group { label: (*label).to_owned(), rule, members })?;
        }
        ["quorum", label] => {
            builder.quorum(label)?;
        }
        _ => return Err(form("log, witness, group or quorum, with its parts")),
    }
    Ok(())
}

/// Writes the lines that say what the witnesses' words are worth.
pub(crate) fn write_groups(f: &mut impl fmt::Write, policy: &Policy) -> fmt::Result {
    for Group { label, rule, members } in policy.groups() {
        let rule = match rule {
            Rule::All => "all".to_owned(),
            Rule::Any => "any".to_owned(),
            Rule::AtLeast(needed) => needed.to_string(),
        };
        writeln!(f, "group {label} {rule} {}", members.join(" "))?;
    }
    writeln!(f, "quorum {}", policy.quorum().unwrap_or("none"))
}

/// Whether a text is one word that can stand in a line.
pub(crate) fn is_token(text: &str) -> bool {
    let separates = |c: char| c.is_whitespace() || c.is_ascii_control();
    !text.is_empty() && text.len() <= MAX_TOKEN && !text.contains(separates)
}

/// What stands at the end of a line if it is said: nothing or one word. The outer `None` is for more words.
fn optional(words: &[&str]) -> Option<Option<String>> {
    match words {
        [] | [NO_URL] => Some(None),
        [word] => Some(Some((*word).to_owned())),
        _ => None,
    }
}

fn last_word(word: &Option<String>) -> String {
    word.as_ref().map(|word| format!(" {word}")).unwrap_or_default()
}

fn rule(text: &str) -> Option<Rule> {
    match text {
        "all" => Some(Rule::All),
        "any" => Some(Rule::Any),
        number => Some(Rule::AtLeast(usize::try_from(decimal::parse(number)?).ok()?)),
    }
}
