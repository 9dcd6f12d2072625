//! A witness over HTTP: the statuses and media types of C2SP tlog-witness.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use registry_server::Config;
use registry_server::clock::SystemClock;
use registry_server::entropy::SystemEntropy;
use registry_server::witness::{self, AddCheckpoint, MAX_REQUEST, Witness};
use rustix::process::{Pid, Signal, kill_process};
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::cosignature;
use tare_tlog::hash::{Hash, leaf_hash, node_hash};
use tare_tlog::key::{Algorithm, SigningKey, VerifierKey};
use tare_tlog::note::Note;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::support::Answer;

struct Scene {
    router: Router,
    key: VerifierKey,
    _folder: TempDir,
}

fn log(seed: u8) -> SigningKey {
    let name = "log.example.org/t".parse().unwrap();
    SigningKey::from_seed(name, Algorithm::Ed25519, &[seed; 32]).unwrap()
}

/// The checkpoint of a log of one or two entries, of which the second can be chosen.
fn checkpoint(size: u64, second: u8) -> Note {
    let (first, second) = (leaf_hash(&[0]), leaf_hash(&[second]));
    let root = if size == 1 { first } else { node_hash(&first, &second) };
    let checkpoint = Checkpoint::new(log(1).verifier().name().clone(), size, root).unwrap();
    Note::sign(checkpoint.to_string(), &[&log(1)]).unwrap()
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = "w1.example/w".parse().unwrap();
        let key = Witness::init(folder.path(), name, &SystemEntropy).unwrap();
        let logs = vec![log(1).verifier().clone()];
        let witness = Witness::open(folder.path(), logs, Arc::new(SystemClock)).unwrap();
        let router = witness::router(Arc::new(witness), &Config::new(folder.path()));
        Self { router, key, _folder: folder }
    }

    async fn send(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    async fn add(&self, old: u64, proof: &[Hash], note: &Note) -> Answer {
        let request = AddCheckpoint { old, proof: proof.to_vec(), note: note.clone() };
        self.send(Method::POST, "/add-checkpoint", request.to_bytes()).await
    }
}

#[tokio::test]
async fn what_was_cosigned_is_served() {
    let scene = Scene::new();
    let one = checkpoint(1, 0);
    let answer = scene.add(0, &[], &one).await.ok(200);
    let line = answer.text().strip_suffix('\n').unwrap().parse().unwrap();
    let mut note = one.clone();
    note.add(line).unwrap();
    let keys = [scene.key.clone()];
    assert_eq!(cosignature::times(&note, &keys).unwrap().len(), 1);
    let origin = tare_format::Sha256::of(b"log.example.org/t").hex();
    let served = scene.send(Method::GET, &format!("/{origin}/checkpoint"), "").await.ok(200);
    assert_eq!(served.body, note.to_bytes());
    assert_eq!(served.header("content-type"), "text/plain; charset=utf-8");
    for path in ["/checkpoint".to_owned(), format!("/{}/checkpoint", "0".repeat(64))] {
        scene.send(Method::GET, &path, "").await.ok(404);
    }
}

#[tokio::test]
async fn another_size_is_answered_with_the_right_one() {
    let scene = Scene::new();
    scene.add(0, &[], &checkpoint(1, 0)).await.ok(200);
    let conflict = scene.add(0, &[], &checkpoint(2, 1)).await.ok(409);
    assert_eq!(
        (conflict.text().as_str(), conflict.header("content-type")),
        ("1\n", "text/x.tlog.size")
    );
    scene.add(1, &[leaf_hash(&[1])], &checkpoint(2, 1)).await.ok(200);
    scene.add(2, &[], &checkpoint(2, 1)).await.ok(200);
}

#[tokio::test]
async fn each_refusal_has_its_status() {
    let scene = Scene::new();
    scene.add(0, &[], &checkpoint(1, 0)).await.ok(200);
    scene.add(3, &[], &checkpoint(2, 1)).await.ok(400);
    scene.add(1, &[leaf_hash(&[2])], &checkpoint(2, 1)).await.ok(422);
    scene.add(1, &[], &checkpoint(2, 1)).await.ok(422);
    let text = checkpoint(2, 1).text().to_owned();
    let forged = Note::sign(text.clone(), &[&log(9)]).unwrap();
    scene.add(1, &[leaf_hash(&[1])], &forged).await.ok(403);
    let elsewhere = Note::sign(text.replace("/t\n", "/u\n"), &[&log(1)]).unwrap();
    scene.add(1, &[leaf_hash(&[1])], &elsewhere).await.ok(404);
    let extended = Note::sign(format!("{text}more\n"), &[&log(1)]).unwrap();
    scene.add(1, &[leaf_hash(&[1])], &extended).await.ok(400);
    for body in [Vec::new(), b"old 1\n".to_vec(), b"old x\n\nx\n".to_vec(), vec![0xff; 100]] {
        scene.send(Method::POST, "/add-checkpoint", body).await.ok(400);
    }
    let long = vec![b'x'; usize::try_from(MAX_REQUEST).unwrap() + 1];
    scene.send(Method::POST, "/add-checkpoint", long).await.ok(413);
    scene.send(Method::GET, "/add-checkpoint", "").await.ok(405);
}

#[test]
fn the_commands_make_a_witness_and_serve_it() {
    let folder = tempfile::tempdir().unwrap();
    let command = |words: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tare-registry"));
        command.args(words.split(' ')).arg("--path").arg(folder.path().join("w"));
        command
    };
    let made = command("witness init --name w1.example/w").output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let key = String::from_utf8(made.stdout).unwrap().trim_end().to_owned();
    let serve = format!("witness serve --json --listen 127.0.0.1:0 --log {}", log(1).verifier());
    let mut child = command(&serve).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let greeting: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(greeting["key"], key);

    let body = AddCheckpoint { old: 0, proof: Vec::new(), note: checkpoint(1, 0) }.to_bytes();
    let address = greeting["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /add-checkpoint HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("— w1.example/w "), "{answer}");

    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}
