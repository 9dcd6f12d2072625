//! The public layout of a registry as a type: which object lies at which path (design section 5).
//!
//! Only here does a digest become a path of the registry, and only here is a path read back, so a path that is not
//! of this layout cannot be asked of a backend. A key of a content-named object says what its bytes must hash to;
//! the others may be [replaced](ObjectKey::is_mutable).

use std::fmt;
use std::str::FromStr;

use tare_format::{Blake3, PackageName, Sha256};

/// Why a path is not one of the public layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not the path of a registry object: {reason}")]
pub struct KeyError {
    path: String,
    reason: &'static str,
}

/// The folders of the public layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// `registry.json`.
    Registry,
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
    pub const ALL: [Self; 8] = [
        Self::Registry,
        Self::Package,
        Self::Release,
        Self::Meta,
        Self::Recipe,
        Self::Location,
        Self::Pack,
        Self::Signature,
    ];

    /// The first component of the paths of this kind.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Registry => "registry.json",
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
            Self::Registry => folder.to_owned(),
            Self::Package(name) => format!("{folder}/{name}"),
            Self::Release(digest) | Self::Meta(digest) | Self::Signature(digest) => {
                format!("{folder}/{}", fan_out(&digest.hex()))
            }
            Self::Recipe(digest) | Self::Location(digest) | Self::Pack(digest) => {
                format!("{folder}/{}", fan_out(&digest.hex()))
            }
        }
    }

    /// Whether the object may change: true for those whose name is not the digest of their own bytes.
    #[must_use]
    pub const fn is_mutable(&self) -> bool {
        matches!(self.kind(), ObjectKind::Registry | ObjectKind::Package | ObjectKind::Location)
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
        if path == ObjectKind::Registry.folder() {
            return Ok(Self::Registry);
        }
        let (folder, rest) = path.split_once('/').ok_or_else(|| fail("it has no folder"))?;
        let sha256 = || hex_of(rest).and_then(|hex| Sha256::from_hex(hex).ok());
        let blake3 = || hex_of(rest).and_then(|hex| Blake3::from_hex(hex).ok());
        let key = match folder {
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
        vec![
            ObjectKey::Registry,
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
        for bad in [wrong_folder, flat, upper, deeper] {
            assert!(bad.parse::<ObjectKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_what_is_not_named_by_its_content_may_change() {
        let mutable: Vec<_> =
            one_of_each().into_iter().filter(ObjectKey::is_mutable).map(|key| key.kind()).collect();
        use ObjectKind::*;
        assert_eq!(mutable, [Registry, Package, Location]);
    }
}
