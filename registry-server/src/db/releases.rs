//! Releases, their state, and the keys that may sign.

use semver::{Version, VersionReq};
use sqlx::FromRow;
use tare_format::Sha256;
use tare_format::event::SignerKey;

use super::{Connection, bytes32, integer};
use crate::error::ApiError;

/// One release.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ReleaseRow {
    /// The row.
    pub id: i64,
    /// The version as published.
    pub version: String,
    /// The release document's SHA-256.
    pub digest: Vec<u8>,
    /// The meta archive's SHA-256.
    pub meta: Vec<u8>,
    /// The signature bundle's SHA-256.
    pub signature: Vec<u8>,
    /// `live`, `yanked` or `withdrawn`.
    pub status: String,
    /// The number of its event.
    pub event: i64,
    /// Whether its bytes were taken down.
    pub is_down: bool,
}

/// A release to be kept.
#[derive(Debug)]
pub(crate) struct NewRelease<'a> {
    pub package: i64,
    pub version: &'a Version,
    pub digest: Sha256,
    pub meta: Sha256,
    pub signature: Sha256,
    pub kind: &'a str,
    pub description: &'a str,
    pub license_class: &'a str,
    pub size: u64,
    pub event: u64,
}

/// The version without build metadata, which does not tell two releases apart.
pub(crate) fn version_key(version: &Version) -> String {
    let mut key = version.clone();
    key.build = semver::BuildMetadata::EMPTY;
    key.to_string()
}

pub(crate) async fn insert(db: &mut Connection, new: &NewRelease<'_>) -> Result<(), ApiError> {
    sqlx::query(
        "INSERT INTO release (package, version, version_key, digest, meta, signature, kind, description,
         license_class, size, status, event) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'live', ?)",
    )
    .bind(new.package)
    .bind(new.version.to_string())
    .bind(version_key(new.version))
    .bind(new.digest.as_bytes().as_slice())
    .bind(new.meta.as_bytes().as_slice())
    .bind(new.signature.as_bytes().as_slice())
    .bind(new.kind)
    .bind(new.description)
    .bind(new.license_class)
    .bind(integer(new.size)?)
    .bind(integer(new.event)?)
    .execute(db)
    .await?;
    Ok(())
}

/// The release of a package at a version, whatever its build metadata.
pub(crate) async fn find(
    db: &mut Connection,
    package_key: &str,
    version: &Version,
) -> Result<Option<ReleaseRow>, sqlx::Error> {
    const SQL: &str = "SELECT r.id, r.version, r.digest, r.meta, r.signature, r.status, r.event,
     r.id IN (SELECT release FROM release_down) AS is_down FROM release r JOIN package p ON p.id = r.package WHERE p.key = ? AND r.version_key = ?";
    sqlx::query_as(SQL).bind(package_key).bind(version_key(version)).fetch_optional(db).await
}

/// The releases of a package in the order in which they came.
pub(crate) async fn of_package(
    db: &mut Connection,
    package: i64,
) -> Result<Vec<ReleaseRow>, sqlx::Error> {
    const SQL: &str = "SELECT r.id, r.version, r.digest, r.meta, r.signature, r.status, r.event,
     r.id IN (SELECT release FROM release_down) AS is_down FROM release r WHERE r.package = ? ORDER BY r.event";
    sqlx::query_as(SQL).bind(package).fetch_all(db).await
}

/// Whether some version of a package fits; one that is withdrawn or taken down does not.
pub(crate) async fn any_matches(
    db: &mut Connection,
    package_key: &str,
    requirement: &VersionReq,
) -> Result<bool, sqlx::Error> {
    let versions: Vec<String> = sqlx::query_scalar(
        "SELECT r.version FROM release r JOIN package p ON p.id = r.package
         WHERE p.key = ? AND r.status <> 'withdrawn' AND r.id NOT IN (SELECT release FROM release_down)",
    )
    .bind(package_key)
    .fetch_all(db)
    .await?;
    Ok(versions
        .iter()
        .filter_map(|text| text.parse().ok())
        .any(|version| requirement.matches(&version)))
}

pub(crate) async fn set_status(
    db: &mut Connection,
    id: i64,
    status: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE release SET status = ? WHERE id = ?")
        .bind(status)
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Whether a published release has this meta archive.
pub(crate) async fn has_meta(db: &mut Connection, meta: Sha256) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM release WHERE meta = ?)")
        .bind(meta.as_bytes().to_vec())
        .fetch_one(db)
        .await
}

/// The keys that may sign the releases of a package, sorted by id.
pub(crate) async fn signers(
    db: &mut Connection,
    package_key: &str,
) -> Result<Vec<SignerKey>, ApiError> {
    let rows: Vec<(Vec<u8>, String)> = sqlx::query_as(
        "SELECT s.id, s.pem FROM signer s JOIN package p ON p.id = s.package WHERE p.key = ? ORDER BY s.id",
    )
    .bind(package_key)
    .fetch_all(db)
    .await?;
    let key = |(id, pem)| Ok(SignerKey { id: Sha256::from_bytes(bytes32(id)?), pem });
    rows.into_iter().map(key).collect()
}

pub(crate) async fn insert_signer(
    db: &mut Connection,
    package: i64,
    key: &SignerKey,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO signer (package, id, pem) VALUES (?, ?, ?)")
        .bind(package)
        .bind(key.id.as_bytes().as_slice())
        .bind(&key.pem)
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn delete_signer(
    db: &mut Connection,
    package: i64,
    id: Sha256,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM signer WHERE package = ? AND id = ?")
        .bind(package)
        .bind(id.as_bytes().to_vec())
        .execute(db)
        .await?;
    Ok(())
}

/// Says which release of a package a search shows.
pub(crate) async fn set_newest(
    db: &mut Connection,
    package: i64,
    release: Option<i64>,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE package SET newest = ? WHERE id = ?")
        .bind(release)
        .bind(package)
        .execute(db)
        .await?;
    Ok(())
}
