use super::*;
use crate::bundle::MEDIA_TYPE;
use crate::{Identity, KeyPair, PublicKey};

use serde_json::{Value, json};
use tare_format::Sha256;

fn files() -> Vec<(String, Sha256)> {
    ["a.txt", "a/b", "ü"].map(|path| (path.to_owned(), Sha256::of(path.as_bytes()))).to_vec()
}

fn payload() -> Vec<u8> {
    let ignored = [".git".to_owned(), "model.sig".to_owned()];
    statement_of_files("tiny", &ignored, false, &files())
}

/// A statement that was changed, with a root digest that fits.
fn edited(edit: impl FnOnce(&mut Value)) -> Result<ModelStatement, String> {
    let mut statement: Value = serde_json::from_slice(&payload()).unwrap();
    edit(&mut statement);
    let digests = statement["predicate"]["resources"].as_array().into_iter().flatten();
    let digests = digests.filter_map(|one| Sha256::from_hex(one["digest"].as_str()?).ok());
    let all: Vec<u8> = digests.flat_map(|digest| *digest.as_bytes()).collect();
    let subject = statement["subject"].get_mut(0).map(|subject| &mut subject["digest"]["sha256"]);
    if let Some(root) = subject.filter(|root| *root != "stays") {
        *root = Sha256::of(&all).hex().into();
    }
    ModelStatement::parse(statement.to_string().as_bytes()).map_err(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", source.unwrap_or_default())
    })
}

fn shards(names: &[&str]) -> Result<ModelStatement, String> {
    edited(|statement| {
        let digest = Sha256::of(b"shard").hex();
        let resource =
            |name| json!({"name": name, "algorithm": "sha256-sharded-64", "digest": digest});
        statement["predicate"]["serialization"]["method"] = "shards".into();
        statement["predicate"]["serialization"]["shard_size"] = 64.0.into();
        statement["predicate"]["resources"] = names.iter().map(resource).collect();
    })
}

#[test]
fn a_statement_that_was_made_reads_back() {
    let statement = ModelStatement::parse(&payload()).unwrap();
    assert_eq!((statement.name.as_str(), statement.layout), ("tiny", Layout::Files));
    assert_eq!((statement.ignored.len(), statement.follows_links), (2, false));
    let parts = statement.file("a/b").unwrap().parts.clone();
    assert_eq!(parts, [Part { range: None, sha256: Sha256::of(b"a/b") }]);
    assert!(statement.file("b").is_none());
}

#[test]
fn the_order_of_the_list_counts_for_the_root_and_for_nothing_else() {
    let reversed = edited(|statement| {
        statement["predicate"]["resources"].as_array_mut().unwrap().reverse();
    });
    let (reversed, sorted) = (reversed.unwrap(), ModelStatement::parse(&payload()).unwrap());
    assert_eq!(reversed.files, sorted.files);
    assert_ne!(reversed.root, sorted.root);
}

#[test]
fn a_statement_that_contradicts_itself_or_is_of_another_kind_is_refused() {
    type Edit = fn(&mut Value);
    let cases: [(Edit, &str); 14] = [
        (|s| s["subject"][0]["digest"]["sha256"] = "stays".into(), "subject digest `stays`"),
        (|s| s["subject"] = json!([]), "0 subjects"),
        (|s| s["_type"] = "https://in-toto.io/Statement/v0.1".into(), "has type"),
        (|s| s["predicateType"] = "https://slsa.dev/provenance/v1".into(), "has predicate type"),
        (|s| s["predicateType"] = "https://model_signing/Digests/v0.1".into(), "early tool"),
        (|s| s["predicate"] = Value::Null, "has predicate `nothing`"),
        (|s| s["predicate"]["serialization"]["method"] = "tensors".into(), "`files` or `shards`"),
        (|s| s["predicate"]["serialization"]["hash_type"] = "blake2b".into(), "hash `blake2b`"),
        (|s| s["predicate"]["serialization"]["ignore_paths"] = json!(["./"]), "ignored path"),
        (|s| s["predicate"]["resources"][0]["algorithm"] = "md5".into(), "algorithm `md5`"),
        (|s| s["predicate"]["resources"][0]["digest"] = "00".into(), "resource digest `00`"),
        (|s| s["predicate"]["resources"][1]["name"] = "a.txt".into(), "lists `a.txt` twice"),
        (|s| s["predicate"]["resources"][1]["name"] = Value::Null, "cannot be read"),
        (|s| drop(s["predicate"].as_object_mut().unwrap().remove("resources")), "resources"),
    ];
    for (edit, says) in cases {
        let error = edited(edit).unwrap_err();
        assert!(error.contains(says), "expected {says}: {error}");
    }
    let mut other: Value = serde_json::from_slice(&payload()).unwrap();
    other["predicate"]["resources"][0]["digest"] = Sha256::of(b"other").hex().into();
    let error = ModelStatement::parse(other.to_string().as_bytes()).unwrap_err();
    assert!(matches!(error, ModelStatementError::Root { .. }), "{error}");
}

#[test]
fn what_is_left_out_is_a_path_inside_the_model() {
    let ignored = |paths: Value| {
        let read = edited(|s| s["predicate"]["serialization"]["ignore_paths"] = paths);
        read.unwrap().ignored
    };
    assert_eq!(ignored(json!(["./a//b/", "/etc", "../x", "a/../../x"])), ["a/b"]);
    assert_eq!(ignored(Value::Null), GIT_PATHS);
    let ignored = ["a/b".to_owned()];
    assert!(covers(&ignored, "a/b") && covers(&ignored, "a/b/c"));
    assert!(!covers(&ignored, "a/bc") && !covers(&ignored, "a") && !covers(&ignored, "x/a/b"));
}

#[test]
fn shards_of_a_file_follow_one_another() {
    let statement = shards(&["a:b:64:100", "a:b:0:64", "c:0:7"]).unwrap();
    let ranges: Vec<_> = statement.file("a:b").unwrap().parts.iter().map(|p| &p.range).collect();
    assert_eq!(ranges, [&Some(0..64), &Some(64..100)]);
    for (names, says) in [
        (vec!["a:0:64", "a:65:100"], "leave bytes out"),
        (vec!["a:0:64", "a:63:100"], "leave bytes out"),
        (vec!["a:1:64"], "leave bytes out"),
        (vec!["a:0:64", "a:0:64"], "leave bytes out"),
        (vec!["a:64:64"], "start < end"),
        (vec!["a:0"], "start < end"),
        (vec!["a:0:-1"], "start < end"),
        (vec!["a:0:18446744073709551616"], "start < end"),
    ] {
        let error = shards(&names).unwrap_err();
        assert!(error.contains(says), "{names:?}: {error}");
    }
}

#[test]
fn a_plan_hashes_what_was_signed_and_names_the_rest() {
    let statement = ModelStatement::parse(&payload()).unwrap();
    let plan = plan(&statement, [("a.txt", 5), ("extra", 0), ("ü", 2)]);
    let jobs: Vec<_> = plan.jobs.iter().map(|job| (job.path.as_str(), job.size_bytes)).collect();
    assert_eq!(jobs, [("a.txt", 5), ("ü", 2)]);
    let said: Vec<_> = plan.differences.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["`extra` was not signed", "`a/b` was signed and is missing"]);
    assert_eq!(plan.jobs[0].judge(Sha256::of(b"a.txt")), None);
    let changed = plan.jobs[0].judge(Sha256::of(b"x")).unwrap();
    let expected = Sha256::of(b"a.txt");
    assert_eq!(
        changed.to_string(),
        format!("`a.txt` is {}, signed as {expected}", Sha256::of(b"x"))
    );
}

#[test]
fn of_shards_the_size_is_known_before_the_bytes_and_empty_files_are_not() {
    let statement = shards(&["a:0:64", "a:64:100", "b:0:1"]).unwrap();
    let plan = plan(&statement, [("a", 100), ("b", 2), ("empty", 0)]);
    let jobs: Vec<_> = plan.jobs.iter().map(|job| (job.range.clone(), job.size_bytes)).collect();
    assert_eq!(jobs, [(Some(0..64), 64), (Some(64..100), 36)]);
    assert_eq!(plan.differences[0].to_string(), "`b` has 2 bytes, signed with 1");
    assert_eq!((plan.differences.len(), plan.unsigned), (1, vec!["empty".to_owned()]));
    let changed = plan.jobs[1].judge(Sha256::of(b"")).unwrap().to_string();
    assert!(changed.starts_with("bytes 64 to 100 of `a` are sha256:e3b0"), "{changed}");
}

#[test]
fn a_model_that_was_signed_is_verified_with_its_key_only() {
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let signature = sign_model(payload(), &key).unwrap();
    let keys = [other.public_key().clone(), key.public_key().clone()];
    let signed = verify_model(&signature, &ModelKeys(&keys)).unwrap();
    assert_eq!(signed.signer(), &Identity::Key(key.public_key().id()));
    assert_eq!(signed.statement().files.len(), 3);
    let refused =
        |keys: &[PublicKey]| verify_model(&signature, &ModelKeys(keys)).unwrap_err().to_string();
    let (hint, id) = (key.public_key().hint(), other.public_key().id());
    let message = refused(&keys[..1]);
    assert!(message.contains(hint) && message.contains(&id.to_string()), "{message}");
    assert!(refused(&[]).contains("expected a key, and none was given"));
}

#[test]
fn a_key_for_ed25519_signs_no_model() {
    let pem = include_str!("../../../../spec/vectors/keys/ed25519.pem");
    let key = KeyPair::from_pem(pem, None).unwrap();
    let error = sign_model(payload(), &key).unwrap_err().to_string();
    assert!(error.contains("have no Ed25519: use a key for ECDSA"), "{error}");
    let signature = crate::statement::pre_authentication_encoding(&payload());
    let signature = Signer::sign(&key, &signature).unwrap();
    let hint = key.public_key().hint();
    let bundle = Bundle { hint: hint.to_owned(), payload: payload(), signature }.to_json();
    let refused = verify_model(&bundle, &ModelKeys(&[key.public_key().clone()])).unwrap_err();
    assert!(matches!(refused, ModelSignatureError::Ed25519 { .. }));
}

/// Every bit of the payload and of the signature counts.
#[test]
fn a_signature_that_was_changed_is_refused() {
    let key = KeyPair::generate().unwrap();
    let keys = [key.public_key().clone()];
    let signed = Bundle::parse(&sign_model(payload(), &key).unwrap()).unwrap();
    for at in 0..signed.payload.len() {
        let mut changed = signed.clone();
        changed.payload[at] ^= 1;
        let refused = verify_model(&changed.to_json(), &ModelKeys(&keys)).unwrap_err();
        assert!(matches!(refused, ModelSignatureError::Wrong { .. }), "{at}: {refused}");
    }
    for at in 0..signed.signature.len() {
        let mut changed = signed.clone();
        changed.signature[at] ^= 1;
        assert!(verify_model(&changed.to_json(), &ModelKeys(&keys)).is_err(), "{at}");
    }
}

/// What releases of the reference tool have left out, nulled or added, and what none may.
#[test]
fn the_form_is_that_of_any_release_of_the_reference_tool_and_no_other() {
    let key = KeyPair::generate().unwrap();
    let keys = [key.public_key().clone()];
    let signature: Value = serde_json::from_slice(&sign_model(payload(), &key).unwrap()).unwrap();
    let check = |edit: &dyn Fn(&mut Value)| {
        let mut edited = signature.clone();
        edit(&mut edited);
        verify_model(edited.to_string().as_bytes(), &ModelKeys(&keys)).map(|_| ())
    };
    type Change<'c> = &'c dyn Fn(&mut Value);
    let good: [Change<'_>; 6] = [
        &|_| {},
        &|s| s["dsseEnvelope"]["signatures"][0]["keyid"] = Value::Null,
        &|s| s["verificationMaterial"]["tlogEntries"] = Value::Null,
        &|s| drop(s["verificationMaterial"].as_object_mut().unwrap().remove("tlogEntries")),
        &|s| s["verificationMaterial"]["publicKey"] = json!({"rawBytes": "AAAA"}),
        &|s| s["verificationMaterial"]["timestampVerificationData"] = json!({}),
    ];
    for (at, edit) in good.iter().enumerate() {
        check(edit).unwrap_or_else(|error| panic!("{at}: {error}"));
    }
    let bad: [(Change<'_>, &str); 9] = [
        (&|s| s["mediaType"] = MEDIA_TYPE.replace("0.3", "0.1").into(), "`mediaType`"),
        (&|s| s["more"] = 1.into(), "not a Sigstore bundle"),
        (&|s| s["dsseEnvelope"]["payloadType"] = "text/plain".into(), "`payloadType`"),
        (&|s| s["dsseEnvelope"]["signatures"] = json!([]), "0 signatures"),
        (&|s| s["dsseEnvelope"]["payload"] = "!".into(), "not base64"),
        (&|s| s["verificationMaterial"] = json!({}), "has 0 of a key"),
        (&|s| s["verificationMaterial"]["certificate"] = json!({}), "has 2 of a key"),
        (
            &|s| s["verificationMaterial"] = json!({"certificate": {}}),
            "signed with the certificate of an identity, expected a public key",
        ),
        (
            &|s| s["verificationMaterial"] = json!({"x509CertificateChain": {}}),
            "signed with a chain of certificates",
        ),
    ];
    for (edit, says) in bad {
        let error = check(edit).unwrap_err().to_string();
        assert!(error.contains(says), "expected {says}: {error}");
    }
}
