//! Configuration: which registries there are and which one is meant when nobody says.
//!
//! `$TARE_HOME/config.toml` is read first, then each `.tare/config.toml` from the root of the file system down to the
//! current folder; the nearer wins. Only the first is ever written. Secrets are elsewhere, in [`crate::credentials`].
//!
//! ```toml
//! [registry]
//! default = "main"
//!
//! [registries.main]
//! url = "https://registry.example/"
//! id = "tr1-0123456789abcdef0123456789abcdef"   # refused if the URL ever serves another registry
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tare_format::registry::RegistryId;
use tare_store::durable::{self, DurableError};
use toml_edit::{DocumentMut, Item, Table, TableLike, value};
use url::Url;

use crate::error::{ClientError, ErrorKind};
use crate::origin::{UrlError, is_loopback, registry_url};

/// The file's name in the home folder and in `.tare`.
pub const CONFIG_FILE: &str = "config.toml";
/// The most bytes of a configuration file.
const MAX_SIZE: u64 = 1 << 20;

/// Why there is no configuration, or why it was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not a configuration.
    #[error("`{}` is not a configuration: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The place and the reason.
        message: String,
        /// The nearest known key.
        help: Option<String>,
    },
    /// A registry's URL is wrong.
    #[error("registry `{name}` in `{}` has a wrong URL", path.display())]
    Url {
        /// The file.
        path: PathBuf,
        /// The registry's name.
        name: String,
        /// What is wrong.
        source: UrlError,
    },
    /// A registry's name is wrong.
    #[error("`{name}` is not a name for a registry: use letters, digits, `-` and `_`")]
    Name {
        /// The name.
        name: String,
    },
    /// No registry has that name.
    #[error("there is no registry named `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// No registry was chosen and there is no default.
    #[error("no registry is chosen, and there is no default")]
    NoDefault,
    /// The name is taken by another registry.
    #[error("registry `{name}` is already known at {url}")]
    Taken {
        /// The name.
        name: String,
        /// Where it is.
        url: Url,
    },
    /// The file cannot be written.
    #[error("failed to save the configuration")]
    Write(#[from] DurableError),
}

impl ClientError for ConfigError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { .. } | Self::Write(_) => ErrorKind::Failure,
            _ => ErrorKind::Usage,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } | Self::NoDefault => "E-REGISTRY-UNKNOWN",
            _ => "E-CONFIG",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Syntax { help, .. } => help.clone(),
            Self::Unknown { name, known } => Some(match (url_without_scheme(name), &known[..]) {
                (Some(url), _) => format!("did you mean {url}?"),
                (None, []) => format!("add it with `tare registry add {name} URL`"),
                (None, known) => format!("the known ones are {}", known.join(", ")),
            }),
            Self::NoDefault => Some(
                "add one with `tare login --registry URL` or `tare registry add NAME URL`"
                    .to_owned(),
            ),
            Self::Taken { name, .. } => Some(format!(
                "choose another name, or remove it with `tare registry remove {name}`"
            )),
            _ => None,
        }
    }
}

/// One registry of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRegistry {
    /// What people call it here.
    pub name: String,
    /// Where it is; the path ends in `/`.
    pub url: Url,
    /// Which registry must be there. A registry is its id, so another one behind the same URL is refused.
    pub id: Option<RegistryId>,
}

/// The configuration of all files together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    registries: BTreeMap<String, KnownRegistry>,
    default: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    registry: Choice,
    registries: BTreeMap<String, Entry>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Choice {
    default: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    url: String,
    id: Option<RegistryId>,
}

impl Config {
    /// Reads the files that there are: none is fine.
    ///
    /// # Errors
    /// When a file cannot be read, or has a mistake.
    pub fn load(home: &Path, folder: &Path) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        config.read(&home.join(CONFIG_FILE))?;
        let above: Vec<&Path> = folder.ancestors().collect();
        for folder in above.into_iter().rev() {
            config.read(&folder.join(".tare").join(CONFIG_FILE))?;
        }
        Ok(config)
    }

    /// The registries by name.
    pub fn registries(&self) -> impl Iterator<Item = &KnownRegistry> {
        self.registries.values()
    }

    /// The name of the registry that is meant when nobody says.
    #[must_use]
    pub fn default_name(&self) -> Option<&str> {
        self.default.as_deref()
    }

    /// The registry that `choice` means: a name, a URL, or the default.
    ///
    /// # Errors
    /// When there is none of that name, the URL is wrong, or there is no default.
    pub fn choose(&self, choice: Option<&str>) -> Result<KnownRegistry, ConfigError> {
        let name = choice.or(self.default.as_deref()).ok_or(ConfigError::NoDefault)?;
        if let Some(known) = self.registries.get(name) {
            return Ok(known.clone());
        }
        if !name.contains("://") {
            let known = self.registries.keys().cloned().collect();
            return Err(ConfigError::Unknown { name: name.to_owned(), known });
        }
        // The text itself may hold a password; what the error calls it does not.
        let url = registry_url(name).map_err(|source| ConfigError::Url {
            path: PathBuf::from("--registry"),
            name: source.found().to_owned(),
            source,
        })?;
        let known = self.registries.values().find(|known| known.url == url).cloned();
        Ok(known.unwrap_or_else(|| KnownRegistry { name: url.to_string(), url, id: None }))
    }

    fn read(&mut self, path: &Path) -> Result<(), ConfigError> {
        let Some(text) = read_text(path)? else { return Ok(()) };
        let file: File = toml::from_str(&text).map_err(|error| syntax(path, &text, &error))?;
        for (name, Entry { url, id }) in file.registries {
            check_name(&name)?;
            let url = registry_url(&url).map_err(|source| ConfigError::Url {
                path: path.to_owned(),
                name: name.clone(),
                source,
            })?;
            self.registries.insert(name.clone(), KnownRegistry { name, url, id });
        }
        if let Some(default) = file.registry.default {
            self.default = Some(default);
        }
        Ok(())
    }
}

/// The configuration in the home folder, to be changed. What a person wrote there, comments too, stays.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    document: DocumentMut,
}

impl ConfigFile {
    /// Opens `config.toml` in `home`, which need not exist.
    ///
    /// # Errors
    /// When it cannot be read, or is not TOML.
    pub fn open(home: &Path) -> Result<Self, ConfigError> {
        let path = home.join(CONFIG_FILE);
        let text = read_text(&path)?.unwrap_or_default();
        let document = text.parse().map_err(|error: toml_edit::TomlError| ConfigError::Syntax {
            path: path.clone(),
            message: error.to_string(),
            help: None,
        })?;
        Ok(Self { path, document })
    }

    /// Adds a registry, or changes its URL or id.
    ///
    /// # Errors
    /// When the name is wrong.
    pub fn set(&mut self, registry: &KnownRegistry) -> Result<(), ConfigError> {
        check_name(&registry.name)?;
        let registries = self.table("registries")?;
        let mut entry = Table::new();
        entry["url"] = value(registry.url.as_str());
        if let Some(id) = &registry.id {
            entry["id"] = value(id.as_str());
        }
        registries.insert(&registry.name, Item::Table(entry));
        Ok(())
    }

    /// Removes a registry, and the default if it was that; whether it was there.
    ///
    /// # Errors
    /// When the file has something else where a table should be.
    pub fn remove(&mut self, name: &str) -> Result<bool, ConfigError> {
        let choice = self.table("registry")?;
        if choice.get("default").and_then(Item::as_str) == Some(name) {
            choice.remove("default");
        }
        Ok(self.table("registries")?.remove(name).is_some())
    }

    /// Makes a registry the default.
    ///
    /// # Errors
    /// When the file has something else where a table should be.
    pub fn set_default(&mut self, name: &str) -> Result<(), ConfigError> {
        self.table("registry")?.insert("default", value(name));
        Ok(())
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn save(&self) -> Result<(), ConfigError> {
        Ok(durable::write(&self.path, self.document.to_string().as_bytes())?)
    }

    /// The table `name`, made when it is missing.
    fn table(&mut self, name: &str) -> Result<&mut dyn TableLike, ConfigError> {
        let mut new = Table::new();
        new.set_implicit(name == "registries");
        let item = self.document.entry(name).or_insert(Item::Table(new));
        item.as_table_like_mut().ok_or_else(|| ConfigError::Syntax {
            path: self.path.clone(),
            message: format!("`{name}` is not a table"),
            help: None,
        })
    }
}

fn check_name(name: &str) -> Result<(), ConfigError> {
    let good = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if good && !name.is_empty() && name.len() <= 64 {
        Ok(())
    } else {
        Err(ConfigError::Name { name: name.chars().take(80).collect() })
    }
}

/// The URL that somebody meant who wrote `host:port` or `host.example/path` where a name or a URL is expected.
fn url_without_scheme(text: &str) -> Option<String> {
    if check_name(text).is_ok() {
        return None;
    }
    let plain = registry_url(&format!("http://{text}")).ok()?;
    plain.host_str()?;
    let scheme = if is_loopback(&plain) { "http" } else { "https" };
    Some(format!("{scheme}://{text}"))
}

fn read_text(path: &Path) -> Result<Option<String>, ConfigError> {
    use io::Read as _;
    let fail = |source| ConfigError::Read { path: path.to_owned(), source };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(fail(error)),
    };
    let mut text = String::new();
    file.take(MAX_SIZE).read_to_string(&mut text).map_err(fail)?;
    Ok(Some(text))
}

fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let line = error
        .span()
        .map(|span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
    let message = error.message();
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    let (message, help) = match unknown {
        Some((key, rest)) => {
            let known = rest.split('`').skip(1).step_by(2);
            let near = known.min_by_key(|known| strsim::damerau_levenshtein(key, known));
            (format!("unknown key `{key}`"), near.map(|near| format!("did you mean `{near}`?")))
        }
        None => (message.to_owned(), None),
    };
    let message = line.map_or(message.clone(), |line| format!("line {line}: {message}"));
    ConfigError::Syntax { path: path.to_owned(), message, help }
}

#[cfg(test)]
mod tests;
