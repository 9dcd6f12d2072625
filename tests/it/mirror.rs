//! `tare mirror`: a folder that holds a registry, or what somebody chose of it, and that nobody has to trust.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use registry_server::{TakedownRequest, root};
use tare_format::Sha256;
use tare_format::event::{Class, Scope};
use tare_tlog::policy::Witness;

use crate::shelf::{Package, Shelf, files_below, flip, noise, replace};
use crate::support::{Answer, Evil, Outcome, Project, Registry};

/// A mirror of a shelf, in a folder of an operator.
struct Mirror {
    operator: Project,
    /// The registry's files as a file server has them, which counts what it is asked for.
    source: Evil,
}

impl Mirror {
    /// A mirror that was never synced; `filters` as for `tare mirror init`.
    fn init(shelf: &Shelf, filters: &str) -> Self {
        Self::of(Evil::honest(&shelf.registry.public("")), filters)
    }

    fn of(source: Evil, filters: &str) -> Self {
        let operator = Project::new();
        let init = format!("mirror init mirror --from {} {filters}", source.url());
        operator.tare(&init).succeeds();
        Self { operator, source }
    }

    fn sync(&self) -> Outcome {
        self.source.forget();
        self.operator.tare("mirror sync")
    }

    fn json(&self, command: &str) -> serde_json::Value {
        self.operator.tare(&format!("mirror {command} --json")).succeeds().json()
    }

    fn folder(&self) -> PathBuf {
        self.operator.path().join("mirror")
    }

    /// The paths of what is served of a kind.
    fn served(&self, kind: &str) -> BTreeSet<PathBuf> {
        relative(&self.folder(), kind)
    }
}

fn relative(folder: &Path, kind: &str) -> BTreeSet<PathBuf> {
    let files = files_below(&folder.join(kind));
    files.iter().map(|file| file.strip_prefix(folder).unwrap().to_owned()).collect()
}

/// Insists that a mirror has of these kinds what the origin has, byte for byte.
fn assert_equal(shelf: &Shelf, mirror: &Mirror, kinds: &[&str]) {
    let origin = shelf.registry.public("");
    for kind in kinds {
        let own = mirror.served(kind);
        assert_eq!(own, relative(&origin, kind), "{kind}");
        for path in own {
            let (one, other) = (mirror.folder().join(&path), origin.join(&path));
            assert!(fs::read(one).unwrap() == fs::read(other).unwrap(), "{}", path.display());
        }
    }
}

const CONTENTS: [&str; 7] =
    ["packages", "namespaces", "releases", "meta", "recipes", "packs", "signatures"];

#[test]
fn a_mirror_has_everything_and_looking_again_is_one_request() {
    let shelf = Shelf::with_family();
    let mirror = Mirror::init(&shelf, "");
    let plan = mirror.json("plan");
    assert_eq!(plan["add"].as_array().unwrap().len(), 4, "{plan}");
    assert!(mirror.served("packages").is_empty(), "a plan changes nothing that is served");

    mirror.sync().succeeds().says(&["4 releases came"]);
    assert_equal(&shelf, &mirror, &CONTENTS);
    assert_equal(&shelf, &mirror, &["locations", "root"]);
    mirror.sync().succeeds().says(&["in 1 requests"]);
    assert_eq!(mirror.source.asked(), ["head.pending"]);
    let status = mirror.json("status");
    assert_eq!((&status["size"], &status["head-size"]), (&status["source-size"], &status["size"]));
}

#[test]
fn what_is_new_costs_what_is_new() {
    let shelf = Shelf::with_family();
    let mirror = Mirror::init(&shelf, "");
    mirror.sync().succeeds();
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(8, 20_000))]);
    mirror.sync().succeeds().says(&["1 releases came"]);
    let asked = mirror.source.asked();
    assert!(asked.iter().filter(|path| path.starts_with("packs/")).count() == 1, "{asked:?}");
    assert!(asked.len() < 16, "{asked:?}");
    assert_equal(&shelf, &mirror, &CONTENTS);
}

#[test]
fn clients_install_from_it_with_the_origin_off() {
    let shelf = Shelf::with_family();
    let mirror = Mirror::init(&shelf, "");
    mirror.sync().succeeds();
    let project = shelf.consumer("\"lab/lora\" = \"^0.4\"");
    drop(shelf);
    let server = Evil::honest(&mirror.folder());
    let project = project.with("TARE_MIRRORS", &server.url());
    project.tare("install").succeeds();
    project.tare("verify").succeeds();
    assert!(server.asked().iter().all(|path| !path.starts_with(".mirror")));
}

#[test]
fn a_selective_mirror_is_complete_in_what_it_includes_and_says_what_it_leaves_out() {
    let shelf = Shelf::with_family();
    let mirror = Mirror::init(&shelf, "--include lab/lora");
    mirror.sync().succeeds();
    // The adapter and its base; of what they were made from the archives.
    assert_eq!(mirror.served("meta").len(), 4);
    let held = mirror.json("status");
    assert_eq!(held["held"]["releases"], 2, "{held}");
    assert_eq!(held["left-out"]["not-included"]["releases"], 2, "{held}");
    let coverage = fs::read_to_string(mirror.folder().join("coverage")).unwrap();
    assert!(coverage.contains("filter include lab/lora\n"), "{coverage}");
    assert!(coverage.contains("left-out not-included 2 "), "{coverage}");
    assert_equal(&shelf, &mirror, &["packages", "namespaces", "releases", "signatures"]);

    let project = shelf.consumer("\"lab/lora\" = \"^0.4\"");
    drop(shelf);
    let server = Evil::honest(&mirror.folder());
    project.with("TARE_MIRRORS", &server.url()).tare("install").succeeds();
}

#[test]
fn other_filters_delete_exactly_what_they_leave_out() {
    let shelf = Shelf::with_family();
    let mirror = Mirror::init(&shelf, "");
    mirror.sync().succeeds();
    let before = mirror.served("recipes").len();
    let file = mirror.folder().join(".mirror/mirror.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, config.replace("[filters]\n", "[filters]\nkind = [\"dataset\"]\n")).unwrap();
    let plan = mirror.json("plan");
    assert_eq!(plan["remove"].as_array().unwrap().len(), 2, "{plan}");
    let removed = plan["removed"]["objects"].as_u64().unwrap();
    mirror.sync().succeeds().says(&[&format!("{removed} objects went")]);
    assert!(mirror.served("recipes").len() < before);
    assert_eq!(mirror.json("status")["left-out"]["kind"]["releases"], 2);
    mirror.sync().succeeds().says(&["in 1 requests"]);
}

/// A source that stops answering after so many bytes, and says so.
fn stopping_source(shelf: &Shelf, after: u64) -> (Evil, mpsc::Receiver<()>, Arc<AtomicBool>) {
    let (reached, told) = mpsc::channel();
    let goes_on = Arc::new(AtomicBool::new(false));
    let (sent, free) = (AtomicU64::new(0), Arc::clone(&goes_on));
    let source = Evil::serve(&shelf.registry.public(""), move |_, file| {
        let length = file.as_ref().map_or(0, |file| file.len() as u64);
        let before = sent.fetch_add(length, Ordering::SeqCst);
        if free.load(Ordering::SeqCst) || before + length <= after {
            return Answer::truth(file);
        }
        let _ = reached.send(());
        let part = usize::try_from(after.saturating_sub(before)).unwrap();
        Answer::Broken(file.unwrap_or_default(), part)
    });
    (source, told, goes_on)
}

#[test]
fn a_sync_that_is_killed_anywhere_is_gone_on_with() {
    let shelf = Shelf::with_family();
    let all: u64 = files_below(&shelf.registry.public(""))
        .iter()
        .map(|file| fs::metadata(file).unwrap().len())
        .sum();
    for step in 0..8 {
        let (source, reached, goes_on) = stopping_source(&shelf, all * step / 8);
        // The descriptor is read when the mirror is made.
        goes_on.store(true, Ordering::SeqCst);
        let mirror = Mirror::of(source, "--max-conns 2");
        goes_on.store(false, Ordering::SeqCst);
        let mut child = mirror
            .operator
            .command(&["mirror", "sync"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        reached.recv().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        goes_on.store(true, Ordering::SeqCst);
        mirror.sync().succeeds();
        assert_equal(&shelf, &mirror, &CONTENTS);
        mirror.operator.tare("mirror scrub").succeeds().says(&["0 damaged"]);
        assert_eq!(files_below(&mirror.folder().join(".mirror/staging")).len(), 0, "{step}");
    }
}

#[test]
fn a_scrub_finds_what_a_disk_has_damaged_and_fetches_it_again() {
    let shelf = Shelf::with_family();
    let mirror = Mirror::init(&shelf, "");
    mirror.sync().succeeds();
    let packs = files_below(&mirror.folder().join("packs"));
    flip(&packs[0]);
    let archives = files_below(&mirror.folder().join("meta"));
    fs::remove_file(&archives[0]).unwrap();
    let scrubbed = mirror.json("scrub");
    assert_eq!(scrubbed["damaged"].as_array().unwrap().len(), 2, "{scrubbed}");
    assert_eq!(scrubbed["repaired"], 2);
    assert_equal(&shelf, &mirror, &CONTENTS);
    assert_eq!(mirror.json("scrub --since 1d")["objects"], 0);
}

/// Takes releases and single files down. Gives the number of the event.
fn take_down(shelf: &Shelf, releases: &[&str], files: &[&[u8]]) -> u64 {
    let app = shelf.registry.app();
    let request = TakedownRequest {
        releases: releases.iter().map(|release| release.parse().unwrap()).collect(),
        files: files.iter().map(|file| Sha256::of(file)).collect(),
        class: Class::Court,
        scope: Scope::Global,
        deadline_hours: None,
        notice: "N-1".to_owned(),
        appeal: None,
        here: false,
    };
    shelf.registry.wait(async {
        let event = app.take_down(&request).await.unwrap();
        app.remove_taken_down(true).await.unwrap();
        app.advance().await.unwrap();
        event
    })
}

/// Insists that nothing of `content` is in any file of a mirror.
fn assert_gone(mirror: &Mirror, content: &[u8]) {
    let window = &content[1_000..1_064];
    for file in files_below(&mirror.folder()) {
        let found = fs::read(&file).unwrap().windows(64).any(|bytes| bytes == window);
        assert!(!found, "{} still has what was taken down", file.display());
    }
}

#[test]
fn what_is_taken_down_goes_and_what_others_need_stays() {
    let shelf = Shelf::with_family();
    // Packed together with what is taken down, and needed by itself.
    let (kept, gone) = (noise(20, 30_000), noise(21, 30_000));
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("kept.bin", &kept), ("gone.bin", &gone)]);
    shelf.publish(&Package::model("lab/m", "1.1.0"), &[("kept.bin", &kept)]);
    let (mirror, lax) = (Mirror::init(&shelf, ""), Mirror::init(&shelf, ""));
    mirror.sync().succeeds();
    lax.sync().succeeds();
    take_down(&shelf, &["lab/m@1.0.0"], &[]);
    mirror.sync().succeeds();
    assert_gone(&mirror, &gone);
    assert_equal(&shelf, &mirror, &["packs", "meta", "recipes"]);
    let status = mirror.json("status");
    assert_eq!(status["obeyed-takedowns"], 1, "{status}");
    assert!(status["open-takedowns"].as_array().unwrap().is_empty());

    let lax = Evil::honest(&lax.folder());
    mirror
        .operator
        .tare(&format!("mirror check {}", lax.url()))
        .ends_with(7)
        .says(&["still serves"]);
    let good = Evil::honest(&mirror.folder());
    mirror.operator.tare(&format!("mirror check {}", good.url())).succeeds();
}

#[test]
fn a_single_file_goes_from_every_release_and_a_restored_one_comes_back() {
    let shelf = Shelf::empty();
    let (kept, gone) = (noise(20, 30_000), noise(21, 30_000));
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("kept.bin", &kept), ("gone.bin", &gone)]);
    let mirror = Mirror::init(&shelf, "");
    mirror.sync().succeeds();
    let copy = tempfile::tempdir().unwrap();
    for path in relative(&shelf.registry.public(""), "") {
        let target = copy.path().join(&path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(shelf.registry.public("").join(&path), target).unwrap();
    }
    let event = take_down(&shelf, &[], &[&gone]);
    mirror.sync().succeeds();
    assert_gone(&mirror, &gone);
    assert_equal(&shelf, &mirror, &["packs", "meta"]);
    mirror.sync().succeeds().says(&["in 1 requests"]);
    let app = shelf.registry.app();
    shelf.registry.wait(async {
        app.restore(event, Some(copy.path())).await.unwrap();
        app.advance().await.unwrap();
    });
    mirror.sync().succeeds();
    assert_eq!(mirror.json("status")["obeyed-takedowns"], 0);
    assert_equal(&shelf, &mirror, &["recipes", "packs", "meta"]);
}

#[test]
fn a_pack_that_was_on_its_way_is_gone_on_with() {
    let shelf = Shelf::empty();
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(7, 4_000_000))]);
    let operator = Project::new();
    operator.tare(&format!("mirror init mirror --from {}", shelf.registry.url())).succeeds();
    let mut child = operator
        .command(&["mirror", "sync", "--rate", "2MB/s"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let staging = operator.path().join("mirror/.mirror/staging");
    let half = |file: &PathBuf| {
        let size = fs::metadata(file).map_or(0, |metadata| metadata.len());
        file.extension().is_some_and(|end| end == "part") && size > 1_000_000
    };
    while !files_below(&staging).iter().any(half) {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let synced = operator.tare("mirror sync --json").succeeds().json();
    assert!(synced["fetched"].as_u64().unwrap() < 3_500_000, "{synced}");
    operator.tare("mirror scrub").succeeds().says(&["0 damaged"]);
}

#[test]
fn what_is_redacted_is_in_no_file_any_more() {
    let shelf = Shelf::empty();
    let folder = shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", b"0123456789")]);
    let mirror = Mirror::init(&shelf, "");
    folder.tare_with(&["yank", "lab/m@1.0.0", "--reason", "it names Jane Roe"], "").succeeds();
    mirror.sync().succeeds();
    // The line lies in two files of events then: the shorter one stays as long as the longer one is not full.
    folder.tare("yank lab/m@1.0.0 --undo").succeeds();
    mirror.sync().succeeds();
    let has_name =
        |file: &PathBuf| fs::read(file).unwrap().windows(8).any(|bytes| bytes == b"Jane Roe");
    let lines: String = files_below(&mirror.folder().join("events"))
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let index = lines.lines().position(|line| line.contains("Jane Roe")).unwrap();
    let app = shelf.registry.app();
    shelf.registry.wait(async {
        app.redact(u64::try_from(index).unwrap(), Class::Pii).await.unwrap();
        app.advance().await.unwrap();
    });
    mirror.sync().succeeds();
    let found: Vec<_> = files_below(&mirror.folder()).into_iter().filter(has_name).collect();
    assert!(found.is_empty(), "{found:?}");
    assert_equal(&shelf, &mirror, &["packages", "namespaces", "notices"]);
    mirror.sync().succeeds().says(&["in 1 requests"]);
}

/// A sync writes many files after it has decided on a size. Whichever of them fails, the next one writes it.
#[test]
fn a_size_that_was_taken_on_is_written_whatever_fails() {
    let shelf = Shelf::with_family();
    let last = files_below(&shelf.registry.public("tile/entries"));
    let last = last[0].strip_prefix(shelf.registry.public("")).unwrap().to_owned();
    for place in
        [Path::new("packages/lab/base"), Path::new("root/latest"), &last, Path::new("head")]
    {
        let mirror = Mirror::init(&shelf, "");
        // A file cannot take the place of a folder that has something in it.
        let obstacle = mirror.folder().join(place).join("obstacle");
        fs::create_dir_all(&obstacle).unwrap();
        mirror.sync().ends_with(1);
        fs::remove_dir_all(mirror.folder().join(place)).unwrap();
        mirror.sync().succeeds();
        assert_equal(&shelf, &mirror, &CONTENTS);
        assert_equal(&shelf, &mirror, &["root", "notices"]);
    }
}

#[test]
fn a_file_that_a_mirror_lacks_is_taken_from_elsewhere_or_named() {
    let shelf = Shelf::with_family();
    let mirror = Mirror::init(&shelf, "");
    mirror.sync().succeeds();
    fs::remove_dir_all(mirror.folder().join("packs")).unwrap();
    let server = Evil::honest(&mirror.folder());
    let project = shelf.consumer("\"lab/lora\" = \"^0.4\"").with("TARE_MIRRORS", &server.url());
    project.tare("install").succeeds();
    let lonely = Project::new();
    lonely.tare(&format!("registry add main {}", server.url())).succeeds();
    lonely.write("Tare.toml", "[dependencies]\n\"lab/lora\" = \"^0.4\"\n");
    lonely.tare("install").ends_with(6).says(&["packs/"]);
}

#[test]
fn another_mirror_is_looked_at_as_anybody_can() {
    let shelf = Shelf::empty();
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(8, 9_000))]);
    let (ours, theirs) = (Mirror::init(&shelf, ""), Mirror::init(&shelf, ""));
    theirs.sync().succeeds();
    shelf.publish(&Package::model("lab/m", "1.1.0"), &[("m.bin", &noise(9, 9_000))]);
    ours.sync().succeeds();
    let server = Evil::honest(&theirs.folder());
    let check = format!("mirror check {}", server.url());
    let found = ours.operator.tare(&format!("{check} --json")).succeeds().json();
    assert_eq!((&found["wrong"], &found["tombstones"]), (&serde_json::json!([]), &0.into()));
    assert!(found["size"].as_u64() < found["own-size"].as_u64() && found["absent"] != 0, "{found}");
    let back = Evil::honest(&ours.folder());
    theirs.operator.tare(&format!("mirror check {}", back.url())).succeeds();
    flip(&files_below(&theirs.folder().join("packs"))[0]);
    ours.operator.tare(&check).ends_with(6).says(&["E-WRONG-BYTES"]);
}

#[test]
fn a_source_that_shows_another_history_is_not_cosigned() {
    let shelf = Shelf::with_family();
    let mirror = Mirror::init(&shelf, "");
    mirror.sync().succeeds();
    let before = fs::read(mirror.folder().join("checkpoint")).unwrap();
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(8, 9_000))]);
    let forgery = forge_last_event(&shelf);
    mirror.sync().ends_with(7).says(&["E-FORK", "does not cosign it"]);
    assert_eq!(fs::read(mirror.folder().join("checkpoint")).unwrap(), before);
    let evidence = files_below(&mirror.folder().join(".mirror/forks"));
    let text = fs::read_to_string(&evidence[0]).unwrap();
    assert!(text.contains("what the source shows") && text.contains("lead to"), "{text}");
    forgery.iter().for_each(|(file, bytes)| replace(file, bytes));
    mirror.sync().succeeds();
}

/// Puts another event at the end of the log, with its entry, under the head that is there. Gives the files as they were.
fn forge_last_event(shelf: &Shelf) -> Vec<(PathBuf, Vec<u8>)> {
    let newest = |kind: &str| {
        let files = files_below(&shelf.registry.public(kind));
        let file = files.into_iter().max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap();
        (file.clone(), fs::read(file).unwrap())
    };
    let (events, entries) = (newest("events"), newest("tile/entries"));
    let text = String::from_utf8(events.1.clone()).unwrap();
    let last = text.lines().last().unwrap();
    let forged = last.replacen("\"by\":\"registry\"", "\"by\":\"registrY\"", 1);
    assert_ne!(last, forged);
    let digest = |line: &str| Sha256::of(line.as_bytes()).hex();
    let entry = String::from_utf8_lossy(&entries.1).contains(&digest(last));
    assert!(entry, "the last event is not in the last bundle");
    let (old, new) = (digest(last).into_bytes(), digest(&forged).into_bytes());
    let mut bundle = entries.1.clone();
    let at = bundle.windows(old.len()).position(|bytes| bytes == old).unwrap();
    bundle[at..at + new.len()].copy_from_slice(&new);
    replace(&entries.0, &bundle);
    replace(&events.0, text.replace(last, &forged).as_bytes());
    vec![events, entries]
}

#[test]
fn only_one_sync_runs_at_a_time_and_a_plain_folder_is_no_mirror() {
    let shelf = Shelf::empty();
    let mirror = Mirror::init(&shelf, "");
    let held = fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(mirror.folder().join(".mirror/lock"))
        .unwrap();
    held.lock().unwrap();
    mirror.sync().ends_with(1).says(&["another process"]);
    drop(held);
    mirror.sync().succeeds();
    Project::new().tare("mirror sync").ends_with(2).says(&["tare mirror init"]);
    let again = format!("mirror init mirror --from {}", mirror.source.url());
    mirror.operator.tare(&again).ends_with(2).says(&["is a mirror already"]);
}

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
