//! The environment: the only place that reads it. Everything else is handed values, so that tests and examples run the
//! command in their own process with a world of their own.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use tare_client::origin::{UrlError, mirror_urls};
use tare_client::transport::Proxies;
use url::Url;

/// What the command knows of the world around it.
#[derive(Debug, Clone, Default)]
pub struct Env {
    /// The environment variables that are text.
    pub vars: BTreeMap<String, String>,
    /// The folder that the command runs in.
    pub cwd: PathBuf,
    /// Whether a person can be asked.
    pub stdin_is_terminal: bool,
    /// Whether a person reads stdout.
    pub stdout_is_terminal: bool,
    /// Whether a person reads stderr.
    pub stderr_is_terminal: bool,
}

impl Env {
    /// The environment of this process.
    ///
    /// # Errors
    /// When the current folder is gone.
    pub fn of_process() -> io::Result<Self> {
        Ok(Self {
            // `vars` would panic on a value that is not UTF-8; such a value is none of ours.
            vars: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            cwd: std::env::current_dir()?,
            stdin_is_terminal: io::stdin().is_terminal(),
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
        })
    }

    /// An environment without variables or terminals, in `cwd`.
    #[must_use]
    pub fn bare(cwd: impl Into<PathBuf>) -> Self {
        Self { cwd: cwd.into(), ..Self::default() }
    }

    /// Sets a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.vars.insert(name.to_owned(), value.into());
        self
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a variable says yes.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| {
            !matches!(value.to_ascii_lowercase().as_str(), "0" | "no" | "off" | "false")
        })
    }

    /// Tare's own folder: `TARE_HOME`, else the platform's folder for data.
    #[must_use]
    pub fn home(&self) -> Option<PathBuf> {
        if let Some(home) = self.get("TARE_HOME") {
            return Some(self.resolve(Path::new(home)));
        }
        if let Some(data) = self.get("XDG_DATA_HOME") {
            return Some(self.resolve(Path::new(data)).join("tare"));
        }
        directories::ProjectDirs::from("", "", "tare").map(|dirs| dirs.data_dir().to_owned())
    }

    /// The mirrors to read from besides those of the configuration: `TARE_MIRRORS`, URLs between commas.
    ///
    /// # Errors
    /// When one is no URL of a registry.
    pub fn mirrors(&self) -> Result<Vec<Url>, UrlError> {
        mirror_urls(self.get("TARE_MIRRORS").unwrap_or_default())
    }

    /// A path that a person gave, from the folder that the command runs in.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.cwd.join(path)
    }

    /// The proxies, as other programs read them from the environment.
    #[must_use]
    pub fn proxies(&self) -> Proxies {
        let either = |lower: &str, upper: &str| {
            self.get(lower).or_else(|| self.get(upper)).map(str::to_owned)
        };
        let all = either("all_proxy", "ALL_PROXY");
        Proxies {
            // `HTTP_PROXY` in upper case can be set from outside on CGI servers, so only the lower case counts.
            http: self.get("http_proxy").map(str::to_owned).or_else(|| all.clone()),
            https: either("https_proxy", "HTTPS_PROXY").or(all),
            exempt: either("no_proxy", "NO_PROXY"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_none_unless_they_are_named() {
        let mirrors = |value: &str| Env::bare("/").with("TARE_MIRRORS", value).mirrors();
        assert!(Env::bare("/").mirrors().unwrap().is_empty() && mirrors("").unwrap().is_empty());
        assert_eq!(mirrors("http://127.0.0.1:1, https://m.example/x").unwrap().len(), 2);
        assert!(mirrors("/srv/mirror").unwrap_err().to_string().contains("/srv/mirror"));
    }
}
