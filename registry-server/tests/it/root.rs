//! Root documents at the command line: drafted, signed on other machines, published.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use registry_server::{Config, Registry};
use serde_json::Value;
use tare_tlog::key::{Algorithm, SigningKey, VerifierKey};
use tare_tlog::note::Note;
use tare_tlog::root::RootDocument;
use tempfile::TempDir;

/// A folder with three root keys, where commands are run.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        for label in ["a", "b", "c"] {
            desk.ok(&format!("root keygen {label}.example/root --out {label}"));
        }
        desk
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, words: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tare-registry"));
        command.args(words.split(' ').map(|word| word.replace('_', " ")));
        command.args(["--path", "registry"]).current_dir(self.path()).stdin(Stdio::null());
        command.output().unwrap()
    }

    /// Standard output of a command that has to work.
    #[track_caller]
    fn ok(&self, words: &str) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Standard error of a command that has to fail.
    #[track_caller]
    fn fails(&self, words: &str) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(1), "{words}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The first line of a server, which is then ended.
    fn greeting(&self) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tare-registry"));
        command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--path", "registry"]);
        command.current_dir(self.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
        line
    }

    fn init(&self, more: &str) -> String {
        self.ok(&format!(
            "root init --name hub.example.org --threshold 2 --keys a.pub,b.pub,c.pub{more}"
        ))
    }

    /// A registry with its first root document.
    fn founded(&self) -> String {
        let draft = self.init("");
        self.ok(&format!("root sign --key a.key {draft}"));
        self.ok(&format!("root sign --key b.key {draft}"));
        self.ok("root publish");
        draft
    }

    /// A published root document, as clients read it.
    async fn public(&self, version: u32) -> Note {
        let config = Config::new(self.path().join("registry"));
        Registry::open(config).await.unwrap().close().await;
        let path = self.path().join(format!("registry/public/root/{version}.note"));
        Note::parse(&std::fs::read(path).unwrap()).unwrap()
    }
}

fn witness(label: &str) -> VerifierKey {
    let name = format!("{label}.example/w").parse().unwrap();
    let seed = [label.as_bytes()[1]; 32];
    SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &seed).unwrap().verifier().clone()
}

#[tokio::test]
async fn two_of_three_keys_make_a_registry() {
    let desk = Desk::new();
    let draft = desk.init("");
    desk.ok(&format!("root sign --key c.key {draft}"));
    let said = desk.fails("root publish");
    assert!(said.contains("not signed by `a`, `b`"), "{said}");
    assert!(!desk.path().join("registry/registry.sqlite").exists());
    // On another machine there is the draft and the key, and nothing else.
    let other = desk.path().join("elsewhere.note");
    std::fs::copy(desk.path().join(&draft), &other).unwrap();
    desk.ok("root sign --key a.key elsewhere.note");
    let published: Value =
        serde_json::from_str(&desk.ok("root publish elsewhere.note --json")).unwrap();
    let shown: Value = serde_json::from_str(&desk.ok("root show --json")).unwrap();
    assert_eq!(
        (&shown["id"], &shown["fingerprint"]),
        (&published["id"], &published["fingerprint"])
    );
    let document = RootDocument::verify_first(&desk.public(1).await).unwrap();
    assert_eq!((document.version, document.threshold), (1, 2));
    assert!(!desk.path().join(draft).exists(), "the draft is gone");
}

#[test]
fn serve_waits_for_the_ceremony_and_then_shows_the_first_token() {
    let desk = Desk::new();
    let draft = desk.init("");
    let said = desk.fails("serve --listen 127.0.0.1:0");
    assert!(said.contains("draft of its first root") && said.contains("root publish"), "{said}");
    assert!(desk.fails("init").contains("draft of its first root"));
    assert!(!desk.path().join("registry/registry.sqlite").exists(), "no other was founded");
    for key in ["a", "b"] {
        desk.ok(&format!("root sign --key {key}.key {draft}"));
    }
    let published = desk.run("root publish");
    let said = String::from_utf8(published.stderr).unwrap();
    assert!(said.contains("next: `tare-registry serve`"), "{said}");
    let greeting: Value = serde_json::from_str(&desk.greeting()).unwrap();
    assert!(greeting["token"].as_str().unwrap().starts_with("tare_"), "{greeting}");
    assert!(desk.ok("user list").contains("admin"));
}

#[tokio::test]
async fn the_next_version_needs_the_keys_of_both() {
    let desk = Desk::new();
    desk.founded();
    desk.ok("root keygen d.example/root --out d");
    let draft = desk.ok("root next --keys b.pub,c.pub,d.pub --threshold 2");
    desk.ok(&format!("root sign --key d.key {draft}"));
    desk.ok(&format!("root sign --key b.key {draft}"));
    let said = desk.fails("root publish");
    assert!(said.contains("not signed by `a`, `c`"), "{said}");
    let said = desk.fails(&format!("root sign --key a.key {draft}"));
    assert!(said.contains("is not a root key of version 2, which has `b`, `c`, `d`"), "{said}");
    desk.ok(&format!("root sign --key a.key --previous registry/public/root/1.note {draft}"));
    desk.ok("root publish");
    let (one, two) = (desk.public(1).await, desk.public(2).await);
    let first = RootDocument::verify_first(&one).unwrap();
    assert_eq!(first.verify_next(&two).unwrap().version, 2);
    let latest = std::fs::read_to_string(desk.path().join("registry/public/root/latest"));
    assert_eq!(latest.unwrap(), "2\n");
}

#[tokio::test]
async fn the_log_gets_another_key_and_goes_on() {
    let desk = Desk::new();
    desk.founded();
    let draft = desk.ok("root next --rotate-log");
    for key in ["a", "b"] {
        desk.ok(&format!("root sign --key {key}.key {draft}"));
    }
    desk.ok("root publish");
    let first = RootDocument::verify_first(&desk.public(1).await).unwrap();
    let second = first.verify_next(&desk.public(2).await).unwrap();
    let log = second.log().unwrap();
    assert_eq!(log.key.name().as_str(), "hub.example.org/log2");
    assert_eq!((second.old_logs[0].size, &second.old_logs[0].key), (2, &first.log().unwrap().key));
    let checkpoint = std::fs::read(desk.path().join("registry/public/checkpoint")).unwrap();
    Note::parse(&checkpoint).unwrap().require(&log.key).unwrap();
    assert!(desk.ok("fsck").is_empty());
}

#[test]
fn what_is_different_is_said_before_signing_and_a_broken_signature_after() {
    let desk = Desk::new();
    desk.founded();
    let draft = desk.ok("root next --threshold 1");
    let signed = desk.run(&format!("root sign --key a.key {draft}"));
    let said = String::from_utf8(signed.stderr).unwrap();
    assert!(said.lines().any(|line| line.starts_with("change       threshold")), "{said}");
    assert!(desk.ok(&format!("root show {draft}")).contains("a signed"));
    let text = std::fs::read_to_string(desk.path().join(&draft)).unwrap();
    std::fs::write(desk.path().join(&draft), text.replace("threshold 1", "threshold 2")).unwrap();
    let shown = desk.run(&format!("root show {draft}"));
    assert_eq!(shown.status.code(), Some(1));
    assert!(String::from_utf8(shown.stdout).unwrap().contains("a has an INVALID signature"));
}

#[test]
fn each_step_says_which_is_next_and_answers_in_json() {
    let desk = Desk::new();
    let draft = desk.init("");
    let said = |words: &str| String::from_utf8(desk.run(words).stderr).unwrap();
    let first = said(&format!("root sign --key a.key {draft}"));
    assert!(first.contains("next: one more key signs"), "{first}");
    let second = desk.ok(&format!("root sign --key b.key {draft} --json"));
    let second: Value = serde_json::from_str(&second).unwrap();
    let signed: Vec<_> = second["keys"].as_array().unwrap().iter().map(|k| &k["signed"]).collect();
    assert_eq!(signed, [true, true, false]);
    let shown = said(&format!("root show {draft}"));
    assert!(shown.contains(&format!("next: `tare-registry root publish {draft}`")), "{shown}");
    assert!(
        desk.ok(&format!("root show {draft}")).contains(second["fingerprint"].as_str().unwrap())
    );
}

#[test]
fn a_witness_does_not_come_without_a_quorum() {
    let desk = Desk::new();
    desk.founded();
    let add = format!("root next --add-witness W1={}", witness("w1"));
    let refused = desk.run(&add);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("--quorum"));
    desk.ok(&format!("{add} --quorum W1"));
}

#[test]
fn witnesses_and_quorum_are_said_in_words() {
    let desk = Desk::new();
    let (one, two) = (witness("w1"), witness("w2"));
    let draft = desk.init(&format!(
        " --witness W1={one}=https://w1.example/ --witness W2={two} --quorum any_W1_W2 --expires 2030-01-01T00:00:00Z"
    ));
    let shown = desk.ok(&format!("root show {draft}"));
    for line in [
        "version 1 of the root of `hub.example.org`",
        "expires      2030-01-01T00:00:00Z",
        "quorum       any of W1, W2",
        "a has not signed",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    assert!(
        desk.fails("root init --name x --keys a.pub").contains("is a draft"),
        "it may be signed"
    );
}

#[test]
fn what_cannot_be_drafted_or_published_is_refused() {
    let desk = Desk::new();
    let quorum = "root init --name hub.example.org --keys a.pub --quorum W9";
    assert!(desk.fails(quorum).contains("do not fit together"));
    let threshold = "root init --name hub.example.org --keys a.pub --threshold 2";
    assert!(desk.fails(threshold).contains("would break a rule"));
    assert!(
        desk.fails("root init --name hub.example.org --keys a.key").contains("holds no public key")
    );
    assert!(desk.fails("root publish").contains("failed to read"));
    assert!(desk.fails("root next").contains("there is no registry"));
    let draft = desk.founded();
    assert!(desk.fails("root init --name hub.example.org --keys a.pub").contains("root next"));
    assert!(desk.fails(&format!("root publish {draft}")).contains("failed to read"));
    assert!(desk.fails("root keygen a.example/root --out a").contains("never written over"));
}
