//! Building and asking the program in Go.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(build);

/// What the program answers to a command; `input` is what it reads.
pub(crate) fn go(arguments: &[&str], input: &[u8]) -> String {
    let mut child = Command::new(&*PROGRAM)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Beside the reading of its answers, so that neither side waits for the other with a full pipe.
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "`{}` failed", arguments.join(" "));
    writing.join().unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = folder.join("tare-tlog-go");
    let built = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/go"))
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOFLAGS", "")
        .env("GOCACHE", folder.join("go-cache"))
        .output()
        .expect("needs Go: apt-get install golang-go golang-golang-x-mod-dev");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    program
}
