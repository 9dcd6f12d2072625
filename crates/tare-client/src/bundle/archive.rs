//! The file itself: where each member lies in it, and whether it is what the contents say.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::Digest as _;
use tar::EntryType;
use tare_format::Sha256;
use tare_format::bundle::{BUNDLE_FORMAT, Bundle, BundleMember};
use tare_format::lock::Lock;
use tare_store::ObjectKey;
use url::Url;

use super::{BASE, BundleError, CONTENTS, LOCK, MAX_CONTENTS, MAX_LOCK, MAX_MEMBERS};
use crate::event::{Progress, Unit};
use crate::transport::{Run, Shelf, read_at};

/// How much is hashed at a time, in bytes.
const PIECE: usize = 1 << 20;

/// An open bundle. Its members are known, and have the sizes that its contents say; whether they have the bytes, says
/// [`BundleFile::check`].
#[derive(Debug)]
pub struct BundleFile {
    path: PathBuf,
    base: Url,
    contents: Bundle,
    lock: Lock,
    members: BTreeMap<String, Run>,
}

impl BundleFile {
    /// Opens a bundle: reads the headers of its members, its contents and its lock.
    ///
    /// # Errors
    /// When it is no bundle, or its members are not those that its contents name.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let fail = |source| BundleError::Io { action: "read", path: path.to_owned(), source };
        let damaged = |problem: String| BundleError::Damaged { path: path.to_owned(), problem };
        let file = Arc::new(File::open(path).map_err(fail)?);
        let members = members(&file).map_err(|error| damaged(error.to_string()))?;
        let read = |name: &str, cap: u64| {
            let run = members.iter().find(|(member, _)| member == name).map(|(_, run)| run);
            let run = run.ok_or_else(|| damaged(format!("it has no `{name}`")))?;
            let length = usize::try_from(run.size).ok().filter(|_| run.size <= cap);
            let length = length.ok_or_else(|| damaged(format!("its `{name}` is too large")))?;
            read_at(&run.file, run.offset, length).map_err(fail)
        };
        let contents: Bundle = serde_json::from_slice(&read(CONTENTS, MAX_CONTENTS)?)
            .map_err(|error| damaged(format!("its `{CONTENTS}` cannot be read: {error}")))?;
        agree(&contents, &members).map_err(damaged)?;
        let text = String::from_utf8(read(LOCK, MAX_LOCK)?.into())
            .map_err(|_| damaged(format!("its `{LOCK}` is not UTF-8")))?;
        let lock = Lock::parse(&text)
            .map_err(|error| damaged(format!("its `{LOCK}` cannot be read: {error}")))?;
        let base = Url::parse(BASE).map_err(|error| damaged(error.to_string()))?;
        let members = members.into_iter().collect();
        Ok(Self { path: path.to_owned(), base, contents, lock, members })
    }

    /// What it holds.
    #[must_use]
    pub fn contents(&self) -> &Bundle {
        &self.contents
    }

    /// The lock that it is for.
    #[must_use]
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads every member and compares its digest, so that a copy that went wrong is told from one that lies.
    ///
    /// # Errors
    /// With the first member that has other bytes.
    pub fn check(&self, progress: &Progress) -> Result<(), BundleError> {
        let total = self.contents.members.iter().map(|member| member.size).sum();
        let task = progress.task("checking the bundle", Unit::Bytes, total);
        for member in &self.contents.members {
            let found = self.read(&member.path, |piece| {
                task.advance(piece.len() as u64);
                Ok(())
            })?;
            if found != member.sha256 {
                let problem =
                    format!("`{}`: expected {}, found {found}", member.path, member.sha256);
                return Err(BundleError::Damaged { path: self.path.clone(), problem });
            }
        }
        Ok(())
    }

    /// Hands out a member piece by piece, and gives the digest of all of it.
    pub(super) fn read(
        &self,
        member: &str,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<Sha256, BundleError> {
        let fail = |source| BundleError::Io { action: "read", path: self.path.clone(), source };
        let mut hasher = sha2::Sha256::new();
        let Some(run) = self.members.get(member) else {
            return Err(BundleError::Missing { path: member.to_owned() });
        };
        let mut done = 0;
        while done < run.size {
            let left = usize::try_from(run.size.saturating_sub(done)).unwrap_or(PIECE);
            let piece = read_at(&run.file, run.offset.saturating_add(done), left.min(PIECE));
            let piece = piece.map_err(fail)?;
            hasher.update(&piece);
            take(&piece).map_err(fail)?;
            done = done.saturating_add(piece.len() as u64);
        }
        Ok(Sha256::from_bytes(hasher.finalize().into()))
    }
}

impl Shelf for BundleFile {
    fn base(&self) -> &Url {
        &self.base
    }

    fn find(&self, path: &str) -> Option<Run> {
        self.members.get(path).cloned()
    }
}

/// Every member with its place, in order. Only plain files under names that a bundle can have are taken (O-2).
fn members(file: &Arc<File>) -> io::Result<Vec<(String, Run)>> {
    let wrong = |problem: String| io::Error::new(io::ErrorKind::InvalidData, problem);
    let whole = file.metadata()?.len();
    let mut archive = tar::Archive::new(file.as_ref());
    let mut members: Vec<(String, Run)> = Vec::new();
    for entry in archive.entries_with_seek()?.raw(true) {
        let entry = entry?;
        let path = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| wrong("a member's name is not UTF-8".to_owned()))?;
        if entry.header().entry_type() != EntryType::Regular {
            return Err(wrong(format!("`{path}` is not a plain file")));
        }
        if path != CONTENTS && path != LOCK && path.parse::<ObjectKey>().is_err() {
            return Err(wrong(format!("it has a member `{path}`, which no bundle has")));
        }
        let (offset, size) = (entry.raw_file_position(), entry.size());
        if offset.checked_add(size).is_none_or(|end| end > whole) {
            return Err(wrong(format!("it ends inside of `{path}`")));
        }
        if members.len() >= MAX_MEMBERS {
            return Err(wrong(format!("it has more than {MAX_MEMBERS} members")));
        }
        members.push((path, Run { file: Arc::clone(file), offset, size }));
    }
    // What lies behind the end of the archive would be read by nobody; it is only checked to be nothing.
    let mut rest = Vec::new();
    archive.into_inner().take(1 << 16).read_to_end(&mut rest)?;
    if rest.iter().any(|byte| *byte != 0) {
        return Err(wrong("there is something behind its end".to_owned()));
    }
    Ok(members)
}

/// The contents name every member once, in order and with its size.
fn agree(contents: &Bundle, members: &[(String, Run)]) -> Result<(), String> {
    if contents.format != BUNDLE_FORMAT {
        let found = contents.format.chars().take(40).collect::<String>();
        return Err(format!("it is of format `{found}`, this version reads `{BUNDLE_FORMAT}`"));
    }
    let Some((_, others)) = members.split_last().filter(|((last, _), _)| last == CONTENTS) else {
        return Err(format!("its last member is not `{CONTENTS}`"));
    };
    let same = |member: &BundleMember, (path, run): &(String, Run)| {
        member.path == *path && member.size == run.size
    };
    let mut seen = std::collections::BTreeSet::new();
    let is_right = contents.members.len() == others.len()
        && contents.members.iter().zip(others).all(|(member, other)| same(member, other))
        && others.iter().all(|(path, _)| seen.insert(path));
    if is_right {
        Ok(())
    } else {
        Err(format!("its members are not those that `{CONTENTS}` names"))
    }
}
