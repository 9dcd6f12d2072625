//! Root documents that are not the next one: too few keys, another version, withheld, expired (spec/log.md).

use std::path::PathBuf;

use tare_format::Sha256;
use tare_format::event::{BY_REGISTRY, EventBody};
use tare_tlog::note::Note;
use tare_tlog::root::{RootDocument, RootKey, Time};
use tempfile::TempDir;

use super::forge::Forge;
use super::keys::{Keys, log_key, now};
use super::stage::{Stage, Victim};
use crate::shelf::{Package, Shelf, noise};

const TINY: &str = "\"lab/tiny\" = \"1\"";

struct Scene {
    keys: Keys,
    shelf: Shelf,
    first: RootDocument,
}

impl Scene {
    fn new() -> Self {
        let keys = Keys::without_witnesses();
        let first = keys.document();
        let shelf = keys.shelf(&keys.signed(&first));
        shelf.publish(&Package::model("lab/tiny", "1.0.0"), &[("w.bin", &noise(1, 5_000))]);
        Self { keys, shelf, first }
    }

    fn public(&self) -> PathBuf {
        self.shelf.registry.public("")
    }

    /// The second version, and what is different about it.
    fn next(&self, change: impl FnOnce(&mut RootDocument)) -> RootDocument {
        let mut next = RootDocument { version: 2, ..self.first.clone() };
        change(&mut next);
        next
    }

    /// A log that names version `version`, with this file as `root/2.note`.
    fn named(&self, version: u32, file: &[u8]) -> TempDir {
        let id = self.shelf.registry.app().id();
        let text = String::from_utf8_lossy(file);
        let text = text.split_inclusive("\n\n").next().unwrap_or_default();
        let sha256 = Sha256::of(text.trim_end_matches('\n').as_bytes());
        Forge::of(&self.public(), id, &self.keys.log)
            .write("root/2.note", file)
            .write("root/latest", format!("{version}\n").as_bytes())
            .log(BY_REGISTRY, EventBody::Root { version, sha256 })
            .state_under(version)
            .show(&[])
    }

    /// Insists that somebody who was there before, and somebody who is new, refuse this second version.
    fn refused(&self, version: u32, file: &[u8], texts: &[&str]) {
        let stage = Stage::of(&self.public());
        let (customer, newcomer) = (stage.customer(TINY), stage.newcomer(TINY));
        let shown = self.named(version, file);
        stage.show(shown.path());
        customer.refuses("update", texts);
        // Nobody new keeps more than the first version, which their own id names.
        newcomer.refuses_release("install", texts);
        customer.project.tare("install --locked").succeeds();
    }
}

/// A note with signature lines as they are, whatever a signer would say to that.
fn note(document: &RootDocument, signed: &[&Note]) -> Vec<u8> {
    let mut text = document.to_text().unwrap();
    text.push('\n');
    for note in signed {
        for line in note.signatures() {
            text.push_str(&format!("{line}\n"));
        }
    }
    text.into_bytes()
}

fn by_one(keys: &Keys, document: &RootDocument) -> Note {
    Note::sign(document.to_text().unwrap(), &[&keys.root[0]]).unwrap()
}

#[test]
fn one_key_of_two_is_not_enough_however_often_it_signs() {
    let scene = Scene::new();
    let next = scene.next(|_| {});
    let one = by_one(&scene.keys, &next);
    let said = ["E-ROOT", "is signed by 1 of the root keys of version 1, expected at least 2"];
    scene.refused(2, &note(&next, &[&one]), &said);
    scene.refused(2, &note(&next, &[&one, &one]), &said);
}

#[test]
fn one_key_under_two_labels_is_no_document() {
    let scene = Scene::new();
    let next = scene.next(|next| {
        let key = next.root_keys[0].key.clone();
        next.root_keys[1] = RootKey { label: "two".to_owned(), key };
    });
    // Its own parser would not print it, so the text is made by hand.
    let keys = [scene.first.root_keys[0].key.to_string(), scene.first.root_keys[1].key.to_string()];
    let text = scene.next(|_| {}).to_text().unwrap().replace(&keys[1], &keys[0]);
    assert!(next.to_text().is_err());
    let [one, two] = &scene.keys.root;
    let signed = Note::sign(text, &[one, two]).unwrap();
    scene.refused(2, &signed.to_bytes(), &["E-ROOT"]);
}

#[test]
fn new_keys_alone_cannot_take_over() {
    let scene = Scene::new();
    let thieves = [log_key("t1.example/root", 51), log_key("t2.example/root", 52)];
    let next = scene.next(|next| {
        for (root_key, thief) in next.root_keys.iter_mut().zip(&thieves) {
            root_key.key = thief.verifier().clone();
        }
    });
    let [one, two] = &thieves;
    let signed = Note::sign(next.to_text().unwrap(), &[one, two]).unwrap();
    scene.refused(2, &signed.to_bytes(), &["E-ROOT"]);
    // Nor can the old ones hand over to keys that do not agree.
    let [one, two] = &scene.keys.root;
    let signed = Note::sign(next.to_text().unwrap(), &[one, two]).unwrap();
    scene.refused(2, &signed.to_bytes(), &["E-ROOT"]);
}

#[test]
fn a_version_cannot_be_skipped_or_withheld() {
    let scene = Scene::new();
    let third = scene.keys.signed(&scene.next(|next| next.version = 3)).to_bytes();
    scene.refused(3, &third, &["E-ROOT", "version 3"]);
    // The log knows of a third version that nobody serves; the second one alone is not kept either.
    let stage = Stage::of(&scene.public());
    let customer = stage.customer(TINY);
    let second = scene.keys.signed(&scene.next(|_| {})).to_bytes();
    let shown = scene.named(3, &second);
    stage.show(shown.path());
    let said = ["E-ROOT", "names root document 3 as the newest", "ends with 2"];
    customer.refuses("update", &said);
}

fn head(customer: &Victim) -> String {
    customer.project.tare("registry head export --offline").succeeds().stdout
}

#[test]
fn under_an_expired_document_nothing_new_is_resolved_and_locks_still_work() {
    let scene = Scene::new();
    let stage = Stage::of(&scene.public());
    let (customer, newcomer): (Victim, Victim) = (stage.customer(TINY), stage.newcomer(TINY));
    let (mirror, kept) = (stage.mirror(), head(&customer));
    let past = Time::from_seconds(now() - 60).unwrap();
    let expired = scene.keys.signed(&scene.next(|next| next.expires = past)).to_bytes();
    let shown = scene.named(2, &expired);
    stage.show(shown.path());
    let said = ["E-ROOT", "root document 2 of the registry expired on", "publish version 3"];
    for command in ["update", "verify --head"] {
        customer.refuses_release(command, &said);
    }
    newcomer.refuses_release("install", &said);
    mirror.refuses(&said);
    stage.deters(&said);
    assert_eq!(head(&customer), kept, "nobody moves on");
    newcomer.project.write("Tare.lock", customer.project.read("Tare.lock"));
    newcomer.project.tare("install --locked").succeeds();
}

#[test]
fn the_second_version_that_both_keys_signed_is_taken() {
    let scene = Scene::new();
    let stage = Stage::of(&scene.public());
    let customer = stage.customer(TINY);
    let next = scene.keys.signed(&scene.next(|_| {})).to_bytes();
    let shown = scene.named(2, &next);
    stage.show(shown.path());
    customer.project.tare("update").succeeds();
    let kept = scene.shelf.registry.app().id().to_string();
    let kept = customer.project.home().join("registries").join(kept).join("root.note");
    assert_eq!(std::fs::read(kept).unwrap(), next);
}
