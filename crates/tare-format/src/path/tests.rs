use proptest::prelude::*;

use super::*;

fn path(text: &str) -> FilePath {
    text.parse().unwrap()
}

fn set(paths: &[&str]) -> Result<PathSet, PathConflict> {
    let mut set = PathSet::new();
    paths.iter().try_for_each(|text| set.insert(&path(text)))?;
    Ok(set)
}

#[test]
fn ordinary_paths_of_the_world_are_paths() {
    for good in [
        "Tare.toml",
        "model-00001-of-00002.safetensors",
        "a/b c/d.json",
        ".gitattributes",
        ".github/x",
        "données/été.csv",
        "模型/权重.bin",
        "com10",
        "console.log",
        "git~",
        "git~a",
        "a..b",
    ] {
        assert_eq!(path(good).to_string(), good);
    }
    assert_eq!(path("a/b/c.txt").file_name(), "c.txt");
    assert_eq!(path("a/b/c.txt").components().collect::<Vec<_>>(), ["a", "b", "c.txt"]);
}

#[test]
fn sizes_are_accepted_up_to_the_limit_and_not_beyond() {
    let component = "x".repeat(MAX_COMPONENT_SIZE);
    let longest = [component.as_str(); 4].join("/") + "/";
    assert!(longest.parse::<FilePath>().is_err(), "a folder is not a file");
    let longest = &longest[..MAX_PATH_SIZE - 1];
    assert!(longest.parse::<FilePath>().is_ok());
    let deepest = vec!["d"; MAX_DEPTH].join("/");
    assert!(deepest.parse::<FilePath>().is_ok());

    for bad in [component.clone() + "x", [component.as_str(); 5].join("/"), deepest + "/d"] {
        assert_eq!(bad.parse::<FilePath>().unwrap_err().rule(), 12, "{bad}");
    }
}

#[test]
fn each_bad_path_breaks_its_rule() {
    for (rule, bad) in [
        (12, "e\u{301}.txt"),
        (13, ""),
        (13, "/a"),
        (13, "a//b"),
        (13, "a/"),
        (13, "."),
        (13, "./a"),
        (13, ".."),
        (13, "a/../b"),
        (13, " a"),
        (13, "a /b"),
        (13, "a\u{a0}"),
        (13, "a."),
        (14, "a\\b"),
        (14, "c:/x"),
        (14, "\\\\server\\share"),
        (14, "a\0b"),
        (14, "a\nb"),
        (14, "a\u{7f}"),
        (14, "a\u{85}b"),
        (14, "a\u{2028}b"),
        (14, "file:stream"),
        (14, "a?"),
        (14, "a\u{202e}b"),
        (14, "a\u{200b}b"),
        (14, "a\u{feff}b"),
        (14, "a\u{ad}b"),
        (14, "a\u{e000}b"),
        (14, "a\u{10fffd}b"),
        (14, "a\u{e0041}b"),
        (14, "a\u{1ffff}b"),
        (14, ".g\u{200c}it"),
        (15, "NUL"),
        (15, "a/aux.json"),
        (15, "Com1 .bin"),
        (15, "lpt².x"),
        (15, "CONIN$"),
        (15, ".git"),
        (15, "a/.GIT/config"),
        (15, "GIT~1"),
        (15, ".tare-ok"),
        (15, "a/.Tare-OK"),
    ] {
        assert_eq!(bad.parse::<FilePath>().unwrap_err().rule(), rule, "{bad:?}");
    }
    assert_eq!(FilePath::from_bytes(b"a\xff").unwrap_err().rule(), 12);
}

#[test]
fn an_error_cannot_move_the_cursor_of_a_terminal() {
    let message = "a\u{1b}[2J\u{202e}".parse::<FilePath>().unwrap_err().to_string();
    assert!(message.starts_with("`a\\u{1b}[2J\\u{202e}` is not a package path"), "{message}");
}

#[test]
fn paths_that_some_file_system_takes_for_one_do_not_stand_together() {
    assert_eq!(set(&["a", "b/a", "b/c/d", "b/c/e"]).unwrap().len(), 4);
    for pair in [["a", "a"], ["A", "a"], ["x/straße", "x/STRASSE"], ["É", "é"], ["ﬁ", "FI"]] {
        assert!(matches!(set(&pair), Err(PathConflict::Same { .. })), "{pair:?}");
    }
    for pair in [["a", "a/b"], ["a/b", "a"], ["A/b", "a"], ["a", "A/b/c"]] {
        assert!(matches!(set(&pair), Err(PathConflict::FileAndFolder { .. })), "{pair:?}");
    }
    for pair in [["A/b", "a/c"], ["x/ss/b/c", "x/ß/b/d"]] {
        assert!(matches!(set(&pair), Err(PathConflict::FolderSpelling { .. })), "{pair:?}");
    }
}

#[test]
fn a_path_in_a_document_is_checked_when_it_is_read() {
    assert_eq!(serde_json::from_str::<FilePath>("\"a/b\"").unwrap(), path("a/b"));
    let error = serde_json::from_str::<FilePath>("\"../b\"").unwrap_err().to_string();
    assert!(error.contains("`../b` is not a package path"), "{error}");
}

proptest! {
    #[test]
    fn what_is_read_is_what_was_written(text in "\\PC{0,40}") {
        if let Ok(path) = text.parse::<FilePath>() {
            prop_assert_eq!(path.as_str(), &text);
            prop_assert_eq!(FilePath::from_bytes(text.as_bytes()), Ok(path));
        }
    }

    #[test]
    fn the_key_does_not_depend_on_case(text in "[a-zA-Zäöüéß/]{1,20}") {
        if let (Ok(one), Ok(other)) = (text.parse::<FilePath>(), text.to_uppercase().parse::<FilePath>()) {
            prop_assert_eq!(one.fold(), other.fold());
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = FilePath::from_bytes(&bytes);
    }
}
