//! One licence of the catalogue, with every field of the data as a type.
//!
//! A value whose field is listed in [`Entry::unknown_fields`] is a careful placeholder, not a fact (G-4).

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{Class, ClassSet, Metric, Part, Place};

/// What is known about one licence. Facts in our own words; the texts are elsewhere.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The SPDX id, or a `LicenseRef-` id of ours.
    pub id: String,
    /// The name in full.
    pub name: String,
    /// Whether `id` is in the SPDX list.
    #[serde(default)]
    pub spdx: bool,
    /// Hub tags and other words for it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The parts the text was written for; empty when nobody has said.
    #[serde(default)]
    pub applies_to: Vec<Part>,
    /// The class.
    pub class: Class,
    /// Further classes that the same text falls in.
    #[serde(default)]
    pub also_class: Vec<Class>,

    /// Approved by the Open Source Initiative.
    #[serde(default)]
    pub osi_approved: bool,
    /// Free in the sense of the Free Software Foundation.
    #[serde(default)]
    pub fsf_libre: bool,
    /// The Blue Oak Council's rating.
    #[serde(default)]
    pub blueoak: Option<BlueOak>,
    /// Its key in the ScanCode LicenseDB.
    #[serde(default)]
    pub scancode_key: Option<String>,
    /// Its category in the ScanCode LicenseDB.
    #[serde(default)]
    pub scancode_category: Option<String>,

    /// Some commercial use is granted: read it with the thresholds, the registration, the fields of use and the places.
    pub commercial_use: bool,
    /// Changes are granted.
    pub modification: bool,
    /// Changes are granted as long as they are not shared.
    #[serde(default)]
    pub modification_private: bool,
    /// Passing on is granted.
    pub redistribution: bool,
    /// What is made from it must stand under the same licence.
    pub derivative_must_same_license: bool,
    /// Other licences under which what is made from it may stand all the same.
    #[serde(default)]
    pub compatible_outbound: Vec<String>,
    /// What else is asked of what is made from it.
    #[serde(default)]
    pub derivative_note: Option<String>,
    /// The source must be named.
    pub attribution: bool,
    /// Notices must be passed on.
    pub notice_file: bool,
    /// The notice that must be passed on, word for word.
    #[serde(default)]
    pub notice_text: Option<String>,
    /// Its restrictions must be written into the terms of what is made from it.
    pub use_restrictions_flow_down: bool,
    /// The licensor may end it without a breach.
    pub revocable: bool,
    /// Patents are granted.
    pub patent_grant: bool,

    /// What must be shown or named, in words.
    #[serde(default)]
    pub naming_requirement: String,
    /// How the name of what is made from it must begin.
    #[serde(default)]
    pub name_prefix: Option<String>,
    /// What must be displayed.
    #[serde(default)]
    pub display_text: Option<String>,
    /// What may not be done with output, in words.
    #[serde(default)]
    pub output_restrictions: String,
    /// Whether output may be used commercially, where the text says so.
    #[serde(default)]
    pub outputs_commercial: Option<bool>,
    /// A model trained on output must be named after it.
    #[serde(default)]
    pub outputs_trained_model_named: bool,
    /// Whether the text counts a distilled model as a derivative; absent when it is silent.
    #[serde(default)]
    pub distillation_is_derivative: Option<bool>,
    /// The text leaves what is made by computing on the data free of its terms.
    #[serde(default)]
    pub results_carveout: bool,
    /// Whether the terms bind people who were given the thing by somebody else.
    #[serde(default)]
    pub binds_downstream: Option<Downstream>,

    /// The thresholds in words.
    #[serde(default)]
    pub user_threshold: String,
    #[serde(default, rename = "threshold_metric", deserialize_with = "metrics")]
    pub(super) threshold_metrics: Vec<Metric>,
    #[serde(default, rename = "threshold_value", deserialize_with = "values")]
    pub(super) threshold_values: Vec<u64>,
    /// What follows when a threshold is passed.
    #[serde(default)]
    pub threshold_effect: Option<Effect>,
    /// Whether the exact amount counts as passed; absent when the text is not clear.
    #[serde(default)]
    pub threshold_boundary: Option<Boundary>,
    /// The day on which the size is taken; absent when it is taken at any time.
    #[serde(default)]
    pub threshold_at: Option<Date>,

    /// Which purposes are forbidden or allowed, in words.
    #[serde(default)]
    pub field_of_use: String,
    /// What this text means by non-commercial.
    #[serde(default)]
    pub nc_scope: Option<String>,
    /// Competitors of the licensor are excluded.
    #[serde(default)]
    pub competitor_exclusion: bool,
    /// Places where nothing is granted.
    #[serde(default, deserialize_with = "exclusions")]
    pub geographic_exclusion: Vec<Exclusion>,
    /// What an exclusion of places reaches.
    #[serde(default)]
    pub geographic_scope: Option<String>,
    /// Other facts about places.
    #[serde(default)]
    pub geographic_note: Option<String>,
    /// What must be registered or applied for.
    #[serde(default)]
    pub registration: Option<String>,
    /// Commercial use is granted once registered.
    #[serde(default)]
    pub commercial_by_registration: bool,
    /// What who runs it must do: filters, disclosure.
    #[serde(default)]
    pub deployer_obligation: Option<String>,
    /// The licensor may restrict use from afar, or asks for the latest version.
    #[serde(default)]
    pub runtime_restriction: bool,
    /// Where the use policy is that the text incorporates.
    #[serde(default)]
    pub aup_url: Option<String>,
    /// Whether that policy may change under the licence.
    #[serde(default)]
    pub aup_mutable: bool,

    /// Written for machine learning.
    #[serde(default)]
    pub ml_specific: bool,
    /// What to know when using the entry.
    #[serde(default)]
    pub note: Option<String>,
    /// The fields whose values are placeholders.
    #[serde(default)]
    pub unknown_fields: Vec<String>,
    /// Where the text is.
    #[serde(default)]
    pub source_url: String,
    /// How sure the entry is.
    pub confidence: Confidence,
    /// What supports it: a section, not its words.
    #[serde(default)]
    pub evidence: String,
    /// Who says so.
    #[serde(default)]
    pub evidence_source: String,
}

impl Entry {
    /// All classes of the text.
    #[must_use]
    pub fn classes(&self) -> ClassSet {
        self.also_class.iter().copied().chain([self.class]).collect()
    }

    /// The thresholds, any one of which has the [effect](Self::threshold_effect) when passed.
    pub fn thresholds(&self) -> impl Iterator<Item = Threshold> {
        let pairs = self.threshold_metrics.iter().zip(&self.threshold_values);
        pairs.map(|(&metric, &value)| Threshold {
            metric,
            value,
            boundary: self.threshold_boundary,
        })
    }

    /// Whether a field holds a fact rather than a placeholder (G-4).
    #[must_use]
    pub fn knows(&self, field: &str) -> bool {
        !self.unknown_fields.iter().any(|unknown| unknown == field)
    }
}

/// A size of user at which the terms change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// What is counted.
    pub metric: Metric,
    /// The amount, in the metric's unit.
    pub value: u64,
    /// Whether the amount itself counts as passed.
    pub boundary: Option<Boundary>,
}

impl Threshold {
    /// Whether an amount passes the threshold. Where the text is unclear the exact amount counts as passed.
    #[must_use]
    pub fn is_passed_by(&self, amount: u64) -> bool {
        match self.boundary {
            Some(Boundary::Exclusive) => amount > self.value,
            Some(Boundary::Inclusive) | None => amount >= self.value,
        }
    }
}

/// Whether the exact amount passes a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boundary {
    /// It does: "at least".
    Inclusive,
    /// It does not: "more than".
    Exclusive,
}

/// What follows when a threshold is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Effect {
    /// The source must be shown.
    #[serde(rename = "attribution")]
    Attribution,
    /// Nothing is granted.
    #[serde(rename = "no licence")]
    NoLicence,
    /// Another licence is needed.
    #[serde(rename = "separate licence")]
    SeparateLicence,
    /// Commercial use is not granted.
    #[serde(rename = "no commercial licence")]
    NoCommercialLicence,
    /// It must be paid for.
    #[serde(rename = "paid licence")]
    PaidLicence,
    /// The licensor must approve.
    #[serde(rename = "approval")]
    Approval,
    /// The licence ends.
    #[serde(rename = "termination")]
    Termination,
    /// The licensor reviews the use.
    #[serde(rename = "review")]
    Review,
    /// Terms are to be negotiated.
    #[serde(rename = "negotiate")]
    Negotiate,
}

/// The Blue Oak Council's rating, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words are the Blue Oak Council's")]
pub enum BlueOak {
    Model,
    Gold,
    Silver,
    Bronze,
    Lead,
}

/// How sure an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The text was read, or the licence is a standard one.
    High,
    /// A source quotes or classifies the text.
    Medium,
    /// The text was not read.
    Low,
}

/// Whether terms reach people who never agreed to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Downstream {
    /// Lawyers differ.
    Disputed,
}

/// A place where nothing is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// The place.
    pub place: Place,
    /// What the exclusion is limited to, in words; absent when it is of everything.
    pub only: Option<String>,
}

fn metrics<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Metric>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let metric =
        |word: &str| Metric::deserialize(de::value::StrDeserializer::<D::Error>::new(word));
    text.split('|').map(metric).collect()
}

fn values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.split('|').map(|amount| amount.parse().map_err(de::Error::custom)).collect()
}

fn exclusions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Exclusion>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let exclusion = |text: &String| {
        let (place, only) = match text.split_once(':') {
            Some((place, only)) => (place, Some(only.trim().to_owned())),
            None => (text.as_str(), None),
        };
        Ok(Exclusion { place: place.parse().map_err(de::Error::custom)?, only })
    };
    texts.iter().map(exclusion).collect()
}
