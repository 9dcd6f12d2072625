//! The log as people meet it: pinning, receipts, chains, comparing heads, and what is taken down.

use std::fs;
use std::path::Path;

use registry_server::TakedownRequest;
use serde_json::Value;
use tare_format::event::{Class, Scope};

use crate::shelf::{Package, Shelf, noise};
use crate::support::{Answer, Evil, Project};

const LORA: &str = "\"lab/lora\" = \"^0.4\"";

/// The paths that were asked for since the last look, without what a test does not care for.
fn asked(site: &Evil) -> Vec<String> {
    let asked = site.asked();
    site.forget();
    asked
}

/// Somebody who asks `sites` for the registry, the last as its origin.
fn asking(sites: &[&Evil], dependencies: &str) -> Project {
    let (origin, mirrors) = sites.split_last().unwrap();
    let mirrors: Vec<String> = mirrors.iter().map(|site| site.url()).collect();
    let project = Project::new().with("TARE_MIRRORS", &mirrors.join(","));
    project.tare(&format!("registry add main {}", origin.url())).succeeds();
    project.write("Tare.toml", format!("[dependencies]\n{dependencies}\n"));
    project
}

/// The files of a registry as they are now.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_registry_is_added_by_its_fingerprint_and_no_other_is_taken() {
    let shelf = Shelf::empty();
    let url = shelf.registry.url();
    let person = Project::new();
    let added = person.tare(&format!("registry add main {url} --json")).succeeds().json();
    let fingerprint = added["root-sha256"].as_str().unwrap().to_owned();
    assert!(added["id"].as_str().unwrap().ends_with(&fingerprint[..32]), "{added}");
    assert!(added["head"]["size"].as_u64().unwrap() >= 2, "{added}");

    let script = Project::new();
    let pin = |hex: &str| format!("registry add main {url} --root-sha256 {hex}");
    script.tare(&pin(&fingerprint)).succeeds().says(&["Root", &fingerprint]);
    let stranger = Project::new();
    let other = format!("{}{}", &fingerprint[..40], "0".repeat(24));
    stranger.tare(&pin(&other)).ends_with(7).says(&["E-ROOT", &other, &fingerprint]);
    assert!(!stranger.home().join("config.toml").exists());
    stranger.tare(&pin("short")).ends_with(2);
}

#[test]
fn published_means_proven_by_a_head() {
    let shelf = Shelf::empty();
    let package = Package::model("lab/m", "1.0.0");
    let folder = shelf.folder(&shelf.publisher, &package, &[("m.bin", b"model")]);
    let published = folder.tare("publish --json").succeeds().json();
    let event = published["releases"][0]["event"].as_u64().unwrap();
    assert!(published["head"]["size"].as_u64().unwrap() > event, "{published}");
    folder.tare("publish").succeeds().says(&["Logged", &format!("as event {event} of")]);
}

#[test]
fn a_lock_names_its_head_and_looking_again_costs_one_request() {
    let shelf = Shelf::with_family();
    let site = Evil::honest(&shelf.registry.public(""));
    let project = asking(&[&site], LORA);
    project.tare("lock").succeeds();
    let lock = project.read("Tare.lock");
    assert!(lock.contains("[[head]]"), "{lock}");
    asked(&site);
    project.tare("update").succeeds();
    assert_eq!(asked(&site), ["head"]);
    assert_eq!(project.read("Tare.lock"), lock);
    project.tare("install").succeeds();
    asked(&site);
    project.tare("install").succeeds();
    assert_eq!(asked(&site), Vec::<String>::new(), "everything is here");
}

#[test]
fn verify_shows_what_everything_hangs_from_without_a_request() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("install").succeeds();
    drop(shelf);
    let verified = project.tare("verify --json").succeeds().json();
    let [chain] = &verified["chain"].as_array().unwrap()[..] else { panic!("one registry") };
    assert_eq!(chain["head"]["root-version"], 1);
    let [base, lora] = &chain["releases"].as_array().unwrap()[..] else { panic!("two releases") };
    assert_eq!(
        (&base["release"], &lora["release"]),
        (&"lab/base@1.0.0".into(), &"lab/lora@0.4.1".into())
    );
    assert!(lora["page"].as_str().unwrap().starts_with("sha256:"), "{lora}");
    let shown = project.tare("verify").succeeds().stdout;
    for text in ["root", "version 1 by 1 of 1 keys", "log", "quorum", "state", "signed by sha256:"]
    {
        assert!(shown.contains(text), "{text} is not in\n{shown}");
    }
}

#[test]
fn every_place_is_asked_and_a_stale_one_is_named() {
    let shelf = Shelf::with_family();
    let old = Project::new();
    copy(&shelf.registry.public(""), old.path());
    shelf.publish(&Package::model("lab/more", "1.0.0"), &[("m.bin", b"m")]);
    let (stale, fresh) = (Evil::honest(old.path()), Evil::honest(&shelf.registry.public("")));
    let project = asking(&[&stale, &fresh], "\"lab/more\" = \"1\"");
    project.tare("verify --head").succeeds().says(&["stale: it serves the log with"]);
    let survey = project.tare("verify --head --json").succeeds().json();
    let outcomes: Vec<&Value> =
        survey["sources"].as_array().unwrap().iter().map(|source| &source["outcome"]).collect();
    assert_eq!(outcomes, ["stale", "newest"]);
    // The mirror lacks the newest package; that is no proof that there is none.
    project.tare("install").succeeds().says(&["stale", &stale.url()]);
}

#[test]
fn a_place_whose_head_is_refused_fails_the_check_and_every_place_is_shown() {
    let shelf = Shelf::with_family();
    let lies = Evil::serve(&shelf.registry.public(""), |path, file| match (path, file) {
        ("head", Some(head)) => Answer::Bytes(head[..head.len() - 2].to_vec()),
        (_, file) => Answer::truth(file),
    });
    let honest = Evil::honest(&shelf.registry.public(""));
    let project = asking(&[&lies, &honest], LORA);
    project.tare("verify --head").ends_with(7).says(&["E-LOG", "1 of 2 sources", &lies.url()]);
    let checked = project.tare("verify --head --json").ends_with(7);
    let shown: Value = serde_json::from_str(&checked.stdout).unwrap();
    let outcomes: Vec<&Value> =
        shown["sources"].as_array().unwrap().iter().map(|source| &source["outcome"]).collect();
    assert_eq!(outcomes, ["refused", "newest"]);
    // What the honest place serves is good all the same.
    project.tare("install").succeeds().says(&["is refused"]);
}

#[test]
fn a_registry_shows_whose_word_it_hangs_from_and_what_each_place_has() {
    let shelf = Shelf::with_family();
    let old = Project::new();
    copy(&shelf.registry.public(""), old.path());
    shelf.publish(&Package::model("lab/more", "1.0.0"), &[("m.bin", b"m")]);
    let (stale, fresh) = (Evil::honest(old.path()), Evil::honest(&shelf.registry.public("")));
    let project = asking(&[&stale, &fresh], LORA);
    let shown = project.tare("registry show --json").succeeds().json();
    let fingerprint = shown["root-sha256"].as_str().unwrap();
    assert!(shown["registry"]["id"].as_str().unwrap().ends_with(&fingerprint[..32]), "{shown}");
    assert_eq!((&shown["head"]["root-version"], &shown["quorum"]), (&1.into(), &Value::Null));
    assert_eq!(shown["sources"][0]["outcome"], "stale");
    assert_eq!(shown["sources"][1]["outcome"], "newest");
    let text = project.tare("registry show").succeeds().stdout;
    for part in [fingerprint, "version 1, until", "/log1", "none: nobody but the registry", "stale"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    // Without a connection it shows what is known.
    let text = project.tare("registry show --offline").succeeds().stdout;
    assert!(text.contains("version 1, until") && text.contains("/log1"), "{text}");
}

#[test]
fn people_compare_their_heads() {
    let shelf = Shelf::with_family();
    let (ann, bob) = (shelf.consumer(LORA), shelf.consumer(LORA));
    ann.tare("registry head export ann.head").succeeds();
    shelf.publish(&Package::model("lab/more", "1.0.0"), &[("m.bin", b"m")]);
    bob.tare("registry head export bob.head").succeeds();
    let (old, new) = (ann.read("ann.head"), bob.read("bob.head"));
    assert_eq!(bob.tare("registry head export").succeeds().stdout, new);
    bob.write("their.head", &old)
        .tare("registry head import their.head")
        .succeeds()
        .says(&["continued by"]);
    ann.write("their.head", &new)
        .tare("registry head import their.head")
        .succeeds()
        .says(&["is kept"]);
    let same = ann.tare("registry head import their.head --json").succeeds().json();
    assert_eq!(same["imported"], "same");
    // A head of another registry, and one that somebody changed, are none.
    let another = Shelf::empty();
    let other = another.consumer(LORA);
    other.tare("registry head export other.head").succeeds();
    let forged = new.replacen("index ", "index 1", 1);
    for bad in [other.read("other.head"), forged] {
        ann.write("bad.head", &bad)
            .tare("registry head import bad.head")
            .ends_with(7)
            .says(&["E-LOG"]);
    }
    let garbage = ann.write("bad.head", "garbage").tare("registry head import bad.head");
    garbage.ends_with(6).says(&["E-HEAD-FILE", "`bad.head` is not a head", "tlog-proof@v1"]);
    assert_eq!(ann.tare("registry head export --offline").succeeds().stdout, new);
}

#[test]
fn a_head_that_hides_what_was_seen_is_refused() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    let old = fs::read(shelf.registry.public("head")).unwrap();
    shelf.publish(&Package::model("lab/more", "1.0.0"), &[("m.bin", b"m")]);
    project.tare("lock").succeeds();
    let evil = Evil::serve(&shelf.registry.public(""), move |path, file| match path {
        "head" => Answer::Bytes(old.clone()),
        _ => Answer::truth(file),
    });
    // An old head is a stale place, and what was seen before goes on counting.
    let updated = project.tare(&format!("update --registry {}", evil.url()));
    updated.succeeds().says(&["stale"]);
}

#[test]
fn what_is_taken_down_is_not_installed_and_the_log_says_why() {
    let shelf = Shelf::with_family();
    let (before, after) = (shelf.consumer(LORA), shelf.consumer(LORA));
    for project in [&before, &after] {
        project.tare("lock").succeeds();
    }
    before.tare("install").succeeds();
    let event = shelf.registry.wait(async {
        let request = TakedownRequest {
            releases: vec!["lab/lora@0.4.1".parse().unwrap()],
            files: Vec::new(),
            class: Class::Malware,
            scope: Scope::Global,
            deadline_hours: None,
            notice: "N-12".to_owned(),
            appeal: Some("appeals@hub.example".to_owned()),
            here: true,
        };
        let event = shelf.registry.app().take_down(&request).await.unwrap();
        shelf.registry.app().remove_taken_down(false).await.unwrap();
        event
    });
    // Whoever has to fetch it learns it from the notices, with the number that the log proves.
    after.tare("install").ends_with(7).says(&[
        "E-TAKEDOWN",
        "malware",
        "N-12",
        &format!("event {event} of the log"),
        "appeals@hub.example",
    ]);
    assert!(!after.path().join(".tare/packages/lab/lora").exists());
    // Whoever has it all asks nobody; once it is known, it is refused with and without a connection.
    before.tare("install").succeeds();
    before.tare("update").ends_with(5).says(&["lab/lora"]);
    before.write("Tare.lock", before.read("Tare.lock"));
    shelf.publish(&Package::model("lab/other", "1.0.0"), &[("m.bin", &noise(9, 100))]);
    before.tare("pull lab/other").succeeds();
    before.tare("install --offline").ends_with(7).says(&["E-TAKEDOWN", "N-12"]);
}
