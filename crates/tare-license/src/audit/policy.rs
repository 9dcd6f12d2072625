//! What is allowed: classes and licences that are named, and exceptions that somebody answers for.
//!
//! Deny by default: there is no list of what is forbidden, because such a list never has what was published yesterday.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tare_format::advisory::AdvisoryId;
use tare_format::manifest::ManifestError;

use super::{Exception, Facts, Ignore, Profile};
use crate::catalogue::Catalogue;
use crate::expression::Term;
use crate::{Class, ClassSet, Metric, Place};

/// A policy: the content of `audit.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// What holds for every profile.
    #[serde(default)]
    pub policy: General,
    /// What holds for one profile.
    #[serde(default)]
    pub profile: BTreeMap<Profile, ProfileRules>,
    /// What is accepted all the same.
    #[serde(default)]
    pub exception: Vec<Exception>,
    /// Advisories that do not deny.
    #[serde(default)]
    pub ignore: Vec<Ignore>,
}

/// `[policy]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct General {
    /// The profile that is audited when none is asked for.
    pub profile: Option<Profile>,
    /// The classes that pass; the profile's own list when absent.
    pub allow_classes: Option<ClassSet>,
    /// Licences that pass whatever their class is.
    #[serde(default)]
    pub allow: BTreeSet<String>,
    /// What becomes of unknown licences.
    #[serde(default)]
    pub unknown: Unknown,
    /// What becomes of terms that reach a package only by a contested edge.
    #[serde(default)]
    pub training_data: TrainingData,
    /// What becomes of exceptions that nothing needed.
    #[serde(default)]
    pub unused_exception: Lint,
    /// The longest time, in days from today, for which an exception may be granted.
    pub max_waiver_days: Option<u16>,
}

/// `[profile.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProfileRules {
    /// The classes that pass, in place of every other list.
    pub allow_classes: Option<ClassSet>,
    /// Classes that pass beside those of the list.
    #[serde(default)]
    pub allow_classes_add: ClassSet,
    /// Places that hold for this profile.
    #[serde(default)]
    pub geo: BTreeSet<Place>,
    /// Sizes that hold for this profile, such as `mau = 2_000_000`. Any other key is an error, as none is a metric.
    #[serde(flatten)]
    pub scale: BTreeMap<Metric, u64>,
}

/// What becomes of unknown licences. There is one answer; the field exists so that a policy can say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// They do not pass.
    #[default]
    Deny,
}

/// What becomes of terms that reach a package only by a contested edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrainingData {
    /// They are shown and warned about, and deny nothing.
    #[default]
    Report,
    /// They count as if they were certain.
    Inherit,
    /// They are left out of findings, except where a non-commercial source stands behind permissive terms.
    Ignore,
}

/// How loudly something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lint {
    /// Not at all.
    Allow,
    /// As a warning.
    #[default]
    Warn,
    /// As an error.
    Deny,
}

/// Why a text is not a policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not TOML, or a key or value that no policy has: where, and what may be meant.
    #[error(transparent)]
    Syntax(ManifestError),
    /// A licence is named that the catalogue does not have.
    #[error(
        "the audit policy names `{id}`, which the catalogue does not know{}",
        did_you_mean(nearest)
    )]
    NoSuchLicense {
        /// The id.
        id: String,
        /// What may be meant.
        nearest: Option<String>,
    },
    /// Something of the class unknown is allowed.
    #[error(
        "the audit policy allows `{what}`: what is unknown never passes, write an exception for the one package"
    )]
    AllowsUnknown {
        /// The class or the licence.
        what: String,
    },
    /// An exception lacks what makes somebody answer for it.
    #[error("the exception for `{package}` {problem}")]
    Exception {
        /// Its package.
        package: String,
        /// What is missing or wrong.
        problem: &'static str,
    },
    /// Nobody says why an advisory is ignored.
    #[error("the entry that ignores `{id}` has no reason")]
    Ignore {
        /// The advisory.
        id: AdvisoryId,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |id| format!(" (did you mean `{id}`?)"))
}

impl Policy {
    /// Reads `audit.toml`.
    ///
    /// # Errors
    /// When the text is no policy, allows what is unknown, or has an exception nobody answers for.
    pub fn from_toml(text: &str, catalogue: &Catalogue) -> Result<Self, PolicyError> {
        let mut policy: Self =
            tare_format::manifest::from_toml(text).map_err(PolicyError::Syntax)?;
        let mut allow = BTreeSet::new();
        for id in &policy.policy.allow {
            let Some(entry) = catalogue.get(id) else {
                let nearest = catalogue.nearest(id).map(|entry| entry.id.clone());
                return Err(PolicyError::NoSuchLicense { id: id.clone(), nearest });
            };
            if entry.classes().contains(Class::Unknown) {
                return Err(PolicyError::AllowsUnknown { what: id.clone() });
            }
            allow.insert(entry.id.clone());
        }
        policy.policy.allow = allow;
        let profiles = policy
            .profile
            .values()
            .flat_map(|rules| [rules.allow_classes, Some(rules.allow_classes_add)]);
        let lists = profiles.chain([policy.policy.allow_classes]).flatten();
        if lists.fold(ClassSet::EMPTY, ClassSet::union).contains(Class::Unknown) {
            return Err(PolicyError::AllowsUnknown { what: Class::Unknown.to_string() });
        }
        for exception in &policy.exception {
            exception.check().map_err(|problem| PolicyError::Exception {
                package: exception.package.clone(),
                problem,
            })?;
        }
        let groundless = policy.ignore.iter().find(|ignore| ignore.reason.trim().is_empty());
        if let Some(ignore) = groundless {
            return Err(PolicyError::Ignore { id: ignore.id.clone() });
        }
        Ok(policy)
    }

    /// The facts that the policy knows for a profile; flags of a command line go over them.
    #[must_use]
    pub fn facts(&self, profile: Profile, today: Date) -> Facts {
        let rules = self.profile.get(&profile);
        Facts {
            geo: rules.map(|rules| rules.geo.clone()).unwrap_or_default(),
            scale: rules.map(|rules| rules.scale.clone()).unwrap_or_default(),
            ..Facts::new(profile, today)
        }
    }

    /// What passes under a profile.
    #[must_use]
    pub fn rules(&self, profile: Profile) -> Rules {
        let own = self.profile.get(&profile);
        let list = own.and_then(|own| own.allow_classes).or(self.policy.allow_classes);
        let add = own.map_or(ClassSet::EMPTY, |own| own.allow_classes_add);
        Rules {
            // Programs can build a policy without from_toml, so A-9 is kept here as well.
            allow_classes: list
                .unwrap_or(usual_classes(profile))
                .union(add)
                .without(Class::Unknown.into()),
            allow: self.policy.allow.clone(),
            training_data: self.policy.training_data,
        }
    }
}

/// What passes under one profile.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rules {
    /// The classes that pass.
    pub allow_classes: ClassSet,
    /// The licences that pass whatever their class is.
    pub allow: BTreeSet<String>,
    /// What becomes of contested terms.
    pub training_data: TrainingData,
}

impl Rules {
    /// The classes of a licence that do not pass; empty when it is allowed.
    #[must_use]
    pub fn refused(&self, term: &Term<'_>) -> ClassSet {
        let unknown = term.classes.contains(Class::Unknown);
        let named = term.entry.is_some_and(|entry| self.allow.contains(&entry.id));
        if named && !unknown { ClassSet::EMPTY } else { term.classes.without(self.allow_classes) }
    }
}

/// What passes when a policy says nothing. Scale-restricted passes for the uses whose size the facts decide.
const fn usual_classes(profile: Profile) -> ClassSet {
    use Class::{
        AttributionData, NetworkCopyleft, NoDerivatives, NonCommercial, Permissive, PublicDomain,
        ResearchOnly, ScaleRestricted, ShareAlikeData, StrongCopyleft, UseRestricted, WeakCopyleft,
    };
    let free = ClassSet::of(&[PublicDomain, Permissive, AttributionData, WeakCopyleft]);
    let more = match profile {
        Profile::Commercial => ClassSet::of(&[ScaleRestricted]),
        Profile::Hosted => ClassSet::of(&[ShareAlikeData, StrongCopyleft, ScaleRestricted]),
        Profile::Redistribute => ClassSet::of(&[ShareAlikeData, StrongCopyleft, NetworkCopyleft]),
        Profile::Internal => ClassSet::of(&[
            ShareAlikeData,
            StrongCopyleft,
            NetworkCopyleft,
            UseRestricted,
            ScaleRestricted,
        ]),
        Profile::Research => ClassSet::of(&[
            ShareAlikeData,
            StrongCopyleft,
            NetworkCopyleft,
            UseRestricted,
            ScaleRestricted,
            NonCommercial,
            ResearchOnly,
            NoDerivatives,
        ]),
    };
    free.union(more)
}
