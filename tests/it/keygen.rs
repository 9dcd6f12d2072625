//! `tare keygen`: a key that only its owner can use, and that is never lost to a second run.

use crate::support::Project;

#[test]
fn a_key_is_encrypted_and_nobody_else_can_read_it() {
    let project = Project::new();
    let made = project.tare("keygen").succeeds();
    assert!(made.stdout.starts_with("sha256:"), "{}", made.stdout);
    let path = project.home().join("keys/default.pem");
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_key_that_is_there_is_never_overwritten() {
    let project = Project::new();
    project.tare("keygen").succeeds();
    let path = project.home().join("keys/default.pem");
    let before = std::fs::read(&path).unwrap();
    project.tare("keygen").ends_with(2).says(&["there is a key at", "[E-KEY-EXISTS]", "help: "]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    project.tare("keygen --output other.pem").succeeds();
}

#[test]
fn without_a_password_and_anybody_to_ask_there_is_no_key() {
    let project = Project::new().with("TARE_KEY_PASSWORD", "");
    project.tare("keygen").ends_with(2).says(&["needs a password", "TARE_KEY_PASSWORD"]);
    assert!(!project.home().join("keys/default.pem").exists());
    project.tare("keygen --no-password").succeeds().says(&["not encrypted"]);
}

#[test]
fn json_names_the_key_and_its_files() {
    let project = Project::new();
    let made = project.tare("keygen --json").succeeds().json();
    assert_eq!(made["encrypted"], true);
    assert!(std::path::Path::new(made["public-key"].as_str().unwrap()).is_file());
}
