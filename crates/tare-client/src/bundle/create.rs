//! Making a bundle: what a machine with nothing on it reads to install a lock, kept on the way.
//!
//! The releases are proven into an empty home, and every object that this reads goes into the bundle. So a bundle holds
//! what a proof needs by construction, and what is in doubt never gets into one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tare_format::bundle::{BUNDLE_FORMAT, Bundle, BundleMember};
use tare_format::limits::Limits;
use tare_format::location::Location;
use tare_format::lock::{Lock, LockedHead};
use tare_format::registry::{Registry as Descriptor, RegistryId};
use tare_format::release::FileClass;
use tare_format::{Blake3, Sha256};
use tare_store::ObjectKey;
use tare_tlog::tile::tiles_of;

use super::{BundleError, CONTENTS, LOCK};
use crate::event::{Progress, Unit};
use crate::home::Home;
use crate::install::{self, Wanted};
use crate::local::Local;
use crate::registry::{Record, RegistryClient};
use crate::source::Source;

/// The most bytes of a tile.
const TILE: u64 = 8 << 10;
/// A log with more entries than this gives only what its head is proven by: its lower tiles would outweigh the rest.
const SMALL_LOG: u64 = 1 << 20;

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Where it is; nowhere after a dry run.
    pub path: Option<PathBuf>,
    /// The head that everything is proven under.
    pub head: LockedHead,
    /// How many releases it holds, ancestors not counted.
    pub releases: usize,
    /// How many members it has.
    pub members: usize,
    /// How many bytes they have together.
    pub size_bytes: u64,
}

/// Writes the bundle of `lock` to `path`, which must not be there, reading from `registry`. `scratch` is a folder that may
/// be written to. With `dry_run` packs are counted and not fetched, and nothing is written.
///
/// # Errors
/// When something of the lock is not accepted or nowhere to be had, or the file cannot be written.
pub async fn create(
    registry: RegistryClient,
    lock: &Lock,
    path: &Path,
    scratch: &Path,
    now: Timestamp,
    dry_run: bool,
) -> Result<Created, BundleError> {
    let io = |action, path: &Path| {
        let path = path.to_owned();
        move |source| BundleError::Io { action, path, source }
    };
    if path.exists() {
        return Err(BundleError::Exists { path: path.to_owned() });
    }
    let id = one_registry(lock)?;
    let progress = registry.transport().progress().clone();
    std::fs::create_dir_all(scratch).map_err(io("make", scratch))?;
    let home = tempfile::tempdir_in(scratch).map_err(io("make a folder in", scratch))?;
    let local = Local::open(Home::new(home.path()))?;
    let record = Arc::<Record>::default();
    let registry = registry.recorded(Arc::clone(&record));
    let source = Source::new(&registry, id.clone(), local, now, false, progress.clone());

    let wanted = install::prove_all(&source, lock).await?;
    let head = source.pages().head().await?;
    let packs = documents(&source, &wanted).await?;
    tiles(&registry, head.size()).await?;
    let mut objects = record.take();
    objects.retain(|key, _| !matches!(key, ObjectKey::Pack(_)));
    objects.insert(ObjectKey::Head, head.to_bytes().clone());
    let copy =
        Descriptor { api: None, mirrors: Vec::new(), ..registry.descriptor().await?.clone() };
    let copy = serde_json::to_vec_pretty(&copy).map_err(|error| io("write", path)(error.into()))?;
    objects.insert(ObjectKey::Registry, copy.into());

    let text = lock.to_text().map_err(|error| io("write", path)(io::Error::other(error)))?;
    let mut members = BTreeMap::from([(LOCK.to_owned(), Bytes::from(text))]);
    members.extend(objects.into_iter().map(|(key, bytes)| (key.path(), bytes)));
    let count = members.len() + packs.len();
    let small: u64 = members.values().map(|bytes| bytes.len() as u64).sum();
    let packed: u64 = packs.values().sum();
    if !dry_run {
        let writer = Writer::begin(path).map_err(io("write", path))?;
        let done = write(writer, &registry, members, &packs, head.locked(), &progress).await;
        done.inspect_err(|_| drop(std::fs::remove_file(part(path))))?;
        std::fs::rename(part(path), path).map_err(io("name", path))?;
    }
    Ok(Created {
        path: (!dry_run).then(|| path.to_owned()),
        head: head.locked(),
        releases: wanted.len(),
        members: count,
        size_bytes: small.saturating_add(packed),
    })
}

/// The registry that everything of a lock is from.
pub(super) fn one_registry(lock: &Lock) -> Result<RegistryId, BundleError> {
    let first = lock.packages.first().ok_or(BundleError::Empty)?;
    let expected = first.registry.clone();
    match lock.packages.iter().find(|package| package.registry != expected) {
        Some(other) => Err(BundleError::Registries { expected, found: other.registry.clone() }),
        None => Ok(expected),
    }
}

/// Reads the meta archives, recipes and locations of what is wanted. Gives the packs, each with its size.
async fn documents(
    source: &Source<'_>,
    wanted: &[Wanted],
) -> Result<BTreeMap<Blake3, u64>, BundleError> {
    let mut packs = BTreeMap::new();
    let mut recipes = BTreeSet::new();
    for wanted in wanted {
        let document = wanted.document();
        source.documents().meta(source.registry(), &document.meta.sha256).await?;
        let data =
            document.files_of(wanted.variant.as_ref()).filter(|file| file.class == FileClass::Data);
        recipes.extend(data.filter_map(|file| file.recipe));
    }
    for recipe in recipes {
        let made = source.documents().recipe(source.registry(), &recipe).await?;
        if made.chunks().is_empty() {
            continue;
        }
        let location = location(source.registry(), recipe, made.chunks().len()).await?;
        for place in location.places() {
            let at = usize::try_from(place.pack).unwrap_or(usize::MAX);
            let pack = location.packs().get(at).ok_or_else(|| BundleError::Missing {
                path: format!("pack {at} of {}", ObjectKey::Location(recipe)),
            })?;
            let end = place.offset.saturating_add(u64::from(place.stored_length));
            let size = packs.entry(*pack).or_insert(0_u64);
            *size = end.max(*size);
        }
    }
    Ok(packs)
}

/// The location of a recipe with so many chunks, from the first place that has one that fits.
async fn location(
    registry: &RegistryClient,
    recipe: Blake3,
    chunks: usize,
) -> Result<Location, BundleError> {
    let key = ObjectKey::Location(recipe);
    let read = |bytes: &Bytes| {
        let location = Location::from_bytes(bytes).map_err(|error| error.to_string())?;
        let found = location.places().len();
        let wrong = format!("it has {found} places, the recipe has {chunks} chunks");
        if found == chunks { Ok(location) } else { Err(wrong) }
    };
    let cap = Limits::default().recipe_size;
    let bytes = registry.fetch_verified(&key, cap, |bytes| read(bytes).map(drop)).await?;
    let bytes = bytes.ok_or_else(|| BundleError::Missing { path: key.path() })?;
    read(&bytes).map_err(|_| BundleError::Missing { path: key.path() })
}

/// Reads the hash tiles, so that whoever has seen another head of this log can compare.
async fn tiles(registry: &RegistryClient, size: u64) -> Result<(), BundleError> {
    let tiles = tiles_of(size).into_iter().flatten();
    let wanted = tiles.filter(|tile| size <= SMALL_LOG || tile.level() > 0 || tile.is_partial());
    for tile in wanted {
        let path = tile.to_string();
        let Ok(key) = path.parse::<ObjectKey>() else { continue };
        registry.fetch_object(&key, TILE).await?.ok_or(BundleError::Missing { path })?;
    }
    Ok(())
}

/// A bundle that is being written, beside where it is going to be.
struct Writer {
    archive: tar::Builder<BufWriter<File>>,
    members: Vec<BundleMember>,
}

fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

impl Writer {
    fn begin(path: &Path) -> io::Result<Self> {
        let file = File::create(part(path))?;
        Ok(Self { archive: tar::Builder::new(BufWriter::new(file)), members: Vec::new() })
    }

    fn append(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_path(path)?;
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_cksum();
        self.archive.append(&header, bytes)
    }

    fn add(&mut self, path: String, bytes: &[u8]) -> io::Result<()> {
        self.append(&path, bytes)?;
        let size = bytes.len() as u64;
        self.members.push(BundleMember { path, size, sha256: Sha256::of(bytes) });
        Ok(())
    }

    fn finish(mut self, head: LockedHead) -> io::Result<()> {
        let members = std::mem::take(&mut self.members);
        let contents = Bundle { format: BUNDLE_FORMAT.to_owned(), head, members };
        let mut bytes = serde_json::to_vec_pretty(&contents)?;
        bytes.push(b'\n');
        self.append(CONTENTS, &bytes)?;
        let mut file = self.archive.into_inner()?;
        file.flush()?;
        file.get_ref().sync_all()
    }
}

async fn write(
    mut writer: Writer,
    registry: &RegistryClient,
    members: BTreeMap<String, Bytes>,
    packs: &BTreeMap<Blake3, u64>,
    head: LockedHead,
    progress: &Progress,
) -> Result<(), BundleError> {
    let io =
        |source| BundleError::Io { action: "write", path: PathBuf::from("the bundle"), source };
    for (path, bytes) in members {
        writer.add(path, &bytes).map_err(io)?;
    }
    let task = progress.task("fetching", Unit::Bytes, packs.values().sum());
    for (pack, size) in packs {
        let key = ObjectKey::Pack(*pack);
        let check = |bytes: &Bytes| {
            let found = Blake3::of(bytes);
            let told = format!("it is not what its name says: expected {pack}, found {found}");
            if found == *pack { Ok(()) } else { Err(told) }
        };
        let bytes = registry.fetch_verified(&key, Limits::default().pack_size, check).await?;
        let bytes = bytes.ok_or_else(|| BundleError::Missing { path: key.path() })?;
        writer.add(key.path(), &bytes).map_err(io)?;
        task.advance(*size);
    }
    writer.finish(head).map_err(io)
}
