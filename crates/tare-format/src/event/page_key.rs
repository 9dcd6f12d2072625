//! Pages: the lines of the log that are about one thing, and their place in the state map (E-14 to E-17).

use std::fmt;

use crate::digest::Sha256;
use crate::name::{Namespace, PackageName};

/// One page of a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageKey {
    /// What happened to a package.
    Package(PackageName),
    /// Who owns a namespace.
    Namespace(Namespace),
    /// Roots, advisories, takedowns, restorations and redactions.
    Notices,
}

impl PageKey {
    /// The key in the state map. Two spellings that cannot be told apart have one key.
    #[must_use]
    pub fn state_key(&self) -> [u8; 32] {
        let text = match self {
            Self::Package(name) => format!("pkg/{}", name.key()),
            Self::Namespace(namespace) => format!("ns/{}", namespace.key()),
            Self::Notices => "notices".to_owned(),
        };
        *Sha256::of(text.as_bytes()).as_bytes()
    }

    /// The path of its file, relative to the registry's base; in the owner's spelling if the key is.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Package(name) => format!("packages/{name}"),
            Self::Namespace(namespace) => format!("namespaces/{namespace}"),
            Self::Notices => "notices".to_owned(),
        }
    }
}

impl fmt::Display for PageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_that_cannot_be_told_apart_have_one_key() {
        let package = |name: &str| PageKey::Package(name.parse().unwrap());
        assert_eq!(package("Lab/a_b").state_key(), package("lab/A.b").state_key());
        assert_ne!(package("lab/a").state_key(), package("lab/b").state_key());
        assert_eq!(package("Lab/a_b").path(), "packages/Lab/a_b");
        let keys = [
            package("a/b").state_key(),
            PageKey::Namespace("a".parse().unwrap()).state_key(),
            PageKey::Notices.state_key(),
        ];
        assert!(keys[0] != keys[1] && keys[1] != keys[2]);
    }
}
