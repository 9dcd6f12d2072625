//! Takedowns: the bytes are nowhere, what others need stays, and every proof still holds.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use registry_server::{Config, Registry, TakedownPlan, TakedownRequest};
use serde_json::Value;
use tare_format::event::{Class, Scope};
use tare_format::problem::Code;
use tare_store::fault::{Fault, FaultStore};
use tare_store::{ObjectKind, ObjectStore as _};

use crate::support::head::{head, require_continues};
use crate::support::{Built, Client, Package, Shared, TestRegistry, noise};

/// Bytes that are in both packages of [`scene`].
fn shared() -> Vec<u8> {
    noise(9, 1000)
}

/// The file that is to go: one chunk that others have as well, and two that nobody has.
fn bad() -> Built {
    Package::new("lab/bad", "1.0.0").data("model.bin", [shared(), noise(2, 1700)].concat()).build()
}

fn good() -> Built {
    Package::new("lab/good", "1.0.0").data("model.bin", [noise(3, 2000), shared()].concat()).build()
}

/// A registry in a folder, in which `lab/good` uses a chunk that came with `lab/bad`.
async fn scene() -> (TestRegistry, Client) {
    fill(TestRegistry::in_folder().await).await
}

async fn fill(registry: TestRegistry) -> (TestRegistry, Client) {
    let ada = registry.user("ada", &["publish:*"]).await;
    ada.publish(&[&bad()]).await;
    ada.publish(&[&good()]).await;
    (registry, ada)
}

fn of(releases: &[&str], class: Class) -> TakedownRequest {
    TakedownRequest {
        releases: releases.iter().map(|release| release.parse().unwrap()).collect(),
        files: Vec::new(),
        class,
        scope: Scope::Global,
        deadline_hours: None,
        notice: "N-12".to_owned(),
        appeal: None,
        here: false,
    }
}

async fn take_down(registry: &TestRegistry, request: &TakedownRequest) -> u64 {
    let event = registry.app.take_down(request).await.unwrap();
    registry.app.remove_taken_down(true).await.unwrap();
    registry.app.advance().await.unwrap();
    event
}

/// How many of the runs of 64 bytes of `bytes` are in some file below `folder`.
fn found(folder: &Path, bytes: &[u8]) -> usize {
    let windows: HashSet<&[u8]> = bytes.windows(64).collect();
    let mut found = HashSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let file = std::fs::read(path).unwrap();
        found.extend(file.windows(64).filter_map(|window| windows.get(window)).copied());
    }
    found.len()
}

#[tokio::test]
async fn no_run_of_its_bytes_is_left_and_what_others_need_is() {
    let (registry, _) = scene().await;
    let own = noise(2, 1700);
    assert_eq!(found(registry.path(), &own), own.len() - 63, "the search finds what is there");
    let before = head(&registry.store, "head").unwrap().checkpoint;

    let event = take_down(&registry, &of(&["lab/bad@1.0.0"], Class::Malware)).await;

    assert_eq!(found(registry.path(), &own), 0);
    assert_eq!(found(registry.path(), &shared()), shared().len() - 63);
    assert_eq!(registry.problems().await, [""; 0]);
    let after = head(&registry.store, "head").unwrap().checkpoint;
    require_continues(&registry.store, &before, &after);
    let page = registry.page("lab/bad").unwrap();
    assert!(page.lines().last().unwrap().contains("\"type\":\"takedown\""), "{page}");
    let reader = registry.anonymous();
    let gone = reader.get(&format!("/meta/{}", fan_out(&bad().release.meta.sha256.hex()))).await;
    assert_eq!((gone.status, gone.code().as_str()), (410, "taken-down"));
    assert_eq!(gone.problem().event, Some(event));
    assert!(gone.problem().detail.ends_with("was taken down, for `malware`"));
    reader.get(&format!("/releases/{}", fan_out(&bad().digest.hex()))).await.ok(200);
}

fn fan_out(hex: &str) -> String {
    format!("{}/{hex}", &hex[..2])
}

#[tokio::test]
async fn a_pack_that_holds_nothing_else_is_gone_and_the_law_has_its_own_status() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 2500).build();
    ada.publish(&[&tiny]).await;
    take_down(&registry, &of(&["lab/tiny@1.0.0"], Class::Copyright)).await;
    let pack = tiny.files[0].whole_pack().0;
    let gone = registry.anonymous().get(&format!("/packs/{}", fan_out(&pack.hex()))).await;
    assert_eq!((gone.status, gone.code().as_str()), (451, "legal-reasons"));
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn the_plan_says_what_goes_and_changes_nothing() {
    let (registry, _) = scene().await;
    let plan = registry.app.plan_takedown(&of(&["lab/bad@1.0.0"], Class::Other)).await.unwrap();
    let TakedownPlan { files, kept, chunks, packs_rewritten, packs_removed, bytes, .. } = plan;
    assert_eq!((files.len(), kept.len(), chunks, bytes), (1, 0, 2, 1700));
    assert_eq!((packs_rewritten, packs_removed), (1, 0));
    assert_eq!(found(registry.path(), &noise(2, 1700)), 1700 - 63);
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn a_release_that_is_down_is_not_depended_on_or_published_again() {
    let (registry, ada) = scene().await;
    take_down(&registry, &of(&["lab/bad@1.0.0"], Class::Malware)).await;
    let user = Package::new("lab/app", "1.0.0")
        .with("[dependencies]\n\"lab/bad\" = \"1\"")
        .weights(5, 900)
        .build();
    assert_eq!(ada.publish_error(&[&user]).await.code(), "missing-dependency");
    let again = Package::new("lab/copy", "1.0.0")
        .data("model.bin", [shared(), noise(2, 1700)].concat())
        .build();
    assert_eq!(ada.try_publish(&again).await.unwrap_err().code(), "taken-down");
    let twice = registry.app.take_down(&of(&["lab/bad@1.0.0"], Class::Malware)).await;
    assert_eq!(twice.unwrap_err().code(), Code::StateConflict);
    let unknown = registry.app.take_down(&of(&["lab/none@1.0.0"], Class::Malware)).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_single_file_goes_from_every_release() {
    let registry = TestRegistry::in_folder().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let with = |name: &str, other: u8| {
        let package = Package::new(name, "1.0.0").data("a.bin", noise(2, 1500));
        package.data("b.bin", noise(other, 1500)).build()
    };
    let (one, two) = (with("lab/one", 3), with("lab/two", 4));
    ada.publish(&[&one, &two]).await;
    let file = tare_format::Sha256::of(&noise(2, 1500));
    take_down(&registry, &TakedownRequest { files: vec![file], ..of(&[], Class::Pii) }).await;
    assert_eq!(found(registry.path(), &noise(2, 1500)), 0);
    assert_eq!(found(registry.path(), &noise(3, 1500)), 1500 - 63);
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn a_session_that_holds_the_same_bytes_ends() {
    let (registry, ada) = scene().await;
    let next = Package::new("lab/next", "1.0.0").data("x.bin", noise(7, 2000)).build();
    let session = ada.open(&[&next]).await;
    ada.fill(&session, &[&next]).await;
    let early = Package::new("lab/early", "1.0.0").data("x.bin", noise(7, 2000)).build();
    ada.publish(&[&early]).await;
    take_down(&registry, &of(&["lab/early@1.0.0"], Class::Malware)).await;
    assert_eq!(found(registry.path(), &noise(7, 2000)), 0);
    assert!(ada.commit(&session).await.status >= 400);
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn one_that_was_cut_off_goes_on_when_the_registry_opens() {
    let (registry, _) = scene().await;
    registry.app.take_down(&of(&["lab/bad@1.0.0"], Class::Malware)).await.unwrap();
    assert!(registry.problems().await.iter().any(|problem| problem.contains("not carried out")));
    let store = registry.store.clone();
    let registry = registry.restart(Arc::new(store)).await;
    assert_eq!(found(registry.path(), &noise(2, 1700)), 0);
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_and_a_takedown_at_once_leave_no_release_without_its_chunks() {
    let (registry, ada) = scene().await;
    let publishes = (10..18).map(|seed| {
        let package = Package::new(&format!("lab/p{seed}"), "1.0.0");
        let built = package.data("model.bin", [shared(), noise(seed, 1000)].concat()).build();
        let ada = ada.clone();
        tokio::spawn(async move { ada.try_publish(&built).await })
    });
    let publishes: Vec<_> = publishes.collect();
    take_down(&registry, &of(&["lab/bad@1.0.0", "lab/good@1.0.0"], Class::Malware)).await;
    for publish in publishes {
        if let Err(refused) = publish.await.unwrap() {
            assert!(
                ["unavailable", "incomplete"].contains(&refused.code().as_str()),
                "{refused:?}"
            );
        }
    }
    registry.app.remove_taken_down(true).await.unwrap();
    assert_eq!(found(registry.path(), &noise(2, 1700)), 0);
    assert_eq!(registry.problems().await, [""; 0]);
}

/// Carries a takedown out over a store that fails so, then opens the registry over a sound one. Gives the numbers of the
/// operations that the takedown asked for.
async fn cut_off(fault: Fault) -> Range<usize> {
    let (registry, _) = fill(TestRegistry::start().await).await;
    let store = registry.store.clone();
    let faulty = Arc::new(FaultStore::new(store.clone(), fault));
    let registry = registry.restart(Arc::<FaultStore<Shared>>::clone(&faulty)).await;
    let opening = faulty.operations();
    registry.app.take_down(&of(&["lab/bad@1.0.0"], Class::Malware)).await.unwrap();
    let _ = registry.app.remove_taken_down(true).await;
    let operations = opening..faulty.operations();
    let registry = registry.restart(Arc::new(store)).await;
    assert_eq!(registry.problems().await, [""; 0], "{fault:?}");
    for key in registry.store.list(ObjectKind::Pack).unwrap() {
        let bytes = registry.store.read(&key.key, 0..key.size_bytes).unwrap();
        assert!(!bytes.windows(64).any(|window| window == &noise(2, 64)[..]), "{fault:?}");
    }
    operations
}

#[tokio::test]
async fn cut_off_before_any_operation_it_is_carried_out_by_the_next_start() {
    for nth in cut_off(Fault::None).await {
        cut_off(Fault::From(nth)).await;
    }
}

#[tokio::test]
async fn what_holds_in_some_countries_keeps_its_bytes_here() {
    let (registry, ada) = scene().await;
    let scope = Scope::Countries(vec!["DE".to_owned(), "FR".to_owned()]);
    take_down(&registry, &TakedownRequest { scope, ..of(&["lab/bad@1.0.0"], Class::Court) }).await;
    assert_eq!(found(registry.path(), &noise(2, 1700)), 1700 - 63);
    let user = Package::new("lab/app", "1.0.0")
        .with("[dependencies]\n\"lab/bad\" = \"1\"")
        .weights(5, 900)
        .build();
    ada.publish(&[&user]).await;
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn a_restoration_takes_the_bytes_from_a_copy_and_trusts_none_of_it() {
    let (registry, _) = scene().await;
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&registry.path().join("public"), copy.path());
    let event = take_down(&registry, &of(&["lab/bad@1.0.0"], Class::Copyright)).await;
    let bare = registry.app.restore(event, None).await.unwrap_err();
    assert_eq!(bare.code(), Code::Incomplete);
    let pack = copy.path().join(format!("packs/{}", fan_out(&bad().files[0].whole_pack().0.hex())));
    let sound = std::fs::read(&pack).unwrap();
    let mut rotten = sound.clone();
    rotten[2000] ^= 1;
    std::fs::write(&pack, rotten).unwrap();
    let refused = registry.app.restore(event, Some(copy.path())).await.unwrap_err();
    assert_eq!(refused.code(), Code::DigestMismatch);
    std::fs::write(&pack, sound).unwrap();

    registry.app.restore(event, Some(copy.path())).await.unwrap();
    registry.app.advance().await.unwrap();

    assert_eq!(registry.problems().await, [""; 0]);
    let meta = format!("/meta/{}", fan_out(&bad().release.meta.sha256.hex()));
    registry.anonymous().get(&meta).await.ok(200);
    let again = registry.app.restore(event, Some(copy.path())).await.unwrap_err();
    assert_eq!(again.code(), Code::StateConflict);
}

#[tokio::test]
async fn a_restoration_leaves_alone_what_another_takedown_wants_gone() {
    let (registry, _) = scene().await;
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&registry.path().join("public"), copy.path());
    let file = tare_format::Sha256::of(&[shared(), noise(2, 1700)].concat());
    let first = take_down(&registry, &of(&["lab/bad@1.0.0"], Class::Copyright)).await;
    let by_file = TakedownRequest { files: vec![file], ..of(&[], Class::Malware) };
    let again = registry.app.take_down(&by_file).await.unwrap_err();
    assert_eq!(again.code(), Code::StateConflict, "its bytes are gone already");
    let both = TakedownRequest { files: vec![file], ..of(&["lab/good@1.0.0"], Class::Malware) };
    let second = take_down(&registry, &both).await;
    registry.app.restore(first, Some(copy.path())).await.unwrap();
    registry.app.advance().await.unwrap();
    assert_eq!(found(registry.path(), &noise(2, 1700)), 0);
    assert_eq!(registry.problems().await, [""; 0]);
    registry.app.restore(second, Some(copy.path())).await.unwrap();
    registry.app.advance().await.unwrap();
    assert_eq!(found(registry.path(), &noise(2, 1700)), 1700 - 63);
    assert_eq!(registry.problems().await, [""; 0]);
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, target) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if path.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_folder(&path, &target);
        } else {
            std::fs::copy(path, target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_redacted_line_is_nowhere_and_its_effect_stays() {
    let registry = TestRegistry::in_folder().await;
    let ada = registry.user("ada", &["publish:*", "yank:*"]).await;
    ada.publish(&[&Package::new("lab/tiny", "1.0.0").weights(1, 900).build()]).await;
    let secret =
        "trained on the letters of Erika Mustermann, Heidestrasse 17, Koeln, without asking her";
    let body = format!("{{\"reason\":\"{secret}\"}}");
    let yank = ada.post("/api/v1/packages/lab/tiny/1.0.0/yank", body).await.ok(200);
    let index = yank.json::<tare_format::api::Changed>().event.unwrap();
    assert!(found(registry.path(), secret.as_bytes()) > 0);
    let before = head(&registry.store, "head").unwrap().checkpoint;

    let redacted = registry.app.redact(index, Class::Pii).await.unwrap();
    registry.app.advance().await.unwrap();

    assert!(redacted.is_erased);
    assert_eq!(found(registry.path(), secret.as_bytes()), 0);
    assert_eq!(registry.problems().await, [""; 0]);
    let after = head(&registry.store, "head").unwrap().checkpoint;
    require_continues(&registry.store, &before, &after);
    let page = registry.page("lab/tiny").unwrap();
    assert!(page.lines().any(|line| line.starts_with("- ")), "{page}");
    let unyank = ada.post("/api/v1/packages/lab/tiny/1.0.0/unyank", "").await.ok(200);
    assert!(unyank.json::<tare_format::api::Changed>().changed, "it was yanked still");
    for (index, code) in [
        (index, Code::StateConflict),
        (0, Code::StateConflict),
        (99, Code::NotFound),
        (u64::MAX, Code::NotFound),
    ] {
        assert_eq!(registry.app.redact(index, Class::Pii).await.unwrap_err().code(), code);
    }
    for index in [u64::MAX, 1 << 63, (1 << 63) - 1] {
        let error = registry.app.restore(index, None).await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound, "{index}");
    }
}

#[tokio::test]
async fn the_commands_do_all_of_it_where_no_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(folder.path().join("registry"));
    Registry::init(&config).await.unwrap();
    let app = Registry::open(config.clone()).await.unwrap();
    TestRegistry::client_of(&app, "ada", &["publish:*"]).await.publish(&[&bad()]).await;
    app.close().await;
    drop(app);
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&config.public(), copy.path());

    let words = "takedown lab/bad@1.0.0 --class copyright --notice N-12";
    let plan: Value = json(&run(folder.path(), &format!("{words} --dry-run --json")));
    assert_eq!((&plan["event"], &plan["plan"]["files"][0]["size"]), (&Value::Null, &2700.into()));
    assert!(found(folder.path(), &noise(2, 1700)) > 0);
    let done = json(&run(folder.path(), &format!("{words} --json")));
    assert_eq!(found(folder.path(), &noise(2, 1700)), 0);
    let event = done["event"].as_u64().unwrap();
    let from = copy.path().display();
    let words = format!("restore {event} --from {from} --json");
    let plan = json(&run(folder.path(), &format!("{words} --dry-run")));
    assert_eq!(
        (&plan["event"], &plan["plan"]["releases"][0]),
        (&Value::Null, &"lab/bad@1.0.0".into())
    );
    assert_eq!(found(folder.path(), &noise(2, 1700)), 0);
    assert_eq!(run(folder.path(), &format!("restore {event} --dry-run")).status.code(), Some(1));
    json(&run(folder.path(), &words));
    assert!(found(folder.path(), &noise(2, 1700)) > 0);
    let planned = json(&run(folder.path(), "redact 4 --class pii --dry-run --json"));
    let redacted = json(&run(folder.path(), "redact 4 --class pii --json"));
    assert_eq!((&redacted["erased"], &redacted["redacted"]), (&true.into(), &planned["redacted"]));
    assert_eq!(planned["redacted"]["package"], "lab/bad", "{planned}");
    assert!(run(folder.path(), "fsck --read-data").status.success());
    for bad in ["takedown lab/bad@1.0.0", "takedown --class rude --notice N", "redact 4"] {
        assert_eq!(run(folder.path(), bad).status.code(), Some(2), "{bad}");
    }
    let hashed = format!("takedown --file {} --class csam --notice N", "0".repeat(64));
    assert_eq!(run(folder.path(), &hashed).status.code(), Some(1));
}

#[tokio::test]
async fn the_command_works_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(folder.path().join("registry"));
    Registry::init(&config).await.unwrap();
    let app = Registry::open(config).await.unwrap();
    let ada = TestRegistry::client_of(&app, "ada", &["publish:*"]).await;
    ada.publish(&[&bad(), &good()]).await;
    let words = "takedown lab/bad@1.0.0 --class malware --notice N-12 --json";
    let path = folder.path().to_owned();
    let done = tokio::task::spawn_blocking(move || run(&path, words)).await.unwrap();
    assert!(json(&done)["event"].is_u64());
    assert_eq!(found(folder.path(), &noise(2, 1700)), 0);
    let meta = format!("/meta/{}", fan_out(&bad().release.meta.sha256.hex()));
    assert_eq!(ada.get(&meta).await.status, 410);
    app.advance().await.unwrap();
    let report = registry_server::fsck::fsck(&app, true).await.unwrap();
    assert_eq!(report.problems, [""; 0]);
}

fn run(folder: &Path, words: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tare-registry"));
    command.args(words.split(' ')).arg("--path").arg(folder.join("registry"));
    command.output().unwrap()
}

#[track_caller]
fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
