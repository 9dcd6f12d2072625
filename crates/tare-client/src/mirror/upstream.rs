//! Where a mirror fetches from: the sources of its configuration, at the pace that its operator set.
//!
//! A thing that no source has, or that every source has wrong, is not a failure of the run: it is written down, stated in
//! the coverage and asked for again next time, so that one bad object never stands in the way of all others.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_RANGE, RANGE};
use tare_format::Blake3;
use tare_format::limits::Limits;
use tare_store::ObjectKey;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use super::MirrorError;
use super::pace::Pace;
use crate::error::{ClientError as _, ErrorKind, chain};
use crate::registry::{Fault as _, RegistryClient, RegistryError, Turn, Verdict};
use crate::transport::{Request, TransportError};

/// How often a pack is asked for again after a connection broke that had brought something.
const ATTEMPTS: u32 = 8;

/// What became of asking for an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Got<T> {
    /// It is there.
    There(T),
    /// No source has it, for this reason.
    Nowhere(String),
}

/// The sources, and the limits of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Upstream<'a> {
    pub(super) registry: &'a RegistryClient,
    pub(super) pace: &'a Pace,
}

impl Upstream<'_> {
    /// An object of at most `cap` bytes that `check` accepts.
    pub(super) async fn object(
        &self,
        key: &ObjectKey,
        cap: u64,
        check: impl Fn(&Bytes) -> Result<(), String>,
    ) -> Result<Got<Bytes>, MirrorError> {
        match self.registry.fetch_verified(key, cap, check).await {
            Ok(Some(bytes)) => {
                self.pace.pay(bytes.len() as u64).await;
                Ok(Got::There(bytes))
            }
            Ok(None) => Ok(Got::Nowhere("no source has it".to_owned())),
            Err(error) => nowhere(error),
        }
    }

    /// An object without which a run cannot go on.
    pub(super) async fn required(
        &self,
        key: &ObjectKey,
        cap: u64,
        check: impl Fn(&Bytes) -> Result<(), String>,
    ) -> Result<Bytes, MirrorError> {
        let bytes = self.registry.fetch_verified(key, cap, check).await?;
        let missing = || RegistryError::NotFound {
            what: format!("`{key}`"),
            base: self.registry.base().clone(),
        };
        let bytes = bytes.ok_or_else(missing)?;
        self.pace.pay(bytes.len() as u64).await;
        Ok(bytes)
    }

    /// What comes after the first `start` bytes of an object that has grown, as one place sends it. Nothing of it is checked.
    pub(super) async fn tail(&self, key: &ObjectKey, start: u64, cap: u64) -> Option<Bytes> {
        let bytes = self.registry.tail(key, start, cap).await?;
        self.pace.pay(bytes.len() as u64).await;
        Some(bytes)
    }

    /// A pack, into a file of `staging` that a run which was killed goes on with. Its bytes have its name.
    pub(super) async fn pack(
        &self,
        pack: &Blake3,
        staging: &Path,
    ) -> Result<Got<PathBuf>, MirrorError> {
        let mut part = Part::open(staging.join(format!("{}.part", pack.hex()))).await?;
        let mut attempts = 0;
        loop {
            let before = part.size;
            let mut round = self.registry.sources().round::<RegistryError>();
            let mut last = None;
            while let Some(turn) = round.next() {
                match self.pack_from(&turn, pack, &mut part).await? {
                    Ok(()) => return Ok(Got::There(part.close().await?)),
                    Err(error) => {
                        let other = self.registry.identify(&turn.site, error.verdict()).await;
                        let error = other.unwrap_or(error);
                        last = Some((error.verdict(), chain(&error).join(": ")));
                        round.failed(&turn, error, self.registry.transport().progress());
                    }
                }
            }
            attempts += 1;
            let broke = matches!(last, Some((Verdict::Passing, _)));
            if broke && part.size > before && attempts < ATTEMPTS {
                continue;
            }
            let error = match round.into_failures() {
                failures if failures.is_empty() => {
                    RegistryError::NoSource { what: format!("`{}`", ObjectKey::Pack(*pack)) }
                }
                mut failures if failures.len() == 1 => failures.remove(0).error,
                failures => {
                    let what = format!("`{}`", ObjectKey::Pack(*pack));
                    RegistryError::Sources { what, failures }
                }
            };
            return nowhere(error);
        }
    }

    /// What is missing of a pack, from one place. The outer failure is the disk's.
    async fn pack_from(
        &self,
        turn: &Turn,
        pack: &Blake3,
        part: &mut Part,
    ) -> Result<Result<(), RegistryError>, MirrorError> {
        let began_at = part.size;
        if let Err(error) = self.stream(turn, pack, part).await? {
            return Ok(Err(error));
        }
        let found = part.digest();
        if found == *pack {
            return Ok(Ok(()));
        }
        part.restart().await?;
        if began_at > 0 {
            // What lay here from an earlier run may be what is wrong: the place is blamed only for a pack that is all its own.
            if let Err(error) = self.stream(turn, pack, part).await? {
                return Ok(Err(error));
            }
            if part.digest() == *pack {
                return Ok(Ok(()));
            }
            part.restart().await?;
        }
        let what = format!("`{}`", ObjectKey::Pack(*pack));
        let (expected, found) = (pack.to_string(), found.to_string());
        Ok(Err(RegistryError::Digest { what, expected, found }))
    }

    async fn stream(
        &self,
        turn: &Turn,
        pack: &Blake3,
        part: &mut Part,
    ) -> Result<Result<(), RegistryError>, MirrorError> {
        let mut response = match self.open(turn, pack, part.size).await {
            Ok((response, is_whole)) => {
                if is_whole && part.size > 0 {
                    part.restart().await?;
                }
                response
            }
            // Everything was there already; whether it is right is for its digest to say.
            Err(RegistryError::Status { status: 416, .. }) if part.size > 0 => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        };
        let cap = Limits::default().pack_size;
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return Ok(Ok(())),
                Err(error) => return Ok(Err(error.into())),
            };
            if part.size.saturating_add(chunk.len() as u64) > cap {
                part.restart().await?;
                let url = response.url().clone();
                return Ok(Err(TransportError::TooLarge { url, cap }.into()));
            }
            part.append(&chunk).await?;
            self.pace.pay(chunk.len() as u64).await;
        }
    }

    /// An answer with the pack from byte `start` on, or with all of it.
    async fn open(
        &self,
        turn: &Turn,
        pack: &Blake3,
        start: u64,
    ) -> Result<(crate::transport::Response, bool), RegistryError> {
        let (key, base) = (ObjectKey::Pack(*pack), turn.site.base());
        let what = format!("`{key}`");
        let url = base.join(&key.path());
        let url = url.map_err(|_| RegistryError::NotOne { base: base.clone() })?;
        let mut request = Request::get(url);
        if start > 0 {
            request = request.header(RANGE, &format!("bytes={start}-"));
        }
        let response = self.registry.transport().open(&request.brisk(turn.meter())).await?;
        let encoding = response.header(&CONTENT_ENCODING).unwrap_or("identity").to_owned();
        match response.status() {
            200 | 206 if !encoding.eq_ignore_ascii_case("identity") => {
                Err(RegistryError::Encoded { what, base: Box::new(base.clone()), found: encoding })
            }
            200 => Ok((response, true)),
            206 => {
                let found = response.header(&CONTENT_RANGE).unwrap_or_default();
                let found: String = found.chars().take(80).collect();
                if found.starts_with(&format!("bytes {start}-")) {
                    Ok((response, false))
                } else {
                    Err(RegistryError::Range { what, start, end: u64::MAX, found })
                }
            }
            404 => Err(RegistryError::NotFound { what, base: base.clone() }),
            status @ (410 | 451) => {
                let (reason, event) = (None, None);
                Err(RegistryError::Gone {
                    what,
                    base: Box::new(base.clone()),
                    status,
                    reason,
                    event,
                })
            }
            status => Err(RegistryError::Status { action: format!("send {what}"), status }),
        }
    }
}

/// A file on its way: what is there, and the hash over it.
#[derive(Debug)]
struct Part {
    path: PathBuf,
    file: tokio::fs::File,
    hasher: blake3::Hasher,
    size: u64,
}

impl Part {
    /// Opens the file, and hashes what an earlier run left in it.
    async fn open(path: PathBuf) -> Result<Self, MirrorError> {
        let fail = |source| MirrorError::Read { path: path.clone(), source };
        let mut options = tokio::fs::OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .await
            .map_err(fail)?;
        let (mut hasher, mut size) = (blake3::Hasher::new(), 0_u64);
        let mut block = vec![0; 256 << 10];
        loop {
            let length = file.read(&mut block).await.map_err(fail)?;
            if length == 0 {
                break;
            }
            hasher.update(block.get(..length).unwrap_or_default());
            size = size.saturating_add(length as u64);
        }
        Ok(Self { path, file, hasher, size })
    }

    async fn append(&mut self, bytes: &[u8]) -> Result<(), MirrorError> {
        self.file.write_all(bytes).await.map_err(|source| self.failed(source))?;
        self.hasher.update(bytes);
        self.size = self.size.saturating_add(bytes.len() as u64);
        Ok(())
    }

    async fn restart(&mut self) -> Result<(), MirrorError> {
        self.file.set_len(0).await.map_err(|source| self.failed(source))?;
        self.file.rewind().await.map_err(|source| self.failed(source))?;
        (self.hasher, self.size) = (blake3::Hasher::new(), 0);
        Ok(())
    }

    fn digest(&self) -> Blake3 {
        Blake3::from_bytes(*self.hasher.finalize().as_bytes())
    }

    async fn close(mut self) -> Result<PathBuf, MirrorError> {
        self.file.flush().await.map_err(|source| self.failed(source))?;
        Ok(self.path)
    }

    fn failed(&self, source: std::io::Error) -> MirrorError {
        MirrorError::Read { path: self.path.clone(), source }
    }
}

/// Whether a failure only says that nobody has the object.
fn nowhere<T>(error: RegistryError) -> Result<Got<T>, MirrorError> {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::Integrity | ErrorKind::Trust => {
            Ok(Got::Nowhere(chain(&error).join(": ")))
        }
        _ => Err(error.into()),
    }
}
