//! One long day of a registry: an origin, three mirrors and a witness, of whom two mirrors and the witness have to cosign;
//! people who publish and install; a new key for the log; an origin that is taken over; and how it all goes on.
//!
//! Everybody is a process of their own, and they speak over sockets. Nobody waits for a time: who publishes is told when it
//! is public, and everything else follows from that.

mod mirror;
mod town;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tare_format::event::EventBody;
use tare_format::registry::RegistryId;
use tare_tlog::key::SigningKey;
use tempfile::TempDir;

use super::forge::Forge;
use super::keys::now;
use crate::shelf::files_below;
use crate::support::{Project, model};
use town::Town;

/// Long enough for a machine that is busy with other things; the mirrors look once a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// The files in which somebody has the evidence of forks.
fn evidence(person: &Project) -> usize {
    let files = files_below(&person.home().join("registries"));
    let is_evidence = |file: &&std::path::PathBuf| file.parent().unwrap().ends_with("forks");
    files.iter().filter(is_evidence).count()
}

fn publish(publisher: &Project, version: &str) {
    let package = publisher.folder(&format!("tiny-{version}"));
    package.write("Tare.toml", model("lab/tiny", version)).write("w.bin", version.repeat(500));
    let begin = Instant::now();
    package.tare("publish").succeeds();
    assert!(begin.elapsed() < PATIENCE, "{version} was visible after {:?}", begin.elapsed());
}

/// Insists that somebody gets a version, and sees it under a log with this name.
fn require_version(customer: &Project, version: &str, log: &str) {
    customer.tare("update").succeeds();
    customer.tare("install --locked").succeeds();
    let lock = customer.read("Tare.lock");
    assert!(lock.contains(&format!("version = \"{version}\"")), "{lock}");
    assert_eq!(customer.read(".tare/packages/lab/tiny/w.bin"), version.repeat(500));
    let head = customer.tare("registry head export").succeeds().stdout;
    assert!(head.contains(&format!("\n{log}\n")), "{head}");
}

/// What the true files of the origin become in the hands of somebody with a key of its log: without its last events, and with
/// others.
fn forge(
    truth: &TempDir,
    id: &RegistryId,
    key: &SigningKey,
    forgotten: usize,
    cosigners: &[SigningKey],
) -> TempDir {
    let mut forge = Forge::of(truth.path(), id, key).forget(forgotten);
    for name in ["evil", "worse", "worst"] {
        let (namespace, owner) = (name.parse().unwrap(), "eve".to_owned());
        forge = forge.log("eve", EventBody::Namespace { namespace, owner }).state();
    }
    let cosigners: Vec<_> = cosigners.iter().map(|key| (key, now())).collect();
    forge.show(&cosigners)
}

/// Shows a forgery at the origin, and insists that nobody who cosigns does, and that somebody refuses it with these words,
/// keeping what they have.
fn require_refused(town: &mut Town, forgery: &Path, person: &Project, texts: &[&str]) {
    town.require_no_cosignature(forgery);
    town.deface(forgery);
    for mirror in &mut town.mirrors {
        let before = mirror.checkpoint();
        mirror.sync().ends_with(7);
        assert_eq!(mirror.checkpoint(), before);
    }
    let lock = person.read("Tare.lock");
    person.tare("update").ends_with(7).says(texts);
    assert_eq!(person.read("Tare.lock"), lock);
    person.tare("install --locked --offline").succeeds();
}

/// Days without an attack: one mirror may be down, a bad version is yanked, and the log gets another key.
fn live(town: &mut Town, ann: &Project, bob: &Project, carol: &Project) {
    publish(ann, "1.0.0");
    require_version(bob, "1.0.0", "hub.example/log1");
    require_version(carol, "1.0.0", "hub.example/log1");

    town.mirrors[2].stop();
    publish(ann, "1.1.0");
    require_version(bob, "1.1.0", "hub.example/log1");
    ann.tare("yank lab/tiny@1.1.0 --reason broken").succeeds();

    town.rotate_log();
    publish(ann, "1.0.1");
    // Who has the yanked version in a lock keeps it; nobody else gets it.
    bob.tare("install --locked").succeeds();
    require_version(carol, "1.0.1", "hub.example/log2");
    publish(ann, "1.2.0");
    require_version(bob, "1.2.0", "hub.example/log2");
    town.mirrors[2].sync().succeeds();
    let from_a_mirror = carol.clone().with("TARE_MIRRORS", &town.mirrors[2].url());
    require_version(&from_a_mirror, "1.2.0", "hub.example/log2");
}

/// The origin is taken over, with the keys of its log. What cannot be cosigned is not taken; what is cosigned by those who let
/// themselves be talked into it is found out by whoever saw the truth. Gives the newcomer who did not.
fn attack(town: &mut Town, bob: &Project) -> Project {
    town.mirrors.iter_mut().for_each(|mirror| drop(mirror.sync().succeeds()));
    let old = town.steal_log_key("hub.example/log1");
    let stolen = town.steal_log_key("hub.example/log2");
    let (id, truth) = (town.id(), town.copy_public());
    let forgery = forge(&truth, &id, &old, 0, &[]);
    require_refused(town, forgery.path(), bob, &["E-LOG", "hub.example/log1"]);

    let forgery = forge(&truth, &id, &stolen, 3, &[]);
    require_refused(town, forgery.path(), bob, &["E-FORK", "the evidence is in"]);
    assert!(town.mirrors.iter().all(|mirror| !mirror.evidence().is_empty()));
    assert_eq!(evidence(bob), 1, "nobody cosigned it, and the log signed it");

    let helpers = [town.witness_key(), town.mirrors[0].key(), town.mirrors[1].key()];
    let forgery = forge(&truth, &id, &stolen, 3, &helpers);
    require_refused(town, forgery.path(), bob, &["E-FORK", "the evidence is in"]);
    assert_eq!(evidence(bob), 2);
    let dora = town.customer();
    dora.tare("registry head export head").succeeds();
    dora
}

#[test]
fn a_registry_with_mirrors_and_a_witness_survives_its_own_origin() {
    let mut town = Town::found();
    town.ask_for_cosignatures();
    let (ann, bob, carol) = (town.publisher("ann"), town.customer(), town.customer());
    live(&mut town, &ann, &bob, &carol);

    let dora = attack(&mut town, &bob);
    // Carol has not looked at the registry meanwhile; what Dora was shown is enough.
    fs::copy(dora.path().join("head"), carol.path().join("head")).unwrap();
    carol.tare("registry head import head").ends_with(7).says(&["E-FORK", "the evidence is in"]);
    assert_eq!(evidence(&carol), 1);

    town.recover();
    town.watch();
    publish(&ann, "1.3.0");
    for person in [&bob, &carol, &dora] {
        require_version(person, "1.3.0", "hub.example/log3");
    }
    town.require_sound();
}
