//! From text to [`Manifest`], with errors that point at a line and a column.

use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use super::{Kind, LineageRelation, Manifest};

/// A line and a column, both from 1, counted in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// What is wrong with a document that a person wrote, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ManifestError {
    /// What was found and what was expected.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where it is; absent when the document as a whole is meant.
    pub position: Option<Position>,
    /// The line of the text at that position.
    pub source_line: Option<String>,
}

impl ManifestError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, position: None, source_line: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn at(mut self, text: &str, span: Option<Range<usize>>) -> Self {
        if let Some(span) = span {
            let start = text.floor_char_boundary(span.start.min(text.len()));
            let before = &text[..start];
            let line_start = before.rfind('\n').map_or(0, |index| index + 1);
            let column = text[line_start..start].chars().count() + 1;
            self.position = Some(Position { line: before.matches('\n').count() + 1, column });
            self.source_line = text[line_start..].lines().next().map(str::to_owned);
        }
        self
    }

    /// Points at the value under `path` (table keys, array indexes as numbers), or at its nearest parent.
    #[must_use]
    pub fn at_path(self, text: &str, path: &[&str]) -> Self {
        let span = locate(text, path);
        self.at(text, span)
    }
}

impl Manifest {
    /// Reads a manifest and checks the rules between its fields (M-1 to M-12).
    ///
    /// # Errors
    /// With the place and the reason; an unknown key comes with the nearest known one.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = from_toml(text)?;
        manifest.validate().map_err(|(path, error)| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            error.at_path(text, &path)
        })?;
        Ok(manifest)
    }
}

/// Reads a TOML document that a person wrote.
///
/// # Errors
/// With the place and the reason; an unknown key comes with the nearest known one.
pub fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, ManifestError> {
    toml::from_str(text).map_err(|error| {
        let (message, help) = match unknown_word(error.message()) {
            Some((message, help)) => (message, Some(help)),
            None => (error.message().to_owned(), missing_word(error.message())),
        };
        ManifestError { help, ..ManifestError::new(message) }.at(text, error.span())
    })
}

/// Turns serde's "unknown field" or "unknown variant" into a sentence with the nearest known word.
fn unknown_word(message: &str) -> Option<(String, String)> {
    let (what, rest) = match message.strip_prefix("unknown field `") {
        Some(rest) => ("key", rest),
        None => ("value", message.strip_prefix("unknown variant `")?),
    };
    let (found, rest) = rest.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let nearest = known
        .iter()
        .map(|word| (strsim::damerau_levenshtein(found, word), word))
        .filter(|(distance, word)| *distance <= word.len().max(found.len()) / 3 + 1)
        .min();
    let help = match nearest {
        Some((_, word)) => format!("did you mean `{word}`?"),
        None => format!("the {what}s here are {}", known.join(", ")),
    };
    Some((format!("unknown {what} `{found}`"), help))
}

/// What a field that is missing may say, when that is one of a few words.
fn missing_word(message: &str) -> Option<String> {
    let known: Vec<&str> = match message {
        "missing field `relation`" => LineageRelation::ALL.map(LineageRelation::as_str).to_vec(),
        "missing field `kind`" => Kind::ALL.map(Kind::as_str).to_vec(),
        _ => return None,
    };
    Some(format!("the values here are {}", known.join(", ")))
}

/// The span of the value under `path` in a TOML text, or of its nearest parent.
fn locate(text: &str, path: &[&str]) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let mut span = None;
    let mut value: Option<&DeValue<'_>> = None;
    for step in path {
        let next = match value {
            None => find(table.get_ref(), step),
            Some(DeValue::Table(table)) => find(table, step),
            Some(DeValue::Array(items)) => {
                let item = step.parse().ok().and_then(|index: usize| items.get(index));
                item.map(|item| (item.span(), item.get_ref()))
            }
            Some(_) => None,
        };
        let Some((found, inner)) = next else { break };
        span = Some(found);
        value = Some(inner);
    }
    span
}

fn find<'t, 'i>(table: &'t DeTable<'i>, key: &str) -> Option<(Range<usize>, &'t DeValue<'i>)> {
    let (name, value) = table.iter().find(|(name, _)| name.get_ref() == key)?;
    let span = match value.get_ref() {
        DeValue::Table(_) => name.span(),
        _ => value.span(),
    };
    Some((span, value.get_ref()))
}
