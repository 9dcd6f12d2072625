//! What this machine remembers of a registry's log (spec/log.md W-50).
//!
//! ```text
//! $TARE_HOME/registries/<id>/root.note     the newest root document that was verified
//!                            head          the newest head that was verified
//!                            seen          size and root of each head that was kept, a line each, oldest first
//!                            time          the greatest time that a quorum stated, in seconds since 1970
//!                            forks/        heads that contradict each other or stop short, for people
//!                            lock          held by whoever changes the others
//! ```
//! These files are trusted: whoever can write them can make this machine forget what it saw. They are replaced at one
//! stroke, under a lock between processes, and only by something newer than what is there at that moment.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tare_format::registry::RegistryId;
use tare_store::durable;
use tare_tlog::bundle::{MAX_PROOF, TlogProof};
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::note::MAX_NOTE;

use super::HeadError;
use crate::home::Home;
use crate::root::TrustedRoot;

/// How many heads are remembered. The oldest go first.
const MAX_SEEN: usize = 4096;
/// The most bytes of that file: a size of 15 digits and a root of 44 characters each.
const SEEN_BYTES: usize = MAX_SEEN * 64;

/// The memory of one registry's log.
#[derive(Debug, Clone)]
pub(super) struct LogStore {
    folder: PathBuf,
    registry: RegistryId,
}

/// A head that was verified by an earlier command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeptHead {
    pub(super) checkpoint: Checkpoint,
    pub(super) bytes: Bytes,
}

impl LogStore {
    pub(super) fn new(home: &Home, registry: RegistryId) -> Self {
        Self { folder: home.log(&registry), registry }
    }

    /// The root document that was kept; none when there is none, or one that this registry cannot have.
    pub(super) fn root(&self) -> Result<Option<TrustedRoot>, HeadError> {
        let bytes = read(&self.root_path(), MAX_NOTE)?;
        Ok(bytes.and_then(|bytes| TrustedRoot::kept(&bytes, &self.registry)))
    }

    /// The head that was kept.
    ///
    /// # Errors
    /// When there is one that cannot be read: to take that for none would be to forget what was seen.
    pub(super) fn head(&self) -> Result<Option<KeptHead>, HeadError> {
        let path = self.head_path();
        let Some(bytes) = read(&path, MAX_PROOF)? else { return Ok(None) };
        let checkpoint = checkpoint_of(&bytes).ok_or(HeadError::Damaged { path })?;
        Ok(Some(KeptHead { checkpoint, bytes: bytes.into() }))
    }

    /// The greatest time that a quorum stated, in seconds since 1970; 0 when none did.
    pub(super) fn time(&self) -> Result<u64, HeadError> {
        let bytes = read(&self.time_path(), 32)?.unwrap_or_default();
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        Ok(text.trim_end().parse().unwrap_or(0))
    }

    /// Keeps a root document, unless a newer one is there.
    pub(super) fn keep_root(&self, root: &TrustedRoot) -> Result<(), HeadError> {
        let _lock = self.lock()?;
        if self.root()?.is_none_or(|kept| kept.version() < root.version()) {
            durable::write(&self.root_path(), root.bytes())?;
        }
        Ok(())
    }

    /// Keeps a head and its quorum's time, if the head that is there is still `expected`, with which it was compared.
    /// Whether it was.
    pub(super) fn keep_head(
        &self,
        expected: Option<&KeptHead>,
        head: &Bytes,
        time: u64,
    ) -> Result<bool, HeadError> {
        let _lock = self.lock()?;
        let there = read(&self.head_path(), MAX_PROOF)?;
        if there.as_deref() != expected.map(|kept| &kept.bytes[..]) {
            return Ok(false);
        }
        if there.as_deref() != Some(&head[..]) {
            // Before the head: what was verified may be remembered, and what is kept must be.
            self.remember(head)?;
            durable::write(&self.head_path(), head)?;
        }
        if time > self.time()? {
            durable::write(&self.time_path(), format!("{time}\n").as_bytes())?;
        }
        Ok(true)
    }

    /// Puts a head in place of one that cannot be read.
    pub(super) fn replace_damaged(&self, head: &Bytes) -> Result<(), HeadError> {
        let _lock = self.lock()?;
        match self.head() {
            Err(HeadError::Damaged { path }) => {
                // Nobody compared the new one with what was seen before.
                self.forget_seen()?;
                Ok(durable::write(&path, head)?)
            }
            _ => Ok(()),
        }
    }

    /// Whether this tree was kept here once, so that the head that is kept now continues it.
    pub(super) fn has_seen(&self, tree: &Checkpoint) -> Result<bool, HeadError> {
        let line = seen_line(tree);
        Ok(self.seen()?.lines().any(|seen| seen == line))
    }

    /// Forgets every tree but the one that is kept: the next one continues none of them.
    pub(super) fn forget_seen(&self) -> Result<(), HeadError> {
        match fs::remove_file(self.seen_path()) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(HeadError::Io { path: self.seen_path(), source })
            }
            _ => Ok(()),
        }
    }

    /// Adds a head's tree to those that were seen.
    fn remember(&self, head: &Bytes) -> Result<(), HeadError> {
        let Some(tree) = checkpoint_of(head) else { return Ok(()) };
        let (seen, line) = (self.seen()?, seen_line(&tree));
        let mut lines: Vec<&str> = seen.lines().filter(|seen| *seen != line).collect();
        lines.push(&line);
        let first = lines.len().saturating_sub(MAX_SEEN);
        let mut text = lines.split_off(first).join("\n");
        text.push('\n');
        Ok(durable::write(&self.seen_path(), text.as_bytes())?)
    }

    fn seen(&self) -> Result<String, HeadError> {
        let bytes = read(&self.seen_path(), SEEN_BYTES)?.unwrap_or_default();
        Ok(String::from_utf8(bytes).unwrap_or_default())
    }

    /// Writes down that the log stops short of what was seen. The same is written once. Where it lies.
    pub(super) fn keep_rollback(&self, name: &str, text: &str) -> Result<PathBuf, HeadError> {
        let _lock = self.lock()?;
        let path = self.folder.join("forks").join(name);
        durable::write(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Writes evidence of a fork, beside what is there already. Where it lies.
    pub(super) fn keep_evidence(&self, seconds: i64, text: &str) -> Result<PathBuf, HeadError> {
        let _lock = self.lock()?;
        let forks = self.folder.join("forks");
        let names = (0..1000).map(|number| match number {
            0 => format!("{seconds}.txt"),
            number => format!("{seconds}-{number}.txt"),
        });
        let mut free = names.map(|name| forks.join(name)).filter(|path| !path.exists());
        let path = free.next().unwrap_or_else(|| forks.join(format!("{seconds}.txt")));
        durable::write(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Waits until nobody else changes these files; until the result is dropped nobody else does.
    fn lock(&self) -> Result<File, HeadError> {
        let path = self.folder.join("lock");
        let fail = |source| HeadError::Io { path: path.clone(), source };
        fs::create_dir_all(&self.folder).map_err(fail)?;
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(fail)?;
        file.lock().map_err(fail)?;
        Ok(file)
    }

    fn root_path(&self) -> PathBuf {
        self.folder.join("root.note")
    }

    fn head_path(&self) -> PathBuf {
        self.folder.join("head")
    }

    fn seen_path(&self) -> PathBuf {
        self.folder.join("seen")
    }

    fn time_path(&self) -> PathBuf {
        self.folder.join("time")
    }
}

/// What a head says of its tree. Nothing of it is verified.
pub(super) fn checkpoint_of(head: &[u8]) -> Option<Checkpoint> {
    TlogProof::parse(head).ok()?.checkpoint.text().parse().ok()
}

fn seen_line(tree: &Checkpoint) -> String {
    format!("{} {}", tree.size(), tree.root())
}

/// A file of at most `cap` bytes; a longer one is cut, and then not what it should be.
fn read(path: &Path, cap: usize) -> Result<Option<Vec<u8>>, HeadError> {
    let fail = |source| HeadError::Io { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(error)),
    };
    let mut bytes = Vec::new();
    let cap = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
    file.take(cap).read_to_end(&mut bytes).map_err(fail)?;
    Ok(Some(bytes))
}
