//! Small documents for tests, in few words.

use std::collections::BTreeMap;

use tare_format::registry::RegistryId;
use tare_format::release::{
    About, FileClass, MetaArchive, RELEASE_FORMAT, Release, ReleaseDependency, ReleaseFile,
    ReleaseLineage,
};
use tare_format::{ReleaseId, Sha256};

use crate::lock::Known;
use crate::resolve::{Chosen, Dependency, Resolution, Resolved};

/// `ns/name@version`.
pub(crate) fn id(text: &str) -> ReleaseId {
    text.parse().unwrap()
}

pub(crate) fn registry() -> RegistryId {
    RegistryId::of_root(&Sha256::of(&[1; 16]))
}

/// A model of one file of 1000 bytes under MIT.
pub(crate) fn release(text: &str) -> Release {
    let id = id(text);
    let file = ReleaseFile {
        path: "model.safetensors".parse().unwrap(),
        size: 1000,
        sha256: Sha256::of(text.as_bytes()),
        class: FileClass::Data,
        recipe: Some(tare_format::Blake3::of(text.as_bytes())),
        variant: None,
        media_type: "application/octet-stream".to_owned(),
    };
    Release {
        format: RELEASE_FORMAT.to_owned(),
        name: id.name,
        version: id.version,
        kind: tare_format::manifest::Kind::Model,
        about: About::default(),
        license: serde_json::from_str(r#"{"weights":"MIT"}"#).unwrap(),
        license_files: Vec::new(),
        dependencies: Vec::new(),
        lineage: Vec::new(),
        undisclosed: Vec::new(),
        variants: None,
        files: vec![file],
        meta: MetaArchive { sha256: Sha256::of(b"meta"), size: 4 },
        card: None,
        evaluations: Vec::new(),
        tool: "tare 0.1.0".to_owned(),
    }
}

/// `release`, which needs the releases `needs` and was trained on or made from `made_from`; a name with `:` is outside.
pub(crate) fn release_of(text: &str, needs: &[&str], made_from: &[&str]) -> Release {
    let mut release = release(text);
    release.dependencies = needs.iter().map(|text| dependency(text)).collect();
    release.lineage = made_from.iter().map(|text| lineage(text)).collect();
    release
}

fn dependency(text: &str) -> ReleaseDependency {
    let id = id(text);
    ReleaseDependency {
        name: id.name,
        requirement: format!("={}", id.version).parse().unwrap(),
        relation: Default::default(),
        variant: None,
    }
}

pub(crate) fn lineage(text: &str) -> ReleaseLineage {
    let (source, version) = match text.split_once('@') {
        Some((name, version)) => (name, Some(version.parse().unwrap())),
        None => (text, None),
    };
    ReleaseLineage {
        source: source.parse().unwrap(),
        version,
        revision: None,
        relation: tare_format::manifest::LineageRelation::TrainedOn,
        split: None,
        share: None,
        license: Default::default(),
    }
}

/// What is known of some releases, by id.
pub(crate) fn known(releases: &[Release]) -> BTreeMap<ReleaseId, Known> {
    let one = |release: &Release| {
        let digest = Sha256::of(&release.to_bytes().unwrap());
        let signers = vec![Sha256::of(b"key")];
        (release.id(), Known { release: release.clone(), digest, signers })
    };
    releases.iter().map(one).collect()
}

/// A resolution that chose `wanted` for the project, and all of `releases`.
pub(crate) fn resolution(wanted: &[&str], releases: &[Release]) -> Resolution {
    let known = known(releases);
    let package = |release: &Release| Resolved {
        name: release.name.clone(),
        version: release.version.clone(),
        digest: known[&release.id()].digest,
        kind: release.kind,
        variant: None,
        dependencies: release
            .dependencies
            .iter()
            .map(|needed| chosen(&format!("{}@{}", needed.name, needed.requirement)))
            .collect(),
    };
    Resolution {
        requirements: wanted.iter().map(|text| chosen(text)).collect(),
        packages: releases.iter().map(package).collect(),
        notes: Vec::new(),
        steps: 0,
    }
}

fn chosen(text: &str) -> Chosen {
    let ReleaseId { name, version } = id(text);
    let requirement = format!("={version}").parse().unwrap();
    let dependency = Dependency { name, requirement, relation: Default::default(), variant: None };
    Chosen { dependency, version }
}
