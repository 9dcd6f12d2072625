//! Whole packs, for a file server that knows no ranges.
//!
//! Such a server answers every range with the whole pack. So a pack is taken as it comes, checked against its name, kept
//! in a temporary file, and all ranges are read from there, also those of other files. Only the latest few are kept:
//! what one release needs of a pack, it needs at about the same time.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tare_format::Blake3;
use tare_format::limits::Limits;
use tare_store::FileStore;
use tare_store::durable::Staged;
use tare_store::files::FileStoreError;
use tokio::sync::OnceCell;

use super::{FetchError, blocking};
use crate::registry::{PackRange, RegistryError};
use crate::transport::read_at;

/// How many packs are kept: more than are read from at the same time.
const KEPT: usize = 8;
/// So many bytes are written at once.
const BATCH: usize = 1 << 20;

type Cell = Arc<OnceCell<Arc<WholePack>>>;

/// The packs that came as a whole, the latest last. Held for no await.
#[derive(Debug, Default)]
pub(super) struct WholePacks(Mutex<VecDeque<(Blake3, Cell)>>);

/// A pack in a temporary file, whose bytes are those of its name.
#[derive(Debug)]
pub(super) struct WholePack {
    file: Staged,
    size: u64,
}

impl WholePacks {
    /// The place of a pack, which may be empty still.
    pub(super) fn cell(&self, pack: &Blake3) -> Cell {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cell)) = kept.iter().find(|(kept, _)| kept == pack) {
            return Arc::clone(cell);
        }
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        let cell = Cell::default();
        kept.push_back((*pack, Arc::clone(&cell)));
        cell
    }
}

impl WholePack {
    /// Takes a whole pack from `answer`.
    pub(super) async fn receive(
        store: &FileStore,
        pack: &Blake3,
        mut answer: PackRange,
    ) -> Result<Self, FetchError> {
        let (mut file, mut hasher) = (store.stage()?, blake3::Hasher::new());
        let (mut bytes, mut size, mut is_end) = (BytesMut::new(), 0, false);
        while !is_end {
            let came = answer.whole_chunk(Limits::default().pack_size).await?;
            is_end = came.is_none();
            bytes.extend_from_slice(&came.unwrap_or_default());
            if !is_end && bytes.len() < BATCH {
                continue;
            }
            let piece = bytes.split().freeze();
            size += piece.len() as u64;
            (file, hasher) = blocking(move || keep(file, hasher, &piece)).await??;
        }
        let found = Blake3::from_bytes(*hasher.finalize().as_bytes());
        if found != *pack {
            let (expected, found) = (pack.to_string(), found.to_string());
            let what = format!("`{}`", tare_store::ObjectKey::Pack(*pack));
            return Err(RegistryError::Digest { what, expected, found }.into());
        }
        Ok(Self { file, size })
    }

    /// The bytes of a range.
    pub(super) async fn read(
        self: &Arc<Self>,
        pack: &Blake3,
        range: Range<u64>,
    ) -> Result<Bytes, FetchError> {
        if range.end > self.size {
            let (what, found) = (format!("pack {pack}"), format!("a pack of {} bytes", self.size));
            let Range { start, end } = range;
            return Err(RegistryError::Range { what, start, end, found }.into());
        }
        let whole = Arc::clone(self);
        let length = usize::try_from(range.end.saturating_sub(range.start));
        let length = length.map_err(|_| FetchError::Stopped)?;
        blocking(move || {
            let read = read_at(whole.file.file(), range.start, length);
            read.map_err(|error| temporary("read", &whole.file, error))
        })
        .await?
    }
}

fn keep(
    file: Staged,
    mut hasher: blake3::Hasher,
    piece: &[u8],
) -> Result<(Staged, blake3::Hasher), FetchError> {
    hasher.update(piece);
    let written = file.file().write_all(piece);
    written.map_err(|error| temporary("write", &file, error))?;
    Ok((file, hasher))
}

fn temporary(action: &'static str, file: &Staged, source: io::Error) -> FetchError {
    let path = file.path().to_owned();
    FetchError::Store(FileStoreError::Io { action, path, source })
}
