//! Everything that the trees will be made of, brought into the local store.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use tare_format::archive::{self, Entry};
use tare_format::limits::Limits;
use tare_format::release::{FileClass, Release, ReleaseFile};
use tare_format::{PackageName, ReleaseId, Sha256, VariantName};
use tare_store::FileStore;
use tare_store::durable::DurableError;
use tare_store::files::FileStoreError;

use super::{InstallError, Marker, Wanted};
use crate::event::Unit;
use crate::fetch::{Donor, Fetcher, blocking, donors};
use crate::local::Local;
use crate::source::Source;

/// How many files are worked on at a time: while one is hashed, others are fetched.
const FILES_AT_A_TIME: usize = 8;
/// How many other releases of a package are asked for chunks, the newest first.
const MOST_DONORS: usize = 4;

/// Brings the contents of all files of `wanted` into the store.
pub(super) async fn provide(source: &Source<'_>, wanted: &[&Wanted]) -> Result<(), InstallError> {
    for wanted in wanted {
        provide_meta(source, wanted).await?;
    }
    let files = missing_data(source.local(), wanted)?;
    if files.is_empty() {
        return Ok(());
    }
    let needed = files.iter().map(|(_, file)| file.size).fold(0, u64::saturating_add);
    check_space(source.local(), needed)?;
    let task = source.progress().task("fetching", Unit::Bytes, needed);
    let fetcher = Fetcher::new(source, Arc::clone(source.local().files()));
    let relatives = relatives(source.local(), wanted);
    let one = async |(wanted, file): (&Wanted, &ReleaseFile)| {
        let donors = donors_for(source.local(), &relatives, wanted, file);
        let fetched = fetcher.fetch(file, &donors, &task).await;
        fetched.map_err(|error| {
            let id = wanted.signed.id().clone();
            InstallError::Fetch { id, source: Box::new(error) }
        })
    };
    futures::stream::iter(files).map(one).buffer_unordered(FILES_AT_A_TIME).try_collect().await
}

/// The files of a release's variant whose contents are not in the store, each content once.
pub(crate) fn missing<'r>(
    local: &Local,
    document: &'r Release,
    variant: Option<&'r VariantName>,
) -> Result<Vec<&'r ReleaseFile>, FileStoreError> {
    let mut seen = BTreeSet::new();
    let mut missing = Vec::new();
    for file in document.files_of(variant) {
        if seen.insert(file.sha256) && !local.files().contains(&file.sha256, file.size)? {
            missing.push(file);
        }
    }
    Ok(missing)
}

/// The data files that are missing, each content once over all releases.
fn missing_data<'w>(
    local: &Local,
    wanted: &[&'w Wanted],
) -> Result<Vec<(&'w Wanted, &'w ReleaseFile)>, InstallError> {
    let mut by_content: BTreeMap<Sha256, (&Wanted, &ReleaseFile)> = BTreeMap::new();
    for wanted in wanted {
        for file in missing(local, wanted.document(), wanted.variant.as_ref())? {
            if file.class == FileClass::Data {
                by_content.entry(file.sha256).or_insert((wanted, file));
            }
        }
    }
    Ok(by_content.into_values().collect())
}

/// Unpacks the meta archive into the store, unless everything of it is there.
async fn provide_meta(source: &Source<'_>, wanted: &Wanted) -> Result<(), InstallError> {
    let (local, document) = (source.local(), wanted.document());
    let files = missing(local, document, wanted.variant.as_ref())?;
    if files.iter().all(|file| file.class != FileClass::Meta) {
        return Ok(());
    }
    let id = wanted.signed.id();
    let packed = local.documents().meta(source.registry(), &document.meta.sha256).await?;
    let entries = archive::open(&packed, &document.meta.sha256, &Limits::default())
        .map_err(|error| InstallError::Archive { id: id.clone(), source: Box::new(error) })?;
    check_meta(id, document, &entries)?;
    let store = Arc::clone(local.files());
    let inserted =
        blocking(move || entries.iter().try_for_each(|entry| insert(&store, &entry.content)));
    Ok(inserted.await.map_err(|_| InstallError::Stopped)??)
}

/// The archive holds exactly the files of class `meta`.
fn check_meta(id: &ReleaseId, document: &Release, entries: &[Entry]) -> Result<(), InstallError> {
    let contradiction = |path| InstallError::Meta { id: id.clone(), path };
    let meta = document.files.iter().filter(|file| file.class == FileClass::Meta);
    let mut stated: BTreeMap<_, _> = meta.map(|file| (&file.path, file)).collect();
    for entry in entries {
        let size = entry.content.len() as u64;
        let file = stated.remove(&entry.path);
        let same =
            file.is_some_and(|file| file.size == size && file.sha256 == Sha256::of(&entry.content));
        if !same {
            return Err(contradiction(entry.path.clone()));
        }
    }
    match stated.into_keys().next() {
        Some(path) => Err(contradiction(path.clone())),
        None => Ok(()),
    }
}

/// Brings bytes into the store that are held in memory.
pub(super) fn insert(store: &FileStore, content: &[u8]) -> Result<(), FileStoreError> {
    let sha256 = Sha256::of(content);
    if store.contains(&sha256, content.len() as u64)? {
        return Ok(());
    }
    let mut staged = store.stage()?;
    let written = staged.write_all(content);
    written.map_err(|source| DurableError::Io {
        action: "write",
        path: staged.path().to_owned(),
        source,
    })?;
    store.insert(staged, &sha256).map(|_| ())
}

/// Other releases on this machine of the packages that are to be installed.
fn relatives(local: &Local, wanted: &[&Wanted]) -> BTreeMap<PackageName, Vec<Release>> {
    let names: BTreeSet<&PackageName> =
        wanted.iter().map(|wanted| &wanted.signed.id().name).collect();
    names.into_iter().map(|name| (name.clone(), releases_here(local, name))).collect()
}

/// The releases of a package that have a tree here, the newest first.
fn releases_here(local: &Local, name: &PackageName) -> Vec<Release> {
    let package = local.home().releases().join(name.namespace()).join(name.name());
    let below = |folder: std::path::PathBuf| {
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
    };
    let markers = below(package).flat_map(below).filter_map(|tree| Marker::read(&tree));
    let digests: BTreeSet<Sha256> = markers.map(|marker| marker.release).collect();
    let here = digests.iter().filter_map(|digest| local.documents().local_release(digest).ok());
    let mut releases: Vec<Release> = here.filter(|release| release.name == *name).collect();
    releases.sort_by(|a, b| b.version.cmp(&a.version));
    releases.truncate(MOST_DONORS);
    releases
}

fn donors_for(
    local: &Local,
    relatives: &BTreeMap<PackageName, Vec<Release>>,
    wanted: &Wanted,
    file: &ReleaseFile,
) -> Vec<Donor> {
    let others = relatives.get(&wanted.signed.id().name).map(Vec::as_slice).unwrap_or_default();
    donors(local.documents(), local.files(), others, &file.path)
}

/// A full disk is better known before the first byte than after the last but one.
fn check_space(local: &Local, needed: u64) -> Result<(), InstallError> {
    let folder = local.home().root();
    match free_bytes(folder) {
        Some(free) if free < needed => {
            Err(InstallError::NoSpace { folder: folder.to_owned(), needed, free })
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn free_bytes(folder: &std::path::Path) -> Option<u64> {
    let status = rustix::fs::statvfs(folder).ok()?;
    status.f_bavail.checked_mul(status.f_frsize)
}

#[cfg(not(unix))]
fn free_bytes(_: &std::path::Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ClientError as _;
    use crate::home::Home;
    use crate::samples::{id, release};

    fn local() -> (tempfile::TempDir, Local) {
        let folder = tempfile::tempdir().unwrap();
        let local = Local::open(Home::new(folder.path())).unwrap();
        (folder, local)
    }

    #[test]
    #[cfg(unix)]
    fn a_disk_that_is_too_small_is_known_before_anything_is_fetched() {
        let (_folder, local) = local();
        assert!(check_space(&local, 1).is_ok());
        let error = check_space(&local, u64::MAX).unwrap_err();
        assert_eq!((error.code(), error.kind()), ("E-DISK-FULL", crate::ErrorKind::Failure));
        assert!(error.help().unwrap().contains("TARE_HOME"));
    }

    #[test]
    fn what_is_in_the_store_is_not_missing_and_one_content_counts_once() {
        let (_folder, local) = local();
        let mut document = release("a/m@1.0.0");
        let mut again = document.files[0].clone();
        again.path = "copy.safetensors".parse().unwrap();
        document.files.push(again);
        assert_eq!(missing(&local, &document, None).unwrap().len(), 1);

        let content = b"the weights";
        insert(local.files(), content).unwrap();
        for file in &mut document.files {
            (file.sha256, file.size) = (Sha256::of(content), content.len() as u64);
        }
        assert_eq!(missing(&local, &document, None).unwrap().len(), 0);
    }

    #[test]
    fn a_meta_archive_holds_exactly_what_the_document_says() {
        let mut document = release("a/m@1.0.0");
        document.files[0].class = FileClass::Meta;
        document.files[0].path = "README.md".parse().unwrap();
        let entry = |path: &str, content: &[u8]| Entry {
            path: path.parse().unwrap(),
            executable: false,
            content: content.to_vec(),
        };
        let readme = entry("README.md", b"# m\n");
        (document.files[0].sha256, document.files[0].size) = (Sha256::of(b"# m\n"), 4);
        let check = |entries: &[Entry]| check_meta(&id("a/m@1.0.0"), &document, entries);
        assert!(check(std::slice::from_ref(&readme)).is_ok());
        for wrong in [vec![], vec![entry("README.md", b"# n\n")], vec![readme, entry("x.py", b"")]]
        {
            assert_eq!(check(&wrong).unwrap_err().code(), "E-META");
        }
    }
}
