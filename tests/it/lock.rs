//! `tare lock`, `tare add` and `tare remove`: what the lock says, and when it may change.

use tare_format::lock::Lock;

use crate::shelf::{Package, Shelf};

const LORA: &str = "\"lab/lora\" = \"^0.4\"";

#[test]
fn a_lock_has_what_is_installed_and_all_its_ancestors_and_no_url() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("lock").succeeds().says(&["Adding lab/lora@0.4.1", "Adding lab/base@1.0.0"]);
    let lock = Lock::parse(&project.read("Tare.lock")).unwrap();
    let packages: Vec<_> = lock.packages.iter().map(|package| package.name.as_str()).collect();
    let ancestors: Vec<_> =
        lock.ancestors.iter().map(|ancestor| ancestor.source.to_string()).collect();
    assert_eq!(
        (packages, ancestors),
        (vec!["lab/base", "lab/lora"], vec!["lab/chats".into(), "lab/web".into()])
    );
    assert!(!project.read("Tare.lock").contains("http"));
}

#[test]
fn the_same_project_gets_the_same_lock_to_the_byte() {
    let shelf = Shelf::with_family();
    let (first, second) = (shelf.consumer(LORA), shelf.consumer(LORA));
    first.tare("lock").succeeds();
    second.tare("install").succeeds();
    assert_eq!(first.read("Tare.lock"), second.read("Tare.lock"));
    first.tare("lock").succeeds().says(&["Unchanged"]);
}

#[test]
fn a_lock_is_kept_although_something_newer_came() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("lock").succeeds();
    let before = project.read("Tare.lock");
    shelf.lora(&shelf.publisher, "0.4.2").tare("publish").succeeds();
    project.tare("install").succeeds();
    assert_eq!(project.read("Tare.lock"), before);
}

#[test]
fn locked_means_that_nothing_changes() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("install --locked").ends_with(8).says(&[
        "E-LOCKED",
        "has no `Tare.lock`",
        "tare lock",
    ]);
    project.tare("lock").succeeds();
    project.tare("install --locked").succeeds();
    let lock = project.read("Tare.lock");
    project.write("Tare.toml", "[dependencies]\n\"lab/lora\" = \"=0.4.1\"\n");
    project.tare("install --locked").ends_with(8).says(&["asks for `lab/lora` `=0.4.1`"]);
    assert_eq!(project.read("Tare.lock"), lock);
}

#[test]
fn an_edited_lock_is_refused_and_the_field_is_named() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("lock").succeeds();
    let lock = project.read("Tare.lock");
    let digest_of =
        |line: &str| lock.lines().rfind(|found| found.starts_with(line)).unwrap().to_owned();
    let (release, signers) = (digest_of("release"), digest_of("signers"));
    let zeros = "0".repeat(64);
    for (from, to, code, says) in [
        (release.as_str(), format!("release = \"sha256:{zeros}\""), 6, "E-OTHER-RELEASE"),
        (signers.as_str(), format!("signers = [\"sha256:{zeros}\"]"), 7, "E-SIGNER-CHANGED"),
        (
            "version = \"0.4.1\"\nkind",
            "version = \"0.4.2\"\nkind".to_owned(),
            8,
            "needs `lab/lora@0.4.1`",
        ),
        ("kind = \"adapter\"", "kind = \"model\"".to_owned(), 6, "`kind` of `lab/lora@0.4.1`"),
        ("variant = \"f32\"", "variant = \"q8\"".to_owned(), 6, "`variant` of `lab/base@1.0.0`"),
        (
            "relation = \"base\"",
            "relation = \"component\"".to_owned(),
            6,
            "`dependencies` of `lab/lora@0.4.1`",
        ),
        ("version = 1\n", "version = 2\n".to_owned(), 2, "version 2"),
        (
            "kind = \"adapter\"",
            "kind = \"adapter\"\nurl = \"http://evil\"".to_owned(),
            2,
            "unknown key `url`",
        ),
    ] {
        assert!(lock.contains(from), "{from}");
        let edited = match lock.rfind(from) {
            Some(at) if from.starts_with("release") || from.starts_with("signers") => {
                // The adapter comes after its base, the ancestors after both: the one before the last two is the adapter's.
                let place = lock[..at].rfind("name = \"lab/lora\"").unwrap();
                let (head, tail) = lock.split_at(place);
                let line = tail.lines().find(|line| line.starts_with(&from[..7])).unwrap();
                format!("{head}{}", tail.replacen(line, &to, 1))
            }
            _ => lock.replacen(from, &to, 1),
        };
        project.write("Tare.lock", &edited);
        project.tare("install --locked").ends_with(code).says(&[says]);
        assert!(!project.path().join(".tare").exists(), "{says}");
    }
}

#[test]
fn a_lock_for_another_registry_is_refused() {
    let (shelf, other) = (Shelf::with_family(), Shelf::empty());
    let project = shelf.consumer(LORA);
    project.tare("lock").succeeds();
    project.tare(&format!("registry add other {}", other.registry.url())).succeeds();
    project.tare("install --registry other").ends_with(2).says(&["E-OTHER-REGISTRY"]);
    project.tare("install").succeeds();
}

#[test]
fn adding_writes_one_line_and_says_which() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer("# what we listen with");
    project.tare("add lab/lora").succeeds().says(&["Adding lab/lora ^0.4.1 to [dependencies]"]);
    project.tare("add lab/base@1.0:q4 --relation base").succeeds();
    let expected = "[dependencies]\n# what we listen with\n\n\
                    \"lab/base\" = { version = \"1.0\", relation = \"base\", variant = \"q4\" }\n\"lab/lora\" = \"^0.4.1\"\n";
    let lines = |text: &str| {
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let written = lines(&project.read("Tare.toml"));
    assert_eq!(written.len(), lines(expected).len(), "{written:?}");
    assert!(lines(expected).iter().all(|line| written.contains(line)), "{written:?}");
    project.tare("remove lab/lora").succeeds().says(&["Removing lab/lora@0.4.1"]);
    project.tare("remove lab/bas").ends_with(5).says(&["did you mean `lab/base`?"]);
}

#[test]
fn adding_what_cannot_be_had_changes_nothing() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer("");
    let before = project.read("Tare.toml");
    for (command, code, says) in [
        ("add lab/lora@^9", 5, "no version of `lab/lora` matches ^9"),
        ("add lab/nothing", 5, "package `lab/nothing` does not exist"),
        ("add lab/base@1.0.0:q8", 5, "q8"),
        ("add no-namespace", 2, "namespace/name"),
        ("add lab/lora@one", 2, "not a version requirement"),
        ("add lab/base@1:f32 lab/base@1:q4", 2, "`lab/base` is to be added twice"),
        ("add lab/lora --dry-run", 0, "nothing was written"),
    ] {
        let said = project.tare(command).ends_with(code).says(&[says]).stderr;
        assert!(code == 0 || !said.contains("Adding"), "{said}");
        assert_eq!(project.read("Tare.toml"), before, "{command}");
        assert!(!project.path().join("Tare.lock").exists(), "{command}");
    }
}

#[test]
fn another_spelling_becomes_the_owners() {
    let shelf = Shelf::empty();
    shelf.publish(&Package::model("Lab/Wake_Word", "1.0.0"), &[("m.bin", b"m")]);
    let project = shelf.consumer("");
    project.tare("add lab/wake-word").succeeds();
    assert!(project.read("Tare.toml").contains("\"Lab/Wake_Word\" = \"^1.0.0\""));
}

#[test]
fn as_of_a_day_later_releases_have_not_happened() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("lock --as-of 2020-01-01").ends_with(5);
    project.tare("lock --as-of 2999-12-31").succeeds();
    project.tare("lock --as-of tomorrow").ends_with(2).says(&["neither a date"]);
}

#[test]
fn without_a_network_the_cached_pages_do() {
    let shelf = Shelf::with_family();
    shelf.publish(&Package::model("lab/more", "1.0.0"), &[("m.bin", b"m")]);
    let project = shelf.consumer(LORA);
    project.tare("lock").succeeds();
    drop(shelf);
    std::fs::remove_file(project.path().join("Tare.lock")).unwrap();
    project.tare("lock --offline").succeeds().says(&["Adding lab/lora@0.4.1"]);
    project.tare("add lab/more --offline").ends_with(3).says(&["E-OFFLINE", "lab/more"]);
    // That something is not there is proven by the state, which is here.
    project.tare("add lab/nothing --offline").ends_with(5).says(&["E-NO-PACKAGE"]);
}

#[test]
fn a_yanked_version_is_not_locked_anew_and_stays_where_it_is() {
    let shelf = Shelf::with_family();
    let (old, new) = (shelf.consumer(LORA), shelf.consumer(LORA));
    old.tare("lock").succeeds();
    shelf.publisher.tare_with(&["yank", "lab/lora@0.4.1", "--reason", "clicks"], "").succeeds();
    old.tare("install").succeeds();
    old.tare("update").succeeds().says(&["yanked (clicks)"]);
    new.tare("lock").ends_with(5).says(&["yanked"]);
}
