use tare_format::Sha256;
use tare_format::event::{BY_REGISTRY, Change, Residue};

use super::*;
use crate::samples::*;

fn inert(reason: Reason) -> Judgement {
    Judgement::Inert(reason)
}

fn published() -> Log {
    let mut log = Log::start();
    assert_eq!(log.push("ann", publish("lab/a@1.0.0", 0)), Judgement::Effective);
    log
}

#[test]
fn a_namespace_is_claimed_once_in_any_spelling() {
    let log = Log::start();
    assert_eq!(log.judge("bob", claim("other", "bob")), Judgement::Effective);
    assert_eq!(log.judge("bob", claim("LAB", "bob")), inert(Reason::NameTaken));
    assert_eq!(log.judge("bob", claim("other", "ann")), inert(Reason::NotOwner));
    assert_eq!(log.judge(BY_REGISTRY, claim("other", "ann")), Judgement::Effective);
    assert_eq!(log.judge(BY_REGISTRY, claim("other", BY_REGISTRY)), inert(Reason::ReservedLogin));
}

#[test]
fn only_owners_change_owners_and_the_last_one_stays() {
    let mut log = Log::start();
    assert_eq!(log.judge("bob", owner("lab", "bob", Change::Add)), inert(Reason::NotOwner));
    assert_eq!(log.judge("ann", owner("lab", "ann", Change::Remove)), inert(Reason::LastOwner));
    assert_eq!(log.judge("ann", owner("lab", "ann", Change::Add)), inert(Reason::NoChange));
    assert_eq!(log.judge("ann", owner("Lab", "bob", Change::Add)), inert(Reason::OtherSpelling));
    assert_eq!(log.judge("ann", owner("none", "bob", Change::Add)), inert(Reason::NoNamespace));
    assert_eq!(log.push("ann", owner("lab", "bob", Change::Add)), Judgement::Effective);
    assert_eq!(log.push("bob", owner("lab", "ann", Change::Remove)), Judgement::Effective);
    assert_eq!(log.judge("ann", owner("lab", "ann", Change::Add)), inert(Reason::NotOwner));
}

#[test]
fn a_release_is_signed_by_a_key_that_is_accepted_at_its_time() {
    let mut log = Log::start();
    assert_eq!(log.judge("ann", publish("lab/a@1.0.0", 1)), inert(Reason::NotSigned));
    assert_eq!(log.judge("ann", publish("lab/b@1.0.0", 0)), inert(Reason::NoSigner));
    assert_eq!(log.judge("bob", publish("lab/a@1.0.0", 0)), inert(Reason::NotOwner));
    assert_eq!(log.judge(BY_REGISTRY, publish("lab/a@1.0.0", 0)), inert(Reason::NotOwner));
    assert_eq!(log.push("ann", publish("lab/a@1.0.0", 0)), Judgement::Effective);
    assert_eq!(log.judge("ann", signer("lab/a", 0, Change::Remove)), inert(Reason::LastSigner));
    log.push("ann", signer("lab/a", 1, Change::Add));
    log.push("ann", signer("lab/a", 0, Change::Remove));
    assert_eq!(log.judge("ann", publish("lab/a@1.1.0", 0)), inert(Reason::NotSigned));
    assert_eq!(log.judge("ann", publish("lab/a@1.1.0", 1)), Judgement::Effective);
}

#[test]
fn a_key_that_cannot_sign_is_not_accepted() {
    let log = Log::start();
    let mut key = key(1);
    key.id = Sha256::of(b"another");
    let body = EventBody::Signer { package: name("lab/a"), key, change: Change::Add };
    assert_eq!(log.judge("ann", body), inert(Reason::BadKey));
}

#[test]
fn a_version_is_published_once_and_a_name_has_one_spelling() {
    let log = published();
    assert_eq!(log.judge("ann", publish("lab/a@1.0.0", 0)), inert(Reason::VersionExists));
    assert_eq!(log.judge("ann", publish("lab/A@1.1.0", 0)), inert(Reason::OtherSpelling));
    assert_eq!(log.judge("ann", publish("LAB/a@1.1.0", 0)), inert(Reason::OtherSpelling));
    assert_eq!(log.judge("ann", publish("lab/a@1.1.0+x", 0)), inert(Reason::BuildMetadata));
}

#[test]
fn a_withdrawal_is_for_good_and_a_yank_is_not() {
    let mut log = published();
    assert_eq!(log.judge("ann", unyank("lab/a@1.0.0")), inert(Reason::NoChange));
    assert_eq!(log.judge("ann", yank("lab/a@2.0.0")), inert(Reason::NoVersion));
    assert_eq!(log.judge("bob", yank("lab/a@1.0.0")), inert(Reason::NotOwner));
    assert_eq!(log.push(BY_REGISTRY, yank("lab/a@1.0.0")), Judgement::Effective);
    assert_eq!(log.judge("ann", yank("lab/a@1.0.0")), inert(Reason::NoChange));
    assert_eq!(log.push("ann", unyank("lab/a@1.0.0")), Judgement::Effective);
    assert_eq!(log.push("ann", withdraw("lab/a@1.0.0")), Judgement::Effective);
    for body in [yank("lab/a@1.0.0"), unyank("lab/a@1.0.0")] {
        assert_eq!(log.judge("ann", body), inert(Reason::Withdrawn));
    }
    assert_eq!(log.judge("ann", publish("lab/a@1.0.0", 0)), inert(Reason::VersionExists));
}

#[test]
fn time_does_not_go_back_behind_the_last_batch() {
    let log = published();
    let mut event = log.event("ann", yank("lab/a@1.0.0"));
    event.time = log.states.last_time.unwrap();
    assert_eq!(log.judge_event(event.clone()), Judgement::Effective);
    event.time -= jiff::SignedDuration::from_secs(1);
    assert_eq!(log.judge_event(event), inert(Reason::TimeBack));
}

#[test]
fn owners_warn_of_their_own_and_the_registry_of_anything() {
    let mut log = published();
    log.push("bob", claim("bobs", "bob"));
    assert_eq!(log.judge("bob", advisory(1, 2, &["lab/a"])), inert(Reason::NotOwner));
    assert_eq!(log.judge("ann", advisory(1, 2, &["lab/none"])), inert(Reason::NoPackage));
    assert_eq!(log.push("ann", advisory(1, 2, &["lab/a"])), Judgement::Effective);
    assert_eq!(log.judge("ann", advisory(1, 2, &["lab/a"])), inert(Reason::NotNewer));
    let EventBody::Advisory { advisory: mut hash } = advisory(9, 2, &["lab/a"]) else { panic!() };
    hash.hashes.push(Sha256::of(b"x"));
    let body = EventBody::Advisory { advisory: hash };
    assert_eq!(log.judge("ann", body.clone()), inert(Reason::NotRegistry));
    assert_eq!(log.push(BY_REGISTRY, body), Judgement::Effective);
    assert_eq!(log.judge("ann", advisory(9, 3, &["lab/a"])), inert(Reason::NotRegistry));
}

#[test]
fn an_advisory_keeps_the_packages_that_it_named() {
    let mut log = published();
    log.push("ann", signer("lab/b", 0, Change::Add));
    log.push("ann", publish("lab/b@1.0.0", 0));
    log.push(BY_REGISTRY, advisory(1, 2, &["lab/a"]));
    assert_eq!(log.judge(BY_REGISTRY, advisory(1, 3, &["lab/b"])), inert(Reason::DropsPackage));
    assert_eq!(log.push(BY_REGISTRY, advisory(1, 3, &["lab/a", "lab/b"])), Judgement::Effective);
    let version = "1.0.0".parse().unwrap();
    assert_eq!(log.states.package(&name("lab/b")).unwrap().advisories_of(&version).count(), 1);
}

#[test]
fn takedowns_roots_and_redactions_are_the_registrys() {
    let mut log = published();
    let line = log.last();
    let residue = Residue::Publish { package: name("lab/a"), version: "1.0.0".parse().unwrap() };
    for body in [takedown(&["lab/a@1.0.0"]), root(), log.redaction(line, residue.clone())] {
        assert_eq!(log.judge("ann", body), inert(Reason::NotRegistry));
    }
    assert_eq!(log.judge(BY_REGISTRY, takedown(&["lab/a@9.0.0"])), inert(Reason::NoVersion));
    assert_eq!(log.judge(BY_REGISTRY, root()), inert(Reason::RootVersion));
    let strange = EventBody::Root { version: 1, sha256: Sha256::of(b"another") };
    assert_eq!(Log::empty().judge(BY_REGISTRY, strange), inert(Reason::RootVersion));
    assert_eq!(log.push(BY_REGISTRY, log.redaction(line, residue.clone())), Judgement::Effective);
    assert_eq!(log.judge(BY_REGISTRY, log.redaction(line, residue)), inert(Reason::NoChange));
}

#[test]
fn a_redaction_leaves_what_the_line_said() {
    let log = published();
    let version = |text: &str| text.parse().unwrap();
    let package = name("lab/a");
    let other = Residue::Publish { package: package.clone(), version: version("2.0.0") };
    let yank = Residue::Yank { package: package.clone(), version: version("1.0.0") };
    for residue in [other, yank] {
        let body = log.redaction(log.last(), residue);
        assert_eq!(log.judge(BY_REGISTRY, body), inert(Reason::OtherResidue));
    }
    let residue = Residue::Publish { package, version: version("1.0.0") };
    let state = log.redaction(log.last() + 1, residue.clone());
    assert_eq!(log.judge(BY_REGISTRY, state), inert(Reason::NoLine));
    let EventBody::Redact { payload, class, .. } = log.redaction(log.last(), residue.clone())
    else {
        panic!()
    };
    let later = EventBody::Redact { index: log.lines.len() as u64, payload, class, residue };
    assert_eq!(log.judge(BY_REGISTRY, later), inert(Reason::NoLine));
}

#[test]
fn a_restoration_names_all_that_was_taken_down() {
    let mut log = published();
    log.push("ann", publish("lab/a@1.1.0", 0));
    log.push(BY_REGISTRY, takedown(&["lab/a@1.0.0", "lab/a@1.1.0"]));
    let index = log.last();
    let payload = Sha256::of(log.lines[index].as_bytes());
    let restore = |releases: &[&str]| EventBody::Restore {
        takedown: index as u64,
        payload,
        releases: releases.iter().map(|release| id(release)).collect(),
    };
    assert_eq!(log.judge(BY_REGISTRY, restore(&["lab/a@1.0.0"])), inert(Reason::NoTakedown));
    let whole = restore(&["lab/a@1.0.0", "lab/a@1.1.0"]);
    assert_eq!(log.push(BY_REGISTRY, whole.clone()), Judgement::Effective);
    assert_eq!(log.judge(BY_REGISTRY, whole), inert(Reason::NoTakedown));
}

#[test]
fn a_state_names_the_newest_root() {
    let log = published();
    let state = |root_version, depth| EventBody::State {
        depth,
        count: 4,
        root: Sha256::of(b"root"),
        root_version,
    };
    assert_eq!(log.judge(BY_REGISTRY, state(1, 0)), Judgement::Effective);
    assert_eq!(log.judge(BY_REGISTRY, state(2, 0)), inert(Reason::RootVersion));
    assert_eq!(log.judge(BY_REGISTRY, state(1, 7)), inert(Reason::WrongState));
    assert_eq!(log.judge("ann", state(1, 0)), inert(Reason::NotRegistry));
}
