//! `tare login`, `logout`, `whoami` and `registry`: who talks to which registry.

use crate::support::{Project, Registry};

#[test]
fn a_token_is_checked_kept_and_the_registry_becomes_the_default() {
    let registry = Registry::start();
    let project = Project::new();
    registry.log_in(&project, &registry.token("ada", &["publish:lab/*"]));
    let whoami = project.tare("whoami --json").succeeds().json();
    assert_eq!((&whoami["login"], &whoami["scopes"][0]), (&"ada".into(), &"publish:lab/*".into()));
    let list = project.tare("registry list --json").succeeds().json();
    assert_eq!(list["registries"][0]["name"], "main");
    assert_eq!(list["registries"][0]["default"], true);
    project.tare("logout").succeeds();
    project.tare("whoami").ends_with(4).says(&[
        "no token",
        "[E-NO-TOKEN]",
        "help: run `tare login",
    ]);
}

#[test]
fn a_wrong_token_is_refused_and_not_kept() {
    let registry = Registry::start();
    let project = Project::new();
    let arguments = ["login", "--registry", registry.url()];
    let wrong = project.tare_with(&arguments, "tare_wrong\n").ends_with(4);
    assert!(!wrong.stderr.contains("tare_wrong"), "a token is never printed: {}", wrong.stderr);
    assert!(!project.home().join("credentials.toml").exists());
    project.tare_with(&arguments, "").ends_with(1).says(&["failed to read the token", "help: "]);
}

#[test]
fn nobody_else_can_read_the_token() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    let path = project.home().join("credentials.toml");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        project.tare("whoami").succeeds().says(&["warning: others could read the tokens"]);
        assert_eq!(mode(), 0o600);
    }
    assert!(std::fs::read_to_string(path).unwrap().contains(registry.url()));
}

#[test]
fn a_token_for_one_registry_is_not_sent_to_another() {
    let (one, other) = (Registry::start(), Registry::start());
    let project = one.publisher("ada");
    let refused = project.tare_with(&["whoami", "--registry", other.url()], "").ends_with(4);
    refused.says(&["there is no token for", other.url()]);
}

#[test]
fn another_registry_behind_the_same_url_is_refused() {
    let (one, other) = (Registry::start(), Registry::start());
    let project = one.publisher("ada");
    let config = project.home().join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace(one.url(), other.url())).unwrap();
    let refused = project.tare("whoami").ends_with(7);
    refused.says(&["another registry is at", "expected `tr1-", "[E-ANOTHER-REGISTRY]"]);
}

#[test]
fn an_expired_token_says_so() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    registry.wait(async {
        for token in registry.app().tokens().await.unwrap() {
            registry.app().revoke_token(token.id).await.unwrap();
        }
    });
    project.tare("whoami").ends_with(4).says(&["tare login"]);
}

#[test]
fn a_registry_that_is_away_is_a_network_failure() {
    let project = Project::new();
    let away = project.tare("registry add main http://127.0.0.1:9").ends_with(3);
    away.says(&["failed to connect to http://127.0.0.1:9", "help: "]);
    let json =
        project.tare("registry add main http://127.0.0.1:9 --json").ends_with(3).json_error();
    assert_eq!(
        (&json["error"]["code"], &json["error"]["exit-code"]),
        (&"E-CONNECT".into(), &3.into())
    );
    project
        .tare("registry add main http://127.0.0.1:9 --offline")
        .ends_with(3)
        .says(&["[E-OFFLINE]"]);
}

#[test]
fn registries_are_added_chosen_and_removed() {
    let registry = Registry::start();
    let project = Project::new();
    project.tare(&format!("registry add one {}", registry.url())).succeeds();
    project.tare(&format!("registry add two {}", registry.url())).succeeds();
    project.tare("registry default two").succeeds();
    project.tare("registry default three").ends_with(2).says(&["the known ones are one, two"]);
    let shown = project.tare("registry show --json").succeeds().json();
    assert_eq!(shown["name"], "two");
    project.tare("registry remove two").succeeds();
    project.tare("registry show").ends_with(2).says(&["there is no default"]);
    project.tare("registry remove two").ends_with(2);
}

#[test]
fn a_mistake_in_the_configuration_has_a_place_and_a_suggestion() {
    let project = Project::new();
    project.write("../home/config.toml", "[registries.main]\nurll = 'https://a.example'\n");
    let mistake = project.tare("registry list").ends_with(2);
    mistake.says(&["line 2: unknown key `urll`", "did you mean `url`?"]);
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_a_question_too() {
    use std::io::Read as _;
    use std::process::{Command, Stdio};
    let registry = Registry::start();
    let arguments = ["login", "--registry", registry.url()];
    let project = Project::new();
    let mut child =
        project.command(&arguments).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Nobody types the token. Once its question is all it waits for, the program listens for signals.
    let status = format!("/proc/{}/status", child.id());
    let listens = |status: &str| {
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 2 != 0)
    };
    while !listens(&std::fs::read_to_string(&status).unwrap_or_default()) {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!said.contains("error"), "{said}");
}
