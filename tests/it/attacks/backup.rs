//! A registry that was put back from a backup: it would sign another history of what was public, so it is not served. It goes on
//! with a root document that says where its log ends, and who saw more is told what is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::shelf::files_below;
use crate::support::{Operator, Project, Service, model};

/// Long enough for a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);

/// The files of the database when no process has it open.
const DATABASE: [&str; 3] = ["registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm"];

/// A registry with one witness, which has to cosign.
struct Scene {
    operator: Operator,
    witness: Option<Service>,
    desk: TempDir,
}

impl Scene {
    fn new() -> Self {
        let desk = TempDir::new().unwrap();
        let operator = Operator::at(desk.path());
        operator.ok("init --name hub.example --path registry");
        let key = operator.ok("witness init --name w.example/w --path witness");
        let mut scene = Self { operator, witness: None, desk };
        scene.start_witness("127.0.0.1:0");
        let url = scene.witness.as_ref().unwrap().url();
        let next = format!("root next --add-witness W={key}={url} --quorum W --path registry");
        scene.publish_root(&next);
        scene
    }

    /// Starts the witness with the key of every log that a root document names, a drafted one included.
    fn start_witness(&mut self, address: &str) {
        let notes = files_below(&self.registry().join("public/root"));
        let drafts = files_below(&self.registry());
        let drafts = drafts.into_iter().filter(|file| file.to_string_lossy().contains("draft"));
        let notes = notes.into_iter().filter(|file| file.extension().is_some()).chain(drafts);
        let key = |note: PathBuf| {
            let text = fs::read_to_string(note).unwrap();
            let line = text.lines().find_map(|line| line.strip_prefix("log ")).unwrap().to_owned();
            format!("--log {}", line.split(' ').next().unwrap())
        };
        let mut logs: Vec<String> = notes.map(key).collect();
        logs.sort();
        logs.dedup();
        let logs = logs.join(" ");
        let serve = format!("witness serve --listen {address} {logs} --path witness");
        self.witness = Some(self.operator.serve(&serve));
    }

    fn publish_root(&self, next: &str) {
        let draft = self.operator.ok(next);
        self.operator.sign_and_publish(&draft, &["registry/keys/root.key"]);
    }

    fn serve(&self, address: &str) -> Service {
        self.operator.serve(&format!("serve --listen {address} --path registry"))
    }

    /// Goes on when the head with every event has its quorum: until then the old log's is shown.
    fn wait_for_head(&self) {
        let begin = Instant::now();
        loop {
            let log = self.operator.run("log show --json --path registry").succeeds().json();
            if log["published"] == log["size"] {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{log}");
        }
    }

    fn registry(&self) -> PathBuf {
        self.desk.path().join("registry")
    }

    /// Puts the parts of a folder with these names in place of what is there.
    fn copy(from: &Path, to: &Path, names: &[&str]) {
        for name in names {
            let _ = fs::remove_file(to.join(name));
            let _ = fs::remove_dir_all(to.join(name));
        }
        let is_wanted = |path: &Path| names.iter().any(|name| path.starts_with(name));
        for file in files_below(from) {
            let path = file.strip_prefix(from).unwrap();
            if is_wanted(path) {
                fs::create_dir_all(to.join(path).parent().unwrap()).unwrap();
                fs::copy(&file, to.join(path)).unwrap();
            }
        }
    }
}

fn publisher(scene: &Scene, url: &str) -> Project {
    scene.operator.ok("user add ann --path registry");
    let token = "token create --user ann --scope publish:* --path registry";
    let token = scene.operator.ok(token);
    let ann = Project::new();
    ann.tare("keygen --no-password").succeeds();
    ann.tare_with(&["login", "--registry", url], &format!("{token}\n")).succeeds();
    ann
}

fn publish(ann: &Project, version: &str) {
    ann.write("Tare.toml", model("lab/tiny", version)).write("w.bin", version.repeat(100));
    ann.tare("publish").succeeds();
}

#[test]
fn a_backup_that_was_put_back_is_served_only_under_another_key() {
    let mut scene = Scene::new();
    let (registry, backup) = (scene.registry(), scene.desk.path().join("backup"));
    let origin = scene.serve("127.0.0.1:0");
    let (url, address) = (origin.url().to_owned(), origin.address().to_owned());
    let ann = publisher(&scene, &url);
    publish(&ann, "1.0.0");
    drop(origin);
    Scene::copy(&registry, &backup, &DATABASE);
    Scene::copy(&registry, &backup, &["public"]);

    let origin = scene.serve(&address);
    publish(&ann, "1.1.0");
    let bob = Project::new();
    bob.tare(&format!("registry add main {url}")).succeeds();
    bob.write("Tare.toml", "[dependencies]\n\"lab/tiny\" = \"1\"\n");
    bob.tare("install").succeeds();
    drop(origin);

    // Only the database: what is public says more than it.
    let head = fs::read(registry.join("public/head")).unwrap();
    Scene::copy(&backup, &registry, &DATABASE);
    for command in ["serve --listen 127.0.0.1:0", "log project"] {
        let refused = scene.operator.run(&format!("{command} --path registry")).ends_with(1);
        refused.says(&["has 8 events", "has 10", "the public file `head`", "newer backup"]);
        assert_eq!(fs::read(registry.join("public/head")).unwrap(), head, "{command}");
    }
    // Everything: the witness has seen more.
    Scene::copy(&backup, &registry, &["public"]);
    let refused = scene.operator.run("serve --listen 127.0.0.1:0 --path registry").ends_with(1);
    refused.says(&["has 8 events", "has 10", "the witness `W`", "root document"]);

    let draft = scene.operator.ok("root next --rotate-log --path registry");
    let address_of_witness = scene.witness.take().unwrap().address().to_owned();
    scene.start_witness(&address_of_witness);
    scene.operator.sign_and_publish(&draft, &["registry/keys/root.key"]);
    let origin = scene.serve(&address);
    scene.wait_for_head();
    publish(&ann, "1.2.0");
    bob.tare("update").succeeds().says(&["hub.example/log1", "10"]);
    assert!(bob.read("Tare.lock").contains("version = \"1.2.0\""));
    drop(origin);
    scene.operator.run("fsck --read-data --path registry").succeeds();
}
