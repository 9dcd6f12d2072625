//! Rules 1 to 4: one gzip member with a fixed header, nothing around it, and no more inside than it paid for.

use std::io::{self, Read as _, Write as _};

use flate2::{Compression, GzBuilder, bufread::GzDecoder};

use super::ArchiveError;
use crate::limits::Limits;

/// No flags, no name, no time: what each gzip member starts with, before the byte about speed and that of the system.
const START: [u8; 8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0];
/// The system byte for "unknown".
const NO_SYSTEM: u8 = 255;
/// A small archive may always hold this much, because the ratio says little about small texts.
const FREE_SIZE: u64 = 1 << 20;
/// The most unpacked bytes for a packed byte.
const MAX_RATIO: u64 = 200;

/// Packs a tar stream.
///
/// Content that packs better than the ratio allows is stored without compression, so that whatever fits the limits
/// can be published.
pub(super) fn pack(tar: &[u8], limits: &Limits) -> Result<Vec<u8>, ArchiveError> {
    let mut packed = deflate(tar, Compression::new(6))?;
    if tar.len() as u64 > max_unpacked_size(&packed, limits) {
        packed = deflate(tar, Compression::none())?;
    }
    check_sizes(&packed, tar.len() as u64, limits)?;
    Ok(packed)
}

/// Unpacks and checks one gzip member. Memory is bounded by the size of `packed` and by `limits`.
pub(super) fn unpack(packed: &[u8], limits: &Limits) -> Result<Vec<u8>, ArchiveError> {
    check_sizes(packed, 0, limits)?;
    check_start(packed)?;
    let limit = max_unpacked_size(packed, limits);
    let mut decoder = GzDecoder::new(packed);
    let mut tar = Vec::new();
    decoder
        .by_ref()
        .take(limit.saturating_add(1))
        .read_to_end(&mut tar)
        .map_err(|source| ArchiveError::GzipStream { source })?;
    check_sizes(packed, tar.len() as u64, limits)?;
    match decoder.into_inner().len() {
        0 => Ok(tar),
        found => Err(ArchiveError::Trailing { found }),
    }
}

fn deflate(tar: &[u8], level: Compression) -> Result<Vec<u8>, ArchiveError> {
    let write = || -> io::Result<Vec<u8>> {
        let mut encoder = GzBuilder::new().operating_system(NO_SYSTEM).write(Vec::new(), level);
        encoder.write_all(tar)?;
        encoder.finish()
    };
    write().map_err(|source| ArchiveError::GzipStream { source })
}

fn check_start(packed: &[u8]) -> Result<(), ArchiveError> {
    let fail = |reason| Err(ArchiveError::GzipHeader { reason });
    let Some((header, _)) = packed.split_first_chunk::<10>() else {
        return fail("shorter than a gzip header");
    };
    match header {
        [start @ .., 0 | 2 | 4, NO_SYSTEM] if *start == START => Ok(()),
        [start @ .., _, _] if start[..3] != START[..3] => fail("not gzip"),
        [_, _, _, flags, ..] if *flags != 0 => {
            fail("gzip header has a name, a comment or another extra field")
        }
        [start @ .., _, _] if *start != START => fail("gzip header has a time"),
        _ => fail("gzip header names a system or an unknown level"),
    }
}

fn check_sizes(packed: &[u8], unpacked: u64, limits: &Limits) -> Result<(), ArchiveError> {
    let found = packed.len() as u64;
    if found > limits.meta_packed_size {
        return Err(ArchiveError::PackedSize { found, limit: limits.meta_packed_size });
    }
    let limit = max_unpacked_size(packed, limits);
    if unpacked > limit {
        return Err(ArchiveError::UnpackedSize { packed: found, limit });
    }
    Ok(())
}

fn max_unpacked_size(packed: &[u8], limits: &Limits) -> u64 {
    let by_ratio = (packed.len() as u64).saturating_mul(MAX_RATIO);
    limits.meta_unpacked_size.min(by_ratio.max(FREE_SIZE))
}
