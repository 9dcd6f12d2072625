//! Whether every object of every release is there, and every pack.

use std::collections::BTreeSet;

use tare_format::release::Release;
use tare_format::{Blake3, PackageName, Sha256};
use tare_store::backend::read_all;
use tare_store::{ObjectKey, ObjectStore, StoreError};

use super::Report;
use crate::db::releases::ReleaseRow;
use crate::db::{bytes32, chunks, names, releases, takedowns};
use crate::error::{ApiError, chain};
use crate::registry::Registry;

/// Looks for the documents of every release.
pub(super) async fn check(registry: &Registry, report: &mut Report) -> Result<(), ApiError> {
    let packages = {
        let mut db = registry.db.read().await?;
        names::packages(&mut db).await?
    };
    for package in packages {
        report.packages += 1;
        let name: PackageName = package.name.parse().map_err(ApiError::internal)?;
        let rows = {
            let mut db = registry.db.read().await?;
            releases::of_package(&mut db, package.id).await?
        };
        for row in rows {
            report.releases += 1;
            check_release(registry, &name, row, report).await?;
        }
    }
    Ok(())
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
    let mut objects = vec![
        (ObjectKey::Release(release), release, limits.release_size),
        (ObjectKey::Meta(meta), meta, limits.meta_packed_size),
        (ObjectKey::Signature(signature), signature, limits.signature_size),
    ];
    {
        let mut db = registry.db.read().await?;
        if takedowns::gone(&mut db, &ObjectKey::Meta(meta)).await?.is_some() {
            objects.remove(1);
        }
    }
    let problems = registry
        .blocking(move |store| {
            let mut problems = Vec::new();
            for (key, digest, cap) in objects {
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

/// Looks for every pack; with `read_data` reads and hashes it.
pub(super) async fn check_packs(
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
