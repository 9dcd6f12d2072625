//! Whether the registry, as it is now, lets a release in: names, owners, versions, relations, signature.
//!
//! Asked when a session opens and before the bytes are verified, so that a publisher hears early; and again inside the
//! transaction of the commit, because only that answer holds.

use semver::VersionReq;
use tare_format::event::SignerKey;
use tare_format::manifest::LineageSource;
use tare_format::name::fold;
use tare_format::problem::Code;
use tare_format::registry::RegistryId;
use tare_format::release::Release;
use tare_format::{PackageName, Sha256};
use tare_sign::{Claim, Identity, PublicKey, verify_release};

use super::session::authorize_publish;
use crate::auth::Principal;
use crate::db::releases::ReleaseRow;
use crate::db::{Connection, names, releases};
use crate::error::{ApiError, chain};

/// Checks that the name is free or the same package's, and that `principal` may publish it.
///
/// # Errors
/// `name-taken` when it folds onto another name; what [`authorize_publish`] says.
pub(crate) async fn name(
    db: &mut Connection,
    principal: &Principal,
    name: &PackageName,
) -> Result<(), ApiError> {
    let namespace = names::namespace(db, &fold(name.namespace())).await?;
    let package = names::package(db, &name.key()).await?.map(|row| row.name);
    for (what, asked, there) in
        [("namespace", name.namespace(), namespace), ("package", name.as_str(), package)]
    {
        if let Some(there) = there.filter(|there| there != asked) {
            return Err(ApiError::new(
                Code::NameTaken,
                format!("the {what} `{asked}` cannot be told apart from `{there}`, which exists"),
            )
            .help(format!(
                "write `{there}`, or choose a name that differs in more than case, `-`, `_` and `.`"
            )));
        }
    }
    authorize_publish(db, principal, name).await
}

/// Finds the release when it is published already.
///
/// # Errors
/// `version-exists` when the version is published with other content; `invalid-document` for a new one with build metadata.
pub(crate) async fn version(
    db: &mut Connection,
    release: &Release,
    digest: Sha256,
) -> Result<Option<ReleaseRow>, ApiError> {
    let there = releases::find(db, &release.name.key(), &release.version).await?;
    match there {
        Some(row) if row.digest != digest.as_bytes() => Err(ApiError::new(
            Code::VersionExists,
            format!(
                "`{}` is published with other content, as version {}",
                release.id(),
                row.version
            ),
        )
        .help("a published version never changes: raise the version")),
        None if !release.version.build.is_empty() => {
            let detail = format!("the version of `{}` has build metadata", release.id());
            Err(ApiError::invalid(detail).help("leave out the part from `+` on"))
        }
        there => Ok(there),
    }
}

/// Checks that what the release needs and what it was made from exists here, or comes in the same session.
///
/// # Errors
/// `missing-dependency` with the first that does not.
pub(crate) async fn relations(
    db: &mut Connection,
    release: &Release,
    together: &[&Release],
) -> Result<(), ApiError> {
    for dependency in &release.dependencies {
        if dependency.name.key() == release.name.key() {
            return Err(ApiError::invalid(format!("`{}` depends on itself", release.id())));
        }
        check_spelling(db, release, &dependency.name).await?;
        let requirement = &dependency.requirement;
        if !exists(db, &dependency.name, requirement, together).await? {
            return Err(missing(release, "depends on", &dependency.name, requirement));
        }
    }
    for ancestor in &release.lineage {
        let (LineageSource::Package(name), Some(version)) = (&ancestor.source, &ancestor.version)
        else {
            continue;
        };
        check_spelling(db, release, name).await?;
        let in_session = |other: &&Release| other.name == *name && other.version == *version;
        let row = releases::find(db, &name.key(), version).await?;
        if row.is_none() && !together.iter().any(in_session) {
            return Err(missing(release, "comes from", name, version));
        }
    }
    Ok(())
}

/// A client looks for the page under the name as it is written, so another spelling would never be found (N-4).
async fn check_spelling(
    db: &mut Connection,
    release: &Release,
    name: &PackageName,
) -> Result<(), ApiError> {
    match names::package(db, &name.key()).await? {
        Some(row) if row.name != name.as_str() => {
            let detail =
                format!("`{}` names `{name}`, which is spelled `{}` here", release.id(), row.name);
            Err(ApiError::invalid(detail).help(format!("write `{}`", row.name)))
        }
        _ => Ok(()),
    }
}

async fn exists(
    db: &mut Connection,
    name: &PackageName,
    requirement: &VersionReq,
    together: &[&Release],
) -> Result<bool, ApiError> {
    let fits = |other: &&Release| other.name == *name && requirement.matches(&other.version);
    Ok(together.iter().any(fits) || releases::any_matches(db, &name.key(), requirement).await?)
}

fn missing(
    release: &Release,
    relation: &str,
    name: &PackageName,
    version: &dyn std::fmt::Display,
) -> ApiError {
    let detail =
        format!("`{}` {relation} `{name}@{version}`, which is not in this registry", release.id());
    ApiError::new(Code::MissingDependency, detail)
        .help("publish that first, or both together: `tare publish ../other .`")
}

/// Checks a release's signature. Gives the keys that signed.
///
/// The keys of the package decide; when it has none yet, those that the publisher offers with this session.
///
/// # Errors
/// `signature-refused` with what is wrong.
pub(crate) async fn signature(
    db: &mut Connection,
    registry: &RegistryId,
    release: &Release,
    digest: Sha256,
    bundle: Option<&[u8]>,
    offered: &[SignerKey],
) -> Result<Vec<SignerKey>, ApiError> {
    let own = releases::signers(db, &release.name.key()).await?;
    let accepted = if own.is_empty() { offered } else { own.as_slice() };
    let keys: Result<Vec<PublicKey>, _> = accepted.iter().map(PublicKey::from_signer_key).collect();
    let keys = keys.map_err(ApiError::internal)?;
    let claim = Claim { release: release.id(), digest, registry: registry.clone() };
    let bundles: Vec<&[u8]> = bundle.into_iter().collect();
    let verified = verify_release(&bundles, &claim, &keys).map_err(|error| {
        let help = if own.is_empty() {
            "sign it with your key (`tare keygen` makes one) and send the key along"
        } else {
            "sign with a key of the package, or have an owner add yours: `tare owner --help`"
        };
        let detail = format!("the signature of `{}` is refused: {}", release.id(), chain(&error));
        ApiError::new(Code::SignatureRefused, detail).help(help)
    })?;
    let signed = |key: &&SignerKey| {
        let is_its = |who: &Identity| matches!(who, Identity::Key(id) if id.digest() == key.id);
        verified.signers.iter().any(is_its)
    };
    Ok(accepted.iter().filter(signed).cloned().collect())
}
