//! The pages that were fetched before, so that one that did not change is not fetched again.
//!
//! A cached page is one file: a line with the format and the digest of the page, and the page. What is used of it is
//! compared with what the head says; the digest in the file serves those who only want to know what was seen last. These
//! files are not synced to the disk, so a power cut may leave any bytes: such a page is as good as none.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tare_format::event::PageKey;
use tare_format::limits::Limits;
use tare_format::registry::RegistryId;
use tare_format::{PackageName, Sha256};

use crate::home::Home;

const FORMAT: &str = "tare-page/2";
/// The most bytes of a resolver's digest: as of a page, with room for its own form.
const SUMMARY_SIZE: u64 = 32 << 20;

/// A page as it was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CachedPage {
    /// Its digest.
    pub(super) digest: Sha256,
    /// The event lines.
    pub(super) bytes: Bytes,
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
    pub(super) fn load(&self, page: &PageKey) -> Option<CachedPage> {
        decode(&read(&self.path(page)?, Limits::default().page_size.saturating_add(4096))?)
    }

    /// Keeps a page. A cache that cannot be written is no cache, and no error.
    pub(super) fn store(&self, page: &PageKey, cached: &CachedPage) {
        if let Some(path) = self.path(page) {
            let _ = write(&path, &encode(cached));
        }
    }

    /// The resolver's digest of the page, if there is one.
    pub(super) fn load_summary(&self, name: &PackageName) -> Option<Vec<u8>> {
        read(&self.home.summary(&self.registry, name), SUMMARY_SIZE)
    }

    /// Keeps the resolver's digest of the page.
    pub(super) fn store_summary(&self, name: &PackageName, bytes: &[u8]) {
        let _ = write(&self.home.summary(&self.registry, name), bytes);
    }

    /// Where a page is kept; pages of namespaces are asked for by nobody here.
    fn path(&self, page: &PageKey) -> Option<PathBuf> {
        match page {
            PageKey::Package(name) => Some(self.home.page(&self.registry, name)),
            PageKey::Notices => Some(self.home.notices(&self.registry)),
            PageKey::Namespace(_) => None,
        }
    }
}

fn encode(page: &CachedPage) -> Vec<u8> {
    let mut bytes = format!("{FORMAT} {}\n", page.digest).into_bytes();
    bytes.extend_from_slice(&page.bytes);
    bytes
}

fn decode(bytes: &[u8]) -> Option<CachedPage> {
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    let (head, page) = bytes.split_at_checked(line)?;
    let page = page.get(1..)?;
    let head = std::str::from_utf8(head).ok()?;
    let digest: Sha256 = head.strip_prefix(FORMAT)?.trim_start().parse().ok()?;
    let whole = digest == Sha256::of(page);
    whole.then(|| CachedPage { digest, bytes: Bytes::copy_from_slice(page) })
}

/// A file of at most `cap` bytes; a longer one is cut, and then not what it should be.
pub(super) fn read(path: &Path, cap: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(cap).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Replaces a file at one stroke, so that a reader sees the old one or the new one.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
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

    fn page() -> CachedPage {
        let bytes = Bytes::from_static(b"{\"type\":\"x\"}\nline\n");
        CachedPage { digest: Sha256::of(&bytes), bytes }
    }

    #[test]
    fn a_page_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let id = |byte: u8| RegistryId::of_root(&Sha256::of(&[byte]));
        let cache = PageCache::new(Home::new(folder.path()), id(1));
        for key in [PageKey::Package("a/b.c".parse().unwrap()), PageKey::Notices] {
            assert_eq!(cache.load(&key), None);
            cache.store(&key, &page());
            assert_eq!(cache.load(&key), Some(page()));
            let other = PageCache::new(Home::new(folder.path()), id(2));
            assert_eq!(other.load(&key), None, "each registry has its own pages");
        }
    }

    #[test]
    fn a_damaged_page_is_no_page() {
        let bytes = encode(&page());
        assert!(decode(&bytes).is_some());
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), None);
        }
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(decode(text.replace("line", "lime").as_bytes()), None);
    }
}
