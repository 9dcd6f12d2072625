//! What a folder of model or data files is, and the manifest that says so.
//!
//! A guess saves typing and must never be taken for a statement of the publisher. So what is inferred is marked as such
//! in the manifest, and a licence that a README merely mentions is written down with where it was found.

mod create;
mod files;
mod front_matter;
mod hub;
mod manifest;
mod variants;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use tare_format::manifest::{Kind, LineageRelation};

pub use create::{CreateError, create};
pub use manifest::{manifest_text, project_text};

use crate::error::{ClientError, ErrorKind};

/// Why a folder cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[error("failed to look at `{}`", path.display())]
pub struct DetectError {
    /// What cannot be read.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl ClientError for DetectError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Failure
    }

    fn code(&self) -> &'static str {
        "E-FILE"
    }
}

/// What a folder seems to be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detected {
    /// What it is; nothing when there are no model or data files.
    pub kind: Option<Kind>,
    /// What was recognised, to be told to a person.
    pub formats: Vec<String>,
    /// One sentence about it.
    pub description: Option<String>,
    /// What the README says the licence is, as an SPDX id if that is known.
    pub license: Option<DetectedLicense>,
    /// Task names.
    pub tasks: Vec<String>,
    /// BCP 47 tags.
    pub languages: Vec<String>,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// What it was made from, as the files say.
    pub lineage: Vec<Ancestor>,
    /// Files by variant, the default first.
    pub variants: Vec<(String, Vec<String>)>,
    /// The page that people read first.
    pub readme: Option<String>,
    /// Licence texts.
    pub license_files: Vec<String>,
    /// What the publisher should know.
    pub warnings: Vec<String>,
}

/// A licence that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectedLicense {
    /// The SPDX expression to write down.
    pub expression: String,
    /// What the README says.
    pub found: String,
}

/// An ancestor that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestor {
    /// As `hf:org/name` or `hf:datasets/org/name`.
    pub source: String,
    /// Its revision, if that is known.
    pub revision: Option<String>,
    /// How the package seems to come from it.
    pub relation: LineageRelation,
    /// Where that was found.
    pub found_in: &'static str,
}

/// Looks at the files of `folder`.
///
/// # Errors
/// When it cannot be read.
pub fn detect(folder: &Path) -> Result<Detected, DetectError> {
    let files = files::list(folder)?;
    let mut detected = Detected {
        readme: files
            .iter()
            .find(|file| file.path.eq_ignore_ascii_case("readme.md"))
            .map(|file| file.path.clone()),
        license_files: files
            .iter()
            .filter(|file| file.is_license())
            .map(|file| file.path.clone())
            .collect(),
        variants: variants::of(&files),
        ..Detected::default()
    };
    let mut formats: BTreeMap<&str, usize> = BTreeMap::new();
    for name in files.iter().filter_map(files::Listed::format_name) {
        *formats.entry(name).or_default() += 1;
    }
    detected.formats = formats.iter().map(|(name, count)| format!("{name} ({count})")).collect();
    detected.kind = files::kind_of(&files);
    hub::look(folder, &files, &mut detected)?;
    if formats.contains_key("PyTorch pickle") {
        detected.warnings.push(
            "PyTorch pickles run code when they are loaded; safetensors do not, and many consumers refuse pickles".to_owned(),
        );
    }
    Ok(detected)
}

#[cfg(test)]
mod tests;
