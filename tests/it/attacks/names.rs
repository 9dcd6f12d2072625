//! Names: one that several registries have, and one that somebody would like to have after its owner.

use std::fs;

use tare_format::event::EventBody;

use super::forge::Forge;
use super::keys::Keys;
use super::lies::{LORA, fails, reader};
use super::stage::Stage;
use crate::shelf::{Package, Shelf, noise};
use crate::support::{Evil, Project};

const TINY: &str = "\"lab/tiny\" = \"1\"";

#[test]
fn a_name_that_one_registry_lacks_is_not_looked_for_in_another() {
    let (ours, theirs) = (Shelf::empty(), Shelf::with_family());
    let other = Evil::honest(&theirs.registry.public(""));
    let main = Evil::honest(&ours.registry.public(""));
    let victim = reader(&main, &[], LORA);
    victim.project.tare(&format!("registry add other {}", other.url())).succeeds();
    other.forget();
    fails(&victim, "install", &[5], &["lab/lora"]);
    assert!(other.asked().is_empty(), "{:?}", other.asked());
}

#[test]
fn each_registry_has_its_own_package_of_a_name() {
    let shelves = [1, 2].map(|seed| {
        let shelf = Shelf::empty();
        shelf.publish(&Package::model("lab/tiny", "1.0.0"), &[("w.bin", &noise(seed, 9_000))]);
        shelf
    });
    let sites = [&shelves[0], &shelves[1]].map(|shelf| Evil::honest(&shelf.registry.public("")));
    let victim = reader(&sites[0], &[], TINY);
    victim.project.tare(&format!("registry add other {}", sites[1].url())).succeeds();
    sites[1].forget();
    victim.project.tare("install").succeeds();
    let installed = victim.project.path().join(".tare/packages/lab/tiny/w.bin");
    assert_eq!(fs::read(installed).unwrap(), noise(1, 9_000));
    assert!(sites[1].asked().is_empty(), "{:?}", sites[1].asked());
}

#[test]
fn a_mirror_of_another_registry_is_none_of_this_one() {
    let (ours, theirs) = (Shelf::with_family(), Shelf::with_family());
    let main = Evil::honest(&ours.registry.public(""));
    let foreign = Evil::honest(&theirs.registry.public(""));
    let victim = reader(&main, &[&foreign], LORA);
    victim.project.tare("install").succeeds().says(&["another registry", &foreign.url()]);
    victim.project.tare("verify").succeeds();
    assert!(
        foreign.asked().iter().all(|path| !path.starts_with("packs/")),
        "{:?}",
        foreign.asked()
    );
}

#[test]
fn another_registry_in_the_place_of_the_known_one_is_not_it() {
    let (ours, theirs) = (Shelf::with_family(), Shelf::with_family());
    let stage = Stage::of(&ours.registry.public(""));
    let customer = stage.customer(LORA);
    stage.show(&theirs.registry.public(""));
    customer.refuses("update", &["E-LOG"]);

    // A lock that another machine made of the one does not lead to the packages of the other.
    let site = Evil::honest(&theirs.registry.public(""));
    let colleague = reader(&site, &[], LORA);
    colleague.project.write("Tare.lock", customer.project.read("Tare.lock"));
    let said = colleague.project.tare("install --locked");
    assert_ne!(said.code(), 0, "{}", said.stderr);
    said.says(&[ours.registry.app().id().as_str()]);
}

#[test]
fn a_namespace_is_never_claimed_again_in_whatever_spelling() {
    let shelf = Shelf::empty();
    shelf.publish(&Package::model("lab/tiny", "1.0.0"), &[("w.bin", &noise(1, 9_000))]);
    let eve: Project = shelf.registry.publisher("eve");
    for (name, code) in [
        ("lab/other", "E-NOT-OWNER"),
        ("Lab/other", "E-NAME-TAKEN"),
        ("LAB/tiny", "E-NOT-A-SIGNER"),
    ] {
        let package = Package::model(name, "9.0.0");
        let folder = shelf.folder(&eve, &package, &[("w.bin", &noise(2, 9_000))]);
        let said = folder.tare("publish").says(&[code]);
        assert_ne!(said.code(), 0, "{}", said.stderr);
    }
}

/// An origin whose owner is gone, which gives the name to somebody else: no rule lets it, so it does nothing.
#[test]
fn a_namespace_that_its_origin_gives_away_again_stays_its_owners() {
    let keys = Keys::without_witnesses();
    let shelf = keys.shelf(&keys.signed(&keys.document()));
    shelf.publish(&Package::model("lab/tiny", "1.0.0"), &[("w.bin", &noise(1, 9_000))]);
    let public = shelf.registry.public("");
    let forge = Forge::of(&public, shelf.registry.app().id(), &keys.log);
    let claim = EventBody::Namespace { namespace: "lab".parse().unwrap(), owner: "eve".to_owned() };
    let withdrawn = EventBody::Withdraw {
        package: "lab/tiny".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        reason: "mine now".to_owned(),
    };
    let given = forge.log("eve", claim).log("eve", withdrawn).state().show(&[]);
    let victim = Stage::of(given.path()).customer(TINY);
    victim.project.tare("verify").succeeds();
}
