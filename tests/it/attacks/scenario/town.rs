//! The cast: an origin and a witness as processes, their operator with two root keys, and the mirrors.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use tare_format::Sha256;
use tare_format::registry::RegistryId;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::key::SigningKey;
use tare_tlog::note::Note;
use tempfile::TempDir;

use super::mirror::Mirror;
use crate::shelf::files_below;
use crate::support::{Operator, Project, Service};

/// The two keys of the root document, of which both have to sign.
const ROOT_KEYS: [&str; 2] = ["a.key", "b.key"];

/// The origin with its operator's desk, and who cosigns for it.
pub(super) struct Town {
    pub(super) mirrors: Vec<Mirror>,
    origin: Option<Service>,
    url: String,
    witness: Option<Service>,
    operator: Operator,
    /// Last, so that it goes when nobody works in it any more.
    desk: TempDir,
}

impl Town {
    /// An origin that asks nobody, and serves.
    pub(super) fn found() -> Self {
        let desk = TempDir::new().unwrap();
        let operator = Operator::at(desk.path());
        for person in ["a", "b"] {
            operator.ok(&format!("root keygen {person}.example/root --out {person}"));
        }
        let draft = operator
            .ok("root init --name hub.example --threshold 2 --keys a.pub,b.pub --path registry");
        operator.sign_and_publish(&draft, &ROOT_KEYS);
        let origin = operator.serve("serve --listen 127.0.0.1:0 --path registry");
        let url = origin.url().to_owned();
        Self { mirrors: Vec::new(), origin: Some(origin), url, witness: None, operator, desk }
    }

    /// Lets a witness and three mirrors cosign from now on: the witness has to, and two of the mirrors.
    pub(super) fn ask_for_cosignatures(&mut self) {
        let key = self.operator.ok("witness init --name w.example/w --path witness");
        self.start_witness("127.0.0.1:0", &[log_key(&self.root(1))]);
        let witness = self.witness.as_ref().unwrap().url();
        let mut policy = format!("witness W {key} {witness}\n");
        for number in 1..=3 {
            let mirror = Mirror::init(number, &self.url);
            policy.push_str(&format!("{}\n", mirror.line()));
            self.mirrors.push(mirror);
        }
        let labels: Vec<&str> = self.mirrors.iter().map(Mirror::label).collect();
        policy.push_str(&format!("group mirrors 2 {}\n", labels.join(" ")));
        policy.push_str("group everyone all mirrors W\nquorum everyone\n");
        fs::write(self.desk.path().join("policy"), policy).unwrap();
        let draft = self.operator.ok("root next --policy policy --path registry");
        self.operator.sign_and_publish(&draft, &ROOT_KEYS);
        self.watch();
    }

    /// Lets every mirror sync again and again.
    pub(super) fn watch(&mut self) {
        self.mirrors.iter_mut().for_each(Mirror::watch);
    }

    /// Gives the log another key and name by the next root document, and tells the witness.
    pub(super) fn rotate_log(&mut self) {
        let draft = self.operator.ok("root next --rotate-log --path registry");
        let next = fs::read_to_string(self.desk.path().join(&draft)).unwrap();
        let published = (1..=self.newest_root()).map(|version| self.root(version));
        let mut logs: Vec<String> = published.map(|document| log_key(&document)).collect();
        logs.push(log_key(&next));
        logs.dedup();
        let address = self.witness.take().unwrap().address().to_owned();
        self.start_witness(&address, &logs);
        self.operator.sign_and_publish(&draft, &ROOT_KEYS);
    }

    /// Somebody who publishes.
    pub(super) fn publisher(&self, login: &str) -> Project {
        self.operator.ok(&format!("user add {login} --path registry"));
        let scopes = "--scope publish:* --scope yank:*";
        let token =
            self.operator.ok(&format!("token create --user {login} {scopes} --path registry"));
        let project = Project::new();
        project.tare("keygen --no-password").succeeds();
        project.tare_with(&["login", "--registry", &self.url], &format!("{token}\n")).succeeds();
        project
    }

    /// Somebody who installs.
    pub(super) fn customer(&self) -> Project {
        let project = Project::new();
        project.tare(&format!("registry add main {}", self.url)).succeeds();
        project.write("Tare.toml", "[dependencies]\n\"lab/tiny\" = \"1\"\n");
        project
    }

    /// The public files of the origin.
    fn public(&self) -> PathBuf {
        self.desk.path().join("registry/public")
    }

    /// What the registry is called for ever: by the text of its first root document.
    pub(super) fn id(&self) -> RegistryId {
        let note = Note::parse(self.root(1).as_bytes()).unwrap();
        RegistryId::of_root(&Sha256::of(note.text().as_bytes()))
    }

    /// A copy of the public files of the origin, as they are now.
    pub(super) fn copy_public(&self) -> TempDir {
        let copy = TempDir::new().unwrap();
        copy_over(&self.public(), copy.path());
        copy
    }

    /// Puts files in place of the public ones, as somebody does who has taken over the machine.
    pub(super) fn deface(&self, folder: &Path) {
        copy_over(folder, &self.public());
    }

    /// Stops the origin, makes what is public of the log anew from the database, and starts it where it was.
    pub(super) fn recover(&mut self) {
        drop(self.origin.take());
        let refused = self.operator.run("log project --path registry").ends_with(1);
        refused.says(&["going on would fork the log"]);
        for name in ["head", "head.pending", "checkpoint", "notices"] {
            let _ = fs::remove_file(self.public().join(name));
        }
        for name in ["tile", "events", "state", "packages", "namespaces"] {
            fs::remove_dir_all(self.public().join(name)).unwrap();
        }
        self.operator.ok("log project --path registry");
        self.rotate_log();
        let address = self.url.strip_prefix("http://").unwrap();
        let serve = format!("serve --listen {address} --path registry");
        self.origin = Some(self.operator.serve(&serve));
    }

    /// Insists that nothing is wrong with the origin's folder.
    pub(super) fn require_sound(&mut self) {
        drop(self.origin.take());
        self.operator.run("fsck --read-data --path registry").succeeds();
    }

    /// The private key of the witness.
    pub(super) fn witness_key(&self) -> SigningKey {
        read_key(&self.desk.path().join("witness/witness.key"))
    }

    /// The private key of the log with this name.
    pub(super) fn steal_log_key(&self, name: &str) -> SigningKey {
        let files = files_below(&self.desk.path().join("registry/keys"));
        let mut keys = files.iter().map(|file| read_key(file));
        keys.find(|key| key.verifier().name().as_str() == name).unwrap()
    }

    /// Insists that the witness cosigns nothing of a folder, whatever it is told that it has seen.
    pub(super) fn require_no_cosignature(&self, folder: &Path) {
        let note = fs::read_to_string(folder.join("checkpoint")).unwrap();
        let origin = note.lines().next().unwrap();
        let seen = format!("/{}/checkpoint", Sha256::of(origin.as_bytes()).hex());
        let before = self.ask_witness("GET", &seen, "");
        let newest = Note::parse(before.as_bytes()).unwrap().text().parse::<Checkpoint>().unwrap();
        // There is no proof that the forgery continues what the witness saw, so none can be sent.
        for old in [0, newest.size()] {
            let request = format!("old {old}\n\n{note}");
            let answer = self.ask_witness("POST", "/add-checkpoint", &request);
            assert!(!answer.contains('—'), "{answer}");
        }
        assert_eq!(self.ask_witness("GET", &seen, ""), before);
    }

    fn start_witness(&mut self, address: &str, logs: &[String]) {
        let logs: Vec<String> = logs.iter().map(|key| format!("--log {key}")).collect();
        let logs = logs.join(" ");
        let serve = format!("witness serve --listen {address} {logs} --path witness");
        self.witness = Some(self.operator.serve(&serve));
    }

    /// The body of the witness's answer.
    fn ask_witness(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.witness.as_ref().unwrap().address()).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn root(&self, version: u32) -> String {
        fs::read_to_string(self.public().join(format!("root/{version}.note"))).unwrap()
    }

    fn newest_root(&self) -> u32 {
        let latest = fs::read_to_string(self.public().join("root/latest")).unwrap();
        latest.trim_end().parse().unwrap()
    }
}

/// The private key in a file.
pub(super) fn read_key(path: &Path) -> SigningKey {
    fs::read_to_string(path).unwrap().trim_end().parse().unwrap()
}

/// Puts the files of a folder into another, in place of what is there.
fn copy_over(from: &Path, to: &Path) {
    for file in files_below(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&target);
        fs::copy(file, target).unwrap();
    }
}

/// The public key of the log in a root document.
fn log_key(document: &str) -> String {
    let line = document.lines().find_map(|line| line.strip_prefix("log ")).unwrap();
    line.split(' ').next().unwrap().to_owned()
}
