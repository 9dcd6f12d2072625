//! Licence classes: the one word that says what a licence asks of its users, and sets of them.
//!
//! "Approved by the OSI" says nothing about weights or data, and "open" is used for contradictory things. The class
//! is the field that no other catalogue has; everything the audit says is said in classes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What kind of terms a licence holds.
///
/// The order is the one of headlines, from the least to the most restrictive (spec/licenses.md G-2). It decides which
/// class is named first and nothing else: no-derivatives does not imply non-commercial, so a verdict is a [`ClassSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// No rights are kept.
    PublicDomain,
    /// Any use; keep the notices.
    Permissive,
    /// Any use of the data; say where it is from.
    AttributionData,
    /// Changes to the licensed files stay under the licence.
    WeakCopyleft,
    /// Adapted data stays under the licence.
    ShareAlikeData,
    /// Works made from it stay under the licence when they are passed on.
    StrongCopyleft,
    /// As strong copyleft, and also when the work is offered over a network.
    NetworkCopyleft,
    /// Some purposes are forbidden.
    UseRestricted,
    /// Allowed up to a size of user or business.
    ScaleRestricted,
    /// Commercial use is forbidden.
    NonCommercial,
    /// Only research is allowed.
    ResearchOnly,
    /// Adaptations may not be shared.
    NoDerivatives,
    /// Rights are granted one by one, or not at all.
    Proprietary,
    /// Nobody has said; nothing may be assumed.
    Unknown,
}

impl Class {
    /// All classes in headline order.
    pub const ALL: [Self; 14] = [
        Self::PublicDomain,
        Self::Permissive,
        Self::AttributionData,
        Self::WeakCopyleft,
        Self::ShareAlikeData,
        Self::StrongCopyleft,
        Self::NetworkCopyleft,
        Self::UseRestricted,
        Self::ScaleRestricted,
        Self::NonCommercial,
        Self::ResearchOnly,
        Self::NoDerivatives,
        Self::Proprietary,
        Self::Unknown,
    ];

    /// The word for it in data, policies and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PublicDomain => "public-domain",
            Self::Permissive => "permissive",
            Self::AttributionData => "attribution-data",
            Self::WeakCopyleft => "weak-copyleft",
            Self::ShareAlikeData => "share-alike-data",
            Self::StrongCopyleft => "strong-copyleft",
            Self::NetworkCopyleft => "network-copyleft",
            Self::UseRestricted => "use-restricted",
            Self::ScaleRestricted => "scale-restricted",
            Self::NonCommercial => "non-commercial",
            Self::ResearchOnly => "research-only",
            Self::NoDerivatives => "no-derivatives",
            Self::Proprietary => "proprietary",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the class itself bars commercial use: non-commercial and research-only.
    #[must_use]
    pub const fn bars_commercial_use(self) -> bool {
        matches!(self, Self::NonCommercial | Self::ResearchOnly)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a licence class: expected one of {}", ClassSet::ALL)]
pub struct ClassError {
    found: String,
}

impl FromStr for Class {
    type Err = ClassError;

    fn from_str(text: &str) -> Result<Self, ClassError> {
        let named = Self::ALL.into_iter().find(|class| class.as_str() == text);
        named.ok_or_else(|| ClassError { found: text.chars().take(80).collect() })
    }
}

/// A set of classes. `AND` joins, a package's parts join, ancestors join: a verdict is never a single word inside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ClassSet(u16);

impl ClassSet {
    /// No class.
    pub const EMPTY: Self = Self(0);
    /// Every class.
    pub const ALL: Self = Self((1 << Class::ALL.len()) - 1);

    /// The set of the given classes.
    #[must_use]
    pub const fn of(classes: &[Class]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < classes.len() {
            bits |= 1 << classes[at] as u16;
            at += 1;
        }
        Self(bits)
    }

    /// Whether the class is in the set.
    #[must_use]
    pub const fn contains(self, class: Class) -> bool {
        self.0 & (1 << class as u16) != 0
    }

    /// Whether no class is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The classes of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The classes of this set that the other lacks.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Adds a class.
    pub const fn insert(&mut self, class: Class) {
        self.0 |= 1 << class as u16;
    }

    /// The classes in headline order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Class> {
        Class::ALL.into_iter().filter(move |class| self.contains(*class))
    }

    /// The class that a headline names: the last in order. `None` for the empty set.
    #[must_use]
    pub fn worst(self) -> Option<Class> {
        self.iter().next_back()
    }

    /// Whether any class of the set bars commercial use.
    #[must_use]
    pub fn bars_commercial_use(self) -> bool {
        self.iter().any(Class::bars_commercial_use)
    }
}

impl From<Class> for ClassSet {
    fn from(class: Class) -> Self {
        Self::of(&[class])
    }
}

impl FromIterator<Class> for ClassSet {
    fn from_iter<I: IntoIterator<Item = Class>>(classes: I) -> Self {
        classes.into_iter().fold(Self::EMPTY, |set, class| set.union(class.into()))
    }
}

impl fmt::Display for ClassSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, class) in self.iter().enumerate() {
            write!(f, "{}{class}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for ClassSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

impl Serialize for ClassSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for ClassSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Class>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_and_unknown_words_list_the_known() {
        for class in Class::ALL {
            assert_eq!(class.to_string().parse(), Ok(class));
        }
        let error = "open".parse::<Class>().unwrap_err().to_string();
        assert!(
            error.contains("`open`") && error.contains("share-alike-data, strong-copyleft"),
            "{error}"
        );
    }

    #[test]
    fn a_set_keeps_every_class_and_names_the_worst() {
        let set: ClassSet =
            [Class::NoDerivatives, Class::Permissive, Class::NonCommercial].into_iter().collect();
        assert_eq!(set.to_string(), "permissive, non-commercial, no-derivatives");
        assert_eq!(set.worst(), Some(Class::NoDerivatives));
        assert!(set.bars_commercial_use());
        assert!(
            !ClassSet::from(Class::NoDerivatives).bars_commercial_use(),
            "ND alone says nothing of commerce"
        );
        assert_eq!(ClassSet::EMPTY.worst(), None);
    }
}
