//! Which files a package has, and how each travels.
//!
//! The files that the manifest names travel in the meta archive: readme, card, licence texts, evidence. Of models and
//! adapters small texts do too, such as configurations and tokenizers, so that a resolver or a page never fetches
//! weights. Everything else travels as chunks.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use tare_format::VariantName;
use tare_format::limits::Limits;
use tare_format::manifest::{Kind, MANIFEST_PATH, Manifest, Package, Selection, required_meta};
use tare_format::path::{FilePath, PathSet};
use tare_format::release::FileClass;
use tare_store::walk::{Links, walk};

use super::{PackageError, license};

/// The endings of small texts that travel in the meta archive of a model or an adapter.
const TEXT_ENDINGS: [&str; 7] = ["json", "md", "txt", "toml", "yaml", "yml", "jinja"];
/// What tar adds to a file at most, in bytes: two headers of a long path, and padding.
const TAR_OVERHEAD: u64 = 2048;

/// A package that is about to be packaged: its manifest and its files.
#[derive(Debug, Clone)]
pub struct SelectedPackage {
    /// The folder.
    pub folder: PathBuf,
    /// The manifest's text.
    pub text: String,
    /// The manifest.
    pub manifest: Manifest,
    /// What `[package]` says.
    pub package: Package,
    /// The files, sorted by path.
    pub files: Vec<SelectedFile>,
}

/// One file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedFile {
    /// Where it lies in the package.
    pub path: FilePath,
    /// Its size in bytes when it was looked at.
    pub size: u64,
    /// How it travels.
    pub class: FileClass,
    /// The only variant that has it.
    pub variant: Option<VariantName>,
}

impl SelectedPackage {
    /// Where the manifest lies.
    #[must_use]
    pub fn manifest_path(&self) -> PathBuf {
        self.folder.join(MANIFEST_PATH)
    }

    /// Where a file of the package lies.
    #[must_use]
    pub fn path_of(&self, file: &FilePath) -> PathBuf {
        // Component by component, because the separator of the system need not be `/`.
        file.components().fold(self.folder.clone(), |path, component| path.join(component))
    }
}

/// Reads the manifest in `folder` and finds the package's files.
///
/// # Errors
/// When there is no manifest, it has a mistake, or the folder holds something that no package can.
pub fn select(folder: &Path) -> Result<SelectedPackage, PackageError> {
    let path = folder.join(MANIFEST_PATH);
    let text = read_manifest(folder, &path)?;
    let manifest = Manifest::parse(&text).map_err(|error| PackageError::manifest(&path, error))?;
    let Some(package) = manifest.package.clone() else {
        return Err(PackageError::Project { path });
    };
    license::check(&text, &manifest).map_err(|error| PackageError::manifest(&path, error))?;
    let found = find(folder, &package)?;
    let selection = Selection::of(&text, &manifest, found.iter().map(|(path, _)| path))
        .map_err(|error| PackageError::manifest(&path, error))?;
    let files = classify(&manifest, package.kind, &selection, &found)?;
    Ok(SelectedPackage { folder: folder.to_owned(), text, manifest, package, files })
}

fn read_manifest(folder: &Path, path: &Path) -> Result<String, PackageError> {
    let limit = Limits::default().manifest_size;
    let fail = |source| PackageError::Read { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(PackageError::NoManifest { folder: folder.to_owned() });
        }
        Err(error) => return Err(fail(error)),
    };
    let found = file.metadata().map_err(fail)?.len();
    if found > limit {
        return Err(PackageError::ManifestSize { path: path.to_owned(), found, limit });
    }
    let mut text = String::new();
    file.take(limit).read_to_string(&mut text).map_err(fail)?;
    Ok(text)
}

/// The files that the manifest may package, with their sizes. What it leaves out may be anything, links too.
fn find(folder: &Path, package: &Package) -> Result<Vec<(FilePath, u64)>, PackageError> {
    let include = globs(&package.include);
    let exclude = globs(&package.exclude);
    let leaves_out = |path: &str, is_folder: bool| {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.starts_with('.') {
            return true;
        }
        if is_folder {
            // Left out with all below it only if that is what the globs say at any depth.
            return [format!("{path}/\u{1}"), format!("{path}/\u{1}/\u{1}")]
                .iter()
                .all(|below| exclude.is_match(below));
        }
        let ours = matches!(path, "Tare.lock" | "model.sig");
        let included = package.include.is_empty() || include.is_match(path);
        path != MANIFEST_PATH && (ours || !included || exclude.is_match(path))
    };
    let walked = walk(folder, Links::Refuse, leaves_out)
        .map_err(|source| PackageError::Walk { folder: folder.to_owned(), source })?;
    let limit = Limits::default().files;
    if walked.len() as u64 > limit {
        return Err(PackageError::FileCount { found: walked.len(), limit });
    }
    let mut paths = PathSet::new();
    let mut found = Vec::with_capacity(walked.len());
    for file in walked {
        let path: FilePath = file.path.parse()?;
        paths.insert(&path).map_err(PackageError::Conflict)?;
        found.push((path, file.size_bytes));
    }
    Ok(found)
}

/// The globs of the manifest, as [`Selection`] reads them. It also reports those that are wrong; here they match
/// nothing.
fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        if let Ok(glob) =
            GlobBuilder::new(pattern).literal_separator(true).backslash_escape(false).build()
        {
            set.add(glob);
        }
    }
    set.build().unwrap_or_default()
}

fn classify(
    manifest: &Manifest,
    kind: Kind,
    selection: &Selection,
    found: &[(FilePath, u64)],
) -> Result<Vec<SelectedFile>, PackageError> {
    let limits = Limits::default();
    let mut named: BTreeSet<&str> = selection.license_files.iter().map(FilePath::as_str).collect();
    let required = required_meta(manifest);
    named.extend(required.iter().map(|(_, path)| path.as_str()));
    named.insert(MANIFEST_PATH);
    let sizes = found.iter().filter(|(path, _)| selection.files.contains_key(path));
    // The packed archive is not larger than the tar, but for a few bytes.
    let mut room = limits.meta_packed_size - (limits.meta_packed_size >> 6);
    let mut slots = limits.meta_files;
    for (path, size) in sizes.clone().filter(|(path, _)| named.contains(path.as_str())) {
        if *size > limits.meta_file_size {
            let (path, limit) = (path.clone(), limits.meta_file_size);
            return Err(PackageError::MetaSize { path, found: *size, limit });
        }
        room = room.saturating_sub(size + TAR_OVERHEAD);
        slots = slots.saturating_sub(1);
    }
    let mut files = Vec::with_capacity(selection.files.len());
    for (path, size) in sizes {
        let cost = size + TAR_OVERHEAD;
        let fits = *size <= limits.meta_file_size && cost <= room && slots > 0;
        let class = if named.contains(path.as_str()) {
            FileClass::Meta
        } else if fits && travels_as_text(kind, path) {
            room -= cost;
            slots -= 1;
            FileClass::Meta
        } else {
            FileClass::Data
        };
        let variant = selection.files.get(path).cloned().flatten();
        files.push(SelectedFile { path: path.clone(), size: *size, class, variant });
    }
    Ok(files)
}

fn travels_as_text(kind: Kind, path: &FilePath) -> bool {
    let ending = path.file_name().rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending = ending.to_ascii_lowercase();
    match kind {
        // A data set's JSON and text files are its data.
        Kind::Dataset => ending == "md",
        Kind::Model | Kind::Adapter | Kind::Collection => TEXT_ENDINGS.contains(&ending.as_str()),
    }
}

/// Whether the owner of a file may execute it.
#[cfg(unix)]
pub(super) fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
pub(super) fn is_executable(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests;
