//! Measures of a user's size, and places: the facts that some licences ask about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a threshold in a licence counts, over the user and its affiliates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Monthly active users.
    Mau,
    /// Monthly unique users.
    Muu,
    /// Daily active users.
    Dau,
    /// Revenue of a year, in US dollars.
    #[serde(alias = "annual_revenue_usd")]
    AnnualRevenueUsd,
    /// Revenue of a year, in renminbi.
    #[serde(alias = "annual_revenue_cny")]
    AnnualRevenueCny,
    /// Revenue of a month, in US dollars.
    #[serde(alias = "monthly_revenue_usd")]
    MonthlyRevenueUsd,
    /// Money raised, in US dollars.
    #[serde(alias = "funding_usd")]
    FundingUsd,
    /// Visits of a month.
    #[serde(alias = "monthly_visits")]
    MonthlyVisits,
    /// Tokens generated in a month.
    #[serde(alias = "monthly_output_tokens")]
    MonthlyOutputTokens,
    /// People employed.
    Headcount,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 10] = [
        Self::Mau,
        Self::Muu,
        Self::Dau,
        Self::AnnualRevenueUsd,
        Self::AnnualRevenueCny,
        Self::MonthlyRevenueUsd,
        Self::FundingUsd,
        Self::MonthlyVisits,
        Self::MonthlyOutputTokens,
        Self::Headcount,
    ];

    /// The word for it in policies, facts and flags.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mau => "mau",
            Self::Muu => "muu",
            Self::Dau => "dau",
            Self::AnnualRevenueUsd => "annual-revenue-usd",
            Self::AnnualRevenueCny => "annual-revenue-cny",
            Self::MonthlyRevenueUsd => "monthly-revenue-usd",
            Self::FundingUsd => "funding-usd",
            Self::MonthlyVisits => "monthly-visits",
            Self::MonthlyOutputTokens => "monthly-output-tokens",
            Self::Headcount => "headcount",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A country by its two ISO 3166 letters, or `EU` for all of the European Union.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place([u8; 2]);

/// A text that is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a place: expected two letters, such as DE, US or EU")]
pub struct PlaceError {
    found: String,
}

/// The members of the European Union as of 2026.
const EU: &str = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";

impl Place {
    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or("??")
    }

    /// Whether the two share ground: the same country, or a member state and the EU.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        let eu = Self(*b"EU");
        let member = |place: Self| EU.split(' ').any(|code| code == place.as_str());
        self == other || (self == eu && member(other)) || (other == eu && member(self))
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let upper = text.trim().to_ascii_uppercase();
        match upper.as_bytes() {
            b"UK" => Ok(Self(*b"GB")),
            b"EL" => Ok(Self(*b"GR")),
            &[a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([a, b])),
            _ => Err(PlaceError { found: text.chars().take(80).collect() }),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_state_lies_in_the_union_and_a_neighbour_does_not() {
        let place = |text: &str| text.parse::<Place>().unwrap();
        assert!(place("de").overlaps(place("EU")) && place("EU").overlaps(place("DE")));
        assert!(!place("UK").overlaps(place("EU")), "GB left");
        assert!(place("UK").overlaps(place("GB")));
        assert!("Germany".parse::<Place>().is_err());
    }

    #[test]
    fn metrics_are_written_as_serde_writes_them() {
        for metric in Metric::ALL {
            assert_eq!(serde_json::to_string(&metric).unwrap(), format!("\"{metric}\""));
        }
    }
}
