//! Several versions of one package: incompatible ranges, requirements over several of them, pinned bases.

use super::registry::{Registry, listing, locked};
use crate::resolve::{Obstacle, Options};

const BASES: [&str; 6] = [
    "base 1.0.0",
    "base 1.1.0",
    "base 1.2.0 > tokens 1",
    "tokens 1.0.0",
    "lora 1.0.0 > base =1.0.0 base",
    "tuned 1.0.0 > base =1.1.0 base",
];

#[test]
fn incompatible_majors_stand_side_by_side() {
    let registry =
        Registry::of(&["a 1.0.0 > x 1", "b 1.0.0 > x 2", "x 1.0.0", "x 1.4.0", "x 2.0.0"]);
    assert_eq!(registry.choose("a 1, b 1"), "a 1.0.0, b 1.0.0, x 1.4.0, x 2.0.0");
}

#[test]
fn within_compatible_versions_there_is_one() {
    let registry =
        Registry::of(&["a 1.0.0 > x <1.3", "b 1.0.0 > x ^1.1", "x 1.0.0", "x 1.2.0", "x 1.4.0"]);
    assert_eq!(registry.choose("a 1, b 1"), "a 1.0.0, b 1.0.0, x 1.2.0");
}

#[test]
fn a_requirement_over_several_majors_takes_the_newest_that_works() {
    let registry = Registry::of(&["x 1.0.0", "x 2.0.0", "x 3.0.0", "y 1.0.0", "y 2.0.0 > gone 1"]);
    assert_eq!(registry.choose("x >=1 <3"), "x 2.0.0");
    assert_eq!(registry.choose("y >=1 <3"), "y 1.0.0");
}

#[test]
fn adapters_on_two_versions_of_a_base_live_in_one_project() {
    let registry = Registry::of(&BASES);
    assert_eq!(
        registry.choose("lora 1, tuned 1"),
        "base 1.0.0, base 1.1.0, lora 1.0.0, tuned 1.0.0"
    );
}

#[test]
fn a_range_goes_to_a_pinned_base_that_satisfies_it() {
    let registry = Registry::of(&BASES);
    let resolution = registry.resolve("base 1, lora 1", &Options::default()).unwrap();
    assert_eq!(
        listing(&resolution),
        "base 1.0.0, lora 1.0.0",
        "one base, and no tokens that only 1.2.0 needs"
    );
    assert_eq!(resolution.requirements[0].version.to_string(), "1.0.0");
    assert_eq!(
        registry.choose("base ^1.1, lora 1"),
        "base 1.0.0, base 1.2.0, lora 1.0.0, tokens 1.0.0"
    );
}

#[test]
fn a_requirement_over_several_majors_prefers_a_pin_as_well() {
    let registry = Registry::of(&["base 1.0.0", "base 2.0.0", "lora 1.0.0 > base =1.0.0 base"]);
    assert_eq!(registry.choose("base *, lora 1"), "base 1.0.0, lora 1.0.0");
}

#[test]
fn an_exact_component_is_no_pin() {
    let registry =
        Registry::of(&["x 1.0.0", "x 1.1.0", "a 1.0.0 > x =1.0.0", "b 1.0.0 > x =1.1.0"]);
    assert_eq!(registry.fail("a 1, b 1").obstacle, Obstacle::Conflict);
}

#[test]
fn a_base_over_a_range_is_no_pin() {
    let registry = Registry::of(&["base 1.0.0", "base 1.1.0", "lora 1.0.0 > base ^1 base"]);
    assert_eq!(registry.choose("lora 1"), "base 1.1.0, lora 1.0.0");
}

#[test]
fn a_pin_on_a_yanked_base_holds_only_where_it_is_locked() {
    let registry = Registry::of(&BASES).yank("base 1.0.0", "02-01");
    assert_eq!(registry.choose_with("lora 1", &locked("base 1.0.0")), "base 1.0.0, lora 1.0.0");
    let failure = registry.fail("lora 1");
    assert_eq!(failure.obstacle, Obstacle::NoVersion);
    assert!(failure.to_string().contains("1.0.0 is yanked: wrong labels"), "{failure}");
}
