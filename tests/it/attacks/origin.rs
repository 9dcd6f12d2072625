//! An origin that was taken over, with the key of its log: what it logs without a publisher's consent comes to nothing
//! (spec/events.md, spec/mirrors.md).

use std::path::PathBuf;

use tare_tlog::note::Note;

use super::forge::{Forge, package};
use super::keys::Keys;
use super::stage::Stage;
use crate::shelf::{Package, Shelf, files_below, noise};
use crate::support::Project;

const TINY: &str = "\"lab/tiny\" = \"1\"";

/// A registry with `lab/tiny@1.0.0`, and its keys.
struct Scene {
    keys: Keys,
    root: Note,
    shelf: Shelf,
}

impl Scene {
    fn new() -> Self {
        let keys = Keys::without_witnesses();
        let root = keys.signed(&keys.document());
        let shelf = keys.shelf(&root);
        shelf.publish(&Package::model("lab/tiny", "1.0.0"), &[("w.bin", &noise(1, 5_000))]);
        Self { keys, root, shelf }
    }

    fn public(&self) -> PathBuf {
        self.shelf.registry.public("")
    }

    /// The log as whoever has its key may go on with it.
    fn forge(&self) -> Forge<'_> {
        Forge::of(&self.public(), self.shelf.registry.app().id(), &self.keys.log)
    }

    /// Another registry under the same root document, where a thief who has only ann's token, or her old key, is let do
    /// what the origin would refuse.
    fn workshop(&self) -> Shelf {
        self.keys.shelf(&self.root)
    }

    /// `lab/tiny@1.1.0` with other bytes, as somebody has it who is logged in as ann with a key of their own.
    fn stolen(&self, thief: &Project, shelf: &Shelf) -> Project {
        let token = shelf.registry.token("ann", &["publish:*"]);
        shelf.registry.log_in(thief, &token);
        let package = Package::model("lab/tiny", "1.1.0");
        shelf.folder(thief, &package, &[("w.bin", &noise(66, 5_000))])
    }
}

fn thief() -> Project {
    let thief = Project::new();
    thief.tare("keygen --no-password").succeeds();
    thief
}

#[test]
fn a_release_that_no_accepted_key_signed_is_refused_by_mirrors_and_clients() {
    let scene = Scene::new();
    let (workshop, thief) = (scene.workshop(), thief());
    scene.stolen(&thief, &workshop).tare("publish").succeeds();
    let stage = Stage::of(&scene.public());
    let (mirror, customer) = (stage.mirror(), stage.customer(TINY));

    let forged = scene
        .forge()
        .publish_from(&workshop.registry.public(""), "ann", "lab/tiny@1.1.0")
        .plant(package("lab/tiny"))
        .state()
        .show(&[]);
    stage.show(forged.path());
    mirror.refuses(&["E-STATE", "does not cosign it"]);
    assert!(!mirror.cosigned(forged.path()));
    customer.refuses_release("update", &["lab/tiny@1.1.0", "E-SIGNATURE"]);
    let newcomer = stage.newcomer(TINY);
    newcomer.refuses_release("install", &["lab/tiny@1.1.0", "E-SIGNATURE"]);
    assert!(!newcomer.project.path().join("Tare.lock").exists());
}

#[test]
fn the_same_release_under_an_honest_state_changes_nothing_for_anybody() {
    let scene = Scene::new();
    let (workshop, thief) = (scene.workshop(), thief());
    scene.stolen(&thief, &workshop).tare("publish").succeeds();
    let stage = Stage::of(&scene.public());
    let (mirror, customer) = (stage.mirror(), stage.customer(TINY));
    let lock = customer.project.read("Tare.lock");
    let honest = scene
        .forge()
        .publish_from(&workshop.registry.public(""), "ann", "lab/tiny@1.1.0")
        .state()
        .show(&[]);
    stage.show(honest.path());
    let signatures = files_below(&mirror.folder().join("signatures"));
    mirror.sync().succeeds();
    assert!(mirror.cosigned(honest.path()));
    let served = files_below(&mirror.folder().join("signatures"));
    assert_eq!(served, signatures, "what was refused is served");
    customer.project.tare("update").succeeds();
    let versions = |lock: &str| lock.matches("version = \"1.0.0\"").count();
    assert_eq!(versions(&customer.project.read("Tare.lock")), versions(&lock));
    assert!(!customer.project.read("Tare.lock").contains("1.1.0"));
}

#[test]
fn a_wrong_state_does_not_stop_a_registry_that_is_put_right() {
    let scene = Scene::new();
    let (workshop, thief) = (scene.workshop(), thief());
    scene.stolen(&thief, &workshop).tare("publish").succeeds();
    let stage = Stage::of(&scene.public());
    let (mirror, customer) = (stage.mirror(), stage.customer(TINY));
    let forge = || {
        let public = workshop.registry.public("");
        let forge = scene.forge().publish_from(&public, "ann", "lab/tiny@1.1.0");
        forge.plant(package("lab/tiny")).state()
    };
    let forged = forge().show(&[]);
    stage.show(forged.path());
    mirror.refuses(&["E-STATE"]);

    let put_right = forge().uproot().state().show(&[]);
    stage.show(put_right.path());
    mirror.sync().succeeds();
    assert!(mirror.cosigned(put_right.path()));
    customer.project.tare("update").succeeds();
    assert!(!customer.project.read("Tare.lock").contains("1.1.0"));
}

#[test]
fn a_stolen_token_alone_publishes_nothing_where_a_key_is_accepted() {
    let scene = Scene::new();
    let thief = thief();
    let refused = scene.stolen(&thief, &scene.shelf).tare("publish").ends_with(7);
    refused.says(&["is not one of those that may sign `lab/tiny@1.1.0`"]);
    let (_, line) = scene.forge().last("publish");
    assert!(line.contains("\"version\":\"1.0.0\""), "{line}");
}

#[test]
fn a_key_that_was_replaced_signs_for_nobody_any_more() {
    let scene = Scene::new();
    let ann = &scene.shelf.publisher;
    let folder = scene.shelf.folder(
        ann,
        &Package::model("lab/tiny", "1.1.0"),
        &[("w.bin", &noise(7, 5_000))],
    );
    // The workshop takes what the old key signs.
    let workshop = scene.workshop();
    let old = workshop.registry.publisher("ann");
    std::fs::remove_dir_all(old.home().join("keys")).unwrap();
    copy_keys(ann, &old);
    let stolen =
        workshop.folder(&old, &Package::model("lab/tiny", "1.1.0"), &[("w.bin", &noise(7, 5_000))]);
    stolen.tare("publish").succeeds();

    let first = ann.tare("signer list lab/tiny").succeeds().stdout;
    ann.tare("keygen --no-password --output ../second.pem").succeeds();
    ann.tare("signer add lab/tiny ../second.pub").succeeds();
    ann.tare(&format!("signer remove lab/tiny {}", first.trim())).succeeds();
    folder.tare("publish").ends_with(7).says(&["is not one of those that may sign"]);

    let stage = Stage::of(&scene.public());
    let (mirror, customer) = (stage.mirror(), stage.customer(TINY));
    let public = workshop.registry.public("");
    let forge = scene.forge().publish_from(&public, "ann", "lab/tiny@1.1.0");
    let forged = forge.plant(package("lab/tiny")).state().show(&[]);
    stage.show(forged.path());
    mirror.refuses(&["E-STATE"]);
    customer.refuses_release("update", &["lab/tiny@1.1.0", "E-SIGNATURE"]);
}

fn copy_keys(from: &Project, to: &Project) {
    for file in crate::shelf::files_below(&from.home().join("keys")) {
        let copy = to.home().join(file.strip_prefix(from.home()).unwrap());
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(file, copy).unwrap();
    }
}
