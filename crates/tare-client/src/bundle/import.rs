//! Taking a bundle: it is a place to read from, like a mirror, and nothing of it is believed.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tare_format::Sha256;
use tare_format::lock::LockedHead;
use tare_format::registry::RegistryId;
use tare_store::ObjectKey;
use tare_tlog::bundle::MAX_PROOF;

use super::create::one_registry;
use super::{BASE, BundleError, BundleFile, LOCK};
use crate::advisory::Gate;
use crate::credentials::Tokens;
use crate::event::Progress;
use crate::head::{Follower, claims_earlier};
use crate::home::Home;
use crate::install::{self, Installed};
use crate::local::Local;
use crate::pages::adopt_notices;
use crate::registry::RegistryClient;
use crate::source::Source;
use crate::transport::{Settings, Transport};

/// What came out of a bundle.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The registry.
    pub registry: RegistryId,
    /// The SHA-256 of the root document that counts, and its version.
    pub root: (Sha256, u32),
    /// The head that everything was proven under.
    pub head: LockedHead,
    /// The releases, and where they lie.
    pub releases: Vec<Installed>,
}

/// Verifies a bundle and installs what its lock has into `local`. No request is made, but for one thing: a bundle from
/// before what this machine has seen is compared with that by tiles from `registry`, if there is one to ask.
///
/// # Errors
/// When the bundle is damaged, anything of it is not accepted, or it is older than what was seen here and nothing shows that
/// it is of the same log. What was proven before stays.
pub async fn import(
    bundle: &Arc<BundleFile>,
    local: Local,
    registry: Option<&RegistryClient>,
    gate: &Gate,
    now: Timestamp,
    progress: &Progress,
) -> Result<Imported, BundleError> {
    let id = one_registry(bundle.lock())?;
    bundle.check(progress)?;
    let client = client(bundle, &id, progress)?;
    // What the file says of its size decides only how it is proven.
    if !claims_earlier(local.home(), &id, &head_of(bundle)?)? {
        let source = Source::new(&client, id, local, now, false, progress.clone());
        return install(&source, bundle, gate).await;
    }
    // O-6: an older head takes the place of nothing. It is proven from the registry's id on, as somebody new would.
    let io = |source| BundleError::Io { action: "make a folder in", path: staging(&local), source };
    fs::create_dir_all(staging(&local)).map_err(io)?;
    let folder = tempfile::tempdir_in(staging(&local)).map_err(io)?;
    let (proofs, home) = (Home::new(folder.path()), local.home().clone());
    let source =
        Source::proving_in(&proofs, &client, id.clone(), local, now, false, progress.clone());
    let head = source.pages().head().await?;
    let (asked, is_alone) = (registry.unwrap_or(&client), registry.is_none());
    let follower = Follower::new(asked, id, &home, now, is_alone);
    follower.require_earlier(&head, &format!("`{}`", bundle.path().display())).await?;
    // The advisories of somebody who has never read any are those of the bundle.
    source.pages().notices().await?;
    adopt_notices(&proofs, &home, source.id());
    install(&source, bundle, gate).await
}

async fn install(
    source: &Source<'_>,
    bundle: &BundleFile,
    gate: &Gate,
) -> Result<Imported, BundleError> {
    let head = source.pages().head().await?;
    let releases = install::install(source, bundle.lock(), gate).await?;
    let document = head.root_document();
    let root = (document.fingerprint(), document.version());
    Ok(Imported { registry: source.id().clone(), root, head: head.locked(), releases })
}

/// The head in a bundle, as it lies there.
fn head_of(bundle: &BundleFile) -> Result<Vec<u8>, BundleError> {
    let mut head = Vec::new();
    bundle.read(&ObjectKey::Head.path(), |piece| {
        if head.len() <= MAX_PROOF {
            head.extend_from_slice(piece);
        }
        Ok(())
    })?;
    Ok(head)
}

fn staging(local: &Local) -> PathBuf {
    local.home().root().join("staging")
}

/// Verifies a bundle, with `scratch` for what is proven meanwhile, and lays its objects out in `folder` as a registry does,
/// so that any file server can serve them. The folder must not be there, or be empty.
///
/// # Errors
/// When the bundle is damaged, anything of it is not accepted, or the folder cannot be written.
pub async fn unpack(
    bundle: &Arc<BundleFile>,
    folder: &Path,
    scratch: Local,
    now: Timestamp,
    progress: &Progress,
) -> Result<Imported, BundleError> {
    let io = |path: PathBuf| move |source| BundleError::Io { action: "write", path, source };
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(BundleError::Exists { path: folder.to_owned() });
    }
    let imported = import(bundle, scratch, None, &Gate::default(), now, progress).await?;
    for member in &bundle.contents().members {
        // Only paths of the layout leave the bundle, and a head comes last, because it makes the rest visible.
        let is_object = member.path != LOCK && member.path.parse::<ObjectKey>().is_ok();
        if is_object && member.path != ObjectKey::Head.path() {
            write(bundle, &member.path, folder).map_err(|error| match error {
                Failed::Bundle(error) => *error,
                Failed::Disk(source) => io(folder.join(&member.path))(source),
            })?;
        }
    }
    let head = ObjectKey::Head.path();
    match write(bundle, &head, folder) {
        Ok(()) => Ok(imported),
        Err(Failed::Bundle(error)) => Err(*error),
        Err(Failed::Disk(source)) => Err(io(folder.join(head))(source)),
    }
}

enum Failed {
    Bundle(Box<BundleError>),
    Disk(std::io::Error),
}

fn write(bundle: &BundleFile, member: &str, folder: &Path) -> Result<(), Failed> {
    let path = folder.join(member);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(Failed::Disk)?;
    let mut file = tempfile::NamedTempFile::new_in(parent).map_err(Failed::Disk)?;
    bundle
        .read(member, |piece| file.write_all(piece))
        .map_err(|error| Failed::Bundle(Box::new(error)))?;
    file.as_file().sync_all().map_err(Failed::Disk)?;
    file.persist(&path).map_err(|error| Failed::Disk(error.error))?;
    Ok(())
}

/// A client of the registry in the bundle. It reaches nobody else.
fn client(
    bundle: &Arc<BundleFile>,
    id: &RegistryId,
    progress: &Progress,
) -> Result<RegistryClient, BundleError> {
    let settings = Settings { offline: true, ..Settings::default() };
    let transport = Transport::new(settings, progress.clone())?;
    let shelf = Arc::clone(bundle) as Arc<dyn crate::transport::Shelf>;
    let transport = Arc::new(transport.with_shelf(shelf));
    let base = url::Url::parse(BASE).map_err(|_| BundleError::Missing { path: BASE.to_owned() })?;
    Ok(RegistryClient::new(transport, base, Some(id.clone()), Tokens::default()))
}
