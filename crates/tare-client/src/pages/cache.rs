//! The pages that were fetched before, so that a registry need only say "unchanged".
//!
//! A cached page is one file: a line with the format and the digest of the page, a line with the registry's tag, the page.
//! The digest is there because these files are not synced to the disk, so a power cut may leave any bytes: such a page is
//! as good as none.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use tare_format::limits::Limits;
use tare_format::registry::RegistryId;
use tare_format::{PackageName, Sha256};

use crate::home::Home;

const FORMAT: &str = "tare-page/1";

/// A page as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CachedPage {
    /// The registry's tag, when it gave one.
    pub(super) tag: Option<String>,
    /// The event lines.
    pub(super) text: String,
}

/// The cached pages of one registry.
#[derive(Debug, Clone)]
pub(super) struct PageCache {
    home: Home,
    registry: RegistryId,
}

impl PageCache {
    pub(super) fn new(home: Home, registry: RegistryId) -> Self {
        Self { home, registry }
    }

    /// The cached page, if there is one and it is whole.
    pub(super) fn load(&self, name: &PackageName) -> Option<CachedPage> {
        let bytes = read(&self.home.page(&self.registry, name))?;
        decode(&String::from_utf8(bytes).ok()?)
    }

    /// Keeps a page. A cache that cannot be written is no cache, and no error.
    pub(super) fn store(&self, name: &PackageName, page: &CachedPage) {
        let _ = write(&self.home.page(&self.registry, name), encode(page).as_bytes());
    }

    /// The resolver's digest of the page, if there is one.
    pub(super) fn load_summary(&self, name: &PackageName) -> Option<Vec<u8>> {
        read(&self.home.summary(&self.registry, name))
    }

    /// Keeps the resolver's digest of the page.
    pub(super) fn store_summary(&self, name: &PackageName, bytes: &[u8]) {
        let _ = write(&self.home.summary(&self.registry, name), bytes);
    }
}

fn encode(page: &CachedPage) -> String {
    let digest = Sha256::of(page.text.as_bytes());
    let tag = page.tag.as_deref().unwrap_or_default();
    format!("{FORMAT} {digest}\n{tag}\n{}", page.text)
}

fn decode(text: &str) -> Option<CachedPage> {
    let (head, rest) = text.split_once('\n')?;
    let (tag, page) = rest.split_once('\n')?;
    let digest: Sha256 = head.strip_prefix(FORMAT)?.trim_start().parse().ok()?;
    let whole = digest == Sha256::of(page.as_bytes());
    let tag = (!tag.is_empty()).then(|| tag.to_owned());
    whole.then(|| CachedPage { tag, text: page.to_owned() })
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let cap = Limits::default().page_size.saturating_add(4096);
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(cap).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Replaces a file at one stroke, so that a reader sees the old page or the new one.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(tag: Option<&str>) -> CachedPage {
        CachedPage { tag: tag.map(str::to_owned), text: "{\"type\":\"x\"}\nline\n".to_owned() }
    }

    #[test]
    fn a_page_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PageCache::new(Home::new(folder.path()), RegistryId::of_root(&Sha256::of(&[1; 16])));
        let name = "a/b.c".parse().unwrap();
        assert_eq!(cache.load(&name), None);
        for tag in [None, Some("\"abc\"")] {
            cache.store(&name, &page(tag));
            assert_eq!(cache.load(&name), Some(page(tag)));
        }
        let other = PageCache::new(Home::new(folder.path()), RegistryId::of_root(&Sha256::of(&[2; 16])));
        assert_eq!(other.load(&name), None, "each registry has its own pages");
    }

    #[test]
    fn a_damaged_page_is_no_page() {
        let text = encode(&page(Some("\"t\"")));
        assert!(decode(&text).is_some());
        for cut in 0..text.len() {
            assert_eq!(decode(&text[..cut]), None);
        }
        assert_eq!(decode(&text.replace("line", "lime")), None);
    }
}
