//! Private keys as files: of the log, of a witness, of who signs root documents.
//!
//! One line, the key's private text form. A key file is never written over: it may be the only copy. It is made readable
//! by its owner alone, and one that others can read is refused, because then it may have been read.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tare_store::durable::{DurableError, sync_folder};
use tare_tlog::key::{KeyError, SigningKey};
use zeroize::Zeroizing;

/// No key of any kind is longer, in bytes.
const CAP: u64 = 8 << 10;

/// Why a key was not written or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is a file already.
    #[error("there is a file `{}` already, and a key is never written over", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner can read it.
    #[error("the key `{}` can be read by others (mode {mode:03o}), expected 600", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file holds no private key.
    #[error("`{}` holds no private key", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with its text.
        source: KeyError,
    },
    /// The system failed.
    #[error("failed to {action} the key `{}`", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder could not be put on the disk.
    #[error("failed to keep the key `{}`", path.display())]
    Keep {
        /// The file.
        path: PathBuf,
        /// Why.
        source: DurableError,
    },
}

/// Writes a new key file. Durable when it returns.
///
/// # Errors
/// [`KeyFileError::Exists`], or when the system fails; a file without a whole key may then be left.
pub fn create(path: &Path, key: &SigningKey) -> Result<(), KeyFileError> {
    let fail = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.to_owned() },
        _ => KeyFileError::Io { action: "write", path: path.to_owned(), source },
    };
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = Zeroizing::new(format!("{}\n", key.to_text().as_str()));
    let mut file = options.open(path).map_err(fail)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    sync_folder(folder).map_err(|source| KeyFileError::Keep { path: path.to_owned(), source })
}

/// Reads a key file.
///
/// # Errors
/// When it is not there, others can read it, or it holds no key.
pub fn read(path: &Path) -> Result<SigningKey, KeyFileError> {
    let fail = |source| KeyFileError::Io { action: "read", path: path.to_owned(), source };
    let file = File::open(path).map_err(fail)?;
    check_mode(path, &file)?;
    let mut text = Zeroizing::new(String::new());
    file.take(CAP).read_to_string(&mut text).map_err(fail)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    line.parse().map_err(|source| KeyFileError::Key { path: path.to_owned(), source })
}

#[cfg(unix)]
fn check_mode(path: &Path, file: &File) -> Result<(), KeyFileError> {
    use std::os::unix::fs::MetadataExt as _;
    let fail = |source| KeyFileError::Io { action: "read", path: path.to_owned(), source };
    let mode = file.metadata().map_err(fail)?.mode() & 0o777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(KeyFileError::Exposed { path: path.to_owned(), mode }),
    }
}

/// Elsewhere the system decides who can read what lies in a person's folder.
#[cfg(not(unix))]
fn check_mode(_: &Path, _: &File) -> Result<(), KeyFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use tare_tlog::key::Algorithm;

    use super::*;

    fn key(seed: u8) -> SigningKey {
        let name = "alice.example/root".parse().unwrap();
        SigningKey::from_seed(name, Algorithm::Ed25519, &[seed; 32]).unwrap()
    }

    #[test]
    fn a_key_is_read_back_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        create(&path, &key(1)).unwrap();
        assert_eq!(read(&path).unwrap().verifier(), key(1).verifier());
        assert!(matches!(create(&path, &key(2)), Err(KeyFileError::Exists { .. })));
        assert_eq!(read(&path).unwrap().verifier(), key(1).verifier());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        create(&path, &key(1)).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read(&path), Err(KeyFileError::Exposed { mode: 0o640, .. })));
    }

    #[test]
    fn what_holds_no_key_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        create(&path, &key(1)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for bad in ["", "\n", "secret", &text.replace("AQ", "AR"), &format!("{text}\n")] {
            std::fs::write(&path, bad).unwrap();
            let error = read(&path).unwrap_err();
            let said = crate::error::chain(&error);
            assert!(!said.contains("secret") && !said.contains("AQEB"), "{said}");
        }
    }
}
