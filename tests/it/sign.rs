//! `tare sign` and `tare verify PATH`: a model in no registry, its signature, and what changed since.

use std::fs;
use std::process::Command;

use crate::support::Project;

/// Somebody with a key and a model of two files.
fn desk() -> Project {
    let project = Project::new();
    project.tare("keygen").succeeds();
    project.write("tiny/config.json", "{}").write("tiny/weights/a.bin", "weights");
    project
}

const VERIFY: &str = "verify tiny --key ../home/keys/default.pub";

#[test]
fn a_model_that_was_signed_verifies_and_one_that_was_changed_does_not() {
    let project = desk();
    let made = project.tare("sign tiny").succeeds().says(&["Signed", "tiny, 2 files, 9 B"]);
    assert!(made.stdout.trim_end().ends_with("tiny/model.sig"), "{}", made.stdout);
    project
        .tare(VERIFY)
        .succeeds()
        .says(&["Verified", "tiny, 2 files, 9 B, signed by key sha256:"]);
    project.write("tiny/weights/a.bin", "WEIGHTS").write("tiny/run.py", "");
    fs::remove_file(project.path().join("tiny/config.json")).unwrap();
    let refused = project.tare(VERIFY).ends_with(7).says(&["[E-MODEL-DIFFERS]", "3 differences"]);
    for line in [
        "missing: `config.json` was signed and is missing",
        "extra: `run.py` was not signed",
        "changed: `weights/a.bin` is sha256:",
    ] {
        assert!(refused.stdout.contains(line), "{}", refused.stdout);
    }
}

#[test]
fn json_says_what_was_expected_and_what_was_found() {
    let project = desk();
    let made = project.tare("sign tiny --json").succeeds().json();
    assert_eq!((&made["files"], &made["bytes"]), (&2.into(), &9.into()));
    project.write("tiny/config.json", "[]");
    let report = project.tare(&format!("{VERIFY} --json")).ends_with(7).json();
    let difference = &report["differences"][0];
    assert_eq!(
        (&difference["path"], &difference["kind"]),
        (&"config.json".into(), &"changed".into())
    );
    assert_ne!(difference["expected"], difference["found"]);
    assert_eq!(report["signer"], format!("key {}", made["key"].as_str().unwrap()));
}

#[test]
fn a_model_without_a_signature_or_with_that_of_another_is_refused() {
    let project = desk();
    project.tare(VERIFY).ends_with(7).says(&["not signed", "[E-MODEL-UNSIGNED]"]);
    project.tare("keygen --output other.pem").succeeds();
    project.tare("sign tiny --key other.pem").succeeds();
    project.tare(VERIFY).ends_with(7).says(&["[E-MODEL-SIGNATURE]", "expected key sha256:"]);
    project.tare("verify tiny").ends_with(2).says(&["--key FILE"]);
    project.tare("verify nowhere --key other.pub").ends_with(5).says(&["there is no model"]);
    project.tare("verify tiny --all").ends_with(2);
}

#[test]
fn what_the_signature_says_nothing_about_is_shown() {
    let project = desk();
    project.write("tiny/.git/HEAD", "x").write("tiny/log/today", "x");
    project.tare("sign tiny --ignore-paths log").succeeds().says(&["nothing about .git, log"]);
    project.write("tiny/log/more", "x");
    project.tare(VERIFY).succeeds().says(&["nothing about .git, log"]);
}

#[cfg(unix)]
#[test]
fn a_key_that_everybody_can_read_signs_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = desk();
    let key = project.home().join("keys/default.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    project.tare("sign tiny").ends_with(2).says(&["mode 644", "[E-KEY-OPEN]", "chmod 600"]);
}

#[test]
fn the_password_may_come_from_a_file() {
    let project = desk().with("TARE_KEY_PASSWORD", "");
    project.tare("sign tiny").ends_with(4).says(&["no passphrase was given"]);
    let with_file = project.with("TARE_KEY_PASSWORD_FILE", "password");
    with_file.write("password", "correct horse\n").tare("sign tiny").succeeds();
    with_file
        .write("password", "wrong\n")
        .tare("sign tiny")
        .ends_with(4)
        .says(&["wrong passphrase"]);
    fs::remove_file(with_file.path().join("password")).unwrap();
    with_file.tare("sign tiny").ends_with(1).says(&["failed to read the password in"]);
}

#[test]
fn a_program_signs_in_place_of_a_key() {
    let project = desk();
    let script = "exec openssl pkeyutl -sign -inkey key.pem -in /dev/stdin";
    project.write("sign.sh", script);
    for arguments in [
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out key.pem",
        "pkey -in key.pem -pubout -out key.pub",
    ] {
        let openssl = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(project.path())
            .status()
            .unwrap();
        assert!(openssl.success());
    }
    let sign = |command| {
        project.tare_with(&["sign", "tiny", "--signer", command, "--public-key", "key.pub"], "")
    };
    sign("sh sign.sh").succeeds();
    project.tare("verify tiny --key key.pub").succeeds();
    sign("sh nothing.sh").ends_with(1).says(&["[E-SIGN]", "expected exit status 0"]);
    sign("cat").ends_with(1).says(&["no signature of this key"]);
    project.tare("sign tiny --signer cat").ends_with(2).says(&["--public-key"]);
    project.write(".tare/config.toml", "[signing]\nsigner = 'cat'\npublic-key = 'key.pub'\n");
    project.tare("sign tiny").ends_with(2).says(&["names a program that signs", "[E-CONFIG]"]);
}

#[test]
fn a_key_for_ed25519_signs_releases_and_no_models() {
    let project = desk();
    let pem = include_str!("../../spec/vectors/keys/ed25519.pem");
    project.write("ed25519.pem", pem);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let path = project.path().join("ed25519.pem");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let refused = project.tare("sign tiny --key ed25519.pem").ends_with(1);
    refused.says(&["have no Ed25519", "ECDSA on P-256"]);
}
