//! From text to tree, with the column of whatever is wrong.

use std::fmt;
use std::str::FromStr;

/// Longest expression that is read, in bytes (G-11).
const MAX_BYTES: usize = 4096;
/// Deepest nesting of parentheses that is read (G-11).
const MAX_DEPTH: usize = 32;

/// A licence expression that obeys the grammar. What its ids mean is asked of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    text: String,
    pub(super) tree: Tree,
}

impl Expression {
    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Every licence that is named, in the order of the text.
    #[must_use]
    pub fn licenses(&self) -> Vec<&License> {
        let mut found = Vec::new();
        self.tree.collect(&mut found);
        found
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// One licence in an expression: an id, perhaps any later version of it, perhaps with an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    /// The id as it was written, without `+`.
    pub id: String,
    /// Whether `+` follows the id.
    pub or_later: bool,
    /// The exception after `WITH`.
    pub exception: Option<String>,
    /// Where the id begins, in bytes from the start of the expression.
    pub at: usize,
}

impl fmt::Display for License {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.id, if self.or_later { "+" } else { "" })?;
        self.exception.iter().try_for_each(|exception| write!(f, " WITH {exception}"))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    License(License),
    All(Vec<Self>),
    Any { branches: Vec<Self>, at: usize },
}

impl Tree {
    fn collect<'a>(&'a self, found: &mut Vec<&'a License>) {
        match self {
            Self::License(license) => found.push(license),
            Self::All(trees) | Self::Any { branches: trees, .. } => {
                trees.iter().for_each(|tree| tree.collect(found));
            }
        }
    }
}

/// Why a text is not a licence expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a licence expression: {problem} at column {}", at + 1)]
pub struct ExpressionError {
    text: String,
    at: usize,
    problem: String,
}

impl ExpressionError {
    /// Where the problem is, in bytes from the start of the expression.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        let fail =
            |(at, problem)| ExpressionError { text: text.chars().take(120).collect(), at, problem };
        if text.len() > MAX_BYTES {
            return Err(fail((MAX_BYTES, format!("more than {MAX_BYTES} bytes"))));
        }
        let tokens = tokens(text).map_err(fail)?;
        let mut parser = Parser { tokens: &tokens, end: text.len(), depth: 0 };
        let tree = parser.any().map_err(fail)?;
        match parser.tokens.first() {
            None => Ok(Self { text: text.to_owned(), tree }),
            Some(token) => {
                Err(fail((token.at, format!("expected AND, OR or the end, found {token}"))))
            }
        }
    }
}

type Problem = (usize, String);

struct Token<'a> {
    text: &'a str,
    at: usize,
}

impl Token<'_> {
    /// SPDX 3 writes operators in all capitals or all small letters; anything between is an id.
    fn is(&self, operator: &str) -> bool {
        self.text == operator
            || (self.text.eq_ignore_ascii_case(operator) && self.text == self.text.to_lowercase())
    }

    fn is_word(&self) -> bool {
        !matches!(self.text, "(" | ")" | "+")
            && !["AND", "OR", "WITH"].iter().any(|operator| self.is(operator))
    }
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.text)
    }
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, Problem> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let length = match first {
            c if c.is_whitespace() => {
                rest = rest.trim_start();
                continue;
            }
            '(' | ')' | '+' => 1,
            _ => rest.find(|c| !is_id_char(c)).unwrap_or(rest.len()),
        };
        if length == 0 {
            let hint = if matches!(first, '/' | ',' | '|') {
                " (write AND or OR between licences)"
            } else {
                ""
            };
            return Err((at, format!("`{first}` cannot stand in an expression{hint}")));
        }
        let (token, after) = rest.split_at(length);
        tokens.push(Token { text: token, at });
        rest = after;
    }
    Ok(tokens)
}

fn is_id_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_')
}

struct Parser<'a, 't> {
    tokens: &'t [Token<'a>],
    end: usize,
    depth: usize,
}

impl<'t> Parser<'_, 't> {
    fn any(&mut self) -> Result<Tree, Problem> {
        let at = self.at();
        let mut branches = vec![self.all()?];
        while self.take("OR").is_some() {
            branches.push(self.all()?);
        }
        Ok(single(branches).unwrap_or_else(|branches| Tree::Any { branches, at }))
    }

    fn all(&mut self) -> Result<Tree, Problem> {
        let mut trees = vec![self.one()?];
        while self.take("AND").is_some() {
            trees.push(self.one()?);
        }
        Ok(single(trees).unwrap_or_else(Tree::All))
    }

    fn one(&mut self) -> Result<Tree, Problem> {
        if let Some(open) = self.take("(") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err((
                    open.at,
                    format!("more than {MAX_DEPTH} parentheses inside each other"),
                ));
            }
            let inner = self.any()?;
            self.depth -= 1;
            return match self.take(")") {
                Some(_) => Ok(inner),
                None => Err((self.at(), format!("expected `)`, found {}", self.found()))),
            };
        }
        let id = self.word("a licence id")?;
        let or_later = self.take("+").is_some();
        let exception = match self.take("WITH") {
            Some(_) => Some(self.word("an exception id")?.text.to_owned()),
            None => None,
        };
        Ok(Tree::License(License { id: id.text.to_owned(), or_later, exception, at: id.at }))
    }

    fn word(&mut self, expected: &str) -> Result<&'t Token<'t>, Problem> {
        match self.tokens.split_first() {
            Some((token, rest)) if token.is_word() => {
                self.tokens = rest;
                Ok(token)
            }
            _ => Err((self.at(), format!("expected {expected}, found {}", self.found()))),
        }
    }

    fn take(&mut self, operator: &str) -> Option<&'t Token<'t>> {
        let (token, rest) = self.tokens.split_first().filter(|(token, _)| token.is(operator))?;
        self.tokens = rest;
        Some(token)
    }

    fn at(&self) -> usize {
        self.tokens.first().map_or(self.end, |token| token.at)
    }

    fn found(&self) -> String {
        self.tokens.first().map_or_else(|| "the end".to_owned(), Token::to_string)
    }
}

/// The only element, or all of them back.
fn single(mut trees: Vec<Tree>) -> Result<Tree, Vec<Tree>> {
    match (trees.pop(), trees.is_empty()) {
        (Some(only), true) => Ok(only),
        (last, _) => {
            trees.extend(last);
            Err(trees)
        }
    }
}
