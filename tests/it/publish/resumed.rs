//! A publish that was cut off: what was sent is not sent again, and nothing is seen before all is there.

use crate::support::{Registry, model, safetensors};

/// The ids of sessions that are kept for a next run.
fn kept_sessions(home: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(home.join("publish")) else { return 0 };
    entries
        .filter(|entry| {
            entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "session")
        })
        .count()
}

#[test]
fn what_a_failed_run_has_sent_is_not_sent_again() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project
        .write("Tare.toml", model("lab/tiny", "1.0.0"))
        .write("w.safetensors", safetensors::model(1, 4, 50_000));
    // A dependency that is missing is only found at the commit, when all packs are there.
    project
        .write("Tare.toml", model("lab/tiny", "1.0.0") + "[dependencies]\n\"lab/base\" = \"1\"\n");
    project.tare("publish").ends_with(5).says(&["[E-MISSING-DEPENDENCY]"]);
    assert!(!registry.public("packages/lab/tiny").exists(), "nothing is seen before the commit");
    assert_eq!(kept_sessions(&project.home()), 1);

    let base = project.folder("base");
    base.write("Tare.toml", model("lab/base", "1.0.0"));
    base.tare("publish").succeeds();
    let continued = project.tare("publish --json").succeeds().json();
    assert!(continued["bytes"]["sent"].as_u64().unwrap() < 10_000, "{continued}");
    assert_eq!(kept_sessions(&project.home()), 0);
}

#[test]
fn a_session_that_is_gone_is_opened_anew() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project
        .write("Tare.toml", model("lab/tiny", "1.0.0") + "[dependencies]\n\"lab/base\" = \"1\"\n");
    project.tare("publish").ends_with(5);
    let folder = project.home().join("publish");
    let kept = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&kept, "0".repeat(32)).unwrap();
    project.tare("publish").ends_with(5).says(&["[E-MISSING-DEPENDENCY]"]);
    assert_ne!(std::fs::read_to_string(&kept).unwrap(), "0".repeat(32));
    std::fs::write(&kept, "not an id/..").unwrap();
    project.tare("publish").ends_with(5).says(&["[E-MISSING-DEPENDENCY]"]);
}

#[test]
fn a_run_that_is_killed_leaves_nothing_behind_but_what_the_next_goes_on_with() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project.write("Tare.toml", model("lab/large", "1.0.0"));
    project.write("w.safetensors", safetensors::model(1, 40, 1 << 20));
    let mut child = project.command(&["publish", "--quiet"]).spawn().unwrap();
    // The first pack of 160 MiB is in the registry: some of it is sent, and some is not.
    while registry.stored_bytes() == 0 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!registry.public("packages/lab/large").exists());
    let left: Vec<_> = std::fs::read_dir(project.home().join("publish")).unwrap().collect();
    assert_eq!(left.len(), 1, "the id of the session: {left:?}");

    let continued = project.tare("publish --json").succeeds().json();
    let sent = continued["bytes"]["sent"].as_u64().unwrap();
    assert!(sent < 120 << 20, "at least one pack of three was not sent again: {continued}");
    assert_eq!(kept_sessions(&project.home()), 0);
}

#[test]
#[cfg(unix)]
fn a_run_that_is_interrupted_says_how_to_go_on_and_nothing_else() {
    use std::process::{Command, Stdio};
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project.write("Tare.toml", model("lab/large", "1.0.0"));
    project.write("w.safetensors", safetensors::model(1, 10, 1 << 20));
    let mut child =
        project.command(&["publish", "--quiet"]).stderr(Stdio::piped()).spawn().unwrap();
    while kept_sessions(&project.home()) == 0 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert_eq!(said, "interrupted; run the same command again, it goes on where it stopped\n");
}
