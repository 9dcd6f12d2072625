use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;

use super::*;

/// A store with files of these paths and texts, and the tree that they make.
fn story(home: &Path, files: &[(&str, &str)]) -> (FileStore, Vec<TreeFile>) {
    let store = FileStore::open(&home.join("store")).unwrap();
    let files = files.iter().map(|(path, text)| {
        let sha256 = Sha256::of(text.as_bytes());
        let mut staged = store.stage().unwrap();
        staged.write_all(text.as_bytes()).unwrap();
        store.insert(staged, &sha256).unwrap();
        TreeFile { path: (*path).to_owned(), sha256, size_bytes: text.len() as u64 }
    });
    let files = files.collect();
    (store, files)
}

/// No temporary folder is left beside the tree.
fn is_tidy(folder: &Path) -> bool {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.into_iter().all(|name| !name.to_str().unwrap().starts_with(TEMPORARY_PREFIX))
}

#[test]
fn a_tree_is_hard_links_to_the_store() {
    let home = tempfile::tempdir().unwrap();
    let (store, files) = story(home.path(), &[("a.txt", "one"), ("deep/er/b", "two")]);
    let target = home.path().join("trees/x/1.0.0");

    let made = materialize(&store, &files, &target, Ownership::Shared).unwrap();

    assert_eq!(made, Materialized::Made);
    assert_eq!(fs::read_to_string(target.join("deep/er/b")).unwrap(), "two");
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    assert_eq!(inode(&target.join("a.txt")), inode(&store.path(&files[0].sha256)));
    assert!(is_tidy(target.parent().unwrap()));
    let again = materialize(&store, &files, &target, Ownership::Shared).unwrap();
    assert_eq!(again, Materialized::AlreadyThere);
}

#[test]
fn a_tree_of_its_own_may_be_changed() {
    let home = tempfile::tempdir().unwrap();
    let (store, files) = story(home.path(), &[("a.txt", "one")]);
    let target = home.path().join("own");
    materialize(&store, &files, &target, Ownership::Own).unwrap();
    fs::write(target.join("a.txt"), "changed").unwrap();
    store.verify(&files[0].sha256).unwrap();
    let found = materialize(&store, &files, &target, Ownership::Own).unwrap();
    assert_eq!(found, Materialized::Replaced);
    assert_eq!(fs::read_to_string(target.join("a.txt")).unwrap(), "one");
}

#[test]
fn a_tree_that_differs_is_described_and_replaced_at_one_stroke() {
    let home = tempfile::tempdir().unwrap();
    let (store, files) = story(home.path(), &[("a", "one"), ("b", "two"), ("c", "three")]);
    let target = home.path().join("tree");
    materialize(&store, &files, &target, Ownership::Shared).unwrap();
    fs::remove_file(target.join("a")).unwrap();
    fs::remove_file(target.join("b")).unwrap();
    fs::write(target.join("b"), "TWO").unwrap();
    std::os::unix::fs::symlink("c", target.join("extra")).unwrap();

    let found = differences(&store, &files, &target).unwrap();

    assert_eq!(found.len(), 3);
    assert_eq!(found[0], "`a` is missing");
    assert!(found[1].starts_with("`b` is sha256:"), "{}", found[1]);
    assert_eq!(found[2], "`extra` does not belong to the package");
    let made = materialize(&store, &files, &target, Ownership::Shared).unwrap();
    assert_eq!(made, Materialized::Replaced);
    assert_eq!(differences(&store, &files, &target).unwrap(), [] as [String; 0]);
    assert!(is_tidy(home.path()));
}

#[test]
fn a_write_through_a_link_is_noticed_in_tree_and_store() {
    let home = tempfile::tempdir().unwrap();
    let (store, files) = story(home.path(), &[("a", "one")]);
    let target = home.path().join("tree");
    materialize(&store, &files, &target, Ownership::Shared).unwrap();
    // The test runs as a user whom 0444 does not stop, or else makes itself one.
    let path = target.join("a");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    fs::set_permissions(&path, permissions).unwrap();
    fs::write(&path, "ONE").unwrap();

    assert_eq!(differences(&store, &files, &target).unwrap(), ["`a`: it was written to"]);
    let error =
        materialize(&store, &files, &home.path().join("other"), Ownership::Shared).unwrap_err();
    let TreeError::File { source, .. } = error else { panic!("{error}") };
    assert!(matches!(source, FileStoreError::Changed { .. }), "{source}");
}

#[test]
fn a_missing_file_leaves_the_old_tree_and_no_other() {
    let home = tempfile::tempdir().unwrap();
    let (store, files) = story(home.path(), &[("a", "one")]);
    let target = home.path().join("tree");
    materialize(&store, &files, &target, Ownership::Shared).unwrap();
    let absent = TreeFile { path: "b".into(), sha256: Sha256::of(b"?"), size_bytes: 1 };
    let both = [files[0].clone(), absent];
    let error = materialize(&store, &both, &target, Ownership::Shared).unwrap_err();
    assert!(matches!(error, TreeError::File { .. }), "{error}");
    assert_eq!(differences(&store, &files, &target).unwrap(), [] as [String; 0]);
    assert!(is_tidy(home.path()));
}

#[test]
fn no_path_leaves_the_tree() {
    let home = tempfile::tempdir().unwrap();
    let (store, files) = story(home.path(), &[("a", "one")]);
    for path in ["../a", "/a", "a/../../b", "a//b", ".", "", "a/", "C:a", "a\\b", "a\0"] {
        let file = TreeFile { path: path.to_owned(), ..files[0].clone() };
        let error =
            materialize(&store, &[file], &home.path().join("t"), Ownership::Own).unwrap_err();
        assert!(matches!(error, TreeError::Path { .. }), "{path:?}: {error}");
    }
    let twice = [files[0].clone(), files[0].clone()];
    materialize(&store, &twice, &home.path().join("t"), Ownership::Own).unwrap_err();
    assert!(!home.path().join("t").exists());
}

#[test]
fn what_is_not_a_tree_is_not_replaced() {
    let home = tempfile::tempdir().unwrap();
    let (store, files) = story(home.path(), &[("a", "one")]);
    let target = home.path().join("mine");
    fs::write(&target, "a file").unwrap();
    materialize(&store, &files, &target, Ownership::Shared).unwrap_err();
    assert_eq!(fs::read_to_string(&target).unwrap(), "a file");
    fs::create_dir(home.path().join("elsewhere")).unwrap();
    let link = home.path().join("link");
    std::os::unix::fs::symlink("elsewhere", &link).unwrap();
    materialize(&store, &files, &link, Ownership::Shared).unwrap_err();
    assert!(link.is_symlink() && is_tidy(home.path()));
}

#[test]
fn many_may_make_one_tree_at_once() {
    let home = tempfile::tempdir().unwrap();
    let (store, files) = story(home.path(), &[("a", "one"), ("b/c", "two")]);
    let target = home.path().join("tree");
    let made = std::thread::scope(|scope| {
        let make = || materialize(&store, &files, &target, Ownership::Shared).unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(made.iter().filter(|made| **made == Materialized::Made).count(), 1);
    assert!(made.iter().all(|made| *made != Materialized::Replaced));
    assert_eq!(differences(&store, &files, &target).unwrap(), [] as [String; 0]);
    assert!(is_tidy(home.path()));
}

#[test]
fn a_link_to_a_tree_is_moved_at_one_stroke() {
    let home = tempfile::tempdir().unwrap();
    let link = home.path().join("packages/ns/name");
    for target in ["one", "two", "two"] {
        point(&link, Path::new(target)).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new(target));
    }
    let file = home.path().join("file");
    fs::write(&file, "mine").unwrap();
    point(&file, Path::new("one")).unwrap_err();
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert!(is_tidy(link.parent().unwrap()));
}
