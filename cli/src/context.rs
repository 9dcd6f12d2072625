//! What a command is handed besides its own arguments.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tare_client::config::{Config, KnownRegistry};
use tare_client::credentials::{self, Token, Tokens};
use tare_client::event::Progress;
use tare_client::origin::Origin;
use tare_client::registry::RegistryClient;
use tare_client::transport::{Settings, Transport};

use crate::app::Global;
use crate::env::Env;
use crate::error::CommandError;
use crate::ui::Terminal;

/// The folder, the flags, the environment and the terminal of one run.
pub(crate) struct Context {
    /// The environment; its folder is the one of `-C`.
    pub(crate) env: Env,
    /// Where output goes.
    pub(crate) terminal: Terminal,
    /// The flags that every command has.
    pub(crate) global: Global,
    /// Tare's own folder.
    home: PathBuf,
}

impl Context {
    /// Takes the flags into account.
    ///
    /// # Errors
    /// When there is no home folder, or the folder of `-C` does not exist.
    /// The error comes with the terminal to report it on.
    pub(crate) fn new(
        mut env: Env,
        terminal: Terminal,
        global: Global,
    ) -> Result<Self, (CommandError, Terminal)> {
        if let Some(folder) = &global.folder {
            env.cwd = env.resolve(folder);
            if !env.cwd.is_dir() {
                let error = CommandError::usage(format!("`{}` is not a folder", env.cwd.display()));
                return Err((error, terminal));
            }
        }
        let Some(home) = global.home.as_ref().map(|home| env.resolve(home)).or_else(|| env.home())
        else {
            let error = CommandError::usage("there is no home folder to keep things in");
            return Err((error.help("set TARE_HOME to a folder"), terminal));
        };
        Ok(Self { env, terminal, global, home })
    }

    /// Tare's own folder.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The folder that the command runs in.
    pub(crate) fn cwd(&self) -> &Path {
        &self.env.cwd
    }

    /// A path that a person gave.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        self.env.resolve(path)
    }

    /// A path as a person in the current folder would write it; that folder itself in full.
    pub(crate) fn show(&self, path: &Path) -> String {
        let below = path.strip_prefix(self.cwd()).ok().filter(|below| *below != Path::new(""));
        below.unwrap_or(path).display().to_string()
    }

    /// What operations tell their progress to.
    pub(crate) fn progress(&self) -> Progress {
        self.terminal.progress()
    }

    /// The configuration.
    ///
    /// # Errors
    /// When a file of it has a mistake.
    pub(crate) fn config(&self) -> Result<Config, CommandError> {
        Ok(Config::load(self.home(), self.cwd())?)
    }

    /// The registry that is meant: by `--registry`, `TARE_REGISTRY` or the default.
    ///
    /// # Errors
    /// When there is none of that name, or no default.
    pub(crate) fn chosen(&self) -> Result<KnownRegistry, CommandError> {
        let choice = self.global.registry.as_deref().or_else(|| self.env.get("TARE_REGISTRY"));
        Ok(self.config()?.choose(choice)?)
    }

    /// A client for the registry that is meant.
    ///
    /// # Errors
    /// When none is meant, or the tokens cannot be read.
    pub(crate) fn registry(&self) -> Result<RegistryClient, CommandError> {
        let known = self.chosen()?;
        let mut tokens = self.tokens()?;
        // Only for the registry that is meant, so that a wrong `--registry` in a script cannot collect it silently
        // for any other origin.
        if let Some(token) = self.env.get("TARE_TOKEN") {
            tokens.set(Origin::of(&known.url), Token::new(token)?);
        }
        self.client(&known, tokens)
    }

    /// A client for one registry, which reads from its mirrors and from those of `TARE_MIRRORS`.
    ///
    /// # Errors
    /// When HTTP cannot be set up, or a mirror has no URL of a registry.
    pub(crate) fn client(
        &self,
        known: &KnownRegistry,
        tokens: Tokens,
    ) -> Result<RegistryClient, CommandError> {
        let transport = Arc::new(self.transport()?);
        let more = self.env.mirrors().map_err(|error| {
            CommandError::usage(error.to_string()).help("TARE_MIRRORS has URLs, between commas")
        })?;
        let mirrors = known.clone().with_mirrors(more).mirrors;
        let client = RegistryClient::new(transport, known.url.clone(), known.id.clone(), tokens);
        Ok(client.with_mirrors(mirrors))
    }

    /// The tokens that `tare login` kept.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn tokens(&self) -> Result<Tokens, CommandError> {
        Ok(credentials::load(self.home(), &self.progress())?)
    }

    /// HTTP as the flags and the environment want it.
    ///
    /// # Errors
    /// When a proxy or a certificate is wrong.
    pub(crate) fn transport(&self) -> Result<Transport, CommandError> {
        let authorities = match self.env.get("SSL_CERT_FILE") {
            Some(path) => {
                let path = self.resolve(Path::new(path));
                let fail = |error| {
                    CommandError::io(format!("failed to read `{}`", path.display()), &error)
                };
                vec![std::fs::read(&path).map_err(fail)?]
            }
            None => Vec::new(),
        };
        let settings = Settings {
            proxies: self.env.proxies(),
            authorities,
            offline: self.is_offline(),
            ..Settings::default()
        };
        Ok(Transport::new(settings, self.progress())?)
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Whether no request may be made.
    pub(crate) fn is_offline(&self) -> bool {
        self.global.offline || self.env.is_on("TARE_OFFLINE")
    }

    /// Whether a person can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        self.env.stdin_is_terminal && self.env.stderr_is_terminal
    }
}
