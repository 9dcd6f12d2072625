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
//! mirrors = ["https://mirror.example/"]         # read from first; nothing is believed that they send
//!
//! [trust]                                       # at home only, see `crate::sigstore`
//! root-sha256 = "sha256:…"
//!
//! [signing]                                      # only in the home folder: it names a program to run
//! signer = "sign-with-card 9c"
//! public-key = "card.pub"                        # from the folder of this file
//! ```

mod error;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tare_format::Sha256;
use tare_format::registry::RegistryId;
use tare_store::durable;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};
use url::Url;

use crate::origin::{is_loopback, registry_url};

pub use error::ConfigError;

/// The file's name in the home folder and in `.tare`.
pub const CONFIG_FILE: &str = "config.toml";
/// The most bytes of a configuration file.
const MAX_SIZE: u64 = 1 << 20;

/// One registry of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRegistry {
    /// What people call it here.
    pub name: String,
    /// Where it is; the path ends in `/`.
    pub url: Url,
    /// Which registry must be there. A registry is its id, so another one behind the same URL is refused.
    pub id: Option<RegistryId>,
    /// Where it is read from before its own URL, in this order.
    pub mirrors: Vec<Url>,
}

impl KnownRegistry {
    /// A registry of which nothing but its URL is known.
    #[must_use]
    pub fn new(name: impl Into<String>, url: Url) -> Self {
        Self { name: name.into(), url, id: None, mirrors: Vec::new() }
    }

    /// Reads from `mirrors` too, after those that it has.
    #[must_use]
    pub fn with_mirrors(mut self, mirrors: Vec<Url>) -> Self {
        for mirror in mirrors {
            if !self.mirrors.contains(&mirror) {
                self.mirrors.push(mirror);
            }
        }
        self
    }

    /// The URLs of its mirrors, to be shown.
    #[must_use]
    pub fn mirror_urls(&self) -> Vec<&str> {
        self.mirrors.iter().map(Url::as_str).collect()
    }
}

/// A program that signs in place of a key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningProgram {
    /// The program and its arguments, between blanks.
    pub command: String,
    /// The file with its public key.
    pub public_key: PathBuf,
}

/// The configuration of all files together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    registries: BTreeMap<String, KnownRegistry>,
    default: Option<String>,
    trust_root: Option<Sha256>,
    signing: Option<SigningProgram>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    registry: Choice,
    trust: Option<Trust>,
    registries: BTreeMap<String, Entry>,
    signing: Option<Signing>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Signing {
    signer: String,
    public_key: PathBuf,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Choice {
    default: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Trust {
    root_sha256: Sha256,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    url: String,
    id: Option<RegistryId>,
    #[serde(default)]
    mirrors: Vec<String>,
}

impl Config {
    /// Reads the files that there are: none is fine.
    ///
    /// # Errors
    /// When a file cannot be read, or has a mistake.
    pub fn load(home: &Path, folder: &Path) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let at_home = home.join(CONFIG_FILE);
        config.read(&at_home, true)?;
        let above: Vec<&Path> = folder.ancestors().collect();
        for folder in above.into_iter().rev() {
            let path = folder.join(".tare").join(CONFIG_FILE);
            config.read(&path, path == at_home)?;
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

    /// The trust root that is pinned, if one is.
    #[must_use]
    pub const fn trust_root(&self) -> Option<Sha256> {
        self.trust_root
    }

    /// The program that signs when no key is named.
    #[must_use]
    pub const fn signing_program(&self) -> Option<&SigningProgram> {
        self.signing.as_ref()
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
        Ok(known.unwrap_or_else(|| KnownRegistry::new(url.as_str(), url.clone())))
    }

    fn read(&mut self, path: &Path, is_home: bool) -> Result<(), ConfigError> {
        let Some(text) = read_text(path)? else { return Ok(()) };
        let file: File = toml::from_str(&text).map_err(|error| syntax(path, &text, &error))?;
        match file.trust {
            Some(trust) if is_home => self.trust_root = Some(trust.root_sha256),
            Some(_) => return Err(ConfigError::TrustElsewhere { path: path.to_owned() }),
            None => {}
        }
        match file.signing {
            // It names a program to run, so it must not come with what somebody else wrote.
            Some(_) if !is_home => {
                return Err(ConfigError::SigningElsewhere { path: path.to_owned() });
            }
            Some(Signing { signer, public_key }) => {
                let public_key = path.with_file_name("").join(public_key);
                self.signing = Some(SigningProgram { command: signer, public_key });
            }
            None => {}
        }
        for (name, Entry { url, id, mirrors }) in file.registries {
            check_name(&name)?;
            let read = |text: &String| {
                registry_url(text).map_err(|source| ConfigError::Url {
                    path: path.to_owned(),
                    name: name.clone(),
                    source,
                })
            };
            let mirrors = mirrors.iter().map(read).collect::<Result<_, _>>()?;
            let known = KnownRegistry { id, ..KnownRegistry::new(&*name, read(&url)?) };
            self.registries.insert(name.clone(), known.with_mirrors(mirrors));
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

    /// Adds a registry, or changes its URL, its id or its mirrors. Mirrors that it has stay unless others are given.
    ///
    /// # Errors
    /// When the name is wrong, or the file has something else where a table should be.
    pub fn set(&mut self, registry: &KnownRegistry) -> Result<(), ConfigError> {
        let name = &registry.name;
        check_name(name)?;
        let path = self.path.clone();
        let registries = self.table("registries")?;
        if registries.get(name).is_none() {
            registries.insert(name, Item::Table(Table::new()));
        }
        let entry = registries.get_mut(name).and_then(Item::as_table_like_mut);
        let entry = entry.ok_or_else(|| not_a_table(&path, name))?;
        entry.insert("url", value(registry.url.as_str()));
        match &registry.id {
            Some(id) => entry.insert("id", value(id.as_str())),
            None => entry.remove("id"),
        };
        if !registry.mirrors.is_empty() {
            entry.insert("mirrors", value(Array::from_iter(registry.mirror_urls())));
        }
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

    /// Pins a trust root, or none.
    ///
    /// # Errors
    /// When the file has something else where a table should be.
    pub fn set_trust_root(&mut self, root: Option<Sha256>) -> Result<(), ConfigError> {
        match root {
            Some(root) => {
                self.table("trust")?.insert("root-sha256", value(root.to_string()));
            }
            // The table too: an empty one is a mistake when it is read.
            None => drop(self.document.remove("trust")),
        }
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
        item.as_table_like_mut().ok_or_else(|| not_a_table(&self.path, name))
    }
}

fn not_a_table(path: &Path, name: &str) -> ConfigError {
    let message = format!("`{name}` is not a table");
    ConfigError::Syntax { path: path.to_owned(), message, help: None }
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
