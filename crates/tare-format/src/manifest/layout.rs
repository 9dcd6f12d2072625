//! Which files a package has, and which variant each belongs to (spec/manifest.md M-13 to M-18).
//!
//! A pure function of the manifest and the paths, so that a publisher, a server and a mirror all get the same answer.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{Manifest, ManifestError};
use crate::name::VariantName;
use crate::path::FilePath;

/// The file that every package has.
pub const MANIFEST_PATH: &str = "Tare.toml";

/// The files of a package, sorted by path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Every file, with the variant that it belongs to; in no variant means in all.
    pub files: BTreeMap<FilePath, Option<VariantName>>,
    /// Those that hold licence texts.
    pub license_files: BTreeSet<FilePath>,
}

impl Selection {
    /// Selects from `paths` what `manifest`, whose text is `text`, packages.
    ///
    /// # Errors
    /// When a glob is wrong or matches nothing, two variants claim one file, or a file that the manifest names is
    /// missing; with the place in `text`.
    pub fn of<'p>(
        text: &str,
        manifest: &Manifest,
        paths: impl IntoIterator<Item = &'p FilePath>,
    ) -> Result<Self, ManifestError> {
        select(manifest, paths).map_err(|(path, error)| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            error.at_path(text, &path)
        })
    }
}

/// The files that the manifest names one by one: they must exist and travel in the meta archive (M-17).
#[must_use]
pub fn required_meta(manifest: &Manifest) -> Vec<(Vec<String>, FilePath)> {
    let mut named = Vec::new();
    let mut name = |key: &[&str], path: &Option<FilePath>| {
        if let Some(path) = path {
            named.push((key.iter().map(|&step| step.to_owned()).collect(), path.clone()));
        }
    };
    if let Some(package) = &manifest.package {
        name(&["package", "readme"], &package.readme);
        name(&["package", "card"], &package.card);
    }
    for (index, entry) in manifest.lineage.undisclosed.iter().enumerate() {
        name(&["lineage", "undisclosed", &index.to_string(), "card"], &entry.card);
    }
    for (index, evaluation) in manifest.evaluations.iter().enumerate() {
        name(&["evaluation", &index.to_string(), "evidence"], &evaluation.evidence);
    }
    named
}

type Failure = (Vec<String>, ManifestError);

fn select<'p>(
    manifest: &Manifest,
    paths: impl IntoIterator<Item = &'p FilePath>,
) -> Result<Selection, Failure> {
    let package = manifest.package.as_ref();
    let everything = vec!["**".to_owned()];
    let include = package.map(|package| &package.include).filter(|globs| !globs.is_empty());
    let include = globs(include.unwrap_or(&everything), &["package", "include"])?;
    let nothing = Vec::new();
    let exclude = package.map_or(&nothing, |package| &package.exclude);
    let exclude = globs(exclude, &["package", "exclude"])?;

    let selected: BTreeSet<&FilePath> =
        paths.into_iter().filter(|path| is_packaged(path, &include, &exclude)).collect();
    for (key, path) in required_meta(manifest) {
        if !selected.contains(&path) {
            let error =
                ManifestError::new(format!("`{path}` is not among the files of the package"))
                    .help("create the file, or check `include` and `exclude`");
            return Err((key, error));
        }
    }
    let license_files = matches(&manifest.license.files, &["license", "files"], &selected)?;
    Ok(Selection { files: assign_variants(manifest, &selected)?, license_files })
}

/// M-13: hidden files, the lock, installed packages and detached signatures are never packaged.
fn is_packaged(path: &FilePath, include: &GlobSet, exclude: &GlobSet) -> bool {
    let text = path.as_str();
    if text == MANIFEST_PATH {
        return true;
    }
    let hidden = text.split('/').any(|component| component.starts_with('.'));
    let ours = text == "Tare.lock" || text == "model.sig";
    !hidden && !ours && include.is_match(text) && !exclude.is_match(text)
}

/// M-14 to M-16: each glob matches something, and no file is in two variants.
fn assign_variants(
    manifest: &Manifest,
    selected: &BTreeSet<&FilePath>,
) -> Result<BTreeMap<FilePath, Option<VariantName>>, Failure> {
    let mut files: BTreeMap<FilePath, Option<VariantName>> =
        selected.iter().map(|&path| (path.clone(), None)).collect();
    for (name, variant) in &manifest.variants.named {
        let key = ["variants", name.as_str(), "files"];
        for path in matches(&variant.files, &key, selected)? {
            let slot = files.entry(path.clone()).or_default();
            if let Some(other) = slot.replace(name.clone()) {
                let error = ManifestError::new(format!(
                    "`{path}` is in two variants, `{other}` and `{name}`"
                ))
                .help("variants exclude each other: make the globs of one narrower");
                return Err((key.iter().map(|&step| step.to_owned()).collect(), error));
            }
        }
    }
    Ok(files)
}

fn matches(
    patterns: &[String],
    key: &[&str],
    selected: &BTreeSet<&FilePath>,
) -> Result<BTreeSet<FilePath>, Failure> {
    let mut found = BTreeSet::new();
    for (index, pattern) in patterns.iter().enumerate() {
        let index = index.to_string();
        let key = [key, &[index.as_str()]].concat();
        let glob = globs(std::slice::from_ref(pattern), &key)?;
        let before = found.len();
        let hits = selected.iter().filter(|path| glob.is_match(path.as_str()));
        let mut any = false;
        for &hit in hits {
            any = true;
            found.insert(hit.clone());
        }
        if !any && before == found.len() {
            let error = ManifestError::new(format!("`{pattern}` matches no file of the package"))
                .help(
                    "globs are relative to the manifest; `*` stays within a folder, `**` does not",
                );
            return Err((key.iter().map(|&step| step.to_owned()).collect(), error));
        }
    }
    Ok(found)
}

fn globs(patterns: &[String], key: &[&str]) -> Result<GlobSet, Failure> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob =
            GlobBuilder::new(pattern).literal_separator(true).backslash_escape(false).build();
        set.add(glob.map_err(|error| {
            let error = ManifestError::new(format!("`{pattern}` is not a glob: {}", error.kind()));
            (key.iter().map(|&step| step.to_owned()).collect::<Vec<_>>(), error)
        })?);
    }
    set.build().map_err(|error| {
        let error = ManifestError::new(format!("the globs are too large: {error}"));
        (key.iter().map(|&step| step.to_owned()).collect(), error)
    })
}
