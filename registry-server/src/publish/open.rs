//! Opening a session: everything that can be said before a byte is sent.

use std::collections::HashSet;

use tare_format::api::OpenSession;
use tare_format::digest::hex;
use tare_format::limits::Limits;
use tare_format::problem::Code;
use tare_format::release::Release;
use tare_format::{Blake3, Sha256, api};
use tare_store::{Content, ObjectKey, StoreError};

use super::admit;
use super::session::{Session, describe};
use crate::auth::Principal;
use crate::db::releases::version_key;
use crate::db::seconds;
use crate::db::sessions::{self, SessionRelease, SessionRow};
use crate::entropy::random;
use crate::error::ApiError;
use crate::registry::Registry;

/// How many releases one session may publish.
const MAX_RELEASES: usize = 256;

/// A release document of a session to be.
struct Document {
    release: Release,
    bytes: Vec<u8>,
    digest: Sha256,
}

/// Opens a session for the releases in `body`, after every check that needs no more than their documents.
///
/// # Errors
/// The first reason why one of them could not be published.
pub(crate) async fn open(
    registry: &Registry,
    principal: &Principal,
    body: OpenSession,
) -> Result<api::Session, ApiError> {
    let documents = read(body, &registry.config.limits)?;
    let mut db = registry.db.read().await?;
    for document in &documents {
        admit::name(&mut db, principal, &document.release.name).await?;
        admit::version(&mut db, &document.release, document.digest).await?;
    }
    drop(db);
    let session = store(registry, principal, documents).await?;
    describe(registry, &session).await
}

fn read(body: OpenSession, limits: &Limits) -> Result<Vec<Document>, ApiError> {
    if body.releases.is_empty() || body.releases.len() > MAX_RELEASES {
        let count = body.releases.len();
        return Err(ApiError::bad_request(format!(
            "a session publishes 1 to {MAX_RELEASES} releases, not {count}"
        )));
    }
    let mut seen = HashSet::new();
    let mut documents = Vec::with_capacity(body.releases.len());
    for text in body.releases {
        let bytes = text.into_bytes();
        let release = Release::from_bytes(&bytes).map_err(|error| {
            ApiError::invalid(format!(
                "a release document is refused: {}",
                crate::error::chain(&error)
            ))
        })?;
        check_limits(&release, bytes.len() as u64, limits)?;
        if !seen.insert((release.name.key(), version_key(&release.version))) {
            return Err(ApiError::bad_request(format!(
                "`{}` is in the session twice",
                release.id()
            )));
        }
        let digest = Sha256::of(&bytes);
        documents.push(Document { release, bytes, digest });
    }
    Ok(documents)
}

fn check_limits(release: &Release, size: u64, limits: &Limits) -> Result<(), ApiError> {
    let largest = release.files.iter().map(|file| file.size).max().unwrap_or(0);
    for (what, found, limit) in [
        ("bytes of its document", size, limits.release_size),
        ("files", release.files.len() as u64, limits.files),
        ("bytes of its largest file", largest, limits.file_size),
        ("dependencies", release.dependencies.len() as u64, limits.dependencies),
        ("lineage entries", release.lineage.len() as u64, limits.lineage),
        ("bytes of its meta archive", release.meta.size, limits.meta_packed_size),
    ] {
        if found > limit {
            return Err(ApiError::new(
                Code::TooLarge,
                format!("`{}` has {found} {what}, {limit} are allowed here", release.id()),
            ));
        }
    }
    Ok(())
}

/// Notes the session and puts the documents into the store.
async fn store(
    registry: &Registry,
    principal: &Principal,
    documents: Vec<Document>,
) -> Result<Session, ApiError> {
    let _guard = registry.collecting.read().await;
    let now = registry.clock.now();
    let id = hex(&random::<16>(registry.entropy.as_ref())?);
    let lifetime = i64::try_from(registry.config.session_lifetime.as_secs()).unwrap_or(i64::MAX);
    let row = SessionRow {
        id,
        user: principal.user,
        expires: seconds(now).saturating_add(lifetime),
        state: "open".to_owned(),
    };
    let mut tx = registry.db.begin().await?;
    sessions::insert(&mut tx, &row, seconds(now)).await?;
    let mut releases = Vec::with_capacity(documents.len());
    for (position, document) in documents.iter().enumerate() {
        let release = SessionRelease {
            position: i64::try_from(position).map_err(ApiError::internal)?,
            package: document.release.name.clone(),
            version: document.release.version.clone(),
            digest: document.digest,
            meta: document.release.meta.sha256,
            signature: None,
        };
        let recipes: Vec<Blake3> =
            document.release.files.iter().filter_map(|file| file.recipe).collect();
        sessions::insert_release(&mut tx, &row.id, &release, &recipes).await?;
        sessions::insert_object(&mut tx, &row.id, &ObjectKey::Release(document.digest)).await?;
        releases.push(release);
    }
    tx.commit().await?;
    registry
        .blocking(move |store| {
            for document in &documents {
                let key = ObjectKey::Release(document.digest);
                store.put(&key, Content::Bytes(&document.bytes))?;
            }
            Ok::<_, StoreError>(())
        })
        .await?;
    Ok(Session { row, releases })
}
