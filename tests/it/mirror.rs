//! `tare mirror`: a folder that holds a registry, or what somebody chose of it, and that nobody has to trust.

mod faults;
mod quorum;
mod scrubs;
mod takedowns;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::shelf::{Package, Shelf, files_below, flip, noise};
use crate::support::{Answer, Evil, Outcome, Project};

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
    for kind in ["events/", "tile/entries/"] {
        let of_kind: Vec<_> = asked.iter().filter(|path| path.starts_with(kind)).collect();
        assert!(of_kind.len() == 1 && of_kind[0].ends_with('-'), "only what is new: {asked:?}");
    }
    assert_equal(&shelf, &mirror, &CONTENTS);
    assert_in_origin(&shelf, &mirror, &["events", "tile"]);
}

/// Insists that every file of these kinds that the origin has now is the same in the mirror; it may have more widths.
fn assert_in_origin(shelf: &Shelf, mirror: &Mirror, kinds: &[&str]) {
    let origin = shelf.registry.public("");
    for path in kinds.iter().flat_map(|kind| mirror.served(kind)) {
        let Ok(theirs) = fs::read(origin.join(&path)) else { continue };
        assert!(fs::read(mirror.folder().join(&path)).unwrap() == theirs, "{}", path.display());
    }
}

#[test]
fn a_source_that_knows_no_ranges_or_holds_other_beginnings_sends_the_whole() {
    let shelf = Shelf::with_family();
    let source = Evil::serve(&shelf.registry.public(""), |_, file| match file {
        Some(bytes) => Answer::With(Vec::new(), bytes),
        None => Answer::truth(None),
    });
    let (plain, damaged) = (Mirror::of(source, ""), Mirror::init(&shelf, ""));
    plain.sync().succeeds();
    damaged.sync().succeeds();
    let events = files_below(&damaged.folder().join("events"));
    flip(events.last().unwrap());
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(8, 20_000))]);
    plain.sync().succeeds();
    damaged.sync().succeeds();
    let asked = damaged.source.asked();
    assert!(asked.iter().any(|path| path.starts_with("events/") && !path.ends_with('-')));
    for mirror in [&plain, &damaged] {
        assert_in_origin(&shelf, mirror, &["tile"]);
        assert_equal(&shelf, mirror, &CONTENTS);
    }
}

#[test]
fn a_new_mirror_says_how_the_root_document_can_name_it() {
    let shelf = Shelf::empty();
    let (source, operator) = (Evil::honest(&shelf.registry.public("")), Project::new());
    let url = "https://m.example.org/";
    let init = format!("mirror init mirror --from {} --public-url {url}", source.url());
    let out = operator.tare(&init).succeeds().stdout;
    let (line, argument) = out.trim().split_once('\n').unwrap();
    let parts: Vec<&str> = line.split(' ').collect();
    let expected = format!("--add-witness '{}={}={url}'", parts[1], parts[2]);
    assert_eq!((parts[0], parts[3], argument), ("witness", url, expected.as_str()));
}

#[test]
fn what_no_source_has_is_not_said_to_be_held() {
    let shelf = Shelf::empty();
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(8, 20_000))]);
    let origin = shelf.registry.public("");
    let pack = origin.join(relative(&origin, "packs").first().unwrap());
    fs::remove_file(pack).unwrap();
    let mirror = Mirror::init(&shelf, "");
    for _ in 0..2 {
        mirror.sync().succeeds().says(&["0 releases came", "1 release is still missing"]);
        assert_eq!(mirror.json("status")["held"]["releases"], 0);
    }
    mirror.operator.tare("mirror scrub").succeeds().says(&["2 missing"]);
    let coverage = fs::read_to_string(mirror.folder().join("coverage")).unwrap();
    let missing = coverage.lines().find_map(|line| line.strip_prefix("missing ")).unwrap();
    assert!(coverage.contains("held 0 0\n") && !missing.ends_with(" 0"), "{coverage}");
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
fn mirrors_that_are_added_with_a_registry_are_kept_and_listed() {
    let shelf = Shelf::empty();
    let project = Project::new();
    let (url, mirrors) = (shelf.registry.url(), ["https://b.example/", "https://a.example/"]);
    let [first, second] = mirrors;
    project.tare(&format!("registry add main {url} --mirror {first}")).succeeds();
    project.tare(&format!("registry add main {url} --mirror {second}")).succeeds();
    let list = project.tare("registry list --json").succeeds().json();
    assert_eq!(list["registries"][0]["mirrors"], serde_json::json!([second, first]));
    let shown = project.tare("registry show main --json").succeeds().json();
    assert_eq!(shown["mirrors"], serde_json::json!([second, first]));
    project.tare(&format!("registry add main {url} --mirror /srv/mirror")).ends_with(2);
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
fn a_plan_says_of_each_release_why_it_is_left_out() {
    let shelf = Shelf::with_family();
    let reasons = |filters: &str| {
        let plan = Mirror::init(&shelf, filters).json("plan");
        let left_out = plan["left-out-releases"].as_array().unwrap().clone();
        let of = |name: &str| left_out.iter().find(|found| found["id"] == name).cloned();
        (of("lab/lora@0.4.1"), of("lab/chats@1.0.0"))
    };
    let (lora, chats) = reasons("--exclude lab/base");
    let lora = lora.unwrap();
    assert_eq!(
        (&lora["reason"], &lora["needs"]),
        (&"dependency-excluded".into(), &"lab/base@1.0.0".into())
    );
    assert!(chats.is_none());
    let (lora, chats) = reasons("--license-class permissive,attribution-data");
    assert!(lora.is_none());
    let chats = chats.unwrap();
    assert_eq!(
        (&chats["reason"], &chats["detail"]),
        (&"license-class".into(), &"its licences are non-commercial".into())
    );
    let shown =
        Mirror::init(&shelf, "--kind model").operator.tare("mirror plan --verbose").succeeds();
    assert!(shown.stdout.contains("it is of the kind adapter"), "{}", shown.stdout);
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
