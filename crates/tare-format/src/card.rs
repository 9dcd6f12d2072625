//! `card.toml`: the model card or data card (spec/card.md).
//!
//! One vocabulary for both. Every field is optional here; which are needed is a matter of policy. The chapter has the
//! table that maps each field to the hub's YAML, Croissant, CycloneDX, SPDX and the EU summary.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decimal::Decimal;
use crate::digest::Sha256;
use crate::manifest::ManifestError;

/// `card.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[schemars(title = "card.toml")]
pub struct Card {
    /// What it is, in a paragraph.
    pub summary: Option<String>,
    /// Who supplies it.
    pub supplier: Option<String>,
    /// When it was first made available, as a date.
    pub released: Option<String>,
    /// `text`, `image`, `audio`, `video`, `tabular`, …
    pub modalities: Vec<String>,
    /// How to cite it.
    pub citation: Option<String>,
    /// How it is maintained, and for how long.
    pub maintenance: Option<String>,
    /// What it is for and what not.
    pub uses: Uses,
    /// What is known to be wrong with it.
    pub limits: LimitsAndBiases,
    /// The model; only in a model card.
    pub model: Option<Model>,
    /// The data; only in a data card.
    pub data: Option<Data>,
    /// What it cost to make.
    pub compute: Option<Compute>,
}

/// What something is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Uses {
    /// What it was made for.
    pub intended: Option<String>,
    /// What it should not be used for.
    pub out_of_scope: Option<String>,
    /// What its use may do to people.
    pub social_impact: Option<String>,
}

/// What is known to be wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LimitsAndBiases {
    /// What it cannot do.
    pub technical: Option<String>,
    /// Whom it treats differently.
    pub biases: Option<String>,
    /// What could go wrong.
    pub risks: Option<String>,
}

/// `[model]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Model {
    /// The architecture's name.
    pub architecture: Option<String>,
    /// How many parameters.
    pub parameters: Option<u64>,
    /// The library that loads it.
    pub library: Option<String>,
    /// How it was trained.
    pub training: Option<String>,
    /// The settings of training.
    pub hyperparameters: Option<String>,
    /// How it was measured.
    pub evaluation: Option<String>,
}

/// How data can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// In the package.
    Packaged,
    /// Elsewhere, by anybody.
    Public,
    /// From a third party, also for a fee.
    Purchasable,
    /// By nobody.
    Unshareable,
}

/// `[data]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Data {
    /// How it can be had.
    pub access: Option<Access>,
    /// Where it comes from.
    pub provenance: Option<String>,
    /// Where it can be had.
    pub url: Option<String>,
    /// How many records.
    pub records: Option<u64>,
    /// How it was collected.
    pub collection: Collection,
    /// How records were chosen.
    pub selection: Option<String>,
    /// What was done to them.
    pub processing: Option<String>,
    /// How labels were made.
    pub labeling: Option<String>,
    /// What is about people, and how they are protected.
    pub personal: Option<String>,
    /// On what grounds it may be used: consent, reservations of rights, licences of sources.
    pub rights: Option<String>,
    /// A commitment to data that stays private.
    pub commitment: Option<Commitment>,
}

/// `[data.collection]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Collection {
    /// By which means.
    pub method: Option<String>,
    /// From when to when.
    pub period: Option<String>,
    /// Which crawler, and how it behaves.
    pub crawler: Option<String>,
    /// Where.
    pub geography: Option<String>,
}

/// `[data.commitment]`: what lets somebody show later that this was the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Commitment {
    /// SHA-256 over the sorted lines `<sha256 hex>  <path>` of every file, each ending in a line feed.
    pub sha256: Sha256,
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// `[compute]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Compute {
    /// On what.
    pub hardware: Option<String>,
    /// For how many hours of it.
    pub hours: Option<Decimal>,
    /// With how much energy, in kWh.
    pub energy_kwh: Option<Decimal>,
}

impl Card {
    /// Reads a card.
    ///
    /// # Errors
    /// With the place and the reason; an unknown key comes with the nearest known one.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        crate::manifest::from_toml(text)
    }
}
