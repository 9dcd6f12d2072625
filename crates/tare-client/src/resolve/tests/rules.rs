//! Ranges, pre-releases, standing, time, circles, and packages that are not at hand.

use super::registry::{Registry, listing, locked, needs, noon};
use crate::resolve::{Note, Obstacle, Options, ResolveError, Standing, resolve};

#[test]
fn the_newest_version_that_matches_is_chosen() {
    let registry = Registry::of(&[
        "a 1.0.0 > b ^1.1",
        "a 1.2.0 > b ^1.1",
        "a 2.0.0",
        "b 1.0.0",
        "b 1.1.0",
        "b 1.9.3",
    ]);
    assert_eq!(registry.choose("a 1"), "a 1.2.0, b 1.9.3");
}

#[test]
fn caret_ranges_below_one_are_cargos() {
    let registry = Registry::of(&["a 0.1.0", "a 0.1.9", "a 0.2.0", "b 0.0.1", "b 0.0.2"]);
    assert_eq!(registry.choose("a 0.1, b 0.0.1"), "a 0.1.9, b 0.0.1");
}

#[test]
fn an_older_release_is_taken_when_the_newest_cannot_be_satisfied() {
    let registry = Registry::of(&["a 1.0.0 > b 1", "a 1.1.0 > b 9", "b 1.0.0"]);
    assert_eq!(registry.choose("a 1"), "a 1.0.0, b 1.0.0");
}

#[test]
fn a_pre_release_needs_a_requirement_that_names_its_version() {
    let registry = Registry::of(&["a 1.0.0", "a 1.1.0-rc.1", "a 1.2.0-rc.1"]);
    assert_eq!(registry.choose("a 1"), "a 1.0.0");
    assert_eq!(registry.choose("a ^1.1.0-rc.1"), "a 1.1.0-rc.1");
    let failure = registry.fail("a ~1.2");
    assert_eq!(failure.obstacle, Obstacle::NoVersion);
    assert!(failure.to_string().contains("1.2.0-rc.1 is a pre-release"), "{failure}");
    assert_eq!(failure.help, ["name the pre-release: `t/a@1.2.0-rc.1`"]);
}

#[test]
fn a_yanked_release_is_not_chosen_anew() {
    let registry = Registry::of(&["a 1.0.0", "a 1.1.0"]).yank("a 1.1.0", "02-01");
    assert_eq!(registry.choose("a 1"), "a 1.0.0");
    let failure = registry.fail("a =1.1.0");
    assert!(failure.to_string().contains("1.1.0 is yanked: wrong labels"), "{failure}");
}

#[test]
fn a_yanked_release_stays_where_it_is_locked_and_says_so() {
    let registry = Registry::of(&["a 1.0.0", "a 1.1.0"]).yank("a 1.1.0", "02-01");
    let resolution = registry.resolve("a 1", &locked("a 1.1.0")).unwrap();
    assert_eq!(listing(&resolution), "a 1.1.0");
    assert!(
        matches!(&resolution.notes[..], [Note::YankedKept { reason, .. }] if reason == "wrong labels")
    );
}

#[test]
fn an_unyanked_release_is_back() {
    let registry = Registry::of(&["a 1.0.0", "a 1.1.0"]).yank("a 1.1.0", "02-01");
    assert_eq!(registry.change("a 1.1.0", "03-01", Standing::Available).choose("a 1"), "a 1.1.0");
}

#[test]
fn a_withdrawn_release_is_never_chosen_even_when_locked() {
    let withdrawn = Standing::Withdrawn { reason: "private data".to_owned() };
    let registry = Registry::of(&["a 1.0.0", "a 1.1.0"]).change("a 1.1.0", "06-01", withdrawn);
    let resolution = registry.resolve("a 1", &locked("a 1.1.0")).unwrap();
    assert_eq!(listing(&resolution), "a 1.0.0");
    assert!(resolution.notes[0].to_string().contains("withdrawn (private data)"));
    let before = Options { as_of: Some(noon("03-01")), ..Options::default() };
    assert_eq!(
        registry.choose_with("a 1", &before),
        "a 1.0.0",
        "an instant does not bring it back"
    );
}

#[test]
fn an_instant_hides_later_releases_and_later_yanks() {
    let registry = Registry::of(&["a 1.0.0", "a 1.1.0", "a 1.2.0"])
        .yank("a 1.1.0", "05-01")
        .publish_on("a 1.2.0", "04-01");
    let as_of = |day| Options { as_of: Some(noon(day)), ..Options::default() };
    assert_eq!(registry.choose_with("a 1", &as_of("03-01")), "a 1.1.0");
    assert_eq!(registry.choose_with("a <1.2", &as_of("06-01")), "a 1.0.0");
    let failure = registry.fail_with("a =1.2.0", &as_of("03-01"));
    assert!(
        failure.to_string().contains("1.2.0 was published at 2026-04-01T12:00:00Z, after"),
        "{failure}"
    );
}

#[test]
fn releases_that_need_each_other_are_refused_by_name() {
    let registry = Registry::of(&["a 1.0.0 > b ^1", "b 1.0.0 > c ^1", "c 1.0.0 > a ^1"]);
    let failure = registry.fail("a 1");
    assert_eq!(failure.obstacle, Obstacle::Cycle);
    assert_eq!(
        failure.to_string(),
        "`t/a` needs itself through the packages that it depends on\n  \
         `t/a` 1.0.0 needs `t/b` ^1, which is 1.0.0\n  \
         `t/b` 1.0.0 needs `t/c` ^1, which is 1.0.0\n  \
         `t/c` 1.0.0 needs `t/a` ^1, which is 1.0.0"
    );
}

#[test]
fn a_release_that_needs_itself_is_a_circle_and_one_that_needs_an_older_major_is_none() {
    let registry = Registry::of(&[
        "a 1.0.0",
        "a 2.0.0 > a ^1",
        "b 1.0.0 > b ^1",
        "c 1.0.0 > c =1.1.0",
        "c 1.1.0",
    ]);
    assert_eq!(registry.choose("a 2"), "a 1.0.0, a 2.0.0");
    assert_eq!(registry.fail("b 1").obstacle, Obstacle::Cycle);
    assert_eq!(registry.choose("c 1"), "c 1.1.0");
    assert_eq!(registry.fail("c =1.0.0").obstacle, Obstacle::NoVersion);
}

#[test]
fn packages_that_are_not_at_hand_are_named_all_at_once() {
    let mut registry = Registry::of(&["a 1.0.0 > x 1, y 1", "b 1.0.0 > z 1"]);
    registry.pending = needs("x *, y *, z *").into_iter().map(|needed| needed.name).collect();
    let Err(ResolveError::Pending(names)) = registry.resolve("a 1, b 1", &Options::default())
    else {
        panic!("three packages are missing")
    };
    assert_eq!(Vec::from_iter(names), registry.pending);
}

#[test]
fn the_step_limit_ends_a_search_with_the_names_of_those_in_the_way() {
    let registry = Registry::of(&["a 1.0.0 > b 1", "b 1.0.0 > c 1", "c 1.0.0"]);
    let options = Options { max_steps: 2, ..Options::default() };
    let failure = registry.fail_with("a 1", &options);
    assert_eq!(
        (failure.obstacle, failure.title.as_str()),
        (Obstacle::GaveUp, "gave up after 2 steps without an answer")
    );
}

#[test]
fn nothing_required_is_nothing_chosen() {
    assert!(resolve(&[], &Registry::default(), &Options::default()).unwrap().packages.is_empty());
}
