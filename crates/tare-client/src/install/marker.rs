//! The file that says which release a tree is: `.tare-ok` (I-6). No package can bring one of its own.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use tare_format::path::MARKER;
use tare_format::registry::RegistryId;
use tare_format::{Sha256, VariantName};

use super::Wanted;

const FORMAT: &str = "tare-tree/1";

/// What a marker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) registry: RegistryId,
    pub(crate) release: Sha256,
    pub(crate) variant: Option<VariantName>,
}

impl Marker {
    pub(super) fn of(wanted: &Wanted) -> Self {
        Self {
            registry: wanted.signed.registry().clone(),
            release: wanted.signed.digest(),
            variant: wanted.variant.clone(),
        }
    }

    /// The marker of the tree at `folder`; none when there is none or nobody can read it.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let mut text = String::new();
        File::open(folder.join(MARKER)).ok()?.take(1024).read_to_string(&mut text).ok()?;
        let mut lines = text.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let (registry, release) =
            (field("tare-tree/1 registry")?.parse().ok()?, field("release")?.parse().ok()?);
        let variant = match field("variant")? {
            "-" => None,
            name => Some(name.parse().ok()?),
        };
        Some(Self { registry, release, variant })
    }

    /// The file's content.
    pub(super) fn to_text(&self) -> String {
        // No variant can be called `-`.
        let variant = self.variant.as_ref().map_or("-", VariantName::as_str);
        format!(
            "{FORMAT} registry {}\nrelease {}\nvariant {variant}\n",
            self.registry, self.release
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_reads_back_and_a_torn_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        for variant in [None, Some("q4_k_m".parse().unwrap())] {
            let registry = RegistryId::of_root(&Sha256::of(&[3; 16]));
            let marker = Marker { registry, release: Sha256::of(b"r"), variant };
            let text = marker.to_text();
            std::fs::write(folder.path().join(MARKER), &text).unwrap();
            assert_eq!(Marker::read(folder.path()), Some(marker));
            std::fs::write(folder.path().join(MARKER), &text[..text.len() / 2]).unwrap();
            assert_eq!(Marker::read(folder.path()), None);
        }
    }
}
