//! What goes wrong between a mirror and its source, its disk and its operator.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use tare_format::Sha256;

use super::{CONTENTS, Mirror, assert_equal};
use crate::shelf::{Package, Shelf, files_below, flip, noise, replace};
use crate::support::{Answer, Evil, Project};

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

#[test]
fn a_run_that_failed_is_told_until_one_ends_well() {
    let shelf = Shelf::empty();
    let mirror = Mirror::init(&shelf, "");
    let check = |max: &str| mirror.operator.tare(&format!("mirror status --check {max}"));
    check("").ends_with(1).says(&["never synced"]);
    mirror.sync().succeeds();
    check("--max-lag 0").succeeds();
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(8, 9_000))]);
    let entries = shelf.registry.public("tile/entries");
    let aside = entries.with_extension("aside");
    fs::rename(&entries, &aside).unwrap();
    mirror.sync().ends_with(5);
    let status = mirror.json("status");
    assert_eq!(
        (&status["failed-runs"], &status["last-failure"]["code"]),
        (&1.into(), &"E-NOT-FOUND".into())
    );
    assert!(status["source-size"].as_u64() > status["size"].as_u64(), "{status}");
    assert!(!status["last-failure"]["at"].as_str().unwrap().contains('.'), "{status}");
    check("").ends_with(1).says(&["E-MIRROR-FAILED", "the last sync failed", "tile/entries"]);
    let metrics = fs::read_to_string(mirror.folder().join("metrics")).unwrap();
    assert!(metrics.contains("\ntare_mirror_failed_runs 1\n"), "{metrics}");
    fs::rename(&aside, &entries).unwrap();
    mirror.sync().succeeds();
    check("--max-lag 0").succeeds();
    assert_eq!(mirror.json("status")["failed-runs"], 0);
}

#[test]
fn a_mirror_that_stays_behind_fails_the_check_of_its_lag() {
    let shelf = Shelf::empty();
    let mirror = Mirror::init(&shelf, "");
    mirror.sync().succeeds();
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(8, 900_000))]);
    mirror.operator.tare("mirror sync --max-bytes-per-run 1kB").succeeds();
    mirror.operator.tare("mirror status --check").succeeds();
    mirror.operator.tare("mirror status --check --max-lag 1").ends_with(1).says(&["E-MIRROR-LAG"]);
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
fn events_that_the_log_did_not_sign_are_taken_from_elsewhere_and_accuse_nobody() {
    let shelf = Shelf::with_family();
    let mirror = Mirror::init(&shelf, "");
    mirror.sync().succeeds();
    let before = fs::read(mirror.folder().join("checkpoint")).unwrap();
    let other = Project::new();
    other.tare(&format!("mirror init mirror --from {}", shelf.registry.url())).succeeds();
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(8, 9_000))]);
    other.tare("mirror sync").succeeds();
    forge_last_event(&shelf);
    mirror.sync().ends_with(7).says(&["E-LOG", "lead to", &mirror.source.url()]);
    assert_eq!(fs::read(mirror.folder().join("checkpoint")).unwrap(), before);
    assert_eq!(files_below(&mirror.folder().join(".mirror/forks")).len(), 0);

    let honest = Evil::honest(&other.path().join("mirror"));
    let config = mirror.folder().join(".mirror/mirror.toml");
    let (text, url) = (fs::read_to_string(&config).unwrap(), mirror.source.url());
    let both =
        text.replacen(&format!("\"{url}/\""), &format!("\"{url}/\", \"{}/\"", honest.url()), 1);
    assert_ne!(text, both, "{text}");
    fs::write(&config, both).unwrap();
    mirror.sync().succeeds().says(&["is not asked any more"]);
    assert_equal(&shelf, &mirror, &["releases", "signatures"]);
}

/// Puts another event at the end of the log, with its entry, under the head that is there.
fn forge_last_event(shelf: &Shelf) {
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
}
