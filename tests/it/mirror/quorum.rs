//! A mirror whose word counts: it cosigns, the registry collects that from a plain file server, and heads go on.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use registry_server::root;
use tare_tlog::policy::Witness;

use crate::shelf::{Package, Shelf, noise};
use crate::support::{Project, Registry};

/// A folder behind the plainest file server that there is.
struct Plain(Child, String);

impl Plain {
    fn serve(folder: &Path) -> Self {
        let mut child = Command::new("python3")
            .args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split(['(', ')']).nth(1).unwrap().to_owned();
        Self(child, url)
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Publishes a root document in which the mirror is the only witness and the quorum.
fn ask_for_the_word_of(shelf: &Shelf, witness: &str, url: &str) {
    let mut words = witness.split_whitespace().skip(1);
    let label = words.next().unwrap().to_owned();
    let key = words.next().unwrap().parse().unwrap();
    let folder = shelf.registry.public("").parent().unwrap().to_owned();
    let config = registry_server::Config::new(&folder);
    shelf.registry.wait(async {
        let current = root::newest(shelf.registry.app()).await.unwrap();
        let changes = root::Changes {
            quorum: Some(label.parse().unwrap()),
            add_witnesses: vec![Witness { label, key, url: Some(url.to_owned()) }],
            ..root::Changes::default()
        };
        let now = jiff::Timestamp::now();
        let next = changes.apply(current.document(), now).unwrap();
        let mut file = root::RootFile::draft(next).unwrap();
        let key = registry_server::key_file::read(&folder.join("keys/root.key")).unwrap();
        file.sign(&key, Some(current.document())).unwrap();
        file.write(&folder.join("root-2")).unwrap();
        root::publish(&config, &folder.join("root-2")).await.unwrap();
        shelf.registry.app().advance().await.unwrap();
    });
}

#[test]
fn a_mirror_behind_a_plain_file_server_is_a_quorum() {
    let ask = |config: &mut registry_server::Config| {
        config.cosigners = Arc::new(registry_server::HttpCosigners::new().unwrap());
    };
    let registry = Registry::start_with(ask);
    let publisher = registry.publisher("ann");
    let shelf = Shelf { registry, publisher };
    let operator = Project::new();
    let init = format!("mirror init mirror --from {} --name m.example/m", shelf.registry.url());
    let witness = operator.tare(&init).succeeds().stdout;
    operator.tare("mirror sync").succeeds();
    let server = Plain::serve(&operator.path().join("mirror"));
    ask_for_the_word_of(&shelf, &witness, &server.1);
    let mut watching = operator
        .command(&["mirror", "sync", "--watch", "1"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(8, 20_000))]);
    watching.kill().unwrap();
    watching.wait().unwrap();
    operator.tare("mirror sync").succeeds();
    let status = operator.tare("mirror status --json").succeeds().json();
    assert_eq!(status["head-size"], status["size"], "{status}");
    assert!(status["head-time"].is_string(), "{status}");

    let project = shelf.consumer("\"lab/m\" = \"1\"");
    drop(shelf);
    project.with("TARE_MIRRORS", &server.1).tare("install").succeeds();
}
