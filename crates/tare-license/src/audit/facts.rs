//! What is true of the one who asks: the purpose, the places, the size, the day.
//!
//! Facts come from outside, the day too, so that the same question always has the same answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Metric, Place};

/// What the packages are to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// In a product or for gain.
    Commercial,
    /// In research, for no gain.
    Research,
    /// Inside one organisation.
    Internal,
    /// Passed on to others, as a mirror or a distribution does.
    Redistribute,
    /// Offered to others over a network.
    Hosted,
}

impl Profile {
    /// Every profile, in the order of the columns of the code table.
    pub const ALL: [Self; 5] =
        [Self::Commercial, Self::Research, Self::Internal, Self::Redistribute, Self::Hosted];

    /// The word for it in policies, flags and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Commercial => "commercial",
            Self::Research => "research",
            Self::Internal => "internal",
            Self::Redistribute => "redistribute",
            Self::Hosted => "hosted",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is not an audit profile: expected commercial, research, internal, redistribute or hosted"
)]
pub struct ProfileError {
    found: String,
}

impl FromStr for Profile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        let named = Self::ALL.into_iter().find(|profile| profile.as_str() == text);
        named.ok_or_else(|| ProfileError { found: text.chars().take(80).collect() })
    }
}

/// The facts that an audit is made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Facts {
    /// What the packages are used for.
    pub profile: Profile,
    /// Where the user is, and where the use is.
    pub geo: BTreeSet<Place>,
    /// How large the user is, affiliates included, for each metric that is known.
    pub scale: BTreeMap<Metric, u64>,
    /// The day, in UTC.
    pub today: Date,
}

impl Facts {
    /// Facts of which only the purpose and the day are known.
    #[must_use]
    pub const fn new(profile: Profile, today: Date) -> Self {
        Self { profile, geo: BTreeSet::new(), scale: BTreeMap::new(), today }
    }

    /// The same facts with a size.
    #[must_use]
    pub fn with_scale(mut self, metric: Metric, amount: u64) -> Self {
        self.scale.insert(metric, amount);
        self
    }

    /// The same facts with a place.
    #[must_use]
    pub fn with_place(mut self, place: Place) -> Self {
        self.geo.insert(place);
        self
    }
}
