use tare_format::lock::Lock;
use tare_format::manifest::Manifest;

use super::*;
use crate::samples::{id, known, lineage, registry, release, release_of, resolution};

fn manifest(dependencies: &str) -> Manifest {
    Manifest::parse(&format!("[dependencies]\n{dependencies}\n")).unwrap()
}

/// A project that wants an adapter on a base, whose base was trained on data.
fn sample() -> Lock {
    let installed = [
        release_of("a/adapter@1.0.0", &["a/base@1.0.0"], &["a/base@1.0.0", "a/chats@2.0.0"]),
        release_of("a/base@1.0.0", &[], &["a/web@1.0.0", "hf:org/other"]),
    ];
    let history = [release_of("a/chats@2.0.0", &[], &["a/web@1.0.0"]), release("a/web@1.0.0")];
    let known = known(&[installed.clone(), history].concat());
    make(&registry(), &resolution(&["a/adapter@1.0.0"], &installed), &[], &known)
}

#[test]
fn history_is_locked_once_and_what_is_installed_is_not_history() {
    let lock = sample();
    let packages: Vec<_> = lock.packages.iter().map(|package| package.id().to_string()).collect();
    assert_eq!(packages, ["a/adapter@1.0.0", "a/base@1.0.0"]);
    let ancestors: Vec<_> = lock.ancestors.iter().map(|a| a.source.to_string()).collect();
    assert_eq!(ancestors, ["a/chats", "a/web", "hf:org/other"]);
    assert!(lock.ancestors[0].release.is_some() && lock.ancestors[2].release.is_none());
}

#[test]
fn the_text_of_a_lock_reads_back_and_names_no_url() {
    let text = sample().to_text().unwrap();
    let again = Lock::parse(&text).unwrap();
    assert_eq!(again.to_text().unwrap(), text);
    assert!(!text.contains("http"));
}

#[test]
fn a_circle_in_the_history_ends() {
    let releases = [
        release_of("a/x@1.0.0", &[], &["a/y@1.0.0"]),
        release_of("a/y@1.0.0", &[], &["a/z@1.0.0"]),
        release_of("a/z@1.0.0", &[], &["a/y@1.0.0"]),
    ];
    let resolution = resolution(&["a/x@1.0.0"], &releases[..1]);
    let lock = make(&registry(), &resolution, &[], &known(&releases));
    assert_eq!(lock.ancestors.len(), 2);
}

#[test]
fn what_the_project_itself_was_made_from_is_locked() {
    let known = known(&[release("a/web@1.0.0")]);
    let lock = make(&registry(), &resolution(&[], &[]), &[lineage("a/web@1.0.0")], &known);
    assert_eq!(lock.ancestors.len(), 1);
}

#[test]
fn a_lock_is_fresh_until_the_manifest_asks_for_something_else() {
    let lock = sample();
    assert_eq!(check(&manifest("\"a/adapter\" = \"=1.0.0\""), &lock), Ok(()));
    for (dependencies, expected) in [
        (
            "\"a/adapter\" = \"1.0.0\"",
            "`Tare.toml` asks for `a/adapter` `^1.0.0`, which `Tare.lock` does not have",
        ),
        (
            "\"a/adapter\" = { version = \"=1.0.0\", variant = \"q4\" }",
            "`Tare.toml` asks for `a/adapter` `=1.0.0` in variant `q4`, which `Tare.lock` does not have",
        ),
        ("", "`Tare.lock` has `a/adapter` =1.0.0, which `Tare.toml` does not ask for"),
    ] {
        assert_eq!(check(&manifest(dependencies), &lock).unwrap_err().to_string(), expected);
    }
}

#[test]
fn an_edited_lock_is_refused_and_the_place_is_named() {
    let asked = manifest("\"a/adapter\" = \"=1.0.0\"");
    let mut lock = sample();
    lock.packages.retain(|package| package.id() != id("a/base@1.0.0"));
    let missing = "`Tare.lock` needs `a/base@1.0.0` and does not describe it";
    assert_eq!(check(&asked, &lock).unwrap_err().to_string(), missing);

    let mut lock = sample();
    lock.requirements[0].version = "9.0.0".parse().unwrap();
    let choice = "`Tare.lock` chose `a/adapter@9.0.0` for the requirement =1.0.0";
    assert_eq!(check(&asked, &lock).unwrap_err().to_string(), choice);

    let mut lock = sample();
    lock.ancestors.clear();
    assert!(matches!(check(&asked, &lock), Err(OutOfDate::Dangling(_))));
}

#[test]
fn changes_are_told_by_package() {
    let lock_of = |texts: &[&str]| {
        let releases: Vec<_> = texts.iter().map(|text| release(text)).collect();
        make(&registry(), &resolution(texts, &releases), &[], &known(&releases))
    };
    let old = lock_of(&["a/x@1.0.0", "a/x@2.0.0", "a/gone@1.0.0", "a/same@1.0.0"]);
    let mut new = lock_of(&["a/x@1.0.0", "a/x@2.1.0", "a/came@1.0.0", "a/same@1.0.0"]);
    new.packages[3].variant = Some("q4".parse().unwrap());
    let told: Vec<_> = changes(&old, &new).iter().map(LockChange::to_string).collect();
    assert_eq!(
        told,
        [
            "adding a/came@1.0.0",
            "removing a/gone@1.0.0",
            "changing a/same@1.0.0 to variant q4",
            "updating a/x 2.0.0 -> 2.1.0"
        ]
    );
    assert_eq!(changes(&new, &new), []);
}

#[test]
fn a_lock_agrees_with_the_documents_it_was_made_of_and_with_no_other() {
    let lock = sample();
    let adapter =
        release_of("a/adapter@1.0.0", &["a/base@1.0.0"], &["a/base@1.0.0", "a/chats@2.0.0"]);
    let locked = lock.package(&id("a/adapter@1.0.0")).unwrap();
    assert_eq!(agree(locked, &adapter), Ok(()));
    type Edit = fn(&mut tare_format::lock::LockedPackage);
    let edits: [(&str, Edit); 6] = [
        ("version", |package| package.version.patch = 1),
        ("kind", |package| package.kind = tare_format::manifest::Kind::Dataset),
        ("variant", |package| package.variant = Some("q4".parse().unwrap())),
        ("dependencies", |package| package.dependencies.clear()),
        ("dependencies", |package| package.dependencies[0].package.version.major = 2),
        ("lineage", |package| drop(package.lineage.pop())),
    ];
    for (field, edit) in edits {
        let mut edited = locked.clone();
        edit(&mut edited);
        assert_eq!(agree(&edited, &adapter), Err(field));
    }
}
