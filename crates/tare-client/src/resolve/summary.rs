//! The compact form of a package page, which a client keeps beside the page so that resolving need not parse JSON.
//!
//! A page is some 700 bytes of JSON a release; what the resolver needs of it is a tenth of that, and of most releases
//! only the version. So a summary has a short record for every release and, after them, the *details* (dependencies
//! and variants), each distinct list once, decoded only for the releases that the solver looks at.
//!
//! ```text
//! "TARESUM" 1            format
//! page      32 bytes     SHA-256 of the page that this was made from
//! name      text
//! count     number       releases, by ascending version; for each:
//!   major, minor, patch  numbers        pre, build  texts
//!   seconds 8, nanos 4   published      digest 32   kind 1
//!   changes number       for each: seconds 8, nanos 4, standing 1, reason text
//!   start, length        numbers: where in `details` its details are
//! details   the rest     dependency count; name, requirement, relation 1, variant; variant count; names; default
//! check     32 bytes     BLAKE3 of everything before
//! ```
//!
//! Numbers are unsigned LEB128, texts a number of bytes and UTF-8, fixed-size integers little-endian. This is a cache
//! and no part of the standard: a reader that finds another format or a wrong check throws it away and reads the page.

mod read;
mod write;

use jiff::Timestamp;
use semver::Version;
use tare_format::manifest::Kind;
use tare_format::{PackageName, Sha256};

use super::index::{Change, Dependency, Package, Release, Variants};
use read::Reader;

const MAGIC: &[u8; 8] = b"TARESUM\x01";
const CHECK_SIZE: usize = 32;

/// All that the resolver wants to know of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRecord {
    /// The version.
    pub version: Version,
    /// When the registry recorded it.
    pub published: Timestamp,
    /// The SHA-256 of the release document.
    pub digest: Sha256,
    /// What the package is at this version.
    pub kind: Kind,
    /// Every yank, un-yank and withdrawal, oldest first.
    pub changes: Vec<Change>,
    /// What it needs.
    pub dependencies: Vec<Dependency>,
    /// Its variants.
    pub variants: Variants,
}

/// Why bytes are not a summary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the package summary is damaged: {what} at byte {offset}")]
pub struct SummaryError {
    what: &'static str,
    offset: usize,
}

/// Writes the summary of a package whose page has the digest `page`. Releases may be given in any order.
#[must_use]
pub fn encode(name: &PackageName, page: Sha256, releases: &[ReleaseRecord]) -> Vec<u8> {
    write::encode(name, page, releases)
}

/// A package read from a summary, and the digest of the page it was made from.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The package.
    pub package: Package,
    /// The SHA-256 of the page; a page with another digest makes this summary stale.
    pub page: Sha256,
}

impl Summary {
    /// Reads a summary. What releases need is decoded later, one release at a time.
    ///
    /// # Errors
    /// When the bytes are no summary, are cut short or were changed.
    pub fn decode(bytes: Vec<u8>) -> Result<Self, SummaryError> {
        read::decode(bytes)
    }
}

impl Package {
    /// The package with these releases.
    ///
    /// # Errors
    /// When two releases have the same version.
    pub fn new(name: &PackageName, releases: &[ReleaseRecord]) -> Result<Self, SummaryError> {
        let bytes = encode(name, Sha256::from_bytes([0; 32]), releases);
        Summary::decode(bytes).map(|summary| summary.package)
    }
}

/// The undecoded rest of a summary.
#[derive(Debug, Clone)]
pub(super) struct Details {
    bytes: Vec<u8>,
    start: usize,
}

impl Details {
    pub(super) fn dependencies(&self, release: &Release) -> Result<Vec<Dependency>, SummaryError> {
        self.reader(release)?.dependencies()
    }

    pub(super) fn variants(&self, release: &Release) -> Result<Variants, SummaryError> {
        let mut reader = self.reader(release)?;
        reader.skip_dependencies()?;
        reader.variants()
    }

    fn reader(&self, release: &Release) -> Result<Reader<'_>, SummaryError> {
        let end = self.bytes.len() - CHECK_SIZE;
        let start = self.start.saturating_add(release.details.start as usize);
        let stop = self.start.saturating_add(release.details.end as usize).min(end);
        Reader::within(&self.bytes, start, stop)
    }
}

#[cfg(test)]
mod tests;
