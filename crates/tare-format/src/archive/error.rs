//! Why an archive is refused: each rule of spec/archive.md has its own variant and its number in the message.

use std::io;

use crate::digest::Sha256;
use crate::path::{FilePath, FilePathError, PathConflict};

/// Why bytes are not a meta archive, or why files cannot become one.
///
/// Any of these refuses the package as a whole (T-23): nothing of it is to be written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The bytes are not those that the release document names.
    #[error("archive rule 17: digest is {found}, expected {expected}")]
    Digest {
        /// What the release document says.
        expected: Sha256,
        /// What the bytes have.
        found: Sha256,
    },
    /// The first ten bytes are not the fixed gzip header.
    #[error("archive rule 1: {reason}")]
    GzipHeader {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The compressed stream is damaged, cut short, or does not have its checksum or length.
    #[error("archive rule 2: compressed stream is damaged")]
    GzipStream {
        /// What the decoder says.
        #[source]
        source: io::Error,
    },
    /// Something follows the gzip member.
    #[error("archive rule 3: {found} bytes follow the gzip member, expected none")]
    Trailing {
        /// How many bytes follow.
        found: usize,
    },
    /// The packed archive is too large.
    #[error("archive rule 4: {found} bytes packed, the limit is {limit}")]
    PackedSize {
        /// Its size in bytes.
        found: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The unpacked archive is too large, or too large for what it was packed into.
    #[error("archive rule 4: more than {limit} bytes unpacked from {packed} bytes packed")]
    UnpackedSize {
        /// The size of the packed archive in bytes.
        packed: u64,
        /// The limit in bytes that follows from it.
        limit: u64,
    },
    /// A header is not the one that its path, size and mode determine.
    #[error(
        "archive rule 5: field `{field}` of the header at byte {offset} is not in its one form"
    )]
    Header {
        /// Where the header starts in the tar stream.
        offset: u64,
        /// The first field that differs.
        field: &'static str,
    },
    /// An entry is not a regular file.
    #[error("archive rule 6: header at byte {offset} has type {}, expected a regular file", kind.escape_ascii())]
    Kind {
        /// Where the header starts in the tar stream.
        offset: u64,
        /// Its type flag.
        kind: u8,
    },
    /// A pax block is not the one that a long path determines.
    #[error("archive rule 7: pax block at byte {offset}: {reason}")]
    Pax {
        /// Where its header starts in the tar stream.
        offset: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Bytes between a content and the next header are not zero.
    #[error("archive rule 8: padding before byte {offset} is not zero")]
    Padding {
        /// Where the padding ends in the tar stream.
        offset: u64,
    },
    /// The stream does not end with exactly two zero blocks.
    #[error("archive rule 9: {reason} at byte {offset}")]
    End {
        /// Where in the tar stream.
        offset: u64,
        /// What is wrong there.
        reason: &'static str,
    },
    /// A file is too large to travel in a meta archive.
    #[error("archive rule 10: `{path}` has {found} bytes, the limit is {limit}")]
    FileSize {
        /// The file.
        path: FilePath,
        /// Its size in bytes.
        found: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Too many files.
    #[error("archive rule 10: more than {limit} files")]
    FileCount {
        /// The limit.
        limit: u64,
    },
    /// The first file is not the manifest.
    #[error("archive rule 11: first file is {}, expected `Tare.toml`", quote(found.as_ref()))]
    First {
        /// The first file, if there is one.
        found: Option<FilePath>,
    },
    /// The files are not in the order of the bytes of their paths.
    #[error("archive rule 11: `{path}` follows `{previous}`, expected ascending paths")]
    Order {
        /// The file.
        path: FilePath,
        /// The file before it.
        previous: FilePath,
    },
    /// A path is not allowed in a package.
    #[error("archive rule {}: {}", .0.rule(), .0)]
    Path(FilePathError),
    /// Two paths cannot stand in one package.
    #[error("archive rule 16: {0}")]
    Conflict(PathConflict),
}

impl ArchiveError {
    /// The number of the rule that is broken, 1 to 17.
    #[must_use]
    pub const fn rule(&self) -> u8 {
        match self {
            Self::GzipHeader { .. } => 1,
            Self::GzipStream { .. } => 2,
            Self::Trailing { .. } => 3,
            Self::PackedSize { .. } | Self::UnpackedSize { .. } => 4,
            Self::Header { .. } => 5,
            Self::Kind { .. } => 6,
            Self::Pax { .. } => 7,
            Self::Padding { .. } => 8,
            Self::End { .. } => 9,
            Self::FileSize { .. } | Self::FileCount { .. } => 10,
            Self::First { .. } | Self::Order { .. } => 11,
            Self::Path(error) => error.rule(),
            Self::Conflict(_) => 16,
            Self::Digest { .. } => 17,
        }
    }
}

fn quote(path: Option<&FilePath>) -> String {
    path.map_or_else(|| "missing".to_owned(), |path| format!("`{path}`"))
}
