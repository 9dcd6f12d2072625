//! Makes packs of the chunks that a plan names, one after another, each into a file of its own.
//!
//! The files are read again, only where chunks are wanted, and every chunk is checked against its name before it is
//! packed: a file that changed since it was hashed is found here and nothing of it is sent.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use tare_format::Blake3;
use tare_format::pack::{Codec, PackIndex};
use tare_store::codec::Encoder;
use tare_store::durable::Folders;
use tare_store::pack::{PackError, PackWriter};

use super::PublishError;
use super::plan::{FilePlan, Plan, Wanted};

/// A pack that is ready to be sent. Its file has no name, so that it goes away with the process however that ends.
#[derive(Debug)]
pub(super) struct ReadyPack {
    pub(super) digest: Blake3,
    pub(super) index: PackIndex,
    pub(super) file: File,
    /// How many bytes of the files it holds.
    pub(super) raw_size: u64,
}

/// Makes the packs of `plan` and hands each to `ready`, until that says that no more are wanted. Blocks.
pub(super) fn make_packs(
    plan: &Plan,
    codecs: &[Codec],
    staging: &Path,
    ready: impl FnMut(ReadyPack) -> bool,
) -> Result<(), PublishError> {
    Folders::default().ensure(staging)?;
    let encoder = Encoder::new(codecs).map_err(PublishError::Encoder)?;
    let mut maker = Maker { encoder, open: None, staging, ready, buffer: Vec::new() };
    for file in &plan.files {
        if !maker.add_file(file)? {
            return Ok(());
        }
    }
    maker.finish().map(|_| ())
}

struct Maker<'a, R> {
    encoder: Encoder,
    /// The pack that is being filled, and how many raw bytes it has.
    open: Option<(PackWriter<BufWriter<File>>, u64)>,
    staging: &'a Path,
    ready: R,
    buffer: Vec<u8>,
}

impl<R: FnMut(ReadyPack) -> bool> Maker<'_, R> {
    /// Whether more is wanted.
    fn add_file(&mut self, plan: &FilePlan) -> Result<bool, PublishError> {
        let fail = |source| PublishError::Read { path: plan.path.clone(), source };
        let mut file = File::open(&plan.path).map_err(fail)?;
        let mut at = 0;
        for wanted in &plan.chunks {
            if at != wanted.start {
                file.seek(SeekFrom::Start(wanted.start)).map_err(fail)?;
            }
            read_chunk(&mut file, wanted, &mut self.buffer, &plan.path)?;
            at = wanted.start + u64::from(wanted.chunk.length);
            if !self.add_chunk(wanted)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn add_chunk(&mut self, wanted: &Wanted) -> Result<bool, PublishError> {
        let encoded = self.encoder.encode(&self.buffer, wanted.width);
        let full =
            self.open.as_ref().is_some_and(|(pack, _)| !pack.has_room_for(encoded.bytes.len()));
        if full {
            let done = self.open.take();
            if !hand_over(done, &mut self.ready)? {
                return Ok(false);
            }
        }
        let (mut pack, raw) = match self.open.take() {
            Some(open) => open,
            None => (PackWriter::new(BufWriter::new(new_file(self.staging)?)), 0),
        };
        pack.push(wanted.chunk, encoded)?;
        self.open = Some((pack, raw + u64::from(wanted.chunk.length)));
        Ok(true)
    }

    fn finish(mut self) -> Result<bool, PublishError> {
        hand_over(self.open.take(), &mut self.ready)
    }
}

fn new_file(staging: &Path) -> Result<File, PublishError> {
    let fail = |source| PackError::Io { action: "write", source };
    Ok(tempfile::tempfile_in(staging).map_err(fail)?)
}

fn hand_over(
    open: Option<(PackWriter<BufWriter<File>>, u64)>,
    ready: &mut impl FnMut(ReadyPack) -> bool,
) -> Result<bool, PublishError> {
    let Some((pack, raw_size)) = open else { return Ok(true) };
    let pack = pack.finish()?;
    let fail = |error: io::IntoInnerError<_>| PackError::Io {
        action: "write",
        source: error.into_error(),
    };
    let file = pack.writer.into_inner().map_err(fail)?;
    Ok(ready(ReadyPack { digest: pack.digest, index: pack.index, file, raw_size }))
}

fn read_chunk(
    file: &mut File,
    wanted: &Wanted,
    buffer: &mut Vec<u8>,
    path: &Path,
) -> Result<(), PublishError> {
    buffer.clear();
    let length = u64::from(wanted.chunk.length);
    file.by_ref()
        .take(length)
        .read_to_end(buffer)
        .map_err(|source| PublishError::Read { path: path.to_owned(), source })?;
    if buffer.len() as u64 != length || Blake3::of(buffer) != wanted.chunk.digest {
        return Err(PublishError::Changed { path: path.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
