//! What a release document says, against what its meta archive holds (spec/release.md D-5).
//!
//! Nothing about a release is believed: the document is derived again from the manifest and the files, and must come
//! out as the same bytes. So what the page, the search and the audit show is what the manifest says.

use std::collections::BTreeMap;

use tare_format::archive::{self, Entry};
use tare_format::limits::Limits;
use tare_format::manifest::{LicenseParts, Manifest, PublishTo};
use tare_format::path::{FilePath, PathSet};
use tare_format::problem::Code;
use tare_format::release::{FileClass, Release, ReleaseFile};
use tare_format::{ReleaseId, Sha256};
use tare_license::{Catalogue, ClassSet, Expression, class_of};

use crate::error::{ApiError, chain};

/// Derives the document again and compares.
///
/// # Errors
/// `invalid-document` when the archive, the manifest or a licence breaks its rules; `release-mismatch` when the
/// documents differ, with the first field that does.
pub(crate) fn rederive(
    release: &Release,
    document: &[u8],
    packed: &[u8],
    limits: &Limits,
) -> Result<(), ApiError> {
    let id = release.id();
    let entries = archive::open(packed, &release.meta.sha256, limits)
        .map_err(|error| invalid(&id, "meta archive", &error))?;
    let text = entries
        .iter()
        .find(|entry| entry.path.as_str() == archive::MANIFEST)
        .and_then(|entry| std::str::from_utf8(&entry.content).ok())
        .ok_or_else(|| ApiError::invalid(format!("the manifest of `{id}` is not text")))?;
    if text.len() as u64 > limits.manifest_size {
        let detail = format!("the manifest of `{id}` has more than {} bytes", limits.manifest_size);
        return Err(ApiError::new(Code::TooLarge, detail));
    }
    let manifest = Manifest::parse(text).map_err(|error| {
        let place = error.position.map(|place| format!(" at {place}")).unwrap_or_default();
        ApiError::invalid(format!("the manifest of `{id}` is refused{place}: {error}"))
    })?;
    check_publish(&id, &manifest)?;
    let files = files(release, &entries)?;
    let meta = tare_format::release::MetaArchive { size: packed.len() as u64, ..release.meta };
    let derived = Release::derive(text, &manifest, files, meta, &release.tool)
        .map_err(|error| invalid(&id, "release", &error))?;
    let bytes = derived.to_bytes().map_err(|error| invalid(&id, "release", &error))?;
    if bytes == document {
        return check_licenses(release);
    }
    let field = differing_field(document, &bytes).unwrap_or_default();
    Err(ApiError::new(
        Code::ReleaseMismatch,
        format!("the release document of `{id}` says something else than its manifest and files: `{field}` differs"),
    )
    .help("package it again with a current `tare`"))
}

/// The worst licence class of a release, over all its parts.
pub(crate) fn license_class(parts: &LicenseParts) -> String {
    let catalogue = Catalogue::builtin();
    let all = parts.iter().map(|(_, text)| class_of(text.as_str(), catalogue));
    let worst = all.fold(ClassSet::EMPTY, ClassSet::union).worst();
    worst.map_or_else(|| "unknown".to_owned(), |class| class.to_string())
}

/// Every file of the release: those in the archive as they are, those that travel as chunks as the document has them.
fn files(release: &Release, entries: &[Entry]) -> Result<Vec<ReleaseFile>, ApiError> {
    let stated: BTreeMap<&FilePath, &ReleaseFile> =
        release.files.iter().map(|file| (&file.path, file)).collect();
    let mut files = Vec::with_capacity(release.files.len());
    for entry in entries {
        let media_type = stated.get(&entry.path).map(|file| file.media_type.clone());
        files.push(ReleaseFile {
            path: entry.path.clone(),
            size: entry.content.len() as u64,
            sha256: Sha256::of(&entry.content),
            class: FileClass::Meta,
            recipe: None,
            variant: None,
            media_type: media_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        });
    }
    files.extend(release.files.iter().filter(|file| file.class == FileClass::Data).cloned());
    // One path in both would let the archive carry a file that the document does not show.
    let mut paths = PathSet::new();
    for file in &files {
        paths
            .insert(&file.path)
            .map_err(|error| invalid(&release.id(), "list of files", &error))?;
    }
    Ok(files)
}

fn check_publish(id: &ReleaseId, manifest: &Manifest) -> Result<(), ApiError> {
    let publish = manifest.package.as_ref().map(|package| &package.publish);
    match publish {
        Some(PublishTo::Only(names)) if names.is_empty() => {
            Err(ApiError::invalid(format!("the manifest of `{id}` says `publish = false`"))
                .help("remove the line when it is to be published"))
        }
        _ => Ok(()),
    }
}

fn check_licenses(release: &Release) -> Result<(), ApiError> {
    let lineage = release.lineage.iter().flat_map(|entry| entry.license.iter());
    for (part, text) in release.license.iter().chain(lineage) {
        text.as_str().parse::<Expression>().map_err(|error| {
            let id = release.id();
            ApiError::invalid(format!("the licence of the {part} of `{id}` is refused: {error}"))
        })?;
    }
    Ok(())
}

fn differing_field(stated: &[u8], derived: &[u8]) -> Option<String> {
    let stated: BTreeMap<String, serde_json::Value> = serde_json::from_slice(stated).ok()?;
    let derived: BTreeMap<String, serde_json::Value> = serde_json::from_slice(derived).ok()?;
    let fields = stated.keys().chain(derived.keys());
    fields.into_iter().find(|field| stated.get(*field) != derived.get(*field)).cloned()
}

fn invalid(id: &ReleaseId, what: &str, error: &dyn std::error::Error) -> ApiError {
    ApiError::invalid(format!("the {what} of `{id}` is refused: {}", chain(error)))
}
