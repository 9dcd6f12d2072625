//! The `tare-registry` command, as an operator runs it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

fn command(folder: &Path, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tare-registry"));
    command.args(words.split_whitespace()).arg("--path").arg(folder.join("registry"));
    command.env("RUST_LOG", "trace,hyper=info,h2=info").stdin(Stdio::null());
    command
}

fn run(folder: &Path, words: &str) -> Output {
    command(folder, words).output().unwrap()
}

#[track_caller]
fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A server in a process of its own, and what it said of itself.
struct Server {
    child: Child,
    greeting: Value,
}

impl Server {
    fn start(folder: &Path) -> Self {
        Self::start_with(folder, "")
    }

    fn start_with(folder: &Path, options: &str) -> Self {
        let words = format!("serve --json --log json --listen 127.0.0.1:0 {options}");
        let mut command = command(folder, &words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let greeting = serde_json::from_str(&line).unwrap();
        Self { child, greeting }
    }

    fn whoami(&self, token: &str) -> String {
        let address = self.greeting["url"].as_str().unwrap().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "GET /api/v1/whoami?secret={token} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks it to stop, and gives its log.
    fn stop(self) -> String {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        let output = self.child.wait_with_output().unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{}: {log}", output.status);
        log
    }
}

#[test]
fn serve_makes_the_registry_and_shows_its_first_token_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let token = server.greeting["token"].as_str().unwrap().to_owned();
    assert!(server.whoami(&token).contains("\"login\":\"admin\""));
    server.stop();

    let again = Server::start(folder.path());
    assert_eq!(again.greeting["token"], Value::Null);
    assert!(again.whoami(&token).starts_with("HTTP/1.1 200"));
    again.stop();
}

#[test]
fn serve_finishes_a_registry_whose_making_was_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("registry")).unwrap();
    // SQLite takes an empty file for an empty database.
    std::fs::write(folder.path().join("registry/registry.sqlite"), "").unwrap();
    let server = Server::start(folder.path());
    let token = server.greeting["token"].as_str().unwrap().to_owned();
    assert!(server.whoami(&token).starts_with("HTTP/1.1 200"));
    server.stop();
}

#[test]
fn the_mirrors_that_serve_is_given_are_told_until_it_is_given_others() {
    let folder = tempfile::tempdir().unwrap();
    let told = || {
        let bytes = std::fs::read(folder.path().join("registry/public/registry.json")).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["mirrors"].clone()
    };
    let url = "https://mirror.example/";
    Server::start_with(folder.path(), &format!("--mirror {url}")).stop();
    assert_eq!(told(), serde_json::json!([url]));
    stdout(&run(folder.path(), "user add ada"));
    stdout(&run(folder.path(), "fsck"));
    assert_eq!(told(), serde_json::json!([url]));
    Server::start(folder.path()).stop();
    assert!(told().as_array().is_none_or(Vec::is_empty));
    let refused = run(folder.path(), "serve --mirror /srv/mirror");
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn a_second_server_on_the_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let second = run(folder.path(), "serve --listen 127.0.0.1:0");
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("is served by another process"), "{said}");
    server.stop();
}

#[test]
fn nothing_of_a_token_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let good = server.greeting["token"].as_str().unwrap().to_owned();
    let mut typo = good.clone();
    typo.replace_range(20..21, if good.as_bytes()[20] == b'x' { "y" } else { "x" });
    assert!(server.whoami(&good).starts_with("HTTP/1.1 200"));
    assert!(server.whoami(&typo).starts_with("HTTP/1.1 401"));
    let log = server.stop();
    assert!(log.contains("/api/v1/whoami") && log.contains("\"user\":\"admin\""), "{log}");
    for token in [good, typo] {
        assert!(!log.contains(&token[5..17]) && !log.contains(&token[40..]), "{log}");
    }
}

#[test]
fn users_and_tokens_are_managed_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    stdout(&run(folder.path(), "user add ada"));
    let create =
        "token create --user ada --scope publish:lab/* --scope yank:* --expires 30d --name laptop";
    let token = stdout(&run(folder.path(), create)).trim().to_owned();
    assert!(server.whoami(&token).contains("\"scopes\":[\"publish:lab/*\",\"yank:*\"]"));

    let tokens: Value =
        serde_json::from_str(&stdout(&run(folder.path(), "token list --json"))).unwrap();
    assert_eq!(
        (tokens[1]["login"].as_str(), tokens[1]["name"].as_str()),
        (Some("ada"), Some("laptop"))
    );
    stdout(&run(folder.path(), "user disable ada"));
    assert!(server.whoami(&token).starts_with("HTTP/1.1 401"));
    stdout(&run(folder.path(), "user enable ada"));
    stdout(&run(folder.path(), "token revoke 2"));
    assert!(server.whoami(&token).starts_with("HTTP/1.1 401"));
    assert_eq!(stdout(&run(folder.path(), "user list")), "ada\nadmin admin\n");
    server.stop();
}

#[test]
fn what_cannot_be_done_is_said_with_exit_code_one() {
    let folder = tempfile::tempdir().unwrap();
    for words in ["user list", "fsck", "token list"] {
        let output = run(folder.path(), words);
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("there is no registry in"));
    }
    stdout(&run(folder.path(), "init"));
    for words in
        ["init", "user disable nobody", "token create --user x --scope publish:*", "token revoke 7"]
    {
        assert_eq!(run(folder.path(), words).status.code(), Some(1), "{words}");
    }
    assert_eq!(run(folder.path(), "token create --user x --scope nonsense").status.code(), Some(2));
}

#[test]
fn fsck_names_what_is_wrong_with_exit_code_one() {
    let folder = tempfile::tempdir().unwrap();
    stdout(&run(folder.path(), "init"));
    stdout(&run(folder.path(), "fsck --read-data"));
    tare_store::durable::write(&folder.path().join("registry/public/registry.json"), b"{}")
        .unwrap();
    let output = run(folder.path(), "fsck");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "`registry.json` says something else than the database\n");
}

#[test]
fn the_log_is_shown_and_its_files_are_made_again() {
    let folder = tempfile::tempdir().unwrap();
    stdout(&run(folder.path(), "init --name hub.example.org"));
    let shown: Value =
        serde_json::from_str(&stdout(&run(folder.path(), "log show --json"))).unwrap();
    assert_eq!((&shown["origin"], &shown["size"]), (&"hub.example.org/log1".into(), &2.into()));
    assert_eq!(shown["events"], serde_json::json!([["root", 1], ["state", 1]]));

    let public = folder.path().join("registry/public");
    std::fs::remove_file(public.join("notices")).unwrap();
    std::fs::remove_file(public.join("head")).unwrap();
    let differing = stdout(&run(folder.path(), "log project --dry-run"));
    assert_eq!(differing, "notices\nhead\n");
    stdout(&run(folder.path(), "log project"));
    assert_eq!(stdout(&run(folder.path(), "log project --dry-run")), "");
    stdout(&run(folder.path(), "fsck"));
}

#[test]
fn a_server_without_the_logs_key_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    stdout(&run(folder.path(), "init --name hub.example.org"));
    std::fs::remove_file(folder.path().join("registry/keys/log.key")).unwrap();
    let output = run(folder.path(), "serve --listen 127.0.0.1:0");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no key in") && said.contains("hub.example.org/log1"), "{said}");
    stdout(&run(folder.path(), "fsck"));
}

#[test]
fn completions_and_the_version_are_printed() {
    let bin = env!("CARGO_BIN_EXE_tare-registry");
    let version = Command::new(bin).arg("--version").output().unwrap();
    assert_eq!(stdout(&version), concat!("tare-registry ", env!("CARGO_PKG_VERSION"), "\n"));
    let bash = Command::new(bin).args(["completions", "bash"]).output().unwrap();
    assert!(stdout(&bash).contains("tare-registry"));
}
