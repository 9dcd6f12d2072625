//! From a manifest and its files to the release document. Publisher and server both run this (D-5).

use std::collections::BTreeMap;

use super::{
    About, FileClass, MetaArchive, RELEASE_FORMAT, Release, ReleaseDependency, ReleaseEvaluation,
    ReleaseFile, ReleaseLineage, ReleaseVariants,
};
use crate::manifest::{MANIFEST_PATH, Manifest, ManifestError, Package, Selection, required_meta};
use crate::path::FilePath;

/// Why no release document can be derived.
#[derive(Debug, thiserror::Error)]
pub enum DeriveError {
    /// A project is not a package.
    #[error("`Tare.toml` has no `[package]`, so there is nothing to publish")]
    NoPackage,
    /// The manifest and the files do not fit together.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file is listed that the manifest does not package.
    #[error("`{0}` is not among the files that the manifest packages")]
    Extra(FilePath),
    /// A file travels in the wrong way.
    #[error("`{path}` must travel {expected}")]
    Class {
        /// The file.
        path: FilePath,
        /// `in the meta archive` or `as chunks`.
        expected: &'static str,
    },
}

impl Release {
    /// Derives the document of the package that `manifest`, whose text is `text`, describes.
    ///
    /// `files` are all its files; their variants are set here. `tool` names the program, as `tare 0.1.0`.
    ///
    /// # Errors
    /// When the manifest and the files do not fit together.
    pub fn derive(
        text: &str,
        manifest: &Manifest,
        files: Vec<ReleaseFile>,
        meta: MetaArchive,
        tool: &str,
    ) -> Result<Self, DeriveError> {
        let package = manifest.package.as_ref().ok_or(DeriveError::NoPackage)?;
        let selection = Selection::of(text, manifest, files.iter().map(|file| &file.path))?;
        let files = place(manifest, &selection, files)?;
        let card = package.card.as_ref();
        let card = card.and_then(|card| files.iter().find(|file| file.path == *card));
        Ok(Self {
            format: RELEASE_FORMAT.to_owned(),
            name: package.name.clone(),
            version: package.version.clone(),
            kind: package.kind,
            about: about(package),
            license: manifest.license.parts(),
            license_files: selection.license_files.iter().cloned().collect(),
            dependencies: dependencies(manifest),
            lineage: lineage(manifest),
            undisclosed: manifest.lineage.undisclosed.clone(),
            variants: variants(manifest),
            card: card.map(|file| file.sha256),
            files,
            meta,
            evaluations: evaluations(manifest),
            tool: tool.to_owned(),
        })
    }
}

/// Sets each file's variant and checks its class.
fn place(
    manifest: &Manifest,
    selection: &Selection,
    files: Vec<ReleaseFile>,
) -> Result<Vec<ReleaseFile>, DeriveError> {
    let mut placed = BTreeMap::new();
    for file in files {
        let Some(variant) = selection.files.get(&file.path) else {
            return Err(DeriveError::Extra(file.path));
        };
        if (file.class == FileClass::Data) != file.recipe.is_some() {
            let expected = if file.recipe.is_some() { "as chunks" } else { "in the meta archive" };
            return Err(DeriveError::Class { path: file.path, expected });
        }
        let variant = variant.clone();
        placed.insert(file.path.clone(), ReleaseFile { variant, ..file });
    }
    let named = required_meta(manifest).into_iter().map(|(_, path)| path);
    let manifest_path = MANIFEST_PATH.parse::<FilePath>().ok();
    for path in named.chain(selection.license_files.iter().cloned()).chain(manifest_path) {
        let meta =
            placed.get(&path).is_some_and(|file: &ReleaseFile| file.class == FileClass::Meta);
        if !meta {
            return Err(DeriveError::Class { path, expected: "in the meta archive" });
        }
    }
    Ok(placed.into_values().collect())
}

fn about(package: &Package) -> About {
    About {
        description: package.description.clone(),
        authors: package.authors.clone(),
        repository: package.repository.clone(),
        homepage: package.homepage.clone(),
        documentation: package.documentation.clone(),
        keywords: package.keywords.clone(),
        tasks: package.tasks.clone(),
        languages: package.languages.clone(),
        readme: package.readme.clone(),
    }
}

fn dependencies(manifest: &Manifest) -> Vec<ReleaseDependency> {
    let entry = |(name, dependency): (&_, &crate::manifest::Dependency)| ReleaseDependency {
        name: Clone::clone(name),
        requirement: dependency.version.clone(),
        relation: dependency.relation,
        variant: dependency.variant.clone(),
    };
    manifest.dependencies.iter().map(entry).collect()
}

fn lineage(manifest: &Manifest) -> Vec<ReleaseLineage> {
    let entry = |(source, entry): (&_, &crate::manifest::LineageEntry)| ReleaseLineage {
        source: Clone::clone(source),
        version: entry.version.as_ref().map(|version| version.0.clone()),
        revision: entry.revision.clone(),
        relation: entry.relation,
        split: entry.split.clone(),
        share: entry.share,
        license: entry.license.clone(),
    };
    manifest.lineage.entries.iter().map(entry).collect()
}

fn variants(manifest: &Manifest) -> Option<ReleaseVariants> {
    let names: Vec<_> = manifest.variants.named.keys().cloned().collect();
    let default = manifest.variants.default.clone().or_else(|| names.first().cloned())?;
    Some(ReleaseVariants { default, names })
}

fn evaluations(manifest: &Manifest) -> Vec<ReleaseEvaluation> {
    let entry = |evaluation: &crate::manifest::Evaluation| ReleaseEvaluation {
        dataset: evaluation.dataset.clone(),
        split: evaluation.split.clone(),
        metric: evaluation.metric.clone(),
        value: evaluation.value,
        evidence: evaluation.evidence.clone(),
    };
    manifest.evaluations.iter().map(entry).collect()
}
