//! Whether the public files are what the database says, and whether every byte of every release is there.

use std::collections::BTreeSet;

use tare_format::release::Release;
use tare_format::{Blake3, PackageName, Sha256};
use tare_store::backend::read_all;
use tare_store::{ObjectKey, ObjectStore, StoreError};

use crate::db::releases::ReleaseRow;
use crate::db::{bytes32, chunks, events, names, releases};
use crate::error::{ApiError, chain};
use crate::projection;
use crate::registry::Registry;

/// What was looked at, and what is wrong.
#[derive(Debug, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// How many events there are.
    pub events: u64,
    /// How many packages.
    pub packages: u64,
    /// How many releases.
    pub releases: u64,
    /// How many packs.
    pub packs: u64,
    /// What is wrong, each as a sentence that names the object.
    pub problems: Vec<String>,
}

/// Makes every public file anew in memory and compares; looks for every object of every release. With `read_data` every
/// pack is read and hashed too.
///
/// # Errors
/// When the database itself cannot be read. What is wrong with files is in the report.
pub async fn fsck(registry: &Registry, read_data: bool) -> Result<Report, ApiError> {
    let mut report = Report::default();
    check_log(registry, &mut report).await?;
    compare(registry, &ObjectKey::Registry, &mut report).await;
    let packages = {
        let mut db = registry.db.read().await?;
        names::packages(&mut db).await?
    };
    for package in packages {
        report.packages += 1;
        let name: PackageName = package.name.parse().map_err(ApiError::internal)?;
        compare(registry, &ObjectKey::Package(name.clone()), &mut report).await;
        let rows = {
            let mut db = registry.db.read().await?;
            releases::of_package(&mut db, package.id).await?
        };
        for row in rows {
            report.releases += 1;
            check_release(registry, &name, row, &mut report).await?;
        }
    }
    let recipes = {
        let mut db = registry.db.read().await?;
        chunks::recipes(&mut db).await?
    };
    for recipe in recipes {
        // Making the location anew finds a recipe that is missing or damaged, and a chunk without a place.
        compare(registry, &ObjectKey::Location(recipe), &mut report).await;
    }
    check_packs(registry, read_data, &mut report).await?;
    Ok(report)
}

/// The numbers of events have no gap, and each line is an event.
async fn check_log(registry: &Registry, report: &mut Report) -> Result<(), ApiError> {
    const PAGE: u64 = 1000;
    loop {
        let mut db = registry.db.read().await?;
        let rows = events::range(&mut db, report.events, report.events + PAGE).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            if row.idx != report.events {
                report.problems.push(format!("the log has no event {}", report.events));
            }
            report.events = row.idx.saturating_add(1);
        }
    }
}

async fn compare(registry: &Registry, key: &ObjectKey, report: &mut Report) {
    let expected = match expected(registry, key).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return,
        Err(error) => {
            report.problems.push(format!("`{key}` cannot be made: {}", chain(&error)));
            return;
        }
    };
    let object = key.clone();
    let cap = expected.len() as u64;
    let found = registry.blocking(move |store| read_all(store, &object, cap)).await;
    match found {
        Ok(bytes) if bytes == expected => {}
        Ok(_) => report.problems.push(format!("`{key}` says something else than the database")),
        Err(error) => {
            report.problems.push(format!("`{key}` cannot be compared: {}", chain(&error)))
        }
    }
}

async fn expected(registry: &Registry, key: &ObjectKey) -> Result<Option<Vec<u8>>, ApiError> {
    let mut db = registry.db.read().await?;
    projection::expected(registry, &mut db, key).await
}

async fn check_release(
    registry: &Registry,
    name: &PackageName,
    row: ReleaseRow,
    report: &mut Report,
) -> Result<(), ApiError> {
    let id = format!("{name}@{}", row.version);
    let release = Sha256::from_bytes(bytes32(row.digest)?);
    let meta = Sha256::from_bytes(bytes32(row.meta)?);
    let signature = Sha256::from_bytes(bytes32(row.signature)?);
    let limits = registry.config.limits.clone();
    let problems = registry
        .blocking(move |store| {
            let mut problems = Vec::new();
            for (key, digest, cap) in [
                (ObjectKey::Release(release), release, limits.release_size),
                (ObjectKey::Meta(meta), meta, limits.meta_packed_size),
                (ObjectKey::Signature(signature), signature, limits.signature_size),
            ] {
                if let Err(problem) = check_object(store, &key, digest, cap) {
                    problems.push(format!("`{key}` of `{id}` {problem}"));
                }
            }
            Ok::<_, ApiError>(problems)
        })
        .await?;
    report.problems.extend(problems);
    Ok(())
}

fn check_object(
    store: &dyn ObjectStore,
    key: &ObjectKey,
    digest: Sha256,
    cap: u64,
) -> Result<(), String> {
    let bytes = read_all(store, key, cap).map_err(|error| match error {
        StoreError::Missing { .. } => "is missing".to_owned(),
        error => format!("cannot be read: {}", chain(&error)),
    })?;
    if Sha256::of(&bytes) != digest {
        return Err("has other bytes than its name says".to_owned());
    }
    if matches!(key, ObjectKey::Release(_)) {
        Release::from_bytes(&bytes).map_err(|error| format!("is no release document: {error}"))?;
    }
    Ok(())
}

async fn check_packs(
    registry: &Registry,
    read_data: bool,
    report: &mut Report,
) -> Result<(), ApiError> {
    let packs = {
        let mut db = registry.db.read().await?;
        chunks::packs(&mut db).await?
    };
    report.packs = packs.len() as u64;
    let mut wrong: BTreeSet<String> = BTreeSet::new();
    for (pack, size) in packs {
        let found = registry.blocking(move |store| check_pack(store, pack, size, read_data)).await;
        let problem = match found {
            Ok(problem) => problem,
            Err(error) => Some(format!("cannot be checked: {}", chain(&error))),
        };
        wrong.extend(problem.map(|problem| format!("`{}` {problem}", ObjectKey::Pack(pack))));
    }
    report.problems.extend(wrong);
    Ok(())
}

fn check_pack(
    store: &dyn ObjectStore,
    pack: Blake3,
    size: u64,
    read_data: bool,
) -> Result<Option<String>, StoreError> {
    let key = ObjectKey::Pack(pack);
    match store.size(&key)? {
        None => return Ok(Some("is missing".to_owned())),
        Some(found) if found != size => {
            return Ok(Some(format!("has {found} bytes, expected {size}")));
        }
        Some(_) => {}
    }
    // A pack has at most 72 MiB, so it is read at once.
    let right = !read_data || Blake3::of(&store.read(&key, 0..size)?) == pack;
    Ok((!right).then(|| "has other bytes than its name says".to_owned()))
}

/// The paths of the public files that are missing or say something else than the database, sorted.
///
/// # Errors
/// When the database cannot be read.
pub async fn differing(registry: &Registry) -> Result<Vec<String>, ApiError> {
    let report = fsck(registry, false).await?;
    Ok(report.problems)
}
