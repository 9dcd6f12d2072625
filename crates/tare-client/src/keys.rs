//! Key files: where a publisher's signing key lies, how it comes to be and how it is opened.
//!
//! ```text
//! $TARE_HOME/keys/default.pem   the private key, encrypted unless its owner said otherwise; mode 0600
//! $TARE_HOME/keys/default.pub   the public key, to be given to whoever asks
//! ```
//!
//! A key that lies in a device is used through a program: [`ExternalSigner`].

mod external;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tare_sign::{KeyPair, PublicKeyError};
use tare_store::durable::{self, Committed, DurableError};
use zeroize::Zeroizing;

pub use external::ExternalSigner;
pub use tare_sign::{KeyError, PublicKey, Signer};

use crate::error::{ClientError, ErrorKind};
use crate::secret_file;

/// The most bytes of a key file.
const MAX_SIZE: u64 = 64 << 10;

/// Why a key file cannot be used or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is none.
    #[error("there is no key at `{}`", path.display())]
    Missing {
        /// Where none is.
        path: PathBuf,
    },
    /// There is one already.
    #[error("there is a key at `{}` already", path.display())]
    Exists {
        /// Where it is.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("failed to read the key `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Everybody on the machine can read it.
    #[error("the key `{}` has mode {mode:03o}: everybody on this machine can use it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// An external signer was asked for without naming a program.
    #[error("the signer names no program")]
    NoProgram,
    /// It is not a private key, or needs another passphrase.
    #[error("the key `{}` cannot be used", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// It is not a public key.
    #[error("the public key `{}` cannot be used", path.display())]
    PublicKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PublicKeyError,
    },
    /// A key cannot be made.
    #[error("failed to make a key")]
    Make(#[source] KeyError),
    /// It cannot be written.
    #[error("failed to save the key")]
    Write(#[from] DurableError),
}

impl ClientError for KeyFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing { .. } | Self::Exists { .. } | Self::Open { .. } | Self::NoProgram => {
                ErrorKind::Usage
            }
            Self::Key { source, .. } => match source {
                KeyError::PassphraseMissing | KeyError::PassphraseWrong => {
                    ErrorKind::Authentication
                }
                _ => ErrorKind::Usage,
            },
            Self::PublicKey { .. } => ErrorKind::Usage,
            Self::Make(KeyError::PassphraseEmpty) => ErrorKind::Usage,
            Self::Read { .. } | Self::Make(_) | Self::Write(_) => ErrorKind::Failure,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "E-NO-KEY",
            Self::Exists { .. } => "E-KEY-EXISTS",
            Self::Open { .. } => "E-KEY-OPEN",
            Self::Key {
                source: KeyError::PassphraseMissing | KeyError::PassphraseWrong, ..
            } => "E-KEY-PASSWORD",
            _ => "E-KEY",
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Open { path, .. } => {
                let path = path.display();
                return Some(format!(
                    "close it with `chmod 600 {path}`, and use another key if somebody may have read it"
                ));
            }
            Self::NoProgram => {
                "give the program and its arguments, as `--signer 'sign-with-card 9c'`"
            }
            Self::Missing { .. } => "make one with `tare keygen`, or name one with `--key FILE`",
            Self::Exists { .. } => {
                "packages that were signed with it need it; to make another, name its file with `--output FILE`"
            }
            Self::Key {
                source: KeyError::PassphraseMissing | KeyError::PassphraseWrong, ..
            } => "set TARE_KEY_PASSWORD, or run the command at a terminal to be asked",
            Self::Make(KeyError::PassphraseEmpty) => {
                "choose a password, or leave the key unencrypted with `--no-password`"
            }
            _ => return None,
        };
        Some(help.to_owned())
    }
}

/// Where a person's key lies unless they say otherwise.
#[must_use]
pub fn default_path(home: &Path) -> PathBuf {
    home.join("keys").join("default.pem")
}

/// Where the public key of the key at `path` lies.
#[must_use]
pub fn public_path(path: &Path) -> PathBuf {
    path.with_extension("pub")
}

/// Makes a key and saves it at `path`, encrypted if there is a passphrase, and its public key beside it.
///
/// # Errors
/// When a file is there already: a key that was overwritten is lost.
pub fn create(path: &Path, passphrase: Option<&str>) -> Result<PublicKey, KeyFileError> {
    let exists = || KeyFileError::Exists { path: path.to_owned() };
    if path.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let pair = KeyPair::generate().map_err(KeyFileError::Make)?;
    let pem = match passphrase {
        Some(passphrase) => pair.to_encrypted_pem(passphrase),
        None => pair.to_plain_pem(),
    };
    let pem = pem.map_err(KeyFileError::Make)?;
    if secret_file::create(path, pem.as_bytes())? == Committed::AlreadyThere {
        return Err(exists());
    }
    let public = pair.public_key().clone();
    durable::write(&public_path(path), public.to_pem().as_bytes())?;
    Ok(public)
}

/// Opens the private key at `path`. `passphrase` is only asked if the key needs one.
///
/// # Errors
/// When there is none, everybody can read it, it is something else, or the passphrase is missing or wrong.
pub fn open<E: From<KeyFileError>>(
    path: &Path,
    passphrase: impl FnOnce() -> Result<Option<Zeroizing<String>>, E>,
) -> Result<KeyPair, E> {
    check_closed(path)?;
    let text = read(path)?;
    let passphrase = if KeyPair::is_encrypted(&text) { passphrase()? } else { None };
    let pair = KeyPair::from_pem(&text, passphrase.as_ref().map(|passphrase| passphrase.as_str()));
    pair.map_err(|source| KeyFileError::Key { path: path.to_owned(), source }.into())
}

/// Reads the public key at `path`.
///
/// # Errors
/// When there is none, or it is something else.
pub fn read_public(path: &Path) -> Result<PublicKey, KeyFileError> {
    let text = read(path)?;
    PublicKey::from_pem(&text)
        .map_err(|source| KeyFileError::PublicKey { path: path.to_owned(), source })
}

/// A key that everybody can read may be in anybody's hands, encrypted or not (S-18). A group that shares one, as a container
/// does with the secrets that are mounted into it, is its owner's choice.
#[cfg(unix)]
fn check_closed(path: &Path) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
    let mode = metadata.permissions().mode() & 0o777;
    let is_open = metadata.is_file() && mode & 0o006 != 0;
    if is_open { Err(KeyFileError::Open { path: path.to_owned(), mode }) } else { Ok(()) }
}

/// Elsewhere a file has no mode.
#[cfg(not(unix))]
fn check_closed(_: &Path) -> Result<(), KeyFileError> {
    Ok(())
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let fail = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing { path: path.to_owned() },
        _ => KeyFileError::Read { path: path.to_owned(), source },
    };
    let mut text = Zeroizing::new(String::new());
    File::open(path).map_err(fail)?.take(MAX_SIZE).read_to_string(&mut text).map_err(fail)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(passphrase: &str) -> Result<Option<Zeroizing<String>>, KeyFileError> {
        Ok(Some(Zeroizing::new(passphrase.to_owned())))
    }

    #[test]
    fn a_key_opens_with_its_passphrase_only() {
        let home = tempfile::tempdir().unwrap();
        let path = default_path(home.path());
        let public = create(&path, Some("secret")).unwrap();
        assert_eq!(open(&path, || with("secret")).unwrap().public_key(), &public);
        assert_eq!(read_public(&public_path(&path)).unwrap(), public);
        let wrong = open(&path, || with("other")).unwrap_err();
        let missing = open(&path, || Ok::<_, KeyFileError>(None)).unwrap_err();
        assert_eq!((wrong.code(), missing.code()), ("E-KEY-PASSWORD", "E-KEY-PASSWORD"));
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let path = default_path(home.path());
        create(&path, None).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(create(&path, None), Err(KeyFileError::Exists { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_a_key() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let path = default_path(home.path());
        create(&path, None).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_everybody_can_read_is_refused_and_one_of_a_group_is_not() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let path = default_path(home.path());
        create(&path, Some("secret")).unwrap();
        let open_as = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            open(&path, || with("secret"))
        };
        for mode in [0o644, 0o604, 0o602] {
            let error = open_as(mode).unwrap_err();
            assert_eq!(error.code(), "E-KEY-OPEN");
            assert!(error.help().unwrap().contains("chmod 600"));
        }
        assert!(open_as(0o440).is_ok() && open_as(0o400).is_ok());
    }

    #[test]
    fn an_unencrypted_key_asks_for_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("plain.pem");
        create(&path, None).unwrap();
        let asked = || -> Result<_, KeyFileError> { panic!("nobody is to be asked") };
        open(&path, asked).unwrap();
    }
}
