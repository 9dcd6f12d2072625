//! What has to be hashed to know whether a model is the one that was signed, and what differs without that (OM-12).

use std::fmt;
use std::ops::Range;

use tare_format::Sha256;

use super::statement::{Layout, ModelStatement, SignedFile};

/// How a model differs from what was signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// A file has other bytes.
    Changed {
        /// Its path.
        path: String,
        /// Which of its bytes were looked at; none for all.
        range: Option<(u64, u64)>,
        /// The digest that was signed.
        expected: Sha256,
        /// The digest that it has.
        found: Sha256,
    },
    /// A file that was hashed in shards has another size.
    Size {
        /// Its path.
        path: String,
        /// The size that was signed, in bytes.
        expected: u64,
        /// The size that it has, in bytes.
        found: u64,
    },
    /// A file that was signed is not there.
    Missing {
        /// Its path.
        path: String,
    },
    /// A file is there that was not signed.
    Extra {
        /// Its path.
        path: String,
    },
}

impl Difference {
    /// The file that differs.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Changed { path, .. }
            | Self::Size { path, .. }
            | Self::Missing { path }
            | Self::Extra { path } => path,
        }
    }

    /// One word for the kind of difference.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Changed { .. } | Self::Size { .. } => "changed",
            Self::Missing { .. } => "missing",
            Self::Extra { .. } => "extra",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { path, range: None, expected, found } => {
                write!(f, "`{path}` is {found}, signed as {expected}")
            }
            Self::Changed { path, range: Some((start, end)), expected, found } => {
                write!(f, "bytes {start} to {end} of `{path}` are {found}, signed as {expected}")
            }
            Self::Size { path, expected, found } => {
                write!(f, "`{path}` has {found} bytes, signed with {expected}")
            }
            Self::Missing { path } => write!(f, "`{path}` was signed and is missing"),
            Self::Extra { path } => write!(f, "`{path}` was not signed"),
        }
    }
}

/// Bytes to hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The file.
    pub path: String,
    /// Which of its bytes; none for all.
    pub range: Option<Range<u64>>,
    /// How many bytes that are.
    pub size_bytes: u64,
    expected: Sha256,
}

impl Job {
    /// What it means that the bytes have the digest `found`; nothing when it is the one that was signed.
    #[must_use]
    pub fn judge(&self, found: Sha256) -> Option<Difference> {
        let range = self.range.as_ref().map(|range| (range.start, range.end));
        let (path, expected) = (self.path.clone(), self.expected);
        (found != expected).then_some(Difference::Changed { path, range, expected, found })
    }
}

/// What to hash, and what is known already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to hash.
    pub jobs: Vec<Job>,
    /// What differs whatever the bytes are.
    pub differences: Vec<Difference>,
    /// Files whose presence the signature cannot speak about: empty ones in a model of shards.
    pub unsigned: Vec<String>,
}

/// Compares the files of a model, as paths with sizes in bytes, with those that were signed.
#[must_use]
pub fn plan<'f>(
    statement: &ModelStatement,
    found: impl IntoIterator<Item = (&'f str, u64)>,
) -> Plan {
    let mut plan = Plan::default();
    let mut seen = vec![false; statement.files.len()];
    for (path, size) in found {
        let at = statement.files.binary_search_by(|file| file.path.as_str().cmp(path));
        let signed = at.ok().and_then(|at| {
            *seen.get_mut(at)? = true;
            statement.files.get(at)
        });
        match signed {
            Some(file) => plan_file(&mut plan, file, size),
            None if statement.layout == Layout::Shards && size == 0 => {
                plan.unsigned.push(path.to_owned());
            }
            None => plan.differences.push(Difference::Extra { path: path.to_owned() }),
        }
    }
    let missing = statement.files.iter().zip(seen).filter(|(_, seen)| !seen);
    let missing = missing.map(|(file, _)| Difference::Missing { path: file.path.clone() });
    plan.differences.extend(missing);
    plan
}

fn plan_file(plan: &mut Plan, file: &SignedFile, size: u64) {
    let end = file.parts.last().and_then(|part| part.range.as_ref()).map(|range| range.end);
    if let Some(expected) = end.filter(|end| *end != size) {
        let path = file.path.clone();
        plan.differences.push(Difference::Size { path, expected, found: size });
        return;
    }
    plan.jobs.extend(file.parts.iter().map(|part| Job {
        path: file.path.clone(),
        range: part.range.clone(),
        size_bytes: part.range.as_ref().map_or(size, |range| range.end - range.start),
        expected: part.sha256,
    }));
}
