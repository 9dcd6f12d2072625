use jiff::Timestamp;
use tare_tlog::key::Algorithm;
use tare_tlog::policy::Policy;
use tare_tlog::root::OldLog;

use super::*;

fn signing(name: &str, algorithm: Algorithm, seed: u8) -> SigningKey {
    SigningKey::from_seed(name.parse().unwrap(), algorithm, &[seed; 32]).unwrap()
}

fn root_key(label: &str) -> SigningKey {
    signing(&format!("{label}.example/root"), Algorithm::Ed25519, label.as_bytes()[0])
}

fn listed(labels: &str) -> Vec<RootKey> {
    let key =
        |label: &str| RootKey { label: label.to_owned(), key: root_key(label).verifier().clone() };
    labels.split(',').map(key).collect()
}

fn witness(label: &str) -> WitnessSpec {
    let key =
        signing(&format!("{label}.example/w"), Algorithm::CosignatureEd25519, label.as_bytes()[1]);
    format!("{label}={}=https://{label}.example/", key.verifier()).parse().unwrap()
}

fn now() -> Timestamp {
    "2026-11-25T00:00:00Z".parse().unwrap()
}

fn log(generation: u8) -> VerifierKey {
    let name = format!("hub.example.org/log{generation}");
    signing(&name, Algorithm::Ed25519, 200 + generation).verifier().clone()
}

fn first(quorum: &str) -> RootDocument {
    let document = First {
        name: "hub.example.org".parse().unwrap(),
        threshold: 2,
        keys: listed("a,b,c"),
        expires: Expiry::default(),
        log: log(1),
        url: None,
        witnessing: Witnessing::Listed {
            witnesses: vec![witness("w1").0, witness("w2").0],
            quorum: quorum.parse().unwrap(),
        },
    };
    document.document(now()).unwrap()
}

/// The draft with signatures of these keys.
fn signed(document: RootDocument, keys: &str, previous: Option<&RootDocument>) -> RootFile {
    let mut file = RootFile::draft(document).unwrap();
    for label in keys.split(',') {
        assert!(file.sign(&root_key(label), previous).unwrap());
    }
    file
}

#[test]
fn a_draft_is_signed_on_one_machine_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = draft_path(folder.path(), 1);
    RootFile::draft(first("any w1 w2")).unwrap().write(&path).unwrap();
    for (label, enough) in [("a", false), ("c", true)] {
        let mut file = RootFile::read(&path).unwrap();
        assert!(file.sign(&root_key(label), None).unwrap());
        assert!(!file.sign(&root_key(label), None).unwrap(), "signing twice changes nothing");
        file.write(&path).unwrap();
        let note = RootFile::read(&path).unwrap().note().unwrap();
        assert_eq!(RootDocument::verify_first(&note).is_ok(), enough);
    }
    let file = RootFile::read(&path).unwrap();
    let who: Vec<_> =
        file.signers(file.document()).map(|(root, signed)| (&*root.label, signed)).collect();
    assert_eq!(who, [("a", true), ("b", false), ("c", true)]);
}

#[test]
fn a_stranger_does_not_sign() {
    let mut file = RootFile::draft(first("none")).unwrap();
    let error = file.sign(&root_key("x"), None).unwrap_err();
    assert!(error.to_string().contains("version 1, which has `a`, `b`, `c`"), "{error}");
    assert!(file.note().is_err(), "nothing was added");
}

#[test]
fn keys_are_replaced_by_those_that_go_and_those_that_come() {
    let one = first("w1");
    let changes = Changes { keys: Some(listed("d,e,f")), ..Changes::default() };
    let two = changes.apply(&one, now()).unwrap();
    assert!(RootFile::draft(two.clone()).unwrap().sign(&root_key("a"), None).is_err());
    let note = |keys| signed(two.clone(), keys, Some(&one)).note().unwrap();
    assert!(one.verify_next(&note("d,e")).is_err());
    assert!(one.verify_next(&note("a,b")).is_err());
    assert_eq!(one.verify_next(&note("a,b,d,e")).unwrap().version, 2);
}

#[test]
fn a_broken_signature_is_replaced() {
    let file = signed(first("none"), "a", None);
    let mut other = first("none");
    other.threshold = 1;
    let mut broken = RootFile { signatures: file.signatures, ..RootFile::draft(other).unwrap() };
    assert!(!broken.is_signed_by(root_key("a").verifier()));
    assert!(broken.sign(&root_key("a"), None).unwrap());
    assert!(RootDocument::verify_first(&broken.note().unwrap()).is_ok());
}

#[test]
fn the_log_goes_on_under_another_name() {
    let one = first("all w1 w2");
    let frozen = OldLog { key: log(1), size: 812, root: Hash([7; 32]) };
    let rotate = Some(Rotation { key: log(2), frozen });
    let two = Changes { rotate, ..Changes::default() }.apply(&one, now()).unwrap();
    assert_eq!(two.log().unwrap().key, log(2));
    let note = signed(two.clone(), "a,b", None).note().unwrap();
    assert_eq!(one.verify_next(&note).unwrap(), two);
    assert!(changes(&one, &two).iter().any(|line| line.starts_with("ended log comes")));
    assert_eq!(next_origin(log(9).name()).unwrap().as_str(), "hub.example.org/log10");
    assert_eq!(next_origin(&"hub/log".parse().unwrap()).unwrap().as_str(), "hub/log2");
}

#[test]
fn witnesses_come_and_go_with_their_quorum() {
    let one = first("any w1 w2");
    let remove = Changes { remove_witnesses: vec!["w1".to_owned()], ..Changes::default() };
    assert!(remove.apply(&one, now()).is_err(), "the quorum still names it");
    let change = Changes {
        remove_witnesses: vec!["w1".to_owned()],
        add_witnesses: vec![witness("w3").0],
        quorum: Some("2 w2 w3".parse().unwrap()),
        ..Changes::default()
    };
    let two = change.apply(&one, now()).unwrap();
    assert!(
        describe(&two).contains(&"quorum       2 of w2, w3".to_owned()),
        "{:?}",
        describe(&two)
    );
    assert_eq!(changes(&one, &two).len(), 3, "{:?}", changes(&one, &two));
    let nobody = Changes { remove_witnesses: vec!["w9".to_owned()], ..Changes::default() };
    assert!(matches!(nobody.apply(&one, now()), Err(DraftError::NoWitness { .. })));
}

#[test]
fn a_witness_that_comes_needs_a_quorum_that_somebody_chose() {
    let add = |quorum: Option<&str>| Changes {
        add_witnesses: vec![witness("w3").0],
        quorum: quorum.map(|quorum| quorum.parse().unwrap()),
        ..Changes::default()
    };
    for (before, words) in [("any w1 w2", "any of w1, w2"), ("none", "nobody")] {
        let error = add(None).apply(&first(before), now()).unwrap_err().to_string();
        assert!(error.contains("`w3` would come") && error.contains(words), "{error}");
        // Whoever says so may leave it out.
        assert!(add(Some(before)).apply(&first(before), now()).is_ok());
    }
}

#[test]
fn a_policy_in_a_file_takes_the_place_of_all_witnesses() {
    let one = first("none");
    let key = witness("w5").0.key;
    let policy = |text: String| Some(text.parse::<Policy>().unwrap());
    let text = format!("# ours\nwitness W5 {key}\ngroup g all W5\nquorum g\n");
    let two = Changes { policy: policy(text.clone()), ..Changes::default() }.apply(&one, now());
    assert_eq!(two.unwrap().policy.quorum(), Some("g"));
    let with_log = policy(format!("log {}\n{text}", log(4)));
    let refused = Changes { policy: with_log, ..Changes::default() }.apply(&one, now());
    assert!(matches!(refused, Err(DraftError::Logs { found: 1 })));
}

#[test]
fn parts_are_read_as_people_write_them() {
    let end = |text: &str| text.parse::<Expiry>().unwrap().from(now()).map(|end| end.to_string());
    assert_eq!(end("18mo").unwrap(), "2028-05-25T00:00:00Z");
    assert_eq!(end("1d").unwrap(), "2026-11-26T00:00:00Z");
    assert_eq!(end("2030-01-01T00:00:00Z").unwrap(), "2030-01-01T00:00:00Z");
    for bad in [
        "",
        "0d",
        "-1d",
        "18",
        "mo",
        "99999999999999999999d",
        "9999y",
        "2020-01-01T00:00:00Z",
        "1ä",
    ] {
        assert!(end(bad).is_err(), "{bad}");
    }
    for bad in ["", "any", "some W1", "-1 W1"] {
        assert!(bad.parse::<Quorum>().is_err(), "{bad}");
    }
    let key = witness("w1").0.key;
    let bare: WitnessSpec = format!("W1={key}").parse().unwrap();
    assert_eq!((bare.0.url, witness("w1").0.url.as_deref()), (None, Some("https://w1.example/")));
    for bad in ["W1", "W1=", &format!("W1{key}"), &format!("W1={key}=ftp://x")] {
        assert!(bad.parse::<WitnessSpec>().is_err(), "{bad}");
    }
}

#[test]
fn a_file_that_is_no_root_document_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.note");
    let good = RootFile::draft(first("none")).unwrap().text;
    let huge = "x".repeat(MAX_NOTE + 1);
    for bad in [
        "",
        "tare-root/v1\n",
        &good.replace("version 1", "version 01"),
        &format!("{good}\n"),
        &huge,
    ] {
        std::fs::write(&path, bad).unwrap();
        assert!(RootFile::read(&path).is_err(), "{}", bad.len());
    }
    assert!(matches!(RootFile::read(&folder.path().join("y")), Err(RootFileError::Read { .. })));
}
