//! Tokens: kept in one file that only its owner can read, each under the exact origin that it belongs to.
//!
//! ```toml
//! [origins."https://registry.example"]
//! token = "tare_…"
//! ```
//!
//! A token is only ever handed out for its own origin, so no redirect, mirror or `registry.json` can make the client
//! send it anywhere else.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tare_store::durable::DurableError;
use zeroize::Zeroizing;

use crate::error::{ClientError, ErrorKind};
use crate::event::Progress;
use crate::origin::Origin;
use crate::secret_file;

/// The file's name in the home folder.
pub const CREDENTIALS_FILE: &str = "credentials.toml";
const MAX_SIZE: u64 = 1 << 20;

/// Why tokens cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not what this program writes. What stands in it is not repeated: it is secret.
    #[error("`{}` is not a list of tokens", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("failed to save the token")]
    Write(#[source] DurableError),
    /// Its mode cannot be changed.
    #[error("failed to keep others from reading `{}`", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A text is not a token.
    #[error("that is not a token: expected printable characters without blanks")]
    NotAToken,
}

impl ClientError for CredentialsError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Syntax { .. } | Self::NotAToken => ErrorKind::Usage,
            _ => ErrorKind::Failure,
        }
    }

    fn code(&self) -> &'static str {
        "E-CREDENTIALS"
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Syntax { path } => {
                Some(format!("remove `{}` and run `tare login` again", path.display()))
            }
            Self::NotAToken => {
                Some("paste the token as the registry printed it, `tare_…`".to_owned())
            }
            _ => None,
        }
    }
}

/// A secret that a registry gave out. It is wiped from memory when dropped and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Takes a token as a person pasted it.
    ///
    /// # Errors
    /// When it could not stand in a header.
    pub fn new(text: &str) -> Result<Self, CredentialsError> {
        let text = text.trim();
        if text.is_empty() || text.len() > 4096 || !text.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(CredentialsError::NotAToken);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The token itself, to be put into a header.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The tokens by origin.
#[derive(Debug, Clone, Default)]
pub struct Tokens(BTreeMap<Origin, Token>);

impl Tokens {
    /// The token for exactly this origin.
    #[must_use]
    pub fn for_origin(&self, origin: &Origin) -> Option<&Token> {
        self.0.get(origin)
    }

    /// Uses `token` for `origin`, for this run only.
    pub fn set(&mut self, origin: Origin, token: Token) {
        self.0.insert(origin, token);
    }

    /// Forgets the token for `origin`; whether there was one.
    pub fn remove(&mut self, origin: &Origin) -> bool {
        self.0.remove(origin).is_some()
    }
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    origins: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    token: String,
}

/// Reads the tokens in `home`; no file means none. A file that others can read is closed to them, with a warning.
///
/// # Errors
/// When the file cannot be read, closed or understood.
pub fn load(home: &Path, progress: &Progress) -> Result<Tokens, CredentialsError> {
    let path = home.join(CREDENTIALS_FILE);
    let fail = |source| CredentialsError::Read { path: path.clone(), source };
    let file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tokens::default()),
        Err(error) => return Err(fail(error)),
    };
    close_to_others(&path, &file, progress)?;
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_SIZE).read_to_string(&mut text).map_err(fail)?;
    let syntax = || CredentialsError::Syntax { path: path.clone() };
    let file: File = toml::from_str(&text).map_err(|_| syntax())?;
    let mut tokens = Tokens::default();
    for (origin, entry) in file.origins {
        let url = url::Url::parse(&origin).map_err(|_| syntax())?;
        tokens.set(Origin::of(&url), Token::new(&entry.token).map_err(|_| syntax())?);
    }
    Ok(tokens)
}

/// Writes the tokens to `home`, readable by nobody else.
///
/// # Errors
/// When the disk says no.
pub fn save(home: &Path, tokens: &Tokens) -> Result<(), CredentialsError> {
    let entry = |(origin, token): (&Origin, &Token)| {
        (origin.to_string(), Entry { token: token.secret().to_owned() })
    };
    let file = File { origins: tokens.0.iter().map(entry).collect() };
    let path = home.join(CREDENTIALS_FILE);
    let text =
        toml::to_string(&file).map_err(|_| CredentialsError::Syntax { path: path.clone() })?;
    secret_file::replace(&path, Zeroizing::new(text).as_bytes()).map_err(CredentialsError::Write)
}

/// C12: whoever could read the file may have the tokens, so the warning says to revoke them.
#[cfg(unix)]
fn close_to_others(
    path: &Path,
    file: &std::fs::File,
    progress: &Progress,
) -> Result<(), CredentialsError> {
    use std::os::unix::fs::PermissionsExt as _;
    let fail = |source| CredentialsError::Mode { path: path.to_owned(), source };
    let mode = file.metadata().map_err(fail)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    secret_file::close_to_others(file).map_err(fail)?;
    progress.warn(&format!(
        "others could read the tokens in `{}` (mode {:04o}); this is closed now, but if the machine is shared, revoke them",
        path.display(),
        mode & 0o7777
    ));
    Ok(())
}

#[cfg(not(unix))]
fn close_to_others(_: &Path, _: &std::fs::File, _: &Progress) -> Result<(), CredentialsError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::event::{Event, Listener};

    fn origin(text: &str) -> Origin {
        Origin::of(&url::Url::parse(text).unwrap())
    }

    #[test]
    fn a_token_is_given_to_its_own_origin_only() {
        let home = tempfile::tempdir().unwrap();
        let mut tokens = Tokens::default();
        tokens.set(origin("https://a.example/x"), Token::new(" tare_secret\n").unwrap());
        save(home.path(), &tokens).unwrap();
        let tokens = load(home.path(), &Progress::silent()).unwrap();
        assert_eq!(
            tokens.for_origin(&origin("https://a.example")).unwrap().secret(),
            "tare_secret"
        );
        for other in ["http://a.example", "https://a.example:444", "https://b.a.example"] {
            assert!(tokens.for_origin(&origin(other)).is_none(), "{other}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_closed_with_a_warning() {
        use std::os::unix::fs::PermissionsExt as _;
        #[derive(Default)]
        struct Heard(Mutex<Vec<String>>);
        impl Listener for Heard {
            fn hear(&self, event: &Event<'_>) {
                if let Event::Warning(text) = event {
                    self.0.lock().unwrap().push((*text).to_owned());
                }
            }
        }
        let home = tempfile::tempdir().unwrap();
        save(home.path(), &Tokens::default()).unwrap();
        let path = home.path().join(CREDENTIALS_FILE);
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let heard = Arc::new(Heard::default());
        load(home.path(), &Progress::new(heard.clone())).unwrap();
        assert_eq!(mode(), 0o600);
        assert!(heard.0.lock().unwrap()[0].contains("0644"));
    }

    #[test]
    fn neither_debug_nor_an_error_shows_a_secret() {
        let token = Token::new("tare_secret").unwrap();
        assert!(!format!("{token:?}").contains("secret"));
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(CREDENTIALS_FILE), "token = 'tare_secret").unwrap();
        let error = load(home.path(), &Progress::silent()).unwrap_err();
        assert!(!format!("{error:?}").contains("tare_secret"));
        assert!(Token::new("two words").is_err() && Token::new("").is_err());
    }
}
