//! Root documents as text (spec/log.md W-25, W-26).

use std::fmt::{self, Write as _};
use std::str::{FromStr, Split};

use crate::decimal;
use crate::excerpt::excerpt;
use crate::note::MAX_NOTE;
use crate::policy::{Log, NO_URL, PolicyBuilder, Witness, add_line, write_groups};

use super::{OldLog, RootDocument, RootError, RootKey, RootLineError};

const FIRST_LINE: &str = "tare-root/v1";

impl RootDocument {
    /// Reads the text of a root document. Nobody has signed it yet.
    ///
    /// # Errors
    /// When it is not one, breaks a rule, or says something in another way than [`to_text`](Self::to_text) does.
    pub fn parse(text: &str) -> Result<Self, RootError> {
        if text.len() > MAX_NOTE {
            return Err(RootError::Size { found: text.len() });
        }
        let document = read(&mut Lines::of(text))?;
        document.check()?;
        document.check_canonical(text)?;
        Ok(document)
    }

    /// The text, which is what is signed. It parses as this document again.
    ///
    /// # Errors
    /// When the fields break a rule.
    pub fn to_text(&self) -> Result<String, RootError> {
        self.check()?;
        Ok(self.print())
    }

    fn print(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, f: &mut String) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}\nregistry {}\nversion {}", self.registry, self.version)?;
        writeln!(f, "expires {}\nthreshold {}", self.expires, self.threshold)?;
        for RootKey { label, key } in &self.root_keys {
            writeln!(f, "rootkey {label} {key}")?;
        }
        for Log { key, url } in self.policy.logs() {
            writeln!(f, "log {key} {}", url.as_deref().unwrap_or(NO_URL))?;
        }
        for old in &self.old_logs {
            writeln!(f, "oldlog {old}")?;
        }
        for Witness { label, key, url } in self.policy.witnesses() {
            writeln!(f, "witness {label} {key} {}", url.as_deref().unwrap_or(NO_URL))?;
        }
        write_groups(f, &self.policy)?;
        writeln!(f, "fresh-warn {}\nfresh-fail {}", self.fresh_warn, self.fresh_fail)?;
        writeln!(f, "max-entry {}", self.max_entry)
    }

    /// W-26: a document that is read and written again must be the same bytes, or its signatures would be lost.
    fn check_canonical(&self, text: &str) -> Result<(), RootError> {
        let printed = self.print();
        if printed == text {
            return Ok(());
        }
        let same = printed.lines().zip(text.lines()).take_while(|(ours, theirs)| ours == theirs);
        let same = same.count();
        let expected = printed.lines().nth(same).unwrap_or_default().to_owned();
        Err(RootError::NotCanonical { number: same + 1, expected })
    }
}

/// Takes the lines in their order. Whether there are other blanks, other orders of witnesses and groups or other texts for
/// one value is left to the comparison with the printed text.
fn read(lines: &mut Lines<'_>) -> Result<RootDocument, RootError> {
    lines.exactly(FIRST_LINE)?;
    let registry = lines.one("registry", |word| Ok(word.parse()?))?;
    let version = lines.one("version", |word| number(word, "a version"))?;
    let expires = lines.one("expires", |word| value(word, "a time: `2028-05-22T00:00:00Z`"))?;
    let threshold = lines.one("threshold", |word| number(word, "a number of keys"))?;
    let root_keys = lines.many("rootkey", root_key)?;
    let mut builder = PolicyBuilder::new();
    lines.policy(&mut builder, &["log"])?;
    let old_logs = lines.many("oldlog", old_log)?;
    lines.policy(&mut builder, &["witness", "group", "quorum"])?;
    let policy = builder.build().map_err(|_| lines.unexpected("quorum"))?;
    let span = "a length of time: `36h` or `14d`";
    let document = RootDocument {
        registry,
        version,
        expires,
        threshold,
        root_keys,
        old_logs,
        policy,
        fresh_warn: lines.one("fresh-warn", |word| value(word, span))?,
        fresh_fail: lines.one("fresh-fail", |word| value(word, span))?,
        max_entry: lines.one("max-entry", |word| number(word, "a number of bytes"))?,
    };
    lines.exactly("")?;
    if lines.next.is_some() { Err(lines.unexpected("the end")) } else { Ok(document) }
}

/// The lines that are left, and the number of the next one.
struct Lines<'a> {
    next: Option<&'a str>,
    rest: Split<'a, char>,
    number: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let mut rest = text.split('\n');
        Self { next: rest.next(), rest, number: 1 }
    }

    fn advance(&mut self) {
        self.next = self.rest.next();
        self.number += 1;
    }

    fn unexpected(&self, expected: &'static str) -> RootError {
        let found = self.next.map(|line| format!("`{}`", excerpt(line)));
        let found = found.unwrap_or_else(|| "missing".to_owned());
        RootError::Expected { number: self.number, expected, found }
    }

    fn exactly(&mut self, expected: &'static str) -> Result<(), RootError> {
        if self.next != Some(expected) {
            return Err(self.unexpected(if expected.is_empty() { "the end" } else { expected }));
        }
        self.advance();
        Ok(())
    }

    /// The words of the next line, if it begins with one of these.
    fn words(&self, keywords: &[&str]) -> Option<Vec<&'a str>> {
        let words: Vec<_> = self.next?.split(' ').collect();
        words.first().is_some_and(|first| keywords.contains(first)).then_some(words)
    }

    /// The line with this keyword and one word.
    fn one<T>(
        &mut self,
        keyword: &'static str,
        parse: impl FnOnce(&str) -> Result<T, RootLineError>,
    ) -> Result<T, RootError> {
        let words = self.words(&[keyword]).ok_or_else(|| self.unexpected(keyword))?;
        let parsed = match words.as_slice() {
            [_, word] => parse(word),
            _ => Err(RootLineError::Form { expected: "one word after the keyword" }),
        };
        let parsed = parsed.map_err(|source| RootError::Line { number: self.number, source })?;
        self.advance();
        Ok(parsed)
    }

    /// All lines with this keyword that follow.
    fn many<T>(
        &mut self,
        keyword: &'static str,
        parse: impl Fn(&[&str]) -> Result<T, RootLineError>,
    ) -> Result<Vec<T>, RootError> {
        let mut all = Vec::new();
        while let Some(words) = self.words(&[keyword]) {
            let parsed = parse(&words);
            all.push(parsed.map_err(|source| RootError::Line { number: self.number, source })?);
            self.advance();
        }
        Ok(all)
    }

    /// All lines of a policy with one of these keywords that follow.
    fn policy(&mut self, builder: &mut PolicyBuilder, keywords: &[&str]) -> Result<(), RootError> {
        while let Some(words) = self.words(keywords) {
            add_line(builder, &words)
                .map_err(|source| RootError::Line { number: self.number, source: source.into() })?;
            self.advance();
        }
        Ok(())
    }
}

fn root_key(words: &[&str]) -> Result<RootKey, RootLineError> {
    match words {
        [_, label, key] => Ok(RootKey { label: (*label).to_owned(), key: key.parse()? }),
        _ => Err(RootLineError::Form { expected: "rootkey <label> <key>" }),
    }
}

fn old_log(words: &[&str]) -> Result<OldLog, RootLineError> {
    match words {
        [_, key, size, root] => Ok(OldLog {
            key: key.parse()?,
            size: number(size, "a size of a tree")?,
            root: root.parse()?,
        }),
        _ => Err(RootLineError::Form { expected: "oldlog <key> <size> <root hash>" }),
    }
}

fn number<T: TryFrom<u64>>(word: &str, expected: &'static str) -> Result<T, RootLineError> {
    decimal::parse(word)
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| bad_value(word, expected))
}

fn value<T: FromStr>(word: &str, expected: &'static str) -> Result<T, RootLineError> {
    word.parse().map_err(|_| bad_value(word, expected))
}

fn bad_value(word: &str, expected: &'static str) -> RootLineError {
    RootLineError::Value { found: excerpt(word), expected }
}
