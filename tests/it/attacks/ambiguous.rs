//! Text that two parsers read in two ways (E-9): nobody reads it at all, neither the mirror nor the client, so that they agree.

use tare_format::event::EventBody;
use tare_tlog::note::Note;

use super::forge::{Forge, package};
use super::keys::Keys;
use super::lies::{fails, lying_about, reader};
use super::stage::Stage;
use crate::shelf::{Package, Shelf, noise};
use crate::support::{Answer, Evil, Project};

const TINY: &str = "\"lab/tiny\" = \"1\"";

type Rewording = fn(&str) -> String;

/// What can be done to any JSON object so that it says two things, or what no parser agrees on.
const REWORDINGS: [Rewording; 8] = [
    |line| line.replacen('{', "{\"by\":\"registry\",", 1),
    |line| line.replacen('{', "{\"b\\u0079\":\"registry\",", 1),
    |line| line.replacen('{', "{\"weight\":NaN,", 1),
    |line| line.replacen('{', "{\"weight\":9007199254740993,", 1),
    |line| line.replacen('{', "{\"weight\":1e400,", 1),
    |line| line.replacen('{', "{\t", 1),
    |line| format!("{line} {{}}"),
    |line| format!("{line}\r"),
];

struct Scene {
    keys: Keys,
    root: Note,
    shelf: Shelf,
}

impl Scene {
    /// A registry with two versions, of which the newer one is chosen.
    fn new() -> Self {
        let keys = Keys::without_witnesses();
        let root = keys.signed(&keys.document());
        let shelf = keys.shelf(&root);
        for version in ["1.0.0", "1.1.0"] {
            shelf.publish(&Package::model("lab/tiny", version), &[("w.bin", &noise(1, 5_000))]);
        }
        Self { keys, root, shelf }
    }

    fn forge(&self) -> Forge<'_> {
        Forge::of(&self.shelf.registry.public(""), self.shelf.registry.app().id(), &self.keys.log)
    }
}

fn yank() -> EventBody {
    EventBody::Yank {
        package: "lab/tiny".parse().unwrap(),
        version: "1.1.0".parse().unwrap(),
        reason: "broken".to_owned(),
    }
}

#[test]
fn a_line_with_two_meanings_has_no_effect_and_stands_on_no_page() {
    let scene = Scene::new();
    let (mut planted, mut honest) = (scene.forge(), scene.forge());
    for rewording in REWORDINGS {
        planted = planted.log("ann", yank()).reworded(rewording).plant(package("lab/tiny"));
        honest = honest.log("ann", yank()).reworded(rewording);
    }
    for (forge, is_right) in [(planted, false), (honest, true)] {
        let stage = Stage::of(&scene.shelf.registry.public(""));
        let mirror = stage.mirror();
        let shown = forge.state().show(&[]);
        stage.show(shown.path());
        if is_right {
            mirror.sync().succeeds();
        } else {
            mirror.refuses(&["E-STATE", "does not cosign it"]);
        }
        let newcomer = stage.newcomer(TINY);
        if is_right {
            newcomer.project.tare("install").succeeds().says(&["lab/tiny@1.1.0"]);
        } else {
            newcomer.refuses_release("install", &["E-PAGE", "page of `lab/tiny`"]);
        }
    }
    // The same line in the one way that there is has an effect.
    let shown = scene.forge().log("ann", yank()).state().show(&[]);
    let stage = Stage::of(shown.path());
    stage.newcomer(TINY).project.tare("install").succeeds().says(&["lab/tiny@1.0.0"]);
}

#[test]
fn a_head_whose_state_has_two_meanings_is_refused() {
    let scene = Scene::new();
    for rewording in REWORDINGS {
        let shown = scene.forge().state().reworded(rewording).show(&[]);
        let origin = Evil::honest(shown.path());
        reader(&origin, &[], TINY).refuses_release("install", &["E-LOG"]);
    }
}

#[test]
fn a_registry_that_says_twice_which_one_it_is_is_none() {
    let scene = Scene::new();
    let id = format!("{{\"id\":\"{}\",", scene.shelf.registry.app().id());
    for rewording in
        [&|text: &str| text.replacen('{', &id, 1), &|text: &str| format!("{text} {{}}")]
            as [&dyn Fn(&str) -> String; 2]
    {
        let public = scene.shelf.registry.public("");
        let text = rewording(&std::fs::read_to_string(public.join("registry.json")).unwrap());
        let origin = lying_about(&public, "registry.json", move |_| {
            Answer::Bytes(text.clone().into_bytes())
        });
        let project = Project::new();
        let outcome = project.tare(&format!("registry add main {}", origin.url()));
        outcome.ends_with(6).says(&["E-DOCUMENT", "registry.json"]);
        assert!(!project.home().join("registries").exists());
    }
}

#[test]
fn what_follows_the_signatures_of_a_root_document_is_not_passed_over() {
    let scene = Scene::new();
    let mut root = scene.root.to_bytes();
    root.extend_from_slice(b"\nversion 2\n");
    let public = scene.shelf.registry.public("");
    let origin = lying_about(&public, "root/1.note", move |_| Answer::Bytes(root.clone()));
    fails(&reader(&origin, &[], TINY), "install", &[7], &["E-ROOT"]);
}
