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
fn a_run_without_a_right_signature_is_continued_by_one_with_it() {
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
    let registry =
        Registry::start_with(|config| config.session_lifetime = std::time::Duration::ZERO);
    let project = registry.publisher("ada");
    project.write("Tare.toml", model("lab/tiny", "1.0.0"));
    // Whatever the registry says of a session that ended at once, the next run begins with a new one.
    project.tare("publish");
    project.tare("publish");
    assert!(kept_sessions(&project.home()) <= 1);
}
