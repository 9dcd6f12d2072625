//! Lines that go from the log: only by a redaction that leaves what they said of the rules (spec/events.md).

use std::path::PathBuf;

use tare_format::Sha256;
use tare_format::event::{BY_REGISTRY, Class, EventBody, Residue};

use super::forge::{Forge, package};
use super::keys::Keys;
use super::stage::Stage;
use crate::shelf::{Package, Shelf, noise};

const TINY: &str = "\"lab/tiny\" = \"1\"";

struct Scene {
    keys: Keys,
    shelf: Shelf,
}

impl Scene {
    /// A registry where `lab/tiny@1.1.0` is yanked for a reason that may have to go.
    fn new() -> Self {
        let keys = Keys::without_witnesses();
        let shelf = keys.shelf(&keys.signed(&keys.document()));
        for version in ["1.0.0", "1.1.0"] {
            shelf.publish(&Package::model("lab/tiny", version), &[("w.bin", &noise(1, 5_000))]);
        }
        shelf.publisher.tare("yank lab/tiny@1.1.0 --reason poisoned").succeeds();
        Self { keys, shelf }
    }

    fn public(&self) -> PathBuf {
        self.shelf.registry.public("")
    }

    fn forge(&self) -> Forge<'_> {
        Forge::of(&self.public(), self.shelf.registry.app().id(), &self.keys.log)
    }

    /// The log with a redaction of the yank that leaves a yank of `version`, and without its line.
    fn redacted(&self, version: &str) -> Forge<'_> {
        let forge = self.forge();
        let (index, line) = forge.last("yank");
        let package = "lab/tiny".parse().unwrap();
        let residue = Residue::Yank { package, version: version.parse().unwrap() };
        let payload = Sha256::of(line.as_bytes());
        let redact = EventBody::Redact { index, payload, class: Class::Pii, residue };
        forge.log(BY_REGISTRY, redact).hide(index)
    }
}

#[test]
fn a_line_that_is_gone_without_a_redaction_stops_every_mirror() {
    let scene = Scene::new();
    let stage = Stage::of(&scene.public());
    let forge = scene.forge();
    let (index, _) = forge.last("yank");
    let forged = forge.hide(index).state().show(&[]);
    let operator = crate::support::Project::new();
    stage.show(forged.path());
    operator.tare(&format!("mirror init mirror --from {}", stage.url())).succeeds();
    operator.tare("mirror sync").ends_with(7).says(&["redact"]);
    assert!(!operator.path().join("mirror/checkpoint").exists());
}

#[test]
fn a_page_with_a_redacted_line_that_no_redaction_explains_is_refused() {
    let scene = Scene::new();
    let stage = Stage::of(&scene.public());
    let (mirror, customer) = (stage.mirror(), stage.customer(TINY));
    let line = format!("- {}", Sha256::of(b"nothing").hex());
    let forged = scene.forge().plant_line(package("lab/tiny"), line).state().show(&[]);
    stage.show(forged.path());
    let said = ["lab/tiny", "redacted, and no later line says so"];
    customer.refuses_release("update", &said);
    mirror.refuses(&["E-STATE"]);
}

#[test]
fn a_redaction_that_leaves_something_else_is_found_by_who_has_the_line() {
    let scene = Scene::new();
    let stage = Stage::of(&scene.public());
    let mirror = stage.mirror();
    let forged = scene.redacted("1.0.0").state().show(&[]);
    stage.show(forged.path());
    mirror.refuses(&["E-STATE", "does not cosign it"]);
    assert!(!mirror.cosigned(forged.path()));
}

#[test]
fn a_redaction_that_leaves_what_the_line_said_is_taken_by_all() {
    let scene = Scene::new();
    let stage = Stage::of(&scene.public());
    let (mirror, customer) = (stage.mirror(), stage.customer(TINY));
    let shown = scene.redacted("1.1.0").state().show(&[]);
    stage.show(shown.path());
    mirror.sync().succeeds();
    assert!(mirror.cosigned(shown.path()));
    assert!(stage.mirror().cosigned(shown.path()), "one that never saw the line");
    customer.project.tare("update").succeeds();
    assert!(customer.project.read("Tare.lock").contains("version = \"1.0.0\""), "still yanked");
}
