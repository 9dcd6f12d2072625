//! A mirror in the town: an operator with a folder, which a file server shows, and which cosigns what it has replayed.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use tare_tlog::key::SigningKey;

use super::town::read_key;
use crate::shelf::files_below;
use crate::support::{Evil, Outcome, Project};

/// A mirror with its own operator.
pub(super) struct Mirror {
    operator: Project,
    /// Shows the folder for as long as the mirror is there.
    site: Evil,
    /// Its line in a policy.
    line: String,
    watching: Option<Child>,
}

impl Mirror {
    /// A mirror of everything, which has synced nothing yet.
    pub(super) fn init(number: u8, origin: &str) -> Self {
        let operator = Project::new();
        let site = Evil::honest(&operator.path().join("mirror"));
        let (name, url) = (format!("m{number}.example/m"), site.url());
        let init = format!("mirror init mirror --from {origin} --name {name} --public-url {url}");
        let said = operator.tare(&init).succeeds().stdout;
        let line = said.lines().next().unwrap().to_owned();
        Self { operator, site, line, watching: None }
    }

    /// Its line in a policy.
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    /// What a policy calls it.
    pub(super) fn label(&self) -> &str {
        self.line.split(' ').nth(1).unwrap()
    }

    /// Where its folder is shown.
    pub(super) fn url(&self) -> String {
        self.site.url()
    }

    /// Syncs every second from now on.
    pub(super) fn watch(&mut self) {
        self.stop();
        let mut command = self.operator.command(&["mirror", "sync", "--watch", "1"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.watching = Some(command.spawn().unwrap());
    }

    /// Stops watching.
    pub(super) fn stop(&mut self) {
        if let Some(mut child) = self.watching.take() {
            let _ = child.kill();
            child.wait().unwrap();
        }
    }

    /// Stops watching, and syncs once.
    pub(super) fn sync(&mut self) -> Outcome {
        self.stop();
        self.operator.tare("mirror sync")
    }

    /// The newest checkpoint that it has cosigned.
    pub(super) fn checkpoint(&self) -> String {
        fs::read_to_string(self.folder().join("checkpoint")).unwrap()
    }

    /// What it wrote down about forks.
    pub(super) fn evidence(&self) -> Vec<PathBuf> {
        files_below(&self.folder().join(".mirror/forks"))
    }

    /// The key that it cosigns with.
    pub(super) fn key(&self) -> SigningKey {
        read_key(&self.folder().join(".mirror/cosigner.key"))
    }

    fn folder(&self) -> PathBuf {
        self.operator.path().join("mirror")
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.stop();
    }
}
