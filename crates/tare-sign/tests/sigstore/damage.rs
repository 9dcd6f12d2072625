//! Every field of a bundle removed, emptied, repeated, changed and joined by a stranger: nothing of that passes, but for
//! what is listed with its reason.

use serde_json::{Map, Value, json};
use tare_sign::sigstore::{SigstoreError, Verdict};

use super::{Case, cases};

/// What may be missing or empty, because it is evidence beside other evidence of the same, or proves nothing anyway.
const MAY_BE_MISSING: [&str; 5] = [
    // Beside a log's promise, which has a time too.
    "/verificationMaterial/timestampVerificationData",
    "/verificationMaterial/timestampVerificationData/rfc3161Timestamps",
    "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0",
    // The signature is over the digest of the file; the bundle need not repeat it.
    "/messageSignature/messageDigest",
    // Empty is what it is anyway.
    "/dsseEnvelope/signatures/0/keyid",
];

/// The same beside a key, which nobody has to vouch for, and which comes from whoever checks.
const BESIDE_A_KEY: [&str; 4] = [
    "/verificationMaterial/publicKey",
    "/verificationMaterial/publicKey/hint",
    "/verificationMaterial/tlogEntries",
    "/verificationMaterial/tlogEntries/0",
];

/// The paths of everything in a document, the outermost first.
fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, child)| (key.clone(), child)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, c)| (i.to_string(), c)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        let path = format!("{path}/{key}");
        found.push(path.clone());
        paths(child, &path, found);
    }
}

fn remove(bundle: &Value, path: &str) -> Value {
    let mut bundle = bundle.clone();
    let (parent, key) = path.rsplit_once('/').unwrap();
    match bundle.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.remove(key)),
        Value::Array(items) => drop(items.remove(key.parse().unwrap())),
        _ => unreachable!("a parent has children"),
    }
    bundle
}

fn replace(bundle: &Value, path: &str, with: Value) -> Value {
    let mut bundle = bundle.clone();
    *bundle.pointer_mut(path).unwrap() = with;
    bundle
}

/// The text of the bundle with the field written twice, or the item of a list.
fn repeat(bundle: &Value, path: &str) -> String {
    let (parent, key) = path.rsplit_once('/').unwrap();
    let mut bundle = bundle.clone();
    let again = bundle.pointer(path).unwrap().clone();
    match bundle.pointer_mut(parent).unwrap() {
        Value::Array(items) => items.push(again),
        Value::Object(fields) => drop(fields.insert("REPEATED".to_owned(), again)),
        _ => unreachable!("a parent has children"),
    }
    bundle.to_string().replace("\"REPEATED\":", &format!("\"{key}\":"))
}

/// A text with one character changed, at several places, each with a name.
fn changes(path: &str, text: &str) -> Vec<(String, String)> {
    // Behind the line of the log itself, a checkpoint has the signatures of witnesses, which nobody here looks at.
    let lines = if path.ends_with("/envelope") { 5 } else { usize::MAX };
    let count =
        text.split_inclusive('\n').take(lines).map(|line| line.chars().count()).sum::<usize>();
    let places =
        [("the start", 0), ("the middle", count / 2), ("the end", count.saturating_sub(4))];
    let change = |place: usize| {
        let other = |c: char| if c == 'A' { 'B' } else { 'A' };
        text.chars().enumerate().map(|(i, c)| if i == place { other(c) } else { c }).collect()
    };
    let mut all: Vec<(String, String)> =
        places.map(|(name, place)| (format!("changed at {name}"), change(place))).to_vec();
    all.push(("emptied".to_owned(), String::new()));
    all.push(("lengthened".to_owned(), format!("{text}A")));
    all.push(("begun with a blank".to_owned(), format!(" {text}")));
    // A number that is one more still looks like a number.
    let more = text.parse::<u64>().map(|number| (number + 1).to_string());
    all.extend(more.map(|more| ("one more".to_owned(), more)));
    all.into_iter().filter(|(_, changed)| changed != text).collect()
}

/// What of a bundle is tried, and under which name.
fn damaged(bundle: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut found = Vec::new();
    paths(bundle, "", &mut found);
    for path in &found {
        let value = bundle.pointer(path).unwrap();
        all.push((format!("without {path}"), remove(bundle, path).to_string()));
        all.push((format!("{path} twice"), repeat(bundle, path)));
        for other in [Value::Null, json!({}), json!([]), json!(7)] {
            if *value != other {
                let text = replace(bundle, path, other.clone()).to_string();
                all.push((format!("{path} as {other}"), text));
            }
        }
        match value {
            Value::String(text) => {
                for (what, changed) in changes(path, text) {
                    let text = replace(bundle, path, changed.into()).to_string();
                    all.push((format!("{path} {what}"), text));
                }
            }
            Value::Object(fields) => {
                let mut more: Map<String, Value> = fields.clone();
                more.insert("stranger".to_owned(), json!("x"));
                let text = replace(bundle, path, Value::Object(more)).to_string();
                all.push((format!("a stranger in {path}"), text));
            }
            _ => {}
        }
    }
    for older in ["0.1", "0.2", "0.4"] {
        let name = format!("application/vnd.dev.sigstore.bundle+json;version={older}");
        all.push((format!("as {older}"), replace(bundle, "/mediaType", json!(name)).to_string()));
    }
    all
}

/// Whether a damage leaves the same thing said.
fn is_harmless(name: &str, case: &Case) -> bool {
    let is_missing = |path: &&str| {
        let empty = if path.ends_with('s') { "[]" } else { "{}" };
        let gone =
            [format!("without {path}"), format!("{path} as null"), format!("{path} as {empty}")];
        gone.iter().any(|harmless| harmless == name)
    };
    if MAY_BE_MISSING.iter().any(&is_missing) {
        return true;
    }
    if case.key.is_some() {
        // The versions differ in where a certificate stands.
        let is_hint = name.starts_with("/verificationMaterial/publicKey/hint ");
        let is_version = ["as 0.1", "as 0.2"].contains(&name);
        // A key there has to be: only its hint may go.
        let is_key = name == "without /verificationMaterial/publicKey";
        return !is_key && (is_hint || is_version || BESIDE_A_KEY.iter().any(is_missing));
    }
    // There lies the timestamp's own copy of its authority's certificate; the one of the trust root is used.
    case.trust_root == "staging" && name.ends_with("/signedTimestamp changed at the middle")
}

fn try_all(case: &Case) -> Vec<(String, Result<Verdict, SigstoreError>)> {
    let root = case.root();
    let tried = damaged(&case.bundle).into_iter();
    tried.map(|(name, text)| (name, case.verify_text(&text, &root))).collect()
}

#[test]
fn nothing_in_a_bundle_can_be_changed() {
    let (mut tried, mut passed) = (0, Vec::new());
    for (name, case) in cases().into_iter().filter(|(name, _)| name != "npm-provenance-v0.1") {
        let results = try_all(&case);
        tried += results.len();
        let ok = results
            .into_iter()
            .filter(|(what, result)| result.is_ok() && !is_harmless(what, &case));
        passed.extend(ok.map(|(what, _)| format!("{name}: {what}")));
    }
    assert!(tried > 2_000, "only {tried} were tried");
    assert!(passed.is_empty(), "{} of {tried} passed:\n{}", passed.len(), passed.join("\n"));
}

/// The attack that the media type invites: an older version used to do without the proof.
#[test]
fn an_older_version_needs_the_proof_too() {
    let case = Case::load("npm-provenance-v0.1");
    let path = "/verificationMaterial/tlogEntries/0/inclusionProof";
    let error =
        case.verify_text(&remove(&case.bundle, path).to_string(), &case.root()).unwrap_err();
    assert!(error.to_string().contains("without `inclusionProof`"), "{error}");

    let new = Case::load("npm-provenance");
    let mut old = remove(&new.bundle, path);
    let certificate = old.pointer("/verificationMaterial/certificate").unwrap().clone();
    old["verificationMaterial"].as_object_mut().unwrap().remove("certificate");
    old["verificationMaterial"]["x509CertificateChain"] = json!({ "certificates": [certificate] });
    old["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.1");
    let error = new.verify_text(&old.to_string(), &new.root()).unwrap_err();
    assert!(error.to_string().contains("without `inclusionProof`"), "{error}");
}
