//! Exceptions: what is used although the policy says no, because somebody answers for it, until a day.
//!
//! An exception is bound to the licence it was made for, and to the text where its hash is given. A package that
//! changes its licence therefore fails again.

use jiff::civil::Date;
use semver::VersionReq;
use serde::{Deserialize, Deserializer, de};
use tare_format::Sha256;

use super::{Facts, Node, Profile};
use crate::Part;

/// `[[exception]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exception {
    /// The package that the licence is of.
    pub package: String,
    /// Its versions; every version when absent.
    pub version: Option<VersionReq>,
    /// Its commit, for something in no registry.
    pub revision: Option<String>,
    /// The part; every part when absent.
    pub part: Option<Part>,
    /// The licence that is accepted.
    pub license: String,
    /// The digest of the text that was read; any text when absent.
    pub text: Option<Sha256>,
    /// The profile; every profile when absent.
    pub profile: Option<Profile>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub approver: String,
    /// The last day on which it holds, to its end in UTC.
    #[serde(deserialize_with = "date")]
    pub expires: Date,
}

/// Whether an exception holds today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Active,
    Expired,
    TooLong,
}

impl Exception {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let empty = |text: &str| text.trim().is_empty();
        match () {
            () if empty(&self.reason) => Err("has no reason"),
            () if empty(&self.approver) => Err("has no approver"),
            () if empty(&self.license) => Err("names no licence"),
            () if empty(&self.package) => Err("names no package"),
            () => Ok(()),
        }
    }

    /// it holds to the end of its day, and not at all when it was granted for longer than the policy allows.
    pub(super) fn state(&self, facts: &Facts, max_days: Option<u16>) -> State {
        state(self.expires, facts, max_days)
    }

    /// Whether it is about this licence of this part of this node.
    pub(super) fn covers(
        &self,
        node: &Node,
        part: Option<Part>,
        license: &str,
        profile: Profile,
    ) -> bool {
        self.package == node.id.package()
            && self.license.eq_ignore_ascii_case(license)
            && self.profile.is_none_or(|own| own == profile)
            && (self.part.is_none() || self.part == part)
            && self
                .version
                .as_ref()
                .is_none_or(|wanted| node.id.version().is_some_and(|has| wanted.matches(&has)))
            && self.revision.as_deref().is_none_or(|wanted| {
                node.revision.as_deref() == Some(wanted) || node.id.pin() == Some(wanted)
            })
            && self
                .text
                .is_none_or(|wanted| node.texts.iter().any(|text| text.sha256 == Some(wanted)))
    }
}

/// Whether what holds to the end of a day holds today.
pub(super) fn state(expires: Date, facts: &Facts, max_days: Option<u16>) -> State {
    let days = i64::from(max_days.unwrap_or(u16::MAX));
    let latest = facts.today.checked_add(jiff::Span::new().days(days)).unwrap_or(Date::MAX);
    match () {
        () if facts.today > expires => State::Expired,
        () if max_days.is_some() && expires > latest => State::TooLong,
        () => State::Active,
    }
}

/// A date as TOML writes it, or the same in quotes.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::Datetime(date) => date.to_string(),
        toml::Value::String(text) => text,
        other => {
            return Err(de::Error::custom(format!(
                "expected a date such as 2027-03-01, found {other}"
            )));
        }
    };
    let is_date = text.len() == 10;
    let date = if is_date { text.parse().ok() } else { None };
    date.ok_or_else(|| {
        de::Error::custom(format!("expected a date such as 2027-03-01, found `{text}`"))
    })
}
