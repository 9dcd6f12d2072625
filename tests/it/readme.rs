//! The sessions of the README, run as they stand there: a line that does not work fails the build.

use std::fs;

use crate::support::{Project, Registry, model, safetensors};

const README: &str = include_str!("../../README.md");

/// The lines of the `console` block under a heading.
fn session(heading: &str) -> Vec<&'static str> {
    let section =
        README.split(&format!("\n## {heading}\n")).nth(1).expect("the README has that heading");
    let block = section.split("```console\n").nth(1).expect("the section has a session");
    block.split("```").next().unwrap_or_default().lines().collect()
}

/// The commands of a session: what stands after `$`, before `#`, and between `;`.
fn commands(heading: &str) -> Vec<Vec<String>> {
    let lines = session(heading).into_iter().filter_map(|line| line.strip_prefix("$ "));
    let typed = lines.flat_map(|line| line.split(" #").next().unwrap_or_default().split(" ; "));
    typed.map(words).collect()
}

/// Splits a command as a shell does, without its quotes.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.trim().chars() {
        match c {
            '"' | '\'' if quote.is_none() => quote = Some(c),
            c if quote == Some(c) => quote = None,
            ' ' if quote.is_none() => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Runs a session in a folder of `project`; `cd` goes to another of the same person.
fn run(heading: &str, project: &Project, registry: &Registry, token: &str) {
    let mut place = project.clone();
    for command in commands(heading) {
        let command: Vec<_> = command
            .iter()
            .map(|word| word.replace("http://127.0.0.1:8273", registry.url()))
            .collect();
        match command[0].as_str() {
            "cd" => place = project.folder(&command[1]),
            "tare" => {
                let arguments: Vec<&str> = command[1..].iter().map(String::as_str).collect();
                place.tare_with(&arguments, &format!("{token}\n")).succeeds();
            }
            other => panic!("the README's session `{heading}` runs `{other}`"),
        }
    }
}

fn publish(project: &Project, name: &str, version: &str, more: &str) {
    let folder = project.folder(&name.replace('/', "-"));
    let manifest = model(name, version) + more;
    folder.write("Tare.toml", manifest).write("model.bin", "weights").tare("publish").succeeds();
}

#[test]
fn a_publisher_gets_through_their_session() {
    let registry = Registry::start();
    let publisher = Project::new();
    publisher.folder("some-model-folder").write("model.safetensors", safetensors::model(1, 4, 64));
    let token = registry.token("ada", &["publish:*", "yank:*"]);
    run("Publish", &publisher, &registry, &token);
}

#[test]
fn a_consumer_and_an_auditor_get_through_their_sessions() {
    let registry = Registry::start();
    let publisher = registry.publisher("ada");
    publish(&publisher, "snakers4/silero-vad", "6.2.3", "");
    let needs = "[dependencies]\n\"snakers4/silero-vad\" = \"6\"\n";
    publish(&publisher, "openwakeword/hey-jarvis", "0.4.0", needs);

    let consumer = Project::new();
    consumer.tare(&format!("registry add main {}", registry.url())).succeeds();
    run("Use", &consumer, &registry, "");
    assert!(consumer.path().join("here/model.bin").is_file());
    run("Audit", &consumer, &registry, "");
}

#[test]
fn somebody_who_mirrors_gets_through_their_session() {
    let registry = Registry::start();
    publish(&registry.publisher("ada"), "openwakeword/hey-jarvis", "0.4.0", "");
    let operator = Project::new();
    operator.tare(&format!("registry add main {}", registry.url())).succeeds();
    run("Mirror", &operator, &registry, "");
    assert!(operator.path().join("mirror/head").is_file());
}

#[test]
fn somebody_behind_an_air_gap_gets_through_their_session() {
    let registry = Registry::start();
    publish(&registry.publisher("ada"), "snakers4/silero-vad", "6.2.3", "");
    let project = Project::new();
    project.tare(&format!("registry add main {}", registry.url())).succeeds();
    project.write("Tare.toml", "[dependencies]\n\"snakers4/silero-vad\" = \"6\"\n");
    project.tare("install").succeeds();
    run("Air gap", &project, &registry, "");
}

#[test]
fn somebody_with_a_model_and_no_registry_gets_through_their_session() {
    let (registry, project) = (Registry::start(), Project::new());
    project.write("some-model/weights.bin", "weights");
    project.tare("keygen").succeeds();
    fs::copy(project.home().join("keys/default.pub"), project.path().join("maker.pub")).unwrap();
    run("Models that are in no registry", &project, &registry, "");
}

#[test]
fn the_documents_that_it_shows_are_read() {
    let block = |heading: &str| {
        let section = README.split(&format!("\n## {heading}\n")).nth(1).unwrap();
        section.split("```toml\n").nth(1).unwrap().split("```").next().unwrap()
    };
    tare_format::manifest::Manifest::parse(block("Publish")).unwrap();
    tare_license::audit::Policy::from_toml(block("Audit"), tare_license::Catalogue::builtin())
        .unwrap();
}

#[test]
fn the_first_error_says_what_the_readme_says() {
    let project = Project::new();
    let lines = session("The first error you will meet");
    let expected = lines[1..].join("\n");
    let here = fs::canonicalize(project.path()).unwrap();
    let found = project.tare("install").ends_with(2).stderr;
    assert_eq!(found.trim(), expected.replace("/home/ada/poet", &here.display().to_string()));
}

#[test]
fn every_command_and_exit_code_of_the_program_is_documented() {
    let help = Project::new().tare("--help").succeeds().stdout;
    let commands = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    let changelog = include_str!("../../CHANGELOG.md");
    for line in commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        assert!(name == "help" || changelog.contains(name), "the changelog does not name `{name}`");
    }
    for code in [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 101, 130] {
        assert!(
            README.contains(&format!("\n| {code} |")),
            "the README does not say what {code} means"
        );
    }
}
