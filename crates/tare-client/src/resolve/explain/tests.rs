//! What people read when nothing fits.

use crate::resolve::tests::Registry;
use crate::resolve::{Obstacle, Unsolvable};

fn text(failure: &Unsolvable) -> String {
    let help: String = failure.help.iter().map(|line| format!("\nhelp: {line}")).collect();
    format!("{failure}{help}")
}

#[test]
fn a_conflict_names_who_needs_what_and_a_change_that_was_tried() {
    let registry = Registry::of(&[
        "chat 1.0.0 > tokens =1.1.0",
        "chat 1.1.0 > tokens =1.1.0",
        "voice 1.0.0 > tokens =1.2.0",
        "voice 2.0.0 > tokens =1.1.0",
        "tokens 1.1.0",
        "tokens 1.2.0",
    ]);
    assert_eq!(
        text(&registry.fail("chat 1, voice 1")),
        "no version of `t/tokens` satisfies both `t/chat` and `t/voice`\n  \
         this project needs `t/chat` ^1\n  \
         this project needs `t/voice` ^1\n  \
         `t/chat` 1.0.0, 1.1.0 needs `t/tokens` =1.1.0\n  \
         `t/voice` 1.0.0 needs `t/tokens` =1.2.0\n  \
         versions of `t/tokens`: 1.2.0, 1.1.0\n\
         help: `t/voice` 2.0.0 would do: change its requirement from ^1 to ^2.0.0, or to =2.0.0"
    );
}

#[test]
fn a_conflict_that_no_single_change_solves_lists_what_is_involved() {
    let registry =
        Registry::of(&["a 1.0.0 > x =1.0.0", "b 1.0.0 > x =1.1.0", "x 1.0.0", "x 1.1.0"]);
    let failure = registry.fail("a 1, b 1");
    assert_eq!(failure.obstacle, Obstacle::Conflict);
    assert_eq!(failure.help, ["loosen or remove one of these requirements: `t/a` ^1, `t/b` ^1"]);
}

#[test]
fn the_project_itself_can_be_one_side() {
    let registry = Registry::of(&["a 1.0.0 > x <1.1", "x 1.0.0", "x 1.1.0"]);
    let failure = registry.fail("a 1, x ^1.1");
    assert_eq!(
        failure.help,
        ["`t/x` 1.0.0 would do: change its requirement from ^1.1 to ^1.0.0, or to =1.0.0"]
    );
}

#[test]
fn those_that_could_agree_are_left_out() {
    let registry = Registry::of(&[
        "easy 1.0.0 > x 1",
        "old 1.0.0 > x <1.1",
        "new 1.0.0 > x ^1.1",
        "x 1.0.0",
        "x 1.1.0",
    ]);
    let failure = registry.fail("easy 1, old 1, new 1");
    assert_eq!(failure.title, "no version of `t/x` satisfies both `t/new` and `t/old`");
    assert!(!failure.to_string().contains("`t/easy` 1.0.0"), "{failure}");
}

#[test]
fn a_misspelt_package_is_met_with_the_nearest_names() {
    let registry = Registry::of(&["tiny-chat 1.0.0", "tiny-cat 1.0.0", "other 1.0.0"]);
    assert_eq!(
        text(&registry.fail("tiny-chta 1")),
        "there is no package `t/tiny-chta` in the registry\nhelp: did you mean `t/tiny-chat` or `t/tiny-cat`?"
    );
    assert_eq!(registry.fail("zebra 1").help, ["look for it: `tare search zebra`"]);
}

#[test]
fn a_requirement_that_nothing_matches_shows_what_there_is() {
    let lines: Vec<String> = (0..8).map(|minor| format!("a 1.{minor}.0")).collect();
    let registry = Registry::of(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(
        text(&registry.fail("a 2")),
        "no version of `t/a` matches ^2\n  \
         versions of `t/a`: 1.7.0, 1.6.0, 1.5.0, 1.4.0, 1.3.0 and 3 older\n\
         help: the newest version that can be used: `t/a@1.7.0`"
    );
}

#[test]
fn a_package_that_is_missing_further_down_is_told_with_the_way_to_it() {
    let registry =
        Registry::of(&["a 1.0.0 > b 1", "a 1.1.0 > b 1", "b 1.0.0 > gone 1", "b 1.1.0 > gone 1"]);
    assert_eq!(
        text(&registry.fail("a 1")),
        "there is no package `t/gone` in the registry\n  \
         this project needs `t/a` ^1\n  \
         `t/a` 1.0.0, 1.1.0 needs `t/b` ^1\n  \
         `t/b` 1.0.0, 1.1.0 needs `t/gone` ^1\n\
         help: `t/a` ^1 has no other version that would do: ask the owner of `t/b` for a release that fits"
    );
}

#[test]
fn a_deep_chain_neither_overflows_nor_fills_the_screen() {
    let mut lines: Vec<String> = (0..3_000).map(|n| format!("p{n} 1.0.0 > p{} 1", n + 1)).collect();
    lines.push("p3000 1.0.0 > gone 1".to_owned());
    let registry = Registry::of(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let failure = registry.fail("p0 1");
    assert_eq!(failure.obstacle, Obstacle::NoPackage);
    assert!(failure.details.len() < 30, "{}", failure.details.len());
    assert!(failure.to_string().contains("more dependencies"));
}

#[test]
fn hundreds_of_contradicting_releases_are_told_in_a_few_lines() {
    let hub = (0..60).map(|n| format!("hub 1.{n}.0"));
    let left = (0..60).map(|n| format!("left 1.{n}.0 > hub =1.{}.0", n % 30));
    let right = (0..60).map(|n| format!("right 1.{n}.0 > hub =1.{}.0", 30 + n % 30));
    let lines: Vec<String> = hub.chain(left).chain(right).collect();
    let registry = Registry::of(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let failure = registry.fail("left 1, right 1");
    assert_eq!(failure.title, "no version of `t/hub` satisfies both `t/left` and `t/right`");
    assert!(
        failure
            .details
            .iter()
            .any(|line| line.contains("and 27 other requirements in other versions")),
        "{failure}"
    );
    assert!(failure.details.iter().all(|line| line.len() < 300), "{failure}");
}
