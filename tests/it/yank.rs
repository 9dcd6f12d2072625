//! `tare yank` and `tare withdraw`: what they change, and who may.

use crate::support::{Registry, model};

fn published(registry: &Registry) -> crate::support::Project {
    let project = registry.publisher("ada");
    project.write("Tare.toml", model("lab/tiny", "1.0.0"));
    project.tare("publish").succeeds();
    project
}

#[test]
fn a_yank_is_an_event_with_a_reason_and_can_be_taken_back() {
    let registry = Registry::start();
    let project = published(&registry);
    project
        .tare_with(&["yank", "lab/tiny@1.0.0", "--reason", "leaks its data"], "")
        .succeeds()
        .says(&["Yanked"]);
    let page = || std::fs::read_to_string(registry.public("packages/lab/tiny")).unwrap();
    assert!(page().lines().last().unwrap().contains("leaks its data"));
    let again = project.tare("yank lab/tiny@1.0.0 --reason again --json").succeeds().json();
    assert_eq!(again["changed"], false);
    project.tare("yank lab/tiny@1.0.0 --undo").succeeds();
    assert!(page().lines().last().unwrap().contains("\"unyank\""));
}

#[test]
fn what_is_told_to_be_yanked_is_in_the_head() {
    let registry = Registry::start();
    let project = published(&registry);
    let yanked = project.tare("yank lab/tiny@1.0.0 --reason old --json").succeeds().json();
    let seen = project.tare("registry head export head.txt --offline --json").succeeds().json();
    assert!(seen["size"].as_u64() > yanked["event"].as_u64(), "{seen} after {yanked}");
}

#[test]
fn a_yank_needs_a_reason_and_one_version() {
    let registry = Registry::start();
    let project = published(&registry);
    project.tare("yank lab/tiny@1.0.0").ends_with(2).says(&["--reason"]);
    project.tare("yank lab/tiny@^1 --reason x").ends_with(2).says(&["name@1.2.3"]);
    project
        .tare_with(&["yank", "lab/tiny@1.0.0", "--reason", " "], "")
        .ends_with(2)
        .says(&["the reason is empty"]);
    project.tare("yank lab/tiny@2.0.0 --reason x").ends_with(5).says(&["2.0.0"]);
}

#[test]
fn only_an_owner_with_the_scope_may_yank() {
    let registry = Registry::start();
    published(&registry);
    registry
        .publisher("eve")
        .tare("yank lab/tiny@1.0.0 --reason x")
        .ends_with(4)
        .says(&["[E-NOT-OWNER]"]);
    let limited = crate::support::Project::new();
    registry.log_in(&limited, &registry.token("ada", &["publish:lab/*"]));
    limited.tare("yank lab/tiny@1.0.0 --reason x").ends_with(4).says(&["[E-SCOPE-MISSING]"]);
}

#[test]
fn a_locked_release_that_was_yanked_stays_and_says_so() {
    let registry = Registry::start();
    let publisher = published(&registry);
    let project = registry.publisher("eve");
    project.write("Tare.toml", "[dependencies]\n\"lab/tiny\" = \"1\"\n");
    project.tare("lock").succeeds();
    publisher.tare_with(&["yank", "lab/tiny@1.0.0", "--reason", "leaks its data"], "").succeeds();
    for command in ["install", "update", "install", "tree", "verify", "lock"] {
        let told = project.tare(command).succeeds();
        assert_eq!(told.stderr.matches("is yanked (leaks its data)").count(), 1, "{command}");
    }
}

#[test]
fn a_withdrawal_says_why_and_stays() {
    let registry = Registry::start();
    let project = published(&registry);
    project
        .tare_with(&["withdraw", "lab/tiny@1.0.0", "--reason", "court order"], "")
        .succeeds()
        .says(&["Withdrawn"]);
    let page = std::fs::read_to_string(registry.public("packages/lab/tiny")).unwrap();
    assert!(page.lines().last().unwrap().contains("court order"));
}
