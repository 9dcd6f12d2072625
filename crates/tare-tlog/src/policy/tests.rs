use std::error::Error as _;

use proptest::prelude::*;

use crate::cosignature::cosign;
use crate::key::tests::{log, signer, witness};
use crate::key::{Algorithm, SigningKey};
use crate::note::tests::CHECKPOINT;

use super::*;

fn cosigner(seed: u8) -> SigningKey {
    signer(&format!("w{seed}.example.org/w"), Algorithm::CosignatureEd25519, seed)
}

/// The log of the vectors, six witnesses, and two levels of groups.
fn example() -> String {
    let key = |seed| cosigner(seed).verifier().to_string();
    format!(
        "log {} https://log.example.org/
witness X1 {}
witness X2 {} https://x2.example.org/
witness X3 {}
witness Y1 {}
witness Y2 {}
group X-witnesses 2 X1 X2 X3
group Y-witnesses any Y1 Y2
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
",
        log().verifier(),
        key(11),
        key(12),
        key(13),
        key(14),
        key(15),
    )
}

fn policy() -> Policy {
    example().parse().unwrap()
}

/// What is wrong with the example after an edit, as a person reads it.
fn message(edit: impl FnOnce(String) -> String) -> String {
    let error = edit(example()).parse::<Policy>().unwrap_err();
    let (mut text, mut source) = (error.to_string(), error.source());
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[test]
fn the_example_is_read_and_printed() {
    assert_eq!(policy().to_string(), example());
    assert_eq!((policy().logs().len(), policy().witnesses().len()), (1, 5));
    assert_eq!(policy().quorum(), Some("X-and-Y"));
    assert_eq!(policy().groups()[0].rule, Rule::AtLeast(2));
}

#[test]
fn blanks_comments_and_order_are_free() {
    let text = example().replace(' ', " \t ").replace('\n', "\n\n  # a comment\n\t");
    assert_eq!(text.parse(), Ok(policy()));
    let (log, rest) =
        example().split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(format!("{rest}{log}").parse(), Ok(policy()), "no line feed at the end");
    assert_eq!(
        example().replace("https://log.example.org/", "-").parse::<Policy>().unwrap().logs()[0].url,
        None
    );
}

#[test]
fn nobody_has_to_witness_if_the_quorum_is_none() {
    let none: Policy = "quorum none".parse().unwrap();
    assert_eq!((none.quorum(), none.to_string()), (None, "quorum none\n".to_owned()));
    assert_eq!(none.quorum_time(&[]), Some(QuorumTime::NotRequired));
}

#[test]
fn lines_of_other_forms_are_refused() {
    for (bad, expected) in [
        (
            "Quorum none",
            "line has another form, expected `log, witness, group or quorum, with its parts`",
        ),
        (
            "quorum",
            "line has another form, expected `log, witness, group or quorum, with its parts`",
        ),
        ("log", "line has another form, expected `log, witness, group or quorum, with its parts`"),
        ("log x", "line has a bad key: key text has another form, expected `name+id+base64`"),
        ("log x y z", "line has another form, expected `log <key> [<url>]`"),
        ("witness W x y z", "line has another form, expected `witness <label> <key> [<url>]`"),
        (
            "group g some X1",
            "line has another form, expected `group <label> all|any|<number> <member>…`",
        ),
        (
            "group g -1 X1",
            "line has another form, expected `group <label> all|any|<number> <member>…`",
        ),
        (
            "group g 01 X1",
            "line has another form, expected `group <label> all|any|<number> <member>…`",
        ),
    ] {
        let found = message(|text| format!("{bad}\n{text}"));
        assert_eq!(found, format!("line 1 of the policy is not accepted: {expected}"));
    }
    assert_eq!(message(|text| text.replace("quorum X-and-Y\n", "")), "policy has no `quorum`");
    assert!(message(|text| format!("\0{text}")).starts_with("policy has the control character"));
    assert!(message(|text| format!("{text}\r")).starts_with("policy has the control character"));
    assert!(message(|text| text + &" ".repeat(MAX_NOTE_FOR_TESTS)).starts_with("policy has 6"));
}

const MAX_NOTE_FOR_TESTS: usize = crate::note::MAX_NOTE;

#[test]
fn rules_are_kept() {
    let key = cosigner(11).verifier().to_string();
    let renamed = signer("other", Algorithm::CosignatureEd25519, 11).verifier().to_string();
    let as_witness = signer("other", Algorithm::CosignatureEd25519, 1).verifier().to_string();
    let plain = signer("other", Algorithm::Ed25519, 21).verifier().to_string();
    let fresh = cosigner(22).verifier().to_string();
    for (line, expected) in [
        ("quorum none".to_owned(), "`quorum` is said twice".to_owned()),
        (format!("witness Z {key}"), format!("key `{key}` is the same public key as `{key}`")),
        (
            format!("witness Z {renamed}"),
            format!("key `{renamed}` is the same public key as `{key}`"),
        ),
        (
            format!("witness Z {as_witness}"),
            format!("key `{as_witness}` is the same public key as `{}`", log().verifier()),
        ),
        (
            format!("witness Z {plain}"),
            format!("key `{plain}` cannot be a witness's: it has algorithm 0x01 (Ed25519)"),
        ),
        (
            format!("log {fresh}"),
            format!("key `{fresh}` cannot be a log's: it has algorithm 0x04 (Ed25519 cosignature)"),
        ),
        (format!("witness X1 {fresh}"), "label `X1` is given twice".to_owned()),
        (format!("witness X-and-Y {fresh}"), "label `X-and-Y` is given twice".to_owned()),
        ("group X1 any Y1".to_owned(), "label `X1` is given twice".to_owned()),
        (
            format!("witness none {fresh}"),
            "label `none` cannot be given to a witness or group, nor be a member".to_owned(),
        ),
        (
            "group g any none".to_owned(),
            "label `none` cannot be given to a witness or group, nor be a member".to_owned(),
        ),
        ("group g any Z".to_owned(), "label `Z` is of no witness or group above".to_owned()),
        ("group g any g".to_owned(), "label `g` is of no witness or group above".to_owned()),
        ("group g any X1".to_owned(), "`X1` is a member of a group twice".to_owned()),
        (
            "group g any X-witnesses".to_owned(),
            "`X-witnesses` is a member of a group twice".to_owned(),
        ),
        ("group g any".to_owned(), "group `g` asks for 1 of 0 members".to_owned()),
        ("group g all".to_owned(), "group `g` asks for 0 of 0 members".to_owned()),
        ("group g 0 X-and-Y".to_owned(), "group `g` asks for 0 of 1 members".to_owned()),
        ("group g 2 X-and-Y".to_owned(), "group `g` asks for 2 of 1 members".to_owned()),
    ] {
        let found = message(|text| format!("{text}{line}\n"));
        assert_eq!(found, format!("line 11 of the policy is not accepted: {expected}"));
    }
}

#[test]
fn nothing_is_used_before_it_is_said() {
    let text = "group early any X1\nquorum none\n".to_owned();
    let found = message(|example| text + &example.replace("quorum X-and-Y\n", ""));
    assert!(found.ends_with("label `X1` is of no witness or group above"), "{found}");
    let found = message(|text| format!("quorum X1\n{text}"));
    assert!(found.ends_with("label `X1` is of no witness or group above"), "{found}");
}

#[test]
fn there_may_be_64_witnesses_and_no_more() {
    let lines = |count: u8| {
        let key = |seed| cosigner(seed).verifier().to_string();
        let lines = (1..=count).map(|seed| format!("witness W{seed} {}\n", key(seed)));
        lines.collect::<String>() + "quorum W1\n"
    };
    assert_eq!(lines(64).parse::<Policy>().unwrap().witnesses().len(), MAX_WITNESSES);
    let error = lines(65).parse::<Policy>().unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "policy has more than 64 witnesses");
}

#[test]
fn what_would_be_read_otherwise_is_not_built() {
    let log = |url: &str| Log { key: log().verifier().clone(), url: Some(url.to_owned()) };
    for bad in ["", "-", "a b", "a\nb", "a\u{a0}", &"x".repeat(1025)] {
        let refused = PolicyBuilder::new().log(log(bad)).map(|_| ());
        assert!(matches!(refused, Err(PolicyError::Token { .. })), "{bad:?}");
    }
    assert_eq!(PolicyBuilder::new().build(), Err(PolicyError::NoQuorum));
    let mut again = PolicyBuilder::from(policy());
    again.quorum("X1").unwrap();
    assert_eq!(
        again.build().unwrap().to_string(),
        example().replace("quorum X-and-Y", "quorum X1")
    );
}

#[test]
fn the_quorum_has_the_time_that_enough_have_reached() {
    let keys: Vec<_> = (11..=15).map(cosigner).collect();
    let key = |at: usize| keys[at].verifier();
    let policy = policy();
    let time = |seen: &[(usize, u64)]| {
        let seen: Vec<_> = seen.iter().map(|(at, time)| (key(*at), *time)).collect();
        policy.quorum_time(&seen)
    };
    assert_eq!(time(&[]), None);
    assert_eq!(time(&[(0, 5), (1, 5), (2, 5)]), None, "nobody of Y");
    assert_eq!(time(&[(0, 5), (3, 5)]), None, "one of X");
    assert_eq!(time(&[(0, 5), (1, 9), (3, 7)]), Some(QuorumTime::At(5)));
    assert_eq!(time(&[(0, 5), (1, 9), (2, 8), (3, 7)]), Some(QuorumTime::At(7)));
    assert_eq!(time(&[(0, 5), (0, 9), (3, 7)]), None, "one key twice is one");
    assert_eq!(time(&[(0, 5), (0, 9), (1, 8), (3, 9)]), Some(QuorumTime::At(8)));
}

/// The checkpoint of the vectors, signed by the log and cosigned by these at these times.
fn checkpoint(seen: &[(u8, u64)]) -> Note {
    let text = Note::parse(CHECKPOINT.as_bytes()).unwrap().text().to_owned();
    let mut note = Note::sign(text, &[&log()]).unwrap();
    for (seed, time) in seen {
        note.add(cosign(note.text(), *time, &cosigner(*seed)).unwrap()).unwrap();
    }
    note
}

#[test]
fn a_checkpoint_of_a_quorum_is_opened() {
    let accepted = policy().open(&checkpoint(&[(11, 5), (13, 6), (15, 7)]), 100).unwrap();
    assert_eq!(accepted.checkpoint.size(), 7);
    assert_eq!(accepted.log, *log().verifier());
    assert_eq!(accepted.time, QuorumTime::At(5));
}

#[test]
fn too_few_witnesses_or_clocks_that_are_ahead_are_no_quorum() {
    let seen = [(11, 5), (13, 6), (15, 101)];
    let error = policy().open(&checkpoint(&seen), 100).unwrap_err();
    assert_eq!(
        error.to_string(),
        "checkpoint is cosigned by `X1`, `X3`, which does not satisfy the quorum `X-and-Y`"
    );
    let error = policy().open(&checkpoint(&[]), 100).unwrap_err();
    assert!(error.to_string().contains("cosigned by nobody"), "{error}");
}

#[test]
fn witnesses_alone_are_not_the_log() {
    let full = checkpoint(&[(11, 5), (13, 6), (15, 7)]);
    let bytes = String::from_utf8(full.to_bytes()).unwrap();
    let without = bytes.lines().filter(|line| !line.starts_with("— log"));
    let without: String = without.map(|line| format!("{line}\n")).collect();
    let error = policy().open(&Note::parse(without.as_bytes()).unwrap(), 100).unwrap_err();
    let RefusedError::Log { origin, found, expected } = error else { panic!("{error}") };
    let log = policy().logs()[0].key.clone();
    assert_eq!(origin, *log.name());
    assert_eq!(expected, format!("`{}+{:08x}`", log.name(), log.id()));
    assert_eq!(found.matches('+').count(), 3, "who signed it is named: {found}");
    assert!(!found.contains(log.name().as_str()), "{found}");
}

#[test]
fn a_forged_cosignature_is_not_passed_over() {
    let mut note = checkpoint(&[(11, 5), (13, 6), (15, 7)]);
    let other = note.text().replace("\n7\n", "\n8\n");
    note.add(cosign(&other, 9, &cosigner(12)).unwrap()).unwrap();
    assert!(matches!(policy().open(&note, 100), Err(RefusedError::Cosignature { .. })));
    // Somebody whom the policy does not know may write what they like.
    let mut note = checkpoint(&[(11, 5), (13, 6), (15, 7)]);
    note.add(cosign(&other, 9, &witness()).unwrap()).unwrap();
    assert!(policy().open(&note, 100).is_ok());
}

/// Whether these witnesses satisfy the label: the rule as it is defined, without times.
fn satisfied(policy: &Policy, label: &str, present: &[&str]) -> bool {
    let Some(group) = policy.groups().iter().find(|group| group.label == label) else {
        return present.contains(&label);
    };
    let count = group.members.iter().filter(|member| satisfied(policy, member, present)).count();
    count >= group.rule.needed(group.members.len())
}

proptest! {
    #[test]
    fn the_quorum_time_is_what_it_is_defined_to_be(
        seen in prop::collection::vec((0_usize..5, 0_u64..6), 0..9),
        rule in 1_usize..=3,
    ) {
        let policy: Policy =
            example().replace("X-witnesses 2", &format!("X-witnesses {rule}")).parse().unwrap();
        let seen: Vec<_> =
            seen.iter().map(|(at, time)| (&policy.witnesses()[*at], *time)).collect();
        let at_least = |least: u64| {
            let present: Vec<&str> =
                seen.iter().filter(|seen| seen.1 >= least).map(|seen| seen.0.label.as_str()).collect();
            satisfied(&policy, "X-and-Y", &present)
        };
        let expected = (0..6).rev().find(|least| at_least(*least)).map(QuorumTime::At);
        let cosignatures: Vec<_> = seen.iter().map(|(who, time)| (&who.key, *time)).collect();
        prop_assert_eq!(policy.quorum_time(&cosignatures), expected);
    }

    #[test]
    fn what_parses_prints_to_the_same_policy(at in 0_usize..900, new: char, text: String) {
        let mut changed = example();
        let at = changed.floor_char_boundary(at.min(changed.len() - 1));
        changed.replace_range(at..=at, &new.to_string());
        for text in [changed, text] {
            if let Ok(policy) = text.parse::<Policy>() {
                prop_assert_eq!(policy.to_string().parse(), Ok(policy));
            }
        }
    }
}
