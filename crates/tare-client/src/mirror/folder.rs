//! The folder of a mirror: what is served, what is private, and who may change it.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tare_store::durable::{DurableError, Folders, Staged, TEMPORARY_PREFIX, sync_folder};
use tare_tlog::key::{Algorithm, KeyName, SigningKey};
use zeroize::Zeroizing;

use super::MirrorError;

/// The folder that is never served.
pub const PRIVATE: &str = ".mirror";

/// A mirror's folder.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    folders: Folders,
}

/// Held while a mirror is changed; another process waits for nothing and is refused.
#[derive(Debug)]
pub struct Lock {
    /// Unlocked when it is closed, by whatever way the process ends.
    _file: File,
}

impl Folder {
    /// The folder at `root`, which is a mirror already.
    ///
    /// # Errors
    /// When it is none.
    pub fn open(root: &Path) -> Result<Self, MirrorError> {
        let folder = Self { root: root.to_owned(), folders: Folders::default() };
        if folder.config().is_file() {
            Ok(folder)
        } else {
            Err(MirrorError::NotOne { folder: root.to_owned() })
        }
    }

    /// A new mirror at `root`. Its private folder is made, closed to everybody else.
    ///
    /// # Errors
    /// When there is a mirror already, or the folder cannot be made.
    pub fn create(root: &Path) -> Result<Self, MirrorError> {
        let folder = Self { root: root.to_owned(), folders: Folders::default() };
        if folder.config().exists() {
            return Err(MirrorError::Exists { folder: root.to_owned() });
        }
        folder.folders.ensure(&folder.private())?;
        close(&folder.private())?;
        folder.folders.ensure(&folder.staging())?;
        Ok(folder)
    }

    /// The folder itself: what is served.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `mirror.toml`.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.private().join("mirror.toml")
    }

    /// `inventory.sqlite`.
    #[must_use]
    pub fn inventory(&self) -> PathBuf {
        self.private().join("inventory.sqlite")
    }

    /// What is on its way.
    #[must_use]
    pub fn staging(&self) -> PathBuf {
        self.private().join("staging")
    }

    /// Where evidence against a source lies.
    #[must_use]
    pub fn evidence(&self, name: &str) -> PathBuf {
        self.private().join("forks").join(name)
    }

    /// Where a served file lies. `path` comes from a checked key.
    #[must_use]
    pub fn public(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Takes the lock, and removes the temporary files of a process that was killed while it had it.
    ///
    /// # Errors
    /// When another process has it, or a file cannot be removed.
    pub fn lock(&self) -> Result<Lock, MirrorError> {
        let path = self.private().join("lock");
        let fail = |source| MirrorError::Read { path: path.clone(), source };
        let file =
            File::options().create(true).truncate(false).write(true).open(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {
                self.remove_leftovers()?;
                Ok(Lock { _file: file })
            }
            Err(fs::TryLockError::WouldBlock) => {
                Err(MirrorError::Busy { folder: self.root.clone() })
            }
            Err(fs::TryLockError::Error(source)) => Err(fail(source)),
        }
    }

    /// Only who has the lock writes, so temporary files belong to nobody then. Parts of packs are gone on with.
    fn remove_leftovers(&self) -> Result<(), MirrorError> {
        let staging = self.staging();
        let fail = |source| MirrorError::Read { path: staging.clone(), source };
        for entry in fs::read_dir(&staging).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX) {
                fs::remove_file(entry.path()).map_err(fail)?;
            }
        }
        Ok(())
    }

    /// Writes a served file, over what is there: durable when it returns, and at one stroke.
    ///
    /// # Errors
    /// When the disk says no; the file is then as it was.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<(), DurableError> {
        let target = self.public(path);
        let mut staged = Staged::create_in(&self.staging())?;
        staged.write_all(bytes).map_err(|source| DurableError::Io {
            action: "write",
            path: target.clone(),
            source,
        })?;
        staged.commit_replace(&target, &self.folders)
    }

    /// Moves a whole file from the staging folder to its place. Durable when it returns.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn adopt(&self, staged: &Path, path: &str) -> Result<(), DurableError> {
        let target = self.public(path);
        let fail =
            |source| DurableError::Io { action: "move into place", path: target.clone(), source };
        let parent = target.parent().unwrap_or(&self.root);
        self.folders.ensure(parent)?;
        File::open(staged).and_then(|file| file.sync_all()).map_err(fail)?;
        fs::rename(staged, &target).map_err(fail)?;
        sync_folder(parent)
    }

    /// Reads a served file of at most `cap` bytes; `None` when it is not there.
    ///
    /// # Errors
    /// When it is larger, or cannot be read.
    pub fn read(&self, path: &str, cap: u64) -> Result<Option<Vec<u8>>, MirrorError> {
        read(&self.public(path), cap)
    }

    /// Reads a file that is on its way, of at most `cap` bytes; `None` when it is not there.
    ///
    /// # Errors
    /// When it is larger, or cannot be read.
    pub(super) fn read_staged(&self, path: &str, cap: u64) -> Result<Option<Vec<u8>>, MirrorError> {
        read(&self.staging().join(path), cap)
    }

    /// The paths of all served files below a folder, sorted.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn files(&self, below: &str) -> Result<Vec<String>, MirrorError> {
        let (mut found, mut folders) = (Vec::new(), vec![below.to_owned()]);
        while let Some(path) = folders.pop() {
            let folder = self.public(&path);
            let fail = |source| MirrorError::Read { path: folder.clone(), source };
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.map_err(fail)?,
            };
            for entry in entries {
                let entry = entry.map_err(fail)?;
                let name = format!("{path}/{}", entry.file_name().to_string_lossy());
                let is_folder = entry.file_type().map_err(fail)?.is_dir();
                if is_folder { folders.push(name) } else { found.push(name) }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Removes a served file; one that is not there is fine. Durable when it returns.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn remove(&self, path: &str) -> Result<(), MirrorError> {
        let target = self.public(path);
        match fs::remove_file(&target) {
            Ok(()) => Ok(sync_folder(target.parent().unwrap_or(&self.root))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(MirrorError::Read { path: target, source }),
        }
    }

    /// Makes a key under a name of its own and keeps it, for nobody else to read.
    ///
    /// # Errors
    /// When there is no randomness, or the disk says no.
    pub fn make_key(
        &self,
        file: &str,
        name: KeyName,
        algorithm: Algorithm,
    ) -> Result<SigningKey, MirrorError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|error| MirrorError::Key {
            file: file.to_owned(),
            reason: error.to_string(),
        })?;
        let key = SigningKey::from_seed(name, algorithm, &seed).map_err(|error| {
            MirrorError::Key { file: file.to_owned(), reason: error.to_string() }
        })?;
        let path = self.private().join(file);
        crate::secret_file::replace(&path, format!("{}\n", key.to_text().as_str()).as_bytes())?;
        Ok(key)
    }

    /// A key that was made.
    ///
    /// # Errors
    /// When its file cannot be read, or holds no key.
    pub fn key(&self, file: &str) -> Result<SigningKey, MirrorError> {
        let path = self.private().join(file);
        let fail = |source| MirrorError::Read { path: path.clone(), source };
        let mut text = Zeroizing::new(String::new());
        File::open(&path).map_err(fail)?.take(4096).read_to_string(&mut text).map_err(fail)?;
        text.trim_end()
            .parse()
            .map_err(|error| MirrorError::Key { file: file.to_owned(), reason: format!("{error}") })
    }

    fn private(&self) -> PathBuf {
        self.root.join(PRIVATE)
    }
}

/// Reads a file of at most `cap` bytes; `None` when it is not there.
fn read(target: &Path, cap: u64) -> Result<Option<Vec<u8>>, MirrorError> {
    let fail = |source| MirrorError::Read { path: target.to_owned(), source };
    let file = match File::open(target) {
        Ok(file) => file,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(fail(error)),
    };
    let mut bytes = Vec::new();
    file.take(cap.saturating_add(1)).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > cap {
        return Err(fail(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(Some(bytes))
}

/// Closes a folder to everybody but its owner.
fn close(folder: &Path) -> Result<(), MirrorError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let fail = |source| MirrorError::Read { path: folder.to_owned(), source };
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(fail)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::create(&temporary.path().join("mirror")).unwrap();
        (temporary, folder)
    }

    #[test]
    fn only_one_process_changes_a_mirror() {
        let (_temporary, folder) = folder();
        let lock = folder.lock().unwrap();
        assert!(matches!(folder.lock(), Err(MirrorError::Busy { .. })));
        drop(lock);
        assert!(folder.lock().is_ok());
    }

    #[test]
    fn what_a_killed_process_left_goes_with_the_next_lock() {
        let (_temporary, folder) = folder();
        for name in [format!("{TEMPORARY_PREFIX}x"), "pack.part".to_owned()] {
            fs::write(folder.staging().join(name), b"x").unwrap();
        }
        drop(folder.lock().unwrap());
        let left = fs::read_dir(folder.staging()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(left.collect::<Vec<_>>(), ["pack.part"]);
    }

    #[test]
    #[cfg(unix)]
    fn what_is_private_is_closed_to_others() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_temporary, folder) = folder();
        let name: KeyName = "mirror.example.org/m".parse().unwrap();
        let made = folder.make_key("cosigner.key", name, Algorithm::CosignatureEd25519).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.private()), 0o700);
        assert_eq!(mode(&folder.private().join("cosigner.key")), 0o600);
        assert_eq!(folder.key("cosigner.key").unwrap().verifier(), made.verifier());
    }

    #[test]
    fn files_are_written_over_and_read_with_a_cap() {
        let (_temporary, folder) = folder();
        assert_eq!(folder.read("packages/a/b", 10).unwrap(), None);
        folder.write("packages/a/b", b"one").unwrap();
        folder.write("packages/a/b", b"three").unwrap();
        assert_eq!(folder.read("packages/a/b", 5).unwrap().as_deref(), Some(b"three".as_slice()));
        assert!(folder.read("packages/a/b", 4).is_err());
        folder.remove("packages/a/b").unwrap();
        folder.remove("packages/a/b").unwrap();
        assert_eq!(fs::read_dir(folder.staging()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_is_made_a_mirror_once_and_must_be_one_to_be_opened() {
        let (temporary, folder) = folder();
        assert!(matches!(Folder::open(temporary.path()), Err(MirrorError::NotOne { .. })));
        fs::write(folder.config(), "").unwrap();
        assert!(Folder::open(folder.root()).is_ok());
        assert!(matches!(Folder::create(folder.root()), Err(MirrorError::Exists { .. })));
    }
}
