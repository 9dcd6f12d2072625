//! Reading the catalogue's layers: the built-in data, then whatever a registry or a workspace lays over it.

use serde::Deserialize;
use tare_format::Sha256;

use super::{Catalogue, Entry};
use crate::Class;

/// Compiled from the sources named in its header.
const BUILTIN: &str = include_str!("../../data/license-catalog.toml");
/// Tags that name a family of texts; a layer of its own, so that the data above stays as it was compiled.
const FAMILIES: &str = include_str!("../../data/families.toml");

/// Why a layer of the catalogue cannot be used. Layers count from 1; those built in come first and are not counted.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The layer is not TOML, or a field is missing, unknown or of the wrong type.
    #[error("licence layer {layer} is not a list of licences")]
    Syntax {
        /// Which layer.
        layer: usize,
        /// Where, and what was expected.
        source: toml::de::Error,
    },
    /// The layer is of a later format.
    #[error("licence layer {layer} has schema version {found}, expected 1")]
    Version {
        /// Which layer.
        layer: usize,
        /// Its version.
        found: u32,
    },
    /// The layer lists other classes than these.
    #[error("licence layer {layer} lists other classes than Tare knows")]
    Classes {
        /// Which layer.
        layer: usize,
    },
    /// An id cannot stand in an expression.
    #[error(
        "licence layer {layer}: `{id}` cannot be a licence id: expected letters, digits, `.` and `-`"
    )]
    Id {
        /// Which layer.
        layer: usize,
        /// The id.
        id: String,
    },
    /// An id or an alias stands twice in one layer.
    #[error("licence layer {layer}: `{word}` names both `{first}` and `{second}`")]
    Ambiguous {
        /// Which layer.
        layer: usize,
        /// The id or alias.
        word: String,
        /// The entry that had it.
        first: String,
        /// The entry that wants it too.
        second: String,
    },
    /// Metrics and values of a threshold do not pair up.
    #[error(
        "licence layer {layer}: `{id}` has {metrics} threshold metrics and {values} threshold values"
    )]
    Thresholds {
        /// Which layer.
        layer: usize,
        /// The licence.
        id: String,
        /// How many metrics.
        metrics: usize,
        /// How many values.
        values: usize,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    schema_version: u32,
    #[serde(default, rename = "spdx_list_version")]
    _spdx_list_version: Option<String>,
    #[serde(default)]
    classes: Option<Vec<Class>>,
    #[serde(default)]
    license: Vec<Entry>,
}

/// Reads the built-in layers and those given over them (G-6). A later layer replaces entries by id and takes aliases.
pub(super) fn read(overrides: &[&str]) -> Result<Catalogue, CatalogueError> {
    let mut catalogue = Catalogue::empty();
    let mut digests = Vec::new();
    let texts = [BUILTIN, FAMILIES].into_iter().chain(overrides.iter().copied());
    for (at, text) in texts.enumerate() {
        let number = at.saturating_sub(1);
        for entry in read_layer(text, number)? {
            catalogue.lay(entry, at, number)?;
        }
        digests.extend_from_slice(Sha256::of(text.as_bytes()).as_bytes());
    }
    // G-7: the digest of the digests, so that the order of layers counts and their borders cannot move.
    Ok(catalogue.sealed(Sha256::of(&digests)))
}

fn read_layer(text: &str, layer: usize) -> Result<Vec<Entry>, CatalogueError> {
    let read: Layer =
        toml::from_str(text).map_err(|source| CatalogueError::Syntax { layer, source })?;
    if read.schema_version != 1 {
        return Err(CatalogueError::Version { layer, found: read.schema_version });
    }
    if read.classes.is_some_and(|mut classes| {
        classes.sort();
        classes != Class::ALL
    }) {
        return Err(CatalogueError::Classes { layer });
    }
    for entry in &read.license {
        let (metrics, values) = (entry.threshold_metrics.len(), entry.threshold_values.len());
        if metrics != values {
            return Err(CatalogueError::Thresholds {
                layer,
                id: entry.id.clone(),
                metrics,
                values,
            });
        }
        if entry.id.is_empty()
            || !entry.id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        {
            return Err(CatalogueError::Id { layer, id: entry.id.clone() });
        }
    }
    Ok(read.license)
}
