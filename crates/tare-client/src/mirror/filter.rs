//! What a mirror holds the contents of: the operator's filters, judged on what the log and the release documents say.
//!
//! No content is fetched to decide (Z-5). The log, its events, the state, the pages, the notices, the roots, the release
//! documents and the signatures are held whole whatever the filters say, so that a selective mirror still proves
//! everything; the filters choose only whose archives and packs it has.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;

use globset::{GlobBuilder, GlobMatcher};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tare_format::manifest::{Kind, LicenseParts};
use tare_format::{PackageName, Sha256};
use tare_license::{Catalogue, Class, ClassSet, Expression};

use super::amount::{Age, ByteSize};
use super::candidate::{Candidate, Standing};

/// A text that is no pattern for names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a pattern for package names: write as `commons/*` or `lab/tiny-?`")]
pub struct PatternError {
    pattern: String,
}

/// A pattern for `namespace/name`. `*` and `?` stop at the slash; letters match in either case, as names do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    /// Compiled once, because a pattern is asked about every release of a registry.
    matcher: GlobMatcher,
}

impl Pattern {
    /// Whether a package is meant.
    #[must_use]
    pub fn matches(&self, name: &PackageName) -> bool {
        self.matcher.is_match(name.as_str())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl std::str::FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let fail = || PatternError { pattern: text.chars().take(80).collect() };
        let text = text.trim();
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
        if !plain || !text.contains('/') || text.len() > 200 {
            return Err(fail());
        }
        let mut builder = GlobBuilder::new(text);
        builder.literal_separator(true).case_insensitive(true).backslash_escape(false);
        let matcher = builder.build().map_err(|_| fail())?.compile_matcher();
        Ok(Self { text: text.to_owned(), matcher })
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why the contents of a release are left out. The order is the one in which filters are asked: the first that says no
/// is the reason that is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It was taken down.
    TakenDown,
    /// It was withdrawn.
    Withdrawn,
    /// Its name is excluded.
    Excluded,
    /// Its name is not included.
    NotIncluded,
    /// It is of another kind.
    Kind,
    /// Its licence is of another class.
    LicenseClass,
    /// One of its files is too large.
    FileSize,
    /// It is too old.
    Age,
    /// Enough later versions of the package are there.
    Latest,
    /// It needs something whose name is excluded.
    DependencyExcluded,
    /// It needs something whose licence is of another class.
    DependencyLicenseClass,
    /// It does not fit any more.
    Size,
}

impl Reason {
    /// The word for it in statements and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TakenDown => "taken-down",
            Self::Withdrawn => "withdrawn",
            Self::Excluded => "excluded",
            Self::NotIncluded => "not-included",
            Self::Kind => "kind",
            Self::LicenseClass => "license-class",
            Self::FileSize => "file-size",
            Self::Age => "age",
            Self::Latest => "latest",
            Self::DependencyExcluded => "dependency-excluded",
            Self::DependencyLicenseClass => "dependency-license-class",
            Self::Size => "size",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The filters of a mirror. Without any, it holds everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Filters {
    /// Only packages with such names; all when there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<Pattern>,
    /// No packages with such names, not even as dependencies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Pattern>,
    /// Only packages of these kinds; all when there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kind: Vec<Kind>,
    /// Only releases all of whose licences are of these classes, dependencies too; any when there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub license_class: Vec<Class>,
    /// No release with a larger file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_file_size: Option<ByteSize>,
    /// The newest releases that fit into so much, by the sizes of their files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<ByteSize>,
    /// So many versions of each package, the highest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<NonZeroU32>,
    /// Only releases that were published within so much time before the log's last event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Age>,
    /// The contents of what packages were made from, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub with_lineage: bool,
}

impl Filters {
    /// Whether a release passes, by itself; `now` is the time of the log's last event. How many versions there are, how
    /// much room is left and what it needs is not asked here.
    ///
    /// # Errors
    /// With the first reason why not.
    pub fn judge(&self, candidate: &Candidate, now: Timestamp) -> Result<(), Reason> {
        self.may_be_held(candidate)?;
        let name = &candidate.id.name;
        let included = self.include.is_empty() || matches(&self.include, name);
        let kind = self.kind.is_empty() || self.kind.contains(&candidate.kind);
        let age = now.duration_since(candidate.at);
        for (passes, reason) in [
            (included, Reason::NotIncluded),
            (kind, Reason::Kind),
            (self.allows(&candidate.license), Reason::LicenseClass),
            (
                self.max_file_size.is_none_or(|most| candidate.largest_file <= most.0),
                Reason::FileSize,
            ),
            (self.max_age.is_none_or(|most| age <= most.duration()), Reason::Age),
        ] {
            if !passes {
                return Err(reason);
            }
        }
        Ok(())
    }

    /// Whether a release may be held as something that another needs: what is gone or excluded is not there for anybody.
    ///
    /// # Errors
    /// With the first reason why not.
    pub fn judge_needed(&self, candidate: &Candidate) -> Result<(), Reason> {
        self.may_be_held(candidate)?;
        if self.allows(&candidate.license) { Ok(()) } else { Err(Reason::LicenseClass) }
    }

    /// What of a release makes it be left out for this reason: its kind, its classes, its size. Nothing where the reason says
    /// it all.
    #[must_use]
    pub fn detail(&self, candidate: &Candidate, reason: Reason) -> Option<String> {
        match reason {
            Reason::Kind => Some(format!("it is of the kind {}", candidate.kind)),
            Reason::LicenseClass => {
                Some(format!("its licences are {}", classes(&candidate.license)))
            }
            Reason::FileSize => {
                let largest = ByteSize(candidate.largest_file);
                Some(format!("its largest file has {largest}"))
            }
            Reason::Size => Some(format!("its {} do not fit any more", ByteSize(candidate.size))),
            Reason::Latest => {
                let latest = self.latest?;
                Some(format!("the latest {latest} versions are held"))
            }
            _ => None,
        }
    }

    fn may_be_held(&self, candidate: &Candidate) -> Result<(), Reason> {
        match candidate.standing {
            Standing::TakenDown => Err(Reason::TakenDown),
            Standing::Withdrawn => Err(Reason::Withdrawn),
            Standing::Live if matches(&self.exclude, &candidate.id.name) => Err(Reason::Excluded),
            Standing::Live => Ok(()),
        }
    }

    /// Whether every part is under an allowed class. Of alternatives the allowed one counts, as it would for a user.
    fn allows(&self, license: &LicenseParts) -> bool {
        let allowed: ClassSet = self.license_class.iter().copied().collect();
        if allowed.is_empty() {
            return true;
        }
        let fits = |classes: ClassSet| classes.without(allowed).is_empty() && !classes.is_empty();
        let mut parts = license.iter().peekable();
        if parts.peek().is_none() {
            return allowed.contains(Class::Unknown);
        }
        parts.all(|(_, expression)| match expression.as_str().parse::<Expression>() {
            Ok(expression) => {
                fits(expression.resolve(Catalogue::builtin(), |term| fits(term.classes)).classes())
            }
            Err(_) => allowed.contains(Class::Unknown),
        })
    }

    /// The filters as lines, the same for equal filters: what a coverage statement holds (Z-12).
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut lines = Vec::new();
        let mut list = |word: &str, values: BTreeSet<String>| {
            if !values.is_empty() {
                let values: Vec<String> = values.into_iter().collect();
                lines.push(format!("{word} {}\n", values.join(",")));
            }
        };
        list("include", texts(&self.include));
        list("exclude", texts(&self.exclude));
        list("kind", texts(&self.kind));
        list("license-class", texts(&self.license_class));
        list("max-file-size", self.max_file_size.iter().map(|size| size.0.to_string()).collect());
        list("max-size", self.max_size.iter().map(|size| size.0.to_string()).collect());
        list("latest", texts(&self.latest.iter().collect::<Vec<_>>()));
        list("max-age", texts(&self.max_age.iter().collect::<Vec<_>>()));
        lines.push(format!(
            "lineage {}\n",
            if self.with_lineage { "contents" } else { "documents" }
        ));
        lines.concat()
    }

    /// The filters as a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        let joined = |values: BTreeSet<String>| values.into_iter().collect::<Vec<_>>().join(" or ");
        let mut clauses = Vec::new();
        let mut say = |there: bool, clause: String| clauses.extend(there.then_some(clause));
        say(!self.include.is_empty(), format!("named {}", joined(texts(&self.include))));
        say(!self.exclude.is_empty(), format!("not named {}", joined(texts(&self.exclude))));
        say(!self.kind.is_empty(), format!("of the kind {}", joined(texts(&self.kind))));
        let classes = joined(texts(&self.license_class));
        say(!classes.is_empty(), format!("under licences that are {classes}"));
        let most = self.max_file_size.map(|size| format!("without a file over {size}"));
        clauses.extend(most);
        clauses.extend(self.max_age.map(|age| format!("not older than {age}")));
        clauses.extend(self.latest.map(|latest| format!("of the latest {latest} versions")));
        clauses.extend(self.max_size.map(|size| format!("as many of the newest as fit in {size}")));
        let lineage = if self.with_lineage { "; and what they were made from" } else { "" };
        match clauses.is_empty() {
            true => format!("all releases, with what they need{lineage}"),
            false => format!("releases {}; with what they need{lineage}", clauses.join(", ")),
        }
    }
}

/// What names a set of filters in the inventory.
pub(super) fn settled_filters(filters: &Filters) -> String {
    Sha256::of(filters.canonical().as_bytes()).hex()
}

/// The classes of all parts, as words.
fn classes(license: &LicenseParts) -> String {
    let class_names = |expression: &str| match expression.parse::<Expression>() {
        Ok(expression) => {
            let resolved = expression.resolve(Catalogue::builtin(), |_| true);
            resolved.classes().iter().map(|class| class.to_string()).collect()
        }
        Err(_) => vec![Class::Unknown.to_string()],
    };
    let parts = license.iter().map(|(_, expression)| class_names(expression.as_str()));
    let found: BTreeSet<String> = parts.flatten().collect();
    if found.is_empty() {
        return Class::Unknown.to_string();
    }
    found.into_iter().collect::<Vec<_>>().join(", ")
}

fn matches(patterns: &[Pattern], name: &PackageName) -> bool {
    patterns.iter().any(|pattern| pattern.matches(name))
}

fn texts<T: fmt::Display>(values: &[T]) -> BTreeSet<String> {
    values.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests;
