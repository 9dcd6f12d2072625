//! `tare-registry`, as an operator runs it: in processes of their own that other processes reach over sockets.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

use serde_json::Value;

use super::Outcome;

/// The program. It is another package's, so cargo builds it beside `tare` only when that package is tested too.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_tare")).parent().unwrap();
        let program = folder.join("tare-registry");
        if is_current(&program) != Some(true) {
            build(folder);
        }
        program
    })
}

/// Whether a program is newer than everything that it was built from, which cargo notes beside it.
fn is_current(program: &Path) -> Option<bool> {
    let time = |path: &Path| -> Option<SystemTime> { fs::metadata(path).ok()?.modified().ok() };
    let built = time(program)?;
    let noted = fs::read_to_string(program.with_extension("d")).ok()?;
    let sources = noted.split_once(": ")?.1.split_whitespace();
    Some(sources.into_iter().all(|source| time(Path::new(source)).is_some_and(|it| it < built)))
}

/// Together with `tare`, because then both are built with the features that are there already.
fn build(folder: &Path) {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--locked", "--bins"]);
    build.args(["--package", "tare", "--package", "registry-server"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(build.status().unwrap().success(), "tare-registry does not build");
}

/// Somebody who runs `tare-registry` in a folder.
pub(crate) struct Operator {
    folder: PathBuf,
}

impl Operator {
    /// Works in a folder that is there.
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Runs the program with arguments that are separated by blanks.
    pub(crate) fn run(&self, arguments: &str) -> Outcome {
        Outcome::new(arguments, self.command(arguments).output().unwrap())
    }

    /// What a command printed that has to work.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &str) -> String {
        self.run(arguments).succeeds().stdout.trim_end().to_owned()
    }

    /// Starts something that serves until it is stopped, and waits until it says where.
    #[track_caller]
    pub(crate) fn serve(&self, arguments: &str) -> Service {
        let mut command = self.command(&format!("{arguments} --json"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let greeting = serde_json::from_str(&line);
        Service { child, greeting: greeting.unwrap_or_else(|_| panic!("`{arguments}` ended")) }
    }

    /// Signs a draft of a root document with these keys, and publishes it.
    pub(crate) fn sign_and_publish(&self, draft: &str, keys: &[&str]) {
        for key in keys {
            self.ok(&format!("root sign --key {key} {draft}"));
        }
        self.ok(&format!("root publish {draft} --path registry"));
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(program());
        command.args(arguments.split_whitespace()).current_dir(&self.folder).env_clear();
        command.stdin(Stdio::null());
        command
    }
}

/// A process that serves; it ends with this.
pub(crate) struct Service {
    child: Child,
    greeting: Value,
}

impl Service {
    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        self.greeting["url"].as_str().unwrap()
    }

    /// Its address without the scheme.
    pub(crate) fn address(&self) -> &str {
        self.url().strip_prefix("http://").unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
