//! Old heads and wrong clocks: what is old is told, what is too old is not resolved under, and nobody is taken back.

use std::fs;

use super::forge::Forge;
use super::keys::{DAY, Keys, now};
use super::stage::{Stage, Victim};
use crate::shelf::{Package, Shelf, noise};
use tempfile::TempDir;

const TINY: &str = "\"lab/tiny\" = \"1\"";

struct Scene {
    keys: Keys,
    shelf: Shelf,
}

impl Scene {
    fn new() -> Self {
        let keys = Keys::with_quorum(2, 3);
        let shelf = keys.shelf(&keys.signed(&keys.document()));
        for version in ["1.0.0", "1.1.0"] {
            shelf.publish(&Package::model("lab/tiny", version), &[("w.bin", &noise(1, 5_000))]);
        }
        Self { keys, shelf }
    }

    /// The registry without its last `count` events, as its witnesses saw it at a time.
    fn seen(&self, count: usize, time: u64) -> TempDir {
        let (public, id) = (self.shelf.registry.public(""), self.shelf.registry.app().id());
        let cosigners = self.keys.cosigning(2, time);
        Forge::of(&public, id, &self.keys.log).forget(count).show(&cosigners)
    }

    fn newcomer(&self, time: u64) -> (TempDir, Stage, Victim) {
        let shown = self.seen(0, time);
        let stage = Stage::of(shown.path());
        let newcomer = stage.newcomer(TINY);
        (shown, stage, newcomer)
    }
}

#[test]
fn a_head_that_is_three_days_old_is_told_about() {
    let scene = Scene::new();
    let (_shown, _stage, newcomer) = scene.newcomer(now() - 3 * DAY);
    newcomer.project.tare("install").succeeds().says(&["3 days old"]);
}

#[test]
fn nothing_is_resolved_under_a_head_that_is_twenty_days_old() {
    let scene = Scene::new();
    let (_shown, _stage, newcomer) = scene.newcomer(now() - 20 * DAY);
    let said = ["E-STALE", "20 days old", "allows 14 days", "ask another mirror"];
    newcomer.refuses_release("install", &said);
    // What a colleague has locked is another matter.
    let colleague = Stage::of(&scene.shelf.registry.public("")).customer(TINY);
    newcomer.project.write("Tare.lock", colleague.project.read("Tare.lock"));
    newcomer.project.tare("install --locked").succeeds().says(&["20 days old"]);
}

#[test]
fn one_place_that_is_fresh_is_enough_and_the_other_is_named() {
    let scene = Scene::new();
    let frozen = scene.seen(2, now() - 20 * DAY);
    let (origin, mirror) = (Stage::of(frozen.path()), Stage::of(&scene.shelf.registry.public("")));
    let newcomer = origin.newcomer(TINY);
    let project = newcomer.project.with("TARE_MIRRORS", &mirror.url());
    let stale =
        format!("{}/ is stale: it serves the log with 6 events, and 8 are known", origin.url());
    project.tare("install").succeeds().says(&[&stale]);
    assert!(project.read("Tare.lock").contains("version = \"1.1.0\""));
}

#[test]
fn nobody_who_saw_more_is_taken_back_to_an_older_head() {
    let scene = Scene::new();
    let stage = Stage::of(&scene.shelf.registry.public(""));
    let customer = stage.customer(TINY);
    let lock = customer.project.read("Tare.lock");
    let older = scene.seen(2, now());
    stage.show(older.path());
    customer.project.tare("update").succeeds().says(&["is stale"]);
    assert_eq!(customer.project.read("Tare.lock"), lock);
}

#[test]
fn cosignatures_from_the_future_do_not_count() {
    let scene = Scene::new();
    // As a clock that is 30 days behind sees those of today.
    let shown = scene.seen(0, now() + 30 * DAY);
    let said = ["E-LOG", "from the future", "set the clock of this machine"];
    Stage::of(shown.path()).deters(&said);
    let (_shown, _stage, newcomer) = scene.newcomer(now() + 300);
    newcomer.project.tare("install").succeeds();
}

#[test]
fn a_clock_that_is_behind_what_was_verified_before_is_told_so() {
    let scene = Scene::new();
    let stage = Stage::of(&scene.shelf.registry.public(""));
    let customer = stage.customer(TINY);
    let folder =
        customer.project.home().join("registries").join(scene.shelf.registry.app().id().as_str());
    // What was verified before the clock was set back by 30 days.
    fs::write(folder.join("time"), format!("{}\n", now() + 30 * DAY)).unwrap();
    let said =
        ["E-STALE", "the clock here is behind verified time", "set the clock of this machine"];
    customer.refuses("update", &said);
    customer.project.tare("install --locked --offline").succeeds();
}
