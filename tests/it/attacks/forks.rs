//! Two histories of one log, both signed with its key: nobody who cosigns takes the second one, and whoever saw the first
//! one keeps it, with the evidence (spec/log.md).

use tare_format::event::{Change, EventBody};
use tempfile::TempDir;

use super::forge::Forge;
use super::keys::{Keys, now, witness_key};
use super::stage::Stage;
use crate::shelf::{Package, Shelf, noise};

const TINY: &str = "\"lab/tiny\" = \"1\"";

/// A registry with two versions of `lab/tiny`: ten or more events.
fn registry(keys: &Keys) -> Shelf {
    let shelf = keys.shelf(&keys.signed(&keys.document()));
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        shelf.publish(&Package::model("lab/tiny", version), &[("w.bin", &noise(1, 5_000))]);
    }
    shelf
}

fn forge<'k>(shelf: &Shelf, keys: &'k Keys) -> Forge<'k> {
    Forge::of(&shelf.registry.public(""), shelf.registry.app().id(), &keys.log)
}

/// Another history from five events ago on, with so many events in the end.
fn branch<'k>(shelf: &Shelf, keys: &'k Keys, size: u64) -> Forge<'k> {
    let mut forge = forge(shelf, keys).forget(5);
    while forge.size() + 1 < size {
        let login = format!("mallory{}", forge.size());
        let namespace = "lab".parse().unwrap();
        forge = forge.log("ann", EventBody::Owner { namespace, login, change: Change::Add });
    }
    forge.state()
}

#[test]
fn whoever_saw_one_history_refuses_the_other_and_keeps_the_evidence() {
    let keys = Keys::without_witnesses();
    let shelf = registry(&keys);
    let stage = Stage::of(&shelf.registry.public(""));
    let (mirror, customer) = (stage.mirror(), stage.customer(TINY));
    let size = forge(&shelf, &keys).size();
    for other in [size - 1, size, size + 4] {
        let forged = branch(&shelf, &keys, other).show(&[]);
        stage.show(forged.path());
        let said = customer.refuses("update", &["E-FORK", "was forked", "the evidence is in"]);
        let sizes = [format!("expected {size} events"), format!("found {other} events")];
        said.says(&[&sizes[0], &sizes[1]]);
        mirror.refuses(&["E-FORK", "does not cosign it"]);
    }
    let evidence = customer.evidence();
    assert_eq!(evidence.len(), 3);
    for text in evidence {
        // Both checkpoints with the log's own signature, so that anybody can check them.
        assert_eq!(text.matches("— hub.example/log1 ").count(), 2, "{text}");
        assert!(text.contains("--- proof"), "{text}");
    }
    // What is true goes on.
    stage.show(&shelf.registry.public(""));
    customer.project.tare("update").succeeds();
    mirror.sync().succeeds();
}

#[test]
fn a_history_that_too_few_cosigned_is_nobodys() {
    let keys = Keys::with_quorum(2, 3);
    let shelf = registry(&keys);
    let stage = Stage::of(&shelf.registry.public(""));
    let (mirrors, customer) =
        ([stage.mirror(), stage.mirror(), stage.mirror()], stage.customer(TINY));
    let size = forge(&shelf, &keys).size() + 3;
    for cosigners in [0, 1] {
        let forged = branch(&shelf, &keys, size).show(&keys.cosigning(cosigners, now()));
        stage.show(forged.path());
        for mirror in &mirrors {
            mirror.refuses(&["E-FORK", "does not cosign it"]);
            assert!(!mirror.cosigned(forged.path()));
        }
        stage.deters(&["E-LOG", "does not satisfy the quorum `enough`"]);
        // Whoever saw the other one can prove it: the log signed both.
        customer.refuses("update", &["E-FORK", "was forked", "the evidence is in"]);
    }
    assert_eq!(customer.evidence().len(), 2);
}

#[test]
fn people_to_whom_colluding_witnesses_show_two_histories_find_out_by_comparing() {
    let keys = Keys::with_quorum(2, 3);
    let shelf = registry(&keys);
    let size = forge(&shelf, &keys).size();
    let forged = branch(&shelf, &keys, size + 3).show(&keys.cosigning(2, now()));
    let (one, other) = (Stage::of(&shelf.registry.public("")), Stage::of(forged.path()));
    let alice = one.customer("");
    let bob = other.customer("");
    alice.project.tare("registry head export head").succeeds();
    bob.project.write("alice", alice.project.read("head"));
    bob.refuses("registry head import alice", &["E-FORK", "from `alice`", "the evidence is in"]);
    let evidence = bob.evidence();
    assert_eq!(evidence.len(), 1);
    assert!(evidence[0].contains("--- from `alice`"), "{}", evidence[0]);
    assert_eq!(evidence[0].matches("— w1.example/w ").count(), 2, "it names who colluded");
}

/// The head of the registry with other cosignatures.
fn cosigned(
    shelf: &Shelf,
    keys: &Keys,
    cosigners: &[(&tare_tlog::key::SigningKey, u64)],
) -> TempDir {
    forge(shelf, keys).show(cosigners)
}

#[test]
fn a_stolen_witness_key_is_one_voice_however_often_it_speaks() {
    let keys = Keys::with_quorum(2, 3);
    let shelf = registry(&keys);
    let [first, second, third] = [0, 1, 2].map(|index| &keys.witnesses[index]);
    let (stranger, impostor) = (witness_key(9, 9), witness_key(2, 9));
    let time = now();
    let few = [
        vec![(first, time)],
        vec![(first, time), (first, time - 1), (first, time - 2)],
        vec![(first, time), (&stranger, time)],
        vec![(first, time), (&impostor, time)],
    ];
    for cosigners in few {
        let shown = cosigned(&shelf, &keys, &cosigners);
        let said = ["E-LOG", "is cosigned by `W1`, which does not satisfy the quorum `enough`"];
        Stage::of(shown.path()).deters(&said);
    }
    for enough in
        [vec![(first, time), (second, time)], vec![(first, time), (first, time), (third, time)]]
    {
        let shown = cosigned(&shelf, &keys, &enough);
        Stage::of(shown.path()).customer(TINY);
    }
}

#[test]
fn a_head_of_another_log_is_none_whoever_cosigned_it() {
    let keys = Keys::with_quorum(2, 3);
    let shelf = registry(&keys);
    let own = super::keys::log_key("hub.example/log1", 44);
    let id = shelf.registry.app().id();
    let forge = Forge::of(&shelf.registry.public(""), id, &own);
    let namespace =
        EventBody::Namespace { namespace: "evil".parse().unwrap(), owner: "eve".to_owned() };
    let forged = forge.log("eve", namespace).state().show(&keys.cosigning(3, now()));
    Stage::of(forged.path()).deters(&["E-LOG", "hub.example/log1"]);
}
