//! A folder that somebody works in, with a home of their own.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use super::Outcome;

/// A folder, and the person who works in it: other folders of the same person share their home.
#[derive(Clone)]
pub(crate) struct Project {
    root: Arc<TempDir>,
    folder: PathBuf,
    vars: Vec<(String, String)>,
}

impl Project {
    /// A person with an empty home and an empty folder.
    pub(crate) fn new() -> Self {
        let root = TempDir::new().unwrap();
        let folder = root.path().join("work");
        fs::create_dir(&folder).unwrap();
        let vars = vec![("TARE_KEY_PASSWORD".to_owned(), "correct horse".to_owned())];
        Self { root: Arc::new(root), folder, vars }
    }

    /// Another folder of the same person.
    pub(crate) fn folder(&self, name: &str) -> Self {
        let folder = self.root.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self { folder, ..self.clone() }
    }

    /// The same with an environment variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.vars.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Where the folder is.
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// Where the home is.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Writes a file, with the folders that it needs.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Reads a text file.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.join(path)).unwrap()
    }

    /// Runs `tare` with arguments that are separated by blanks.
    pub(crate) fn tare(&self, arguments: &str) -> Outcome {
        self.tare_with(&arguments.split_whitespace().collect::<Vec<_>>(), "")
    }

    /// Runs `tare` with arguments that may hold blanks, and something to read from stdin.
    pub(crate) fn tare_with(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read its input closes it early, which is no failure.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Outcome::new(&arguments.join(" "), child.wait_with_output().unwrap())
    }

    /// The command itself, for those who want to kill it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tare"));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("TARE_HOME", self.home())
            .envs(self.vars.iter().map(|(name, value)| (name, value)));
        command
    }
}
