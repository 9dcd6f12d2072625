//! What a lock keeps, and what an update lets go.

use super::registry::{Registry, listing, locked, needs, release};
use crate::resolve::{Obstacle, Options, Update};

fn update(lock: &str, names: &str) -> Options {
    let names = needs(names).into_iter().map(|needed| needed.name).collect();
    Options { update: Update::Only(names), ..locked(lock) }
}

fn registry() -> Registry {
    Registry::of(&[
        "a 1.0.0 > x ^1.0",
        "a 1.1.0 > x ^1.1",
        "b 1.0.0",
        "b 1.1.0",
        "x 1.0.0",
        "x 1.1.0",
        "x 1.2.0",
    ])
}

const OLD: &str = "a 1.0.0, b 1.0.0, x 1.0.0";

#[test]
fn locked_versions_stay() {
    assert_eq!(registry().choose_with("a 1, b 1", &locked(OLD)), OLD);
}

#[test]
fn a_locked_version_that_no_longer_fits_moves_alone() {
    assert_eq!(
        registry().choose_with("a 1, b 1, x ^1.1", &locked(OLD)),
        "a 1.0.0, b 1.0.0, x 1.2.0"
    );
}

#[test]
fn a_new_requirement_takes_the_newest_that_leaves_the_lock_alone() {
    let registry = Registry::of(&["n 1.0.0 > x ^1.0", "n 1.1.0 > x ^1.1", "x 1.0.0", "x 1.1.0"]);
    assert_eq!(registry.choose_with("n 1, x 1", &locked("x 1.0.0")), "n 1.0.0, x 1.0.0");
}

#[test]
fn an_update_moves_what_is_named_and_what_that_needs() {
    assert_eq!(
        registry().choose_with("a 1, b 1", &update(OLD, "b *")),
        "a 1.0.0, b 1.1.0, x 1.0.0"
    );
    assert_eq!(
        registry().choose_with("a 1, b 1", &update(OLD, "a *")),
        "a 1.1.0, b 1.0.0, x 1.2.0"
    );
}

#[test]
fn an_update_of_everything_is_a_resolution_anew() {
    let options = Options { update: Update::Everything, ..locked(OLD) };
    assert_eq!(registry().choose_with("a 1, b 1", &options), registry().choose("a 1, b 1"));
}

#[test]
fn a_precise_update_takes_exactly_that_version() {
    let precise = |id| Options { precise: Some(release(id)), ..locked(OLD) };
    assert_eq!(
        registry().choose_with("a 1, b 1", &precise("x 1.1.0")),
        "a 1.0.0, b 1.0.0, x 1.1.0"
    );
    let failure = registry().fail_with("a 1, b 1", &precise("x 1.7.0"));
    assert_eq!(failure.title, "no version of `t/x` matches =1.7.0");
    let failure = registry().fail_with("b ^1.1", &precise("b 1.0.0"));
    assert!(
        failure.to_string().contains("1.1.0 would match, but the package is to come to 1.0.0"),
        "{failure}"
    );
    let failure = registry().fail_with("b 1", &precise("x 1.1.0"));
    assert_eq!(failure.title, "nothing in this project can use `t/x` 1.1.0");
}

#[test]
fn a_requirement_over_several_majors_stays_with_the_locked_one() {
    let registry = Registry::of(&["x 1.0.0", "x 2.0.0"]);
    assert_eq!(registry.choose_with("x >=1", &locked("x 1.0.0")), "x 1.0.0");
}

#[test]
fn a_precise_version_is_looked_for_in_its_own_major_first() {
    let registry =
        Registry::of(&["d 1.0.0 > x >=5 <7", "e 1.0.0 > x ^6", "x 5.1.2", "x 5.2.0", "x 6.2.3"]);
    let precise = |lock| Options { precise: Some(release("x 5.1.2")), ..locked(lock) };
    assert_eq!(registry.choose_with("d 1", &precise("d 1.0.0, x 6.2.3")), "d 1.0.0, x 5.1.2");
    assert_eq!(
        registry.choose_with("d 1, e 1", &precise("d 1.0.0, e 1.0.0, x 6.2.3")),
        "d 1.0.0, e 1.0.0, x 5.1.2, x 6.2.3"
    );
}

#[test]
fn what_is_locked_and_no_longer_needed_goes() {
    assert_eq!(registry().choose_with("b 1", &locked(OLD)), "b 1.0.0");
}

#[test]
fn an_update_leaves_a_yanked_release_only_for_another_that_fits() {
    let registry = Registry::of(&["a 1.0.0", "a 1.1.0"]).yank("a 1.1.0", "02-01");
    assert_eq!(registry.choose_with("a 1", &update("a 1.1.0", "a *")), "a 1.0.0");
    let everything = Options { update: Update::Everything, ..locked("a 1.1.0") };
    let kept = registry.resolve("a ^1.1", &everything).unwrap();
    assert_eq!((listing(&kept).as_str(), kept.notes.len()), ("a 1.1.0", 1));
    let anew = registry.fail_with("a ^1.1", &Options::default());
    assert_eq!(anew.obstacle, Obstacle::NoVersion);
}
