//! What a registry is started with. Nothing here is read from the environment.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tare_format::limits::Limits;
use tare_format::pack::Codec;

use crate::clock::{Clock, SystemClock};
use crate::cosigners::{Cosigners, NoCosigners};
use crate::entropy::{Entropy, SystemEntropy};

/// How a registry runs.
#[derive(Clone)]
pub struct Config {
    /// The registry's folder.
    pub path: PathBuf,
    /// What a registry that is made here is called, in its keys and in its log; drawn when nothing is said.
    pub name: Option<String>,
    /// Where its mirrors are, as `registry.json` tells clients; nothing leaves what it says.
    pub mirrors: Option<Vec<String>>,
    /// How large things may be.
    pub limits: Limits,
    /// The codecs that it takes in packs.
    pub codecs: Vec<Codec>,
    /// How long a publish session lives after the last request that changed it.
    pub session_lifetime: Duration,
    /// How many connections are open at once; more wait to be accepted.
    pub connections: usize,
    /// How long requests may go on after the server was told to stop.
    pub drain: Duration,
    /// How long a client may take to send a request's header. Waiting for the next request on an open connection is
    /// counted as well.
    pub header_timeout: Duration,
    /// How long a connection may move no byte: while no request is running, while a body is on its way, and while an
    /// answer waits for its reader.
    pub idle_timeout: Duration,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where random bytes come from.
    pub entropy: Arc<dyn Entropy>,
    /// Who is asked to cosign the log.
    pub cosigners: Arc<dyn Cosigners>,
}

impl Config {
    /// The usual configuration of a registry in the folder `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            name: None,
            mirrors: None,
            limits: Limits::default(),
            codecs: Codec::ALL.to_vec(),
            session_lifetime: Duration::from_secs(24 * 60 * 60),
            connections: 1024,
            drain: Duration::from_secs(30),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            cosigners: Arc::new(NoCosigners),
        }
    }

    /// The folder of the public files.
    #[must_use]
    pub fn public(&self) -> PathBuf {
        self.path.join("public")
    }

    /// The folder of temporary files, in the same file system.
    pub(crate) fn staging(&self) -> PathBuf {
        self.path.join("staging")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("registry.sqlite")
    }

    /// The folder of private keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// Whether the folder holds a registry already.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.database().is_file()
    }
}
