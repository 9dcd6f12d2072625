//! Where a partial file lies, and who may write it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tare_format::Sha256;
use tare_format::recipe::Recipe;

use super::bits::Bits;
use crate::durable::{DurableError, Folders, Staged};

/// Opens the shared partial file of `file`, or a private one while another process has the shared one.
pub(super) fn open(
    folder: &Path,
    file: &Sha256,
    recipe: &Recipe,
) -> Result<(Staged, Bits), DurableError> {
    Folders::default().ensure(folder)?;
    let count = recipe.chunks().len();
    let (digest, path) = (recipe.digest(), folder.join(format!("{}.part", file.hex())));
    let Some((bits_file, bits_path)) = lock(folder.join(format!("{}.bits", file.hex())))? else {
        let (data, bits) = private(folder)?;
        let (mut bits, _) = Bits::read(bits.0, bits.1, &digest, count)?;
        bits.begin(&digest)?;
        allocate(data.file(), data.path(), recipe.size())?;
        return Ok((data, bits));
    };
    let (mut bits, known) = Bits::read(bits_file, bits_path, &digest, count)?;
    let goes_on = known
        && fs::symlink_metadata(&path)
            .is_ok_and(|there| there.is_file() && there.len() == recipe.size());
    if !goes_on {
        bits.begin(&digest)?;
        remove(&path)?;
    }
    let mut options = File::options();
    let opened = options.read(true).write(true).create(true).truncate(false).open(&path);
    let data = opened.map_err(|source| DurableError::new("open", &path, source))?;
    let mut data = Staged::adopt(data, path.clone())?;
    data.remove_on_drop(false);
    allocate(data.file(), &path, recipe.size())?;
    Ok((data, bits))
}

/// Opens and locks the file of bits at `path`; `None` when another process has it. The lock goes with the handle.
fn lock(path: PathBuf) -> Result<Option<(File, PathBuf)>, DurableError> {
    loop {
        let mut options = File::options();
        let opened = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(|source| DurableError::new("open", &path, source))?;
        match file.try_lock() {
            // Its owner may have removed it between the two calls, and a third process made another.
            Ok(()) if is_at(&file, &path) => return Ok(Some((file, path))),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => {
                return Err(DurableError::new("lock", &path, source));
            }
        }
    }
}

/// Files that no other process knows.
fn private(folder: &Path) -> Result<(Staged, (File, PathBuf)), DurableError> {
    let data = Staged::create_in(folder)?;
    let bits = tempfile::tempfile_in(folder);
    let bits =
        bits.map_err(|source| DurableError::new("make a temporary file in", folder, source))?;
    // The bits have no name, so there is nothing to remove.
    Ok((data, (bits, folder.join("a nameless file"))))
}

fn remove(path: &Path) -> Result<(), DurableError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(DurableError::new("remove", path, source))
        }
        _ => Ok(()),
    }
}

/// Takes the room on the disk now, so that a full disk is known before the first byte is fetched.
fn allocate(file: &File, path: &Path, size_bytes: u64) -> Result<(), DurableError> {
    let fail = |source| DurableError::new("make room for", path, source);
    #[cfg(target_os = "linux")]
    if size_bytes > 0 {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        match fallocate(file, FallocateFlags::empty(), 0, size_bytes) {
            // Not every file system can.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
            Err(error) => return Err(fail(error.into())),
        }
    }
    file.set_len(size_bytes).map_err(fail)
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (open, there) = (file.metadata().map(identity), fs::symlink_metadata(path).map(identity));
    matches!((open, there), (Ok(open), Ok(there)) if open == there)
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
