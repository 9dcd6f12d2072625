use tare_format::PackageName;

use super::*;

const TEXT: &str = r#"# What the demo uses.
[dependencies]
"a/first" = "1" # the oldest that works
"c/last" = { version = "=2.0.0", relation = "base" }   # exact
"#;

fn project(text: &str) -> (tempfile::TempDir, Project) {
    let folder = tempfile::tempdir().unwrap();
    durable::write(&folder.path().join(MANIFEST_FILE), text.as_bytes()).unwrap();
    let project = Project::open(folder.path()).unwrap();
    (folder, project)
}

fn addition(name: &str, requirement: &str) -> Addition {
    let name = name.parse().unwrap();
    Addition { name, requirement: requirement.to_owned(), relation: None, variant: None }
}

fn name(text: &str) -> PackageName {
    text.parse().unwrap()
}

#[test]
fn an_addition_is_sorted_in_and_comments_stay() {
    let (folder, mut project) = project(TEXT);
    let variant = Some("q4".parse().unwrap());
    project.add(&Addition { variant, ..addition("b/middle", "^0.4") }).unwrap();
    project.save_manifest().unwrap();
    let text = fs::read_to_string(folder.path().join(MANIFEST_FILE)).unwrap();
    let expected = r#"# What the demo uses.
[dependencies]
"a/first" = "1" # the oldest that works
"b/middle" = { version = "^0.4", variant = "q4" }
"c/last" = { version = "=2.0.0", relation = "base" }   # exact
"#;
    assert_eq!(text, expected);
}

#[test]
fn adding_what_is_there_changes_only_what_was_asked() {
    let (_folder, mut project) = project(TEXT);
    project.add(&addition("c/last", "=2.1.0")).unwrap();
    project.add(&addition("a/first", "2")).unwrap();
    let text = TEXT.replace("=2.0.0", "=2.1.0").replace("\"1\"", "\"2\"");
    assert_eq!(project.text, text);
}

#[test]
fn a_manifest_without_dependencies_gets_the_table() {
    let (_folder, mut project) = project("");
    project.add(&addition("a/b", "1")).unwrap();
    assert_eq!(project.text, "[dependencies]\n\"a/b\" = \"1\"\n");
}

#[test]
fn removing_takes_one_entry_and_names_the_nearest_for_a_typo() {
    let (_folder, mut project) = project(TEXT);
    project.remove(&name("a/first")).unwrap();
    assert_eq!(project.manifest().dependencies.len(), 1);
    let error = project.remove(&name("c/lost")).unwrap_err();
    assert_eq!(
        (error.kind(), error.help().unwrap()),
        (ErrorKind::NotFound, "did you mean `c/last`?".to_owned())
    );
}

#[test]
fn an_addition_that_breaks_a_rule_changes_nothing() {
    let (_folder, mut project) = project(TEXT);
    assert!(project.add(&addition("a/b", "not a version")).is_err());
    assert_eq!(project.text, TEXT);
}

#[test]
fn a_project_is_found_from_below_and_a_lock_with_a_mistake_is_named() {
    let (folder, _) = project(TEXT);
    let below = folder.path().join("src/deep");
    fs::create_dir_all(&below).unwrap();
    assert_eq!(Project::find(&below).unwrap().root(), folder.path());
    durable::write(&folder.path().join(LOCK_FILE), b"version = 9\n").unwrap();
    let error = Project::find(&below).unwrap_err();
    assert!(error.to_string().ends_with("Tare.lock` cannot be used"), "{error}");
}

#[test]
fn a_folder_outside_of_any_project_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Project::find(folder.path()).unwrap_err();
    assert_eq!(error.code(), "E-NO-PROJECT");
}

#[test]
fn a_lock_that_is_right_is_not_written_again() {
    let (folder, mut project) = project(TEXT);
    let lock = Lock { version: 1, ..Lock::default() };
    project.save_lock(lock.clone()).unwrap();
    let path = folder.path().join(LOCK_FILE);
    let time = || fs::metadata(&path).unwrap().modified().unwrap();
    let before = time();
    project.save_lock(lock).unwrap();
    assert_eq!(before, time());
}
