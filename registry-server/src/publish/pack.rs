//! Taking a pack: checked chunk by chunk while it arrives, in memory for a few chunks, and kept only when all is right.

use std::io::{self, Read, Write as _};

use axum::body::Body;
use tare_format::Blake3;
use tare_format::pack::PackIndex;
use tare_format::problem::Code;
use tare_store::durable::Staged;
use tare_store::pack::{PackError, verify_pack};
use tare_store::{Content, ObjectKey, ObjectStore};

use super::session::Session;
use super::upload::{note, touch};
use crate::config::Config;
use crate::db::chunks;
use crate::error::{ApiError, chain};
use crate::http::body::{Frames, PieceReader};
use crate::registry::Registry;

/// The largest index of a pack, in bytes: some 800,000 chunks.
pub(crate) const MAX_INDEX_SIZE: u64 = 32 << 20;

/// Takes the pack `digest`: the index's length in four bytes, lowest first, the index, the pack.
///
/// # Errors
/// `digest-mismatch` or `invalid-document` when the bytes are not that pack; `too-large`; `storage-full`. Nothing is
/// kept then.
pub(crate) async fn upload(
    registry: &Registry,
    session: &Session,
    digest: Blake3,
    body: Body,
) -> Result<(), ApiError> {
    let cap = registry.config.limits.pack_size.saturating_add(MAX_INDEX_SIZE).saturating_add(4);
    let frames = Frames::new(body, cap, registry.config.idle_timeout)?;
    let (pieces, reader) = PieceReader::new();
    let config = registry.config.clone();
    let received = registry.blocking(move |store| receive(store, reader, digest, &config));
    let (sent, received) = tokio::join!(send(frames, pieces), received);
    // When the body failed, that is the reason, whatever the reader made of what it got.
    sent?;
    let (staged, index) = received?;
    let key = ObjectKey::Pack(digest);
    let _guard = registry.collecting.read().await;
    note(registry, session, &key).await?;
    registry.blocking(move |store| store.put(&key, Content::File(staged))).await?;
    let mut tx = registry.db.begin().await?;
    touch(registry, &mut tx, session).await?;
    chunks::promise(&mut tx, &session.row.id, digest, &index).await?;
    Ok(tx.commit().await?)
}

/// Hands the body over. A reader that has found a fault takes no more; the rest is read all the same, because a client
/// that is cut off while it sends does not see the answer.
async fn send(
    mut frames: Frames,
    pieces: tokio::sync::mpsc::Sender<bytes::Bytes>,
) -> Result<(), ApiError> {
    let mut taken = true;
    while let Some(piece) = frames.next().await? {
        taken = taken && pieces.send(piece).await.is_ok();
    }
    Ok(())
}

fn receive(
    store: &dyn ObjectStore,
    mut reader: PieceReader,
    digest: Blake3,
    config: &Config,
) -> Result<(Staged, PackIndex), ApiError> {
    let index = read_index(&mut reader, digest, config)?;
    let mut staged = store.stage()?;
    let tee = Tee { reader, copy: &mut staged };
    verify_pack(tee, &index, digest).map_err(|error| refused(digest, error))?;
    staged.flush()?;
    Ok((staged, index))
}

fn read_index(
    reader: &mut impl Read,
    digest: Blake3,
    config: &Config,
) -> Result<PackIndex, ApiError> {
    let short = |_| {
        ApiError::bad_request(format!("the body ends before the index of the pack {digest} does"))
    };
    let mut length = [0; 4];
    reader.read_exact(&mut length).map_err(short)?;
    let length = u64::from(u32::from_le_bytes(length));
    if length > MAX_INDEX_SIZE {
        let detail = format!(
            "the index of the pack {digest} has {length} bytes, {MAX_INDEX_SIZE} are allowed"
        );
        return Err(ApiError::new(Code::TooLarge, detail));
    }
    // Grows with what arrives, not with what the client says will.
    let mut bytes = Vec::new();
    reader.take(length).read_to_end(&mut bytes).map_err(short)?;
    let index = PackIndex::from_bytes(&bytes).map_err(|error| {
        ApiError::invalid(format!("the index of the pack {digest} is refused: {error}"))
    })?;
    if index.pack_size() > config.limits.pack_size {
        let (size, limit) = (index.pack_size(), config.limits.pack_size);
        let detail = format!("the pack {digest} has {size} bytes, {limit} are allowed here");
        return Err(ApiError::new(Code::TooLarge, detail));
    }
    match index.chunks().iter().find(|chunk| !config.codecs.contains(&chunk.codec)) {
        None => Ok(index),
        Some(chunk) => Err(ApiError::invalid(format!(
            "the pack {digest} uses the codec `{}`, which this registry does not take",
            chunk.codec.name()
        ))),
    }
}

fn refused(digest: Blake3, error: PackError) -> ApiError {
    match error {
        PackError::Io { source, .. } => source.into(),
        PackError::Digest { expected, found } => ApiError::new(
            Code::DigestMismatch,
            format!("the pack has the digest {found}, expected {expected}"),
        ),
        error => ApiError::invalid(format!("the pack {digest} is refused: {}", chain(&error))),
    }
}

/// Copies what is read.
struct Tee<'s, R> {
    reader: R,
    copy: &'s mut Staged,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.copy.write_all(&buffer[..length])?;
        Ok(length)
    }
}
