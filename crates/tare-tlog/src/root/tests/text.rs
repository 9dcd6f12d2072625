//! What is and what is not the text of a root document.

use proptest::prelude::*;

use super::*;

/// What is wrong with the first document's text after an edit.
fn parse_error(from: &str, to: &str) -> String {
    let text = first().to_text().unwrap();
    assert!(text.contains(from), "{from}");
    message(&RootDocument::parse(&text.replacen(from, to, 1)).unwrap_err())
}

#[test]
fn lines_are_in_their_place() {
    for (from, to, expected) in [
        (
            "tare-root/v1",
            "tare-root/v2",
            "line 1 of the root document is `tare-root/v2`, expected `tare-root/v1`",
        ),
        (
            "registry hub.example.org\n",
            "",
            "line 2 of the root document is `version 1`, expected `registry`",
        ),
        (
            "version 1\n",
            "version 1\nversion 1\n",
            "line 4 of the root document is `version 1`, expected `expires`",
        ),
        ("quorum W1\n", "", "line 12 of the root document is `fresh-warn 36h`, expected `quorum`"),
        ("max-entry 4096\n", "", "line 15 of the root document is ``, expected `max-entry`"),
        (
            "max-entry 4096\n",
            "max-entry 4096",
            "line 16 of the root document is missing, expected `the end`",
        ),
        (
            "max-entry 4096\n",
            "max-entry 4096\n\n",
            "line 17 of the root document is ``, expected `the end`",
        ),
        (
            "max-entry 4096\n",
            "max-entry 4096\nmore\n",
            "line 16 of the root document is `more`, expected `the end`",
        ),
    ] {
        assert_eq!(parse_error(from, to), expected);
    }
    assert!(RootDocument::parse("").is_err());
    let long = "x".repeat(MAX_NOTE + 1);
    assert_eq!(RootDocument::parse(&long), Err(RootError::Size { found: MAX_NOTE + 1 }));
}

#[test]
fn values_are_in_their_range() {
    for (from, to, expected) in [
        (
            "version 1",
            "version 0",
            "root document breaks a rule: `version` is 0, expected 1 to 18446744073709551614",
        ),
        (
            "version 1",
            "version 01",
            "line 3 of the root document has a bad value: `01` is not a version",
        ),
        (
            "version 1",
            "version",
            "line 3 of the root document has a bad value: line has another form, expected `one word after the keyword`",
        ),
        (
            "00:00:00Z",
            "00:00:00",
            "line 4 of the root document has a bad value: `2028-05-22T00:00:00` is not a time: `2028-05-22T00:00:00Z`",
        ),
        (
            "threshold 2",
            "threshold 0",
            "root document breaks a rule: `threshold` is 0, expected 1 to 3",
        ),
        (
            "threshold 2",
            "threshold 4",
            "root document breaks a rule: `threshold` is 4, expected 1 to 3",
        ),
        (
            "rootkey a ",
            "rootkey a b ",
            "line 6 of the root document has a bad value: line has another form, expected `rootkey <label> <key>`",
        ),
        (
            "rootkey a ",
            "rootkey b ",
            "root document breaks a rule: label `b` of a root key is not one word, or is given twice",
        ),
        (
            "rootkey a ",
            "rootkey  ",
            "root document breaks a rule: label `` of a root key is not one word, or is given twice",
        ),
        (
            "fresh-warn 36h",
            "fresh-warn 48h",
            "line 13 of the root document has a bad value: `48h` is not a length of time: `36h` or `14d`",
        ),
        (
            "fresh-warn 36h",
            "fresh-warn 15d",
            "root document breaks a rule: `fresh-warn` 15d is greater than `fresh-fail` 14d",
        ),
        (
            "max-entry 4096",
            "max-entry 0",
            "root document breaks a rule: `max-entry` is 0, expected 1 to 65535",
        ),
        (
            "max-entry 4096",
            "max-entry 65536",
            "root document breaks a rule: `max-entry` is 65536, expected 1 to 65535",
        ),
        (
            "quorum W1",
            "quorum W9",
            "line 12 of the root document has a bad value: label `W9` is of no witness or group above",
        ),
    ] {
        assert_eq!(parse_error(from, to), expected, "{to}");
    }
}

#[test]
fn there_is_one_way_to_say_it() {
    for (from, to, expected) in [
        (
            "log log.example",
            "log  log.example",
            "line 9 of the root document has a bad value: line has another form, expected `log <key> [<url>]`",
        ),
        (" https://hub/\n", "\n", ""),
        (
            "witness W2",
            "group g any W1\nwitness W2",
            "line 11 of the root document is not in canonical form",
        ),
    ] {
        let found = parse_error(from, to);
        let expected = if expected.is_empty() {
            "line 9 of the root document is not in canonical form"
        } else {
            expected
        };
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn a_secret_has_one_place() {
    let again = |algorithm, letter: char| {
        signer("again", algorithm, u8::try_from(letter).unwrap()).verifier().clone()
    };
    let mut twice = first();
    twice.root_keys.push(RootKey { label: "d".to_owned(), key: again(Algorithm::Ed25519, 'a') });
    let mut log_too = first();
    log_too.root_keys.push(RootKey { label: "d".to_owned(), key: log().verifier().clone() });
    let mut old_too = first();
    old_too.old_logs.push(OldLog {
        key: again(Algorithm::Ed25519, 'b'),
        size: 0,
        root: EMPTY_ROOT,
    });
    let mut witness_too = first();
    let mut policy = PolicyBuilder::from(witness_too.policy.clone());
    let key = again(Algorithm::CosignatureEd25519, 'c');
    policy.witness(Witness { label: "W3".to_owned(), key, url: None }).unwrap();
    policy.quorum("none").unwrap();
    witness_too.policy = policy.build().unwrap();
    for bad in [twice, log_too, old_too, witness_too] {
        let error = bad.to_text().unwrap_err();
        assert!(
            matches!(error, RootError::Rule { source: RootRuleError::SameKey { .. } }),
            "{error}"
        );
    }
}

#[test]
fn a_log_that_takes_the_place_of_another_has_another_origin() {
    let key = signer("log.example.org/t", Algorithm::Ed25519, 31).verifier().clone();
    let old_logs = vec![OldLog { key, size: 0, root: EMPTY_ROOT }];
    let error = RootDocument { old_logs, ..first() }.to_text().unwrap_err();
    assert_eq!(
        message(&error),
        "root document breaks a rule: two logs have the origin `log.example.org/t`"
    );
}

#[test]
fn what_could_not_be_read_is_not_printed() {
    let cosigner = RootKey { label: "d".to_owned(), key: cosigner(13) };
    let label = RootKey { label: "d e".to_owned(), ..rootkey('d') };
    let old = OldLog { key: holder('x').verifier().clone(), size: 1 << 48, root: EMPTY_ROOT };
    let many = ('a'..='z').chain('A'..='G').map(rootkey).collect();
    for bad in [
        RootDocument { version: 0, ..first() },
        RootDocument { root_keys: Vec::new(), ..first() },
        RootDocument { root_keys: vec![cosigner, rootkey('a')], ..first() },
        RootDocument { root_keys: vec![label, rootkey('a')], ..first() },
        RootDocument { root_keys: many, ..first() },
        RootDocument { old_logs: vec![old], ..first() },
        RootDocument { policy: "quorum none".parse().unwrap(), ..first() },
    ] {
        assert!(matches!(bad.to_text(), Err(RootError::Rule { .. })));
    }
}

proptest! {
    #[test]
    fn what_parses_prints_the_same(at in 0_usize..1400, new: char, text: String) {
        let mut changed = second().to_text().unwrap();
        let at = changed.floor_char_boundary(at.min(changed.len() - 1));
        changed.replace_range(at..=at, &new.to_string());
        for text in [changed, text] {
            if let Ok(document) = RootDocument::parse(&text) {
                prop_assert_eq!(document.to_text().unwrap(), text);
            }
        }
    }
}
