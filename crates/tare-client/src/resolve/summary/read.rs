//! Reading a summary: every length is checked against what is left, and nothing is reserved that was not paid for.

use std::str::FromStr;

use jiff::Timestamp;
use semver::{BuildMetadata, Prerelease, Version, VersionReq};
use tare_format::manifest::{DependencyRelation, Kind};
use tare_format::{Blake3, PackageName, Sha256, VariantName};

use super::{CHECK_SIZE, Details, MAGIC, Summary, SummaryError};
use crate::resolve::index::{Change, Dependency, Package, Release, Standing, Variants};

const KINDS: [Kind; 4] = Kind::ALL;
const RELATIONS: [DependencyRelation; 4] = [
    DependencyRelation::Base,
    DependencyRelation::Tokenizer,
    DependencyRelation::Component,
    DependencyRelation::Member,
];

pub(super) fn decode(bytes: Vec<u8>) -> Result<Summary, SummaryError> {
    let damaged = SummaryError { what: "no summary of this format", offset: 0 };
    let Some((body, check)) = bytes.split_last_chunk::<CHECK_SIZE>() else {
        return Err(damaged);
    };
    if !body.starts_with(MAGIC) {
        return Err(damaged);
    }
    if Blake3::of(body).as_bytes() != check {
        return Err(SummaryError { what: "the check does not match", offset: body.len() });
    }
    let mut reader = Reader { bytes: body, position: MAGIC.len() };
    let page = Sha256::from_bytes(reader.array()?);
    let name: PackageName = reader.parsed("a package name")?;
    let count = reader.number()?;
    let mut releases: Vec<Release> =
        Vec::with_capacity(reader.afford(count, Reader::SMALLEST_RELEASE));
    for _ in 0..count {
        let release = reader.release()?;
        if releases.last().is_some_and(|last| last.version >= release.version) {
            return reader.fail("versions that do not ascend");
        }
        releases.push(release);
    }
    let start = reader.position;
    let package = Package { name, releases, details: Details { bytes, start } };
    Ok(Summary { package, page })
}

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    const SMALLEST_RELEASE: usize = 53;

    pub(super) fn within(bytes: &'a [u8], start: usize, end: usize) -> Result<Self, SummaryError> {
        match bytes.get(..end) {
            Some(bytes) if start <= end => Ok(Self { bytes, position: start }),
            _ => Err(SummaryError { what: "details outside the file", offset: start }),
        }
    }

    pub(super) fn dependencies(&mut self) -> Result<Vec<Dependency>, SummaryError> {
        let count = self.number()?;
        let mut dependencies = Vec::with_capacity(self.afford(count, 4));
        for _ in 0..count {
            let name = self.parsed("a package name")?;
            let requirement: VersionReq = self.parsed("a version requirement")?;
            let relation = self.one_of(&RELATIONS, "a relation")?;
            let variant = self.optional_variant()?;
            dependencies.push(Dependency { name, requirement, relation, variant });
        }
        Ok(dependencies)
    }

    pub(super) fn skip_dependencies(&mut self) -> Result<(), SummaryError> {
        for _ in 0..self.number()? {
            self.text()?;
            self.text()?;
            self.take(1)?;
            self.text()?;
        }
        Ok(())
    }

    pub(super) fn variants(&mut self) -> Result<Variants, SummaryError> {
        let count = self.number()?;
        let mut names = Vec::with_capacity(self.afford(count, 2));
        for _ in 0..count {
            names.push(self.parsed("a variant name")?);
        }
        Ok(Variants { names, default: self.optional_variant()? })
    }

    fn release(&mut self) -> Result<Release, SummaryError> {
        let version = self.version()?;
        let published = self.time()?;
        let digest = Sha256::from_bytes(self.array()?);
        let kind = self.one_of(&KINDS, "a kind")?;
        let count = self.number()?;
        let mut changes = Vec::with_capacity(self.afford(count, 14));
        for _ in 0..count {
            let at = self.time()?;
            let tag = self.one_of(&[0, 1, 2], "a standing")?;
            let reason = self.text()?.to_owned();
            let standing = match tag {
                0 => Standing::Available,
                1 => Standing::Yanked { reason },
                _ => Standing::Withdrawn { reason },
            };
            changes.push(Change { at, standing });
        }
        let (start, length) = (self.number()?, self.number()?);
        let range = u32::try_from(start)
            .ok()
            .zip(start.checked_add(length).and_then(|end| u32::try_from(end).ok()));
        let Some((start, end)) = range else { return self.fail("details outside the file") };
        Ok(Release { version, published, digest, kind, changes, details: start..end })
    }

    fn version(&mut self) -> Result<Version, SummaryError> {
        let mut version = Version::new(self.number()?, self.number()?, self.number()?);
        match self.text()? {
            "" => {}
            text => version.pre = Prerelease::new(text).or_else(|_| self.fail("a pre-release"))?,
        }
        match self.text()? {
            "" => {}
            text => {
                version.build = BuildMetadata::new(text).or_else(|_| self.fail("build metadata"))?
            }
        }
        Ok(version)
    }

    fn time(&mut self) -> Result<Timestamp, SummaryError> {
        let seconds = i64::from_le_bytes(self.array()?);
        let nanoseconds = i32::from_le_bytes(self.array()?);
        Timestamp::new(seconds, nanoseconds).or_else(|_| self.fail("a time"))
    }

    fn optional_variant(&mut self) -> Result<Option<VariantName>, SummaryError> {
        match self.text()? {
            "" => Ok(None),
            text => text.parse().map(Some).or_else(|_| self.fail("a variant name")),
        }
    }

    fn parsed<T: FromStr>(&mut self, what: &'static str) -> Result<T, SummaryError> {
        self.text()?.parse().or_else(|_| self.fail(what))
    }

    fn one_of<T: Copy>(&mut self, all: &[T], what: &'static str) -> Result<T, SummaryError> {
        let [tag] = self.array()?;
        all.get(usize::from(tag)).copied().ok_or(SummaryError { what, offset: self.position })
    }

    fn text(&mut self) -> Result<&'a str, SummaryError> {
        let length = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).or_else(|_| self.fail("text that is not UTF-8"))
    }

    fn number(&mut self) -> Result<u64, SummaryError> {
        let mut number = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        self.fail("a number of more than 64 bits")
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SummaryError> {
        let bytes = self.take(N)?;
        bytes.try_into().or_else(|_| self.fail("the end"))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], SummaryError> {
        let end = self.position.checked_add(length);
        let taken = end.and_then(|end| self.bytes.get(self.position..end));
        let Some(taken) = taken else { return self.fail("the end") };
        self.position += length;
        Ok(taken)
    }

    /// How many of `count` items of at least `size` bytes the rest can hold.
    fn afford(&self, count: u64, size: usize) -> usize {
        let most = (self.bytes.len() - self.position) / size;
        usize::try_from(count).map_or(most, |count| count.min(most))
    }

    fn fail<T>(&self, what: &'static str) -> Result<T, SummaryError> {
        Err(SummaryError { what, offset: self.position })
    }
}
