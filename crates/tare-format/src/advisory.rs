//! Advisories: what is to be known about releases and files after they were published (spec/events.md E-20 to E-22).
//!
//! The fields are those of the Open Source Vulnerability format, and what models and data sets need beyond it: harm is
//! often in the content and named by a hash, it is handed down by lineage, and the remedy may be to delete.

mod affected;
pub mod osv;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::digest::Sha256;
use crate::name::{PackageName, ReleaseId};
use crate::strict;

pub use affected::{Affected, AffectedVersions};

/// The longest summary, in bytes.
const MAX_SUMMARY: usize = 200;
/// The longest text of details or of a remedy, in bytes.
const MAX_DETAILS: usize = 4 << 10;
/// The most entries of each list.
const MAX_ENTRIES: usize = 256;
/// The longest alias, in bytes.
const MAX_ALIAS: usize = 128;
/// The longest reference, in bytes.
const MAX_REFERENCE: usize = 2_000;

/// The name of an advisory: `x_TARE-2026-0001`. OSV keeps the prefix `x_` for databases of one's own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AdvisoryId(String);

impl AdvisoryId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AdvisoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for AdvisoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AdvisoryId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let good = text.strip_prefix("x_TARE-").and_then(|rest| rest.split_once('-')).is_some_and(
            |(year, number)| {
                year.len() == 4 && digits(year) && (1..=9).contains(&number.len()) && digits(number)
            },
        );
        let shown: String = text.chars().take(80).collect();
        good.then(|| Self(text.to_owned())).ok_or_else(|| {
            format!("`{shown}` is not an advisory's id: expected `x_TARE-<year>-<number>`")
        })
    }
}

impl Serialize for AdvisoryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AdvisoryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for AdvisoryId {
    fn schema_name() -> Cow<'static, str> {
        "AdvisoryId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^x_TARE-[0-9]{4}-[0-9]{1,9}$" })
    }
}

macro_rules! word_type {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$word_doc])* #[serde(rename = $text)] $word),+
        }

        impl $name {
            /// Every one, in order.
            pub const ALL: &'static [Self] = &[$(Self::$word),+];

            /// Its name in the document.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$word => $text),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

word_type!(
    /// What is wrong.
    AdvisoryKind {
        /// Sexual abuse of children.
        Csam = "csam",
        /// Content that may not be held for another reason.
        IllegalContent = "illegal-content",
        /// Weights that were made to misbehave.
        PoisonedWeights = "poisoned-weights",
        /// A hidden trigger.
        Backdoor = "backdoor",
        /// Loading it runs code.
        CodeExec = "code-exec",
        /// Personal data.
        Pii = "pii",
        /// The licence was taken back.
        LicenceRevoked = "licence-revoked",
        /// The licence was stated wrongly.
        LicenceError = "licence-error",
        /// The people in the data took their consent back.
        ConsentWithdrawn = "consent-withdrawn",
        /// The work that it comes from was retracted.
        Retracted = "retracted",
        /// The training data holds the test data.
        BenchmarkLeak = "benchmark-leak",
        /// It does harm in its ordinary use.
        UnsafeBehaviour = "unsafe-behaviour",
        /// Nobody looks after it.
        Unmaintained = "unmaintained",
        /// Anything else that is to be known.
        Notice = "notice",
    }
);

word_type!(
    /// What is to be done, from the mildest to the strictest.
    AdvisoryAction {
        /// Nothing.
        Info = "info",
        /// Say so.
        Warn = "warn",
        /// Do not install it.
        Block = "block",
        /// Do not use what is there.
        Quarantine = "quarantine",
        /// Delete what is there.
        Delete = "delete",
    }
);

word_type!(
    /// How bad it is.
    Severity {
        /// A little.
        Low = "low",
        /// Somewhat.
        Medium = "medium",
        /// Very.
        High = "high",
        /// As bad as it gets.
        Critical = "critical",
    }
);

word_type!(
    /// To what else it is handed down.
    Propagation {
        /// To nothing.
        None = "none",
        /// To what was derived from it.
        Derived = "derived",
        /// Also to what was trained on it.
        TrainedOn = "trained-on",
    }
);

word_type!(
    /// How sure it is, so that an accusation is not a verdict.
    Confidence {
        /// Somebody disputes it.
        Disputed = "disputed",
        /// Somebody says so.
        Reported = "reported",
        /// It was checked.
        Confirmed = "confirmed",
    }
);

/// One advisory. A later one of the same id takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "Advisory")]
pub struct Advisory {
    /// Its name.
    pub id: AdvisoryId,
    /// When it was last changed.
    #[schemars(with = "String")]
    pub modified: Timestamp,
    /// When it was first published.
    #[schemars(with = "String")]
    pub published: Timestamp,
    /// When it was taken back. It stays on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub withdrawn: Option<Timestamp>,
    /// Its names elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// One line of at most 200 bytes.
    pub summary: String,
    /// At most 4 KiB of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// Which versions of which packages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub affected: Vec<Affected>,
    /// Files or releases by digest, wherever they lie and whatever they are called there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<Sha256>,
    /// What is wrong.
    pub kind: AdvisoryKind,
    /// What is to be done.
    pub action: AdvisoryAction,
    /// How bad it is.
    pub severity: Severity,
    /// To what else it is handed down.
    pub propagates: Propagation,
    /// How sure it is.
    pub confidence: Confidence,
    /// What to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<ReleaseId>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediation: Option<String>,
    /// Where more is to be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
}

/// Why an advisory is not one.
#[derive(Debug, thiserror::Error)]
pub enum AdvisoryError {
    /// It is not the document, or not strict JSON.
    #[error("advisory cannot be read")]
    Json {
        /// What JSON says.
        #[from]
        source: serde_json::Error,
    },
    /// A field breaks a rule.
    #[error("field `{field}` of advisory {id} {problem}")]
    Field {
        /// Which advisory.
        id: AdvisoryId,
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Advisory {
    /// Reads an advisory from strict JSON and checks it.
    ///
    /// # Errors
    /// When it is not one, or breaks a rule of [`check`](Self::check).
    pub fn parse(text: &str) -> Result<Self, AdvisoryError> {
        let advisory: Self = strict::from_str(text)?;
        advisory.check()?;
        Ok(advisory)
    }

    /// Checks what the types cannot say: lengths, order of times, packages that are named once (E-20).
    ///
    /// # Errors
    /// With the first field that breaks a rule.
    pub fn check(&self) -> Result<(), AdvisoryError> {
        let fail =
            |field, problem| Err(AdvisoryError::Field { id: self.id.clone(), field, problem });
        if !is_line(&self.summary, MAX_SUMMARY) {
            return fail("summary", "is not one line of 1 to 200 bytes");
        }
        for (field, text) in [("details", &self.details), ("remediation", &self.remediation)] {
            if text.as_ref().is_some_and(|text| text.len() > MAX_DETAILS) {
                return fail(field, "is longer than 4 KiB");
            }
        }
        if self.modified < self.published || self.withdrawn.is_some_and(|at| at < self.published) {
            return fail("modified", "is before it was published");
        }
        let lengths =
            [self.aliases.len(), self.affected.len(), self.hashes.len(), self.references.len()];
        if lengths.into_iter().any(|length| length > MAX_ENTRIES) {
            return fail("affected", "or another list has more than 256 entries");
        }
        if self.affected.is_empty() && self.hashes.is_empty() {
            return fail("affected", "is empty, and no hash is named");
        }
        if self.packages().len() != self.affected.len() {
            return fail("affected", "names a package twice");
        }
        if !self.aliases.iter().all(|alias| is_line(alias, MAX_ALIAS)) {
            return fail("aliases", "has one that is not a line of 1 to 128 bytes");
        }
        let is_link = |link: &String| {
            let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"));
            is_line(link, MAX_REFERENCE) && rest.is_some_and(|rest| !rest.is_empty())
        };
        if !self.references.iter().all(is_link) {
            return fail("references", "has one that is not a link over HTTP");
        }
        Ok(())
    }

    /// The packages that it names, in order, each once: spellings that cannot be told apart count as one.
    #[must_use]
    pub fn packages(&self) -> Vec<PackageName> {
        let mut packages: Vec<PackageName> =
            self.affected.iter().map(|affected| affected.package.clone()).collect();
        packages.sort_by_key(|package| (package.key(), package.clone()));
        packages.dedup_by_key(|package| package.key());
        packages
    }

    /// Whether it is in force: it was not taken back.
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        self.withdrawn.is_none()
    }

    /// Whether it is about a version of a package by name. Hashes are looked at elsewhere.
    #[must_use]
    pub fn affects(&self, package: &PackageName, version: &Version) -> bool {
        self.affected.iter().any(|affected| {
            affected.package.key() == package.key() && affected.versions.contains(version)
        })
    }
}

fn is_line(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
