//! `tare search` and `tare completions`.

use crate::support::{Project, Registry, model};

#[test]
fn packages_are_found_by_their_words_and_kind() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project.write(
        "Tare.toml",
        model("lab/wake-word", "1.0.0").replace("A small model", "Hears a word"),
    );
    project.tare("publish").succeeds();
    let found = project.tare("search wake").succeeds().stdout;
    assert!(found.starts_with("lab/wake-word  1.0.0  model  permissive"), "{found}");
    let json = project.tare("search word hears --json").succeeds().json();
    assert_eq!(
        (&json["total"], &json["packages"][0]["package"]),
        (&1.into(), &"lab/wake-word".into())
    );
    project.tare("search wake --kind dataset").succeeds().says(&["nothing matches `wake`"]);
    project.tare("search").ends_with(2);
}

#[test]
fn a_description_cannot_act_on_the_terminal() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    let manifest = model("lab/tiny", "1.0.0").replace("A small model.", "safe \u{202e}txe.exe");
    project.write("Tare.toml", manifest);
    project.tare("publish").succeeds();
    let found = project.tare("search tiny").succeeds().stdout;
    assert!(found.contains("safe \\u{202e}txe.exe"), "{found}");
}

#[test]
fn shells_get_their_scripts() {
    let script = Project::new().tare("completions bash").succeeds().stdout;
    assert!(script.contains("_tare()") && script.contains("publish"));
}
