//! What a mirror does about what has to go.

use std::fs;
use std::path::{Path, PathBuf};

use registry_server::TakedownRequest;
use tare_format::Sha256;
use tare_format::event::{Class, Scope};

use super::{Mirror, assert_equal, relative};
use crate::shelf::{Package, Shelf, files_below, noise};
use crate::support::Evil;

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
    let takedown = &status["takedowns"][0];
    assert!(takedown["obeyed"].as_str() < takedown["deadline"].as_str(), "{takedown}");
    let shown = mirror.operator.tare("mirror status").succeeds().stdout;
    assert!(shown.contains("court, by ") && shown.contains("; obeyed 20"), "{shown}");

    let lax = Evil::honest(&lax.folder());
    mirror
        .operator
        .tare(&format!("mirror check {}", lax.url()))
        .ends_with(7)
        .says(&["still serves"]);
    let good = Evil::honest(&mirror.folder());
    mirror.operator.tare(&format!("mirror check {}", good.url())).succeeds();
}

/// A file of tensors of 30,000 bytes each, whose header is the same for equally many.
fn tensors(seeds: &[u64]) -> Vec<u8> {
    let entry = |at: usize| {
        let (from, to) = (at * 30_000, (at + 1) * 30_000);
        format!(r#""w{at}":{{"dtype":"U8","shape":[30000],"data_offsets":[{from},{to}]}}"#)
    };
    let header = (0..seeds.len()).map(entry).collect::<Vec<_>>().join(",");
    let mut bytes = (header.len() as u64 + 2).to_le_bytes().to_vec();
    bytes.extend(format!("{{{header}}}").bytes());
    seeds.iter().for_each(|seed| bytes.extend(noise(*seed, 30_000)));
    bytes
}

#[test]
fn a_chunk_that_a_release_which_stays_needs_stays() {
    let shelf = Shelf::empty();
    let publish = |name, version, seed| {
        let file = tensors(&[seed]);
        shelf.publish(&Package::model(name, version), &[("model.safetensors", &file)])
    };
    // The header of all of them lies in the first pack; the last two have the same file.
    let folder = publish("lab/tiny", "1.0.0", 30);
    publish("lab/tiny", "1.1.0", 31);
    publish("lab/nc", "1.0.0", 33);
    publish("lab/tiny", "1.3.0", 34);
    publish("lab/tiny", "1.4.0", 34);
    let mirror = Mirror::init(&shelf, "");
    mirror.sync().succeeds();
    folder.tare_with(&["withdraw", "lab/tiny@1.0.0", "--reason", "consent"], "").succeeds();
    mirror.sync().succeeds();
    let before = ["packs", "locations", "recipes"].map(|kind| mirror.served(kind));
    take_down(&shelf, &["lab/tiny@1.3.0"], &[]);
    mirror.sync().succeeds();
    let asked = mirror.source.asked();
    assert!(!asked.iter().any(|path| path.starts_with("packs/")), "{asked:?}");
    assert_eq!(["packs", "locations", "recipes"].map(|kind| mirror.served(kind)), before);
    assert_eq!(mirror.json("status")["missing"], 0);
}

#[test]
fn a_pack_that_the_origin_keeps_for_a_release_that_is_not_mirrored_comes_back() {
    let shelf = Shelf::empty();
    let publish = |name, version, seeds: &[u64]| {
        let file = tensors(seeds);
        shelf.publish(&Package::model(name, version), &[("model.safetensors", &file)]);
    };
    publish("lab/tiny", "1.0.0", &[40]);
    publish("lab/tiny", "1.1.0", &[41]);
    publish("lab/other", "1.0.0", &[40, 42]);
    let mirror = Mirror::init(&shelf, "--include lab/tiny");
    mirror.sync().succeeds();
    let before = mirror.served("packs");
    take_down(&shelf, &["lab/tiny@1.0.0"], &[]);
    mirror.sync().succeeds();
    assert_eq!(mirror.served("packs"), before);
    let status = mirror.json("status");
    assert_eq!((&status["missing"], &status["held"]["releases"]), (&0.into(), &1.into()));
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

#[test]
fn a_line_that_is_redacted_goes_even_when_the_guard_stops_the_rest() {
    let shelf = Shelf::with_family();
    let folder = shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(9, 90_000))]);
    folder.tare_with(&["yank", "lab/m@1.0.0", "--reason", "it names Jane Roe"], "").succeeds();
    let mirror = Mirror::init(&shelf, "");
    mirror.sync().succeeds();
    let lines = longest(&mirror.folder().join("events"));
    let index = lines.lines().position(|line| line.contains("Jane Roe")).unwrap();
    let app = shelf.registry.app();
    shelf.registry.wait(async {
        app.redact(u64::try_from(index).unwrap(), Class::Pii).await.unwrap();
        app.advance().await.unwrap();
    });
    let file = mirror.folder().join(".mirror/mirror.toml");
    let config = fs::read_to_string(&file).unwrap();
    let other = config.replace("[filters]\n", "[filters]\ninclude = [\"nobody/*\"]\n");
    fs::write(&file, other).unwrap();
    let head = fs::read(mirror.folder().join("head")).unwrap();
    mirror.sync().ends_with(10).says(&["E-MASS-DELETE"]);
    for file in files_below(&mirror.folder()) {
        let found = fs::read(&file).unwrap().windows(8).any(|bytes| bytes == b"Jane Roe");
        assert!(!found, "{} still has the name", file.display());
    }
    assert_eq!(fs::read(mirror.folder().join("head")).unwrap(), head);
    fs::write(&file, config).unwrap();
    mirror.sync().succeeds();
    assert_equal(&shelf, &mirror, &["packages", "notices", "packs", "meta"]);
    assert_ne!(fs::read(mirror.folder().join("head")).unwrap(), head);
}

/// The text of the longest file of a folder.
fn longest(folder: &Path) -> String {
    let files = files_below(folder);
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).max_by_key(String::len).unwrap()
}

#[test]
fn what_is_redacted_goes_however_much_of_the_mirror_it_is() {
    let shelf = Shelf::with_family();
    let gone = noise(50, 300_000);
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &gone)]);
    let mirror = Mirror::init(&shelf, "");
    mirror.sync().succeeds();
    let status = mirror.json("status");
    assert!(status["objects"].as_u64() > Some(20), "the guard looks away: {status}");
    let lines = longest(&mirror.folder().join("events"));
    let is_publish = |line: &str| line.contains("\"publish\"") && line.contains("lab/m");
    let index = lines.lines().position(is_publish).unwrap();
    let app = shelf.registry.app();
    shelf.registry.wait(async {
        app.redact(u64::try_from(index).unwrap(), Class::Pii).await.unwrap();
        app.advance().await.unwrap();
    });
    mirror.sync().succeeds();
    assert_gone(&mirror, &gone);
}
