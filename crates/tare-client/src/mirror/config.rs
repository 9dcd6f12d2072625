//! `mirror.toml`: which registry a mirror is of, where it fetches from, what it holds and how fast it may be.
//!
//! ```toml
//! registry = "tr1-0123456789abcdef0123456789abcdef"
//! name = "mirror.example.org/m"                  # the name of its key
//! sources = ["https://registry.example/"]        # asked in this order
//! public-url = "https://mirror.example.org/"
//!
//! [filters]
//! include = ["commons/*"]
//! license-class = ["public-domain", "permissive"]
//! max-size = "2TB"
//!
//! [limits]
//! rate = "20MB/s"
//! window = "01:00-06:00"                         # UTC
//! ```
//! Unknown keys are refused: a filter with a slip in its name would otherwise hold everything.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tare_format::registry::RegistryId;
use tare_store::durable;
use tare_tlog::key::KeyName;
use url::Url;

use super::MirrorError;
use super::amount::{ByteSize, Rate};
use super::filter::Filters;
use super::pace::Limits;
use super::window::Window;
use crate::origin::registry_url;

/// The most bytes of the file.
const MAX_SIZE: u64 = 1 << 20;

/// How a mirror is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Which registry it is of.
    pub registry: RegistryId,
    /// The name of the mirror's key.
    pub name: KeyName,
    /// Where it fetches from, in this order; each path ends in `/`.
    pub sources: Vec<Url>,
    /// Where it is served, as far as it knows.
    pub public_url: Option<Url>,
    /// What it holds.
    pub filters: Filters,
    /// The limits of each run, unless the command says otherwise.
    pub limits: Limits,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    registry: RegistryId,
    name: String,
    sources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    #[serde(default)]
    filters: Filters,
    #[serde(default)]
    limits: FileLimits,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct FileLimits {
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<Rate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<Window>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_bytes_per_run: Option<ByteSize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_conns: Option<u8>,
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, or has a mistake.
    pub fn load(path: &Path) -> Result<Self, MirrorError> {
        use std::io::Read as _;
        let fail = |source| MirrorError::Read { path: path.to_owned(), source };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(fail)?;
        file.take(MAX_SIZE).read_to_string(&mut text).map_err(fail)?;
        Self::parse(&text).map_err(|message| MirrorError::Config { path: path.to_owned(), message })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn save(&self, path: &Path) -> Result<(), MirrorError> {
        let text = self
            .to_text()
            .map_err(|message| MirrorError::Config { path: PathBuf::from(path), message })?;
        Ok(durable::write(path, text.as_bytes())?)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let url = |text: &String| registry_url(text).map_err(|error| error.to_string());
        let sources = file.sources.iter().map(url).collect::<Result<Vec<_>, _>>()?;
        if sources.is_empty() {
            return Err("it names no source to fetch from".to_owned());
        }
        let FileLimits { rate, window, max_bytes_per_run, max_conns } = file.limits;
        Ok(Self {
            registry: file.registry,
            name: file.name.parse().map_err(|error| format!("{error}"))?,
            sources,
            public_url: file.public_url.as_ref().map(url).transpose()?,
            filters: file.filters,
            limits: Limits {
                rate,
                window,
                max_bytes: max_bytes_per_run,
                max_connections: max_conns,
            },
        })
    }

    fn to_text(&self) -> Result<String, String> {
        let Limits { rate, window, max_bytes, max_connections } = self.limits;
        let file = File {
            registry: self.registry.clone(),
            name: self.name.to_string(),
            sources: self.sources.iter().map(Url::to_string).collect(),
            public_url: self.public_url.as_ref().map(Url::to_string),
            filters: self.filters.clone(),
            limits: FileLimits {
                rate,
                window,
                max_bytes_per_run: max_bytes,
                max_conns: max_connections,
            },
        };
        toml::to_string(&file).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "registry = \"tr1-0123456789abcdef0123456789abcdef\"\nname = \"mirror.example.org/m\"\n\
        sources = [\"https://registry.example/\", \"http://127.0.0.1:8273/x\"]\n\
        [filters]\ninclude = [\"commons/*\"]\nmax-size = \"2TB\"\n\
        [limits]\nrate = \"20MB/s\"\nwindow = \"01:00-06:00\"\nmax-conns = 2\n";

    #[test]
    fn what_is_written_is_read_back() {
        let config = Config::parse(TEXT).unwrap();
        assert_eq!(config.limits.max_connections, Some(2));
        assert_eq!(config.sources[1].path(), "/x/");
        assert_eq!(Config::parse(&config.to_text().unwrap()), Ok(config));
    }

    #[test]
    fn a_slip_in_a_filter_is_refused_and_not_passed_over() {
        for (good, bad) in [
            ("include", "includes"),
            ("2TB", "2 terabytes"),
            ("01:00-06:00", "night"),
            ("commons/*", "commons"),
            ("https://registry.example/", "ftp://registry.example/"),
            ("mirror.example.org/m", "a b"),
            ("max-conns = 2", "max-conns = 300"),
        ] {
            assert!(Config::parse(&TEXT.replace(good, bad)).is_err(), "{bad}");
        }
        assert!(Config::parse(&TEXT.replace(", \"http://127.0.0.1:8273/x\"", "")).is_ok());
        let nowhere =
            TEXT.replace("[\"https://registry.example/\", \"http://127.0.0.1:8273/x\"]", "[]");
        assert!(Config::parse(&nowhere).unwrap_err().contains("no source"));
    }
}
