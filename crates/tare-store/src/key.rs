//! The public layout of a registry as a type: which object lies at which path (design section 5).
//!
//! Only here does a digest become a path of the registry, and only here is a path read back, so a path that is not
//! of this layout cannot be asked of a backend. A key of a content-named object says what its bytes must hash to; some
//! of the others may be [replaced](ObjectKey::is_mutable).

use std::fmt;
use std::str::FromStr;

use tare_format::{Blake3, Namespace, PackageName, Sha256};

mod log_path;

pub use log_path::LogPath;

/// Why a path is not one of the public layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not the path of a registry object: {reason}")]
pub struct KeyError {
    path: String,
    reason: &'static str,
}

/// The folders of the public layout, and the files beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// `registry.json`.
    Registry,
    /// `head`: the newest state that enough witnesses saw.
    Head,
    /// `head.pending`: the newest state, for witnesses.
    PendingHead,
    /// `checkpoint`: the checkpoint of `head`.
    Checkpoint,
    /// `notices`: the events that concern everybody.
    Notices,
    /// `root/`: root documents, and which is the newest.
    Root,
    /// `tile/`: the hashes of the log's tree.
    Tile,
    /// `tile/entries/`: the log's entries.
    Entries,
    /// `events/`: the lines that the entries are the hashes of.
    Events,
    /// `state/`: nodes of the state map.
    State,
    /// `namespaces/`: namespace pages.
    Namespace,
    /// `packages/`: package pages.
    Package,
    /// `releases/`: release documents.
    Release,
    /// `meta/`: meta archives.
    Meta,
    /// `recipes/`: recipes.
    Recipe,
    /// `locations/`: where the chunks of a recipe lie.
    Location,
    /// `packs/`: packs.
    Pack,
    /// `signatures/`: signature bundles.
    Signature,
}

impl ObjectKind {
    /// Every kind, in the order of the layout.
    pub const ALL: [Self; 18] = [
        Self::Registry,
        Self::Head,
        Self::PendingHead,
        Self::Checkpoint,
        Self::Notices,
        Self::Root,
        Self::Tile,
        Self::Entries,
        Self::Events,
        Self::State,
        Self::Namespace,
        Self::Package,
        Self::Release,
        Self::Meta,
        Self::Recipe,
        Self::Location,
        Self::Pack,
        Self::Signature,
    ];

    /// What the paths of this kind begin with: a folder, or the path of the only file.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Registry => "registry.json",
            Self::Head => "head",
            Self::PendingHead => "head.pending",
            Self::Checkpoint => "checkpoint",
            Self::Notices => "notices",
            Self::Root => "root",
            Self::Tile => "tile",
            Self::Entries => "tile/entries",
            Self::Events => "events",
            Self::State => "state",
            Self::Namespace => "namespaces",
            Self::Package => "packages",
            Self::Release => "releases",
            Self::Meta => "meta",
            Self::Recipe => "recipes",
            Self::Location => "locations",
            Self::Pack => "packs",
            Self::Signature => "signatures",
        }
    }
}

/// One object of a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKey {
    /// What the registry says of itself.
    Registry,
    /// The newest state that enough witnesses saw: a checkpoint, and the proof of the state event in it.
    Head,
    /// The newest state, which witnesses may not have seen yet.
    PendingHead,
    /// The checkpoint of the head.
    Checkpoint,
    /// The events that concern everybody.
    Notices,
    /// The root document of this version, from 1.
    Root(u32),
    /// The version of the newest root document.
    NewestRoot,
    /// Hashes of the log's tree, on this level, which is below 64.
    Tile(u8, LogPath),
    /// Entries of the log.
    Entries(LogPath),
    /// Events of the log.
    Events(LogPath),
    /// A node of the state map, by its own digest.
    State(Sha256),
    /// The page of a namespace: its event lines.
    Namespace(Namespace),
    /// The page of a package: its event lines.
    Package(PackageName),
    /// A release document, by its own digest.
    Release(Sha256),
    /// A meta archive, by its own digest.
    Meta(Sha256),
    /// A recipe, by its own digest.
    Recipe(Blake3),
    /// Where the chunks of the recipe with this digest lie.
    Location(Blake3),
    /// A pack, by its own digest.
    Pack(Blake3),
    /// The signature bundle with this digest.
    Signature(Sha256),
}

impl ObjectKey {
    /// Which folder the object lies in.
    #[must_use]
    pub const fn kind(&self) -> ObjectKind {
        match self {
            Self::Registry => ObjectKind::Registry,
            Self::Head => ObjectKind::Head,
            Self::PendingHead => ObjectKind::PendingHead,
            Self::Checkpoint => ObjectKind::Checkpoint,
            Self::Notices => ObjectKind::Notices,
            Self::Root(_) | Self::NewestRoot => ObjectKind::Root,
            Self::Tile(..) => ObjectKind::Tile,
            Self::Entries(_) => ObjectKind::Entries,
            Self::Events(_) => ObjectKind::Events,
            Self::State(_) => ObjectKind::State,
            Self::Namespace(_) => ObjectKind::Namespace,
            Self::Package(_) => ObjectKind::Package,
            Self::Release(_) => ObjectKind::Release,
            Self::Meta(_) => ObjectKind::Meta,
            Self::Recipe(_) => ObjectKind::Recipe,
            Self::Location(_) => ObjectKind::Location,
            Self::Pack(_) => ObjectKind::Pack,
            Self::Signature(_) => ObjectKind::Signature,
        }
    }

    /// The path relative to the registry's root, with `/` between its parts; also the path of its URL.
    #[must_use]
    pub fn path(&self) -> String {
        let folder = self.kind().folder();
        match self {
            Self::Registry | Self::Head | Self::PendingHead | Self::Checkpoint | Self::Notices => {
                folder.to_owned()
            }
            Self::Root(version) => format!("{folder}/{version}.note"),
            Self::NewestRoot => format!("{folder}/latest"),
            Self::Tile(level, at) => format!("{folder}/{level}/{at}"),
            Self::Entries(at) | Self::Events(at) => format!("{folder}/{at}"),
            Self::Namespace(name) => format!("{folder}/{name}"),
            Self::Package(name) => format!("{folder}/{name}"),
            Self::State(digest)
            | Self::Release(digest)
            | Self::Meta(digest)
            | Self::Signature(digest) => {
                format!("{folder}/{}", fan_out(&digest.hex()))
            }
            Self::Recipe(digest) | Self::Location(digest) | Self::Pack(digest) => {
                format!("{folder}/{}", fan_out(&digest.hex()))
            }
        }
    }

    /// Whether the object may change. One that is named by the digest of its bytes never does, and neither do root
    /// documents and what the log's tree is made of; lines of events are taken out by redaction.
    #[must_use]
    pub const fn is_mutable(&self) -> bool {
        match self {
            Self::Registry
            | Self::Head
            | Self::PendingHead
            | Self::Checkpoint
            | Self::Notices
            | Self::NewestRoot
            | Self::Events(_)
            | Self::Namespace(_)
            | Self::Package(_)
            | Self::Location(_) => true,
            Self::Root(_)
            | Self::Tile(..)
            | Self::Entries(_)
            | Self::State(_)
            | Self::Release(_)
            | Self::Meta(_)
            | Self::Recipe(_)
            | Self::Pack(_)
            | Self::Signature(_) => false,
        }
    }

    /// Whether the last part of the path is the digest of the object's bytes, in hex.
    #[must_use]
    pub const fn is_named_by_content(&self) -> bool {
        !self.is_mutable() && !matches!(self, Self::Root(_) | Self::Tile(..) | Self::Entries(_))
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

impl FromStr for ObjectKey {
    type Err = KeyError;

    /// Reads a path back. Exactly the texts that [`ObjectKey::path`] makes are accepted.
    fn from_str(path: &str) -> Result<Self, KeyError> {
        let fail = |reason| KeyError { path: path.chars().take(120).collect(), reason };
        let Some((folder, rest)) = path.split_once('/') else {
            return single(path).ok_or_else(|| fail("there is no such file"));
        };
        let sha256 = || hex_of(rest).and_then(|hex| Sha256::from_hex(hex).ok());
        let blake3 = || hex_of(rest).and_then(|hex| Blake3::from_hex(hex).ok());
        let key = match folder {
            "root" => root(rest),
            "tile" => tile(rest),
            "events" => rest.parse().ok().map(Self::Events),
            "state" => sha256().map(Self::State),
            "namespaces" => rest.parse().ok().map(Self::Namespace),
            "packages" => rest.parse().ok().map(Self::Package),
            "releases" => sha256().map(Self::Release),
            "meta" => sha256().map(Self::Meta),
            "recipes" => blake3().map(Self::Recipe),
            "locations" => blake3().map(Self::Location),
            "packs" => blake3().map(Self::Pack),
            "signatures" => sha256().map(Self::Signature),
            _ => return Err(fail("there is no such folder")),
        };
        key.ok_or_else(|| fail("its name does not fit the folder"))
    }
}

/// The files that lie in no folder.
fn single(path: &str) -> Option<ObjectKey> {
    let all = [
        ObjectKey::Registry,
        ObjectKey::Head,
        ObjectKey::PendingHead,
        ObjectKey::Checkpoint,
        ObjectKey::Notices,
    ];
    all.into_iter().find(|key| key.kind().folder() == path)
}

fn root(name: &str) -> Option<ObjectKey> {
    if name == "latest" {
        return Some(ObjectKey::NewestRoot);
    }
    let digits = name.strip_suffix(".note")?;
    let version: u32 = digits.parse().ok()?;
    (version > 0 && version.to_string() == digits).then_some(ObjectKey::Root(version))
}

fn tile(path: &str) -> Option<ObjectKey> {
    let (level, at) = path.split_once('/')?;
    if level == "entries" {
        return at.parse().ok().map(ObjectKey::Entries);
    }
    let number: u8 = level.parse().ok()?;
    let fits = number < 64 && number.to_string() == level;
    at.parse().ok().filter(|_| fits).map(|at| ObjectKey::Tile(number, at))
}

/// `ab/abcd…`: at most 256 folders, so that no folder grows too large for a file server.
pub(crate) fn fan_out(hex: &str) -> String {
    format!("{}/{hex}", hex.get(..2).unwrap_or_default())
}

/// The hex of a fanned-out name, when its folder is the right one.
pub(crate) fn hex_of(fanned_out: &str) -> Option<&str> {
    let (folder, hex) = fanned_out.split_once('/')?;
    (hex.get(..2) == Some(folder)).then_some(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of_each() -> Vec<ObjectKey> {
        let (sha256, blake3) = (Sha256::of(b"tare"), Blake3::of(b"tare"));
        let at = LogPath::new(1234, 7).unwrap();
        vec![
            ObjectKey::Registry,
            ObjectKey::Head,
            ObjectKey::PendingHead,
            ObjectKey::Checkpoint,
            ObjectKey::Notices,
            ObjectKey::Root(12),
            ObjectKey::NewestRoot,
            ObjectKey::Tile(0, at),
            ObjectKey::Tile(63, LogPath::full(5).unwrap()),
            ObjectKey::Entries(at),
            ObjectKey::Events(at),
            ObjectKey::State(sha256),
            ObjectKey::Namespace("commons".parse().unwrap()),
            ObjectKey::Package("commons/tiny-chat".parse().unwrap()),
            ObjectKey::Release(sha256),
            ObjectKey::Meta(sha256),
            ObjectKey::Recipe(blake3),
            ObjectKey::Location(blake3),
            ObjectKey::Pack(blake3),
            ObjectKey::Signature(sha256),
        ]
    }

    #[test]
    fn every_path_reads_back_as_its_key() {
        for key in one_of_each() {
            assert_eq!(key.path().parse(), Ok(key.clone()));
            assert!(key.path().starts_with(key.kind().folder()));
        }
    }

    #[test]
    fn digests_are_fanned_out_by_their_first_byte() {
        let digest = Sha256::of(b"");
        let path = ObjectKey::Release(digest).path();
        assert_eq!(path, format!("releases/e3/{}", digest.hex()));
    }

    #[test]
    fn other_paths_are_refused() {
        let hex = Sha256::of(b"").hex();
        let wrong_folder = format!("releases/ff/{hex}");
        let flat = format!("releases/{hex}");
        let upper = format!("releases/E3/{}", hex.to_uppercase());
        let deeper = format!("releases/e3/{hex}/x");
        for bad in
            ["", "/", "registry.json/", "packages/x", "packages/../x", "other/x", "tmp/../head"]
        {
            assert!(bad.parse::<ObjectKey>().is_err(), "{bad}");
        }
        for bad in [
            "root/0.note",
            "root/01.note",
            "root/1",
            "root/+1.note",
            "root/latest/x",
            "heads",
            "tile/64/000",
            "tile/00/000",
            "tile/0",
            "tile/8/data/000",
            "tile/entries/0",
            "events/000.p/256",
            "state/00",
            "namespaces/a/b",
            "head/",
            "checkpoint/x",
        ] {
            assert!(bad.parse::<ObjectKey>().is_err(), "{bad}");
        }
        for bad in [wrong_folder, flat, upper, deeper] {
            assert!(bad.parse::<ObjectKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_named_by_its_content_never_changes() {
        for key in one_of_each() {
            assert!(!(key.is_mutable() && key.is_named_by_content()), "{key}");
        }
        let paths: Vec<_> = one_of_each()
            .into_iter()
            .filter(|key| !key.is_mutable() && !key.is_named_by_content())
            .map(|key| key.path())
            .collect();
        assert_eq!(
            paths,
            ["root/12.note", "tile/0/x001/234.p/7", "tile/63/005", "tile/entries/x001/234.p/7"]
        );
    }
}
