//! A release of a session on its way in: what was uploaded of it, read and derived again.

use tare_format::Sha256;
use tare_format::api::Receipt;
use tare_format::event::{Published, SignatureRef};
use tare_format::limits::Limits;
use tare_format::problem::Code;
use tare_format::release::Release;
use tare_store::backend::read_all;
use tare_store::{ObjectKey, ObjectStore, StoreError};

use super::check;
use super::content::Contents;
use super::session::Session;
use crate::db::sessions::{self, SessionRelease};
use crate::db::{releases, unsigned};
use crate::error::ApiError;
use crate::registry::Registry;

/// One release of a session at its commit.
pub(super) enum Entry {
    /// Published already; nothing of it is looked at again.
    Published(Receipt),
    /// To be published.
    New(Box<Candidate>),
}

/// A release that was read, derived again, and found right.
pub(super) struct Candidate {
    pub release: Release,
    pub digest: Sha256,
    /// The size of its document in bytes.
    pub size: u64,
    /// The signature bundle with its digest; only in a dry run there may be none.
    pub signature: Option<(Sha256, Vec<u8>)>,
    pub contents: Contents,
}

/// Reads one release of a session.
///
/// # Errors
/// `incomplete` without its meta archive, `signature-refused` without a signature, and what [`check::rederive`] says.
pub(super) async fn read(
    registry: &Registry,
    session: &Session,
    entry: &SessionRelease,
    dry_run: bool,
) -> Result<Entry, ApiError> {
    let mut db = registry.db.read().await?;
    let there = releases::find(&mut db, &entry.package.key(), &entry.version).await?;
    if let Some(row) = there.filter(|row| row.digest == entry.digest.as_bytes()) {
        return Ok(Entry::Published(Receipt {
            package: entry.package.clone(),
            version: entry.version.clone(),
            release: entry.digest,
            existed: true,
            event: Some(unsigned(row.event)?),
        }));
    }
    let has_meta = releases::has_meta(&mut db, entry.meta).await?
        || sessions::has_object(&mut db, &session.row.id, &ObjectKey::Meta(entry.meta)).await?;
    drop(db);
    if entry.signature.is_none() && !dry_run {
        let detail = format!("`{}@{}` is not signed", entry.package, entry.version);
        return Err(ApiError::new(Code::SignatureRefused, detail)
            .help("sign it with your key: `tare keygen` makes one"));
    }
    let (entry, limits) = (entry.clone(), registry.config.limits.clone());
    let candidate =
        registry.blocking(move |store| Candidate::read(store, &entry, has_meta, &limits)).await?;
    Ok(Entry::New(Box::new(candidate)))
}

impl Candidate {
    fn read(
        store: &dyn ObjectStore,
        entry: &SessionRelease,
        has_meta: bool,
        limits: &Limits,
    ) -> Result<Self, ApiError> {
        let document = read_all(store, &ObjectKey::Release(entry.digest), limits.release_size)?;
        let release = Release::from_bytes(&document).map_err(ApiError::internal)?;
        let meta = if has_meta { read_meta(store, entry.meta, limits)? } else { None };
        let meta = meta.ok_or_else(|| {
            let detail = format!("the meta archive of `{}` was not uploaded", release.id());
            ApiError::new(Code::Incomplete, detail).help("publish again")
        })?;
        check::rederive(&release, &document, &meta, limits)?;
        let signature = match entry.signature {
            Some(bundle) => {
                let key = ObjectKey::Signature(bundle);
                Some((bundle, read_all(store, &key, limits.signature_size)?))
            }
            None => None,
        };
        let (digest, size) = (entry.digest, document.len() as u64);
        Ok(Self { release, digest, size, signature, contents: Contents::default() })
    }

    pub(super) fn receipt(&self, existed: bool, event: Option<u64>) -> Receipt {
        let (package, version) = (self.release.name.clone(), self.release.version.clone());
        Receipt { package, version, release: self.digest, existed, event }
    }

    /// What the package page will say of it.
    pub(super) fn published(&self, signature: SignatureRef) -> Published {
        let release = &self.release;
        Published {
            package: release.name.clone(),
            version: release.version.clone(),
            kind: release.kind,
            release: self.digest,
            release_size: self.size,
            dependencies: release.dependencies.clone(),
            variants: release.variants.as_ref().map(|all| all.names.clone()).unwrap_or_default(),
            default_variant: release.variants.as_ref().map(|all| all.default.clone()),
            license: release.license.clone(),
            size: release.total_size(),
            signatures: vec![signature],
        }
    }

    /// What the publisher should know.
    pub(super) fn warning(&self) -> Option<String> {
        let class = check::license_class(&self.release.license);
        (class == "unknown").then(|| {
            let id = self.release.id();
            format!("the licence of `{id}` is not known here: whoever audits it will be told so")
        })
    }
}

/// The meta archive; `None` when its upload was noted and did not come to be.
fn read_meta(
    store: &dyn ObjectStore,
    digest: Sha256,
    limits: &Limits,
) -> Result<Option<Vec<u8>>, StoreError> {
    match read_all(store, &ObjectKey::Meta(digest), limits.meta_packed_size) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
