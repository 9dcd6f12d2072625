use super::*;

fn bundle() -> Bundle {
    Bundle { hint: "ab".repeat(32), payload: b"{}".to_vec(), signature: vec![0x30, 1, 2] }
}

/// What is wrong with the bundle after an edit of its text.
fn after(from: &str, to: &str) -> String {
    let good = String::from_utf8(bundle().to_json()).unwrap();
    let bad = good.replacen(from, to, 1);
    assert_ne!(good, bad, "`{from}` is not in the bundle");
    let error = Bundle::parse(bad.as_bytes()).unwrap_err();
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

#[test]
fn a_bundle_is_read_as_it_was_written() {
    let bundle = bundle();
    assert_eq!(Bundle::parse(&bundle.to_json()).unwrap(), bundle);
    let odd = Bundle { hint: "\"\\\n".to_owned(), ..bundle };
    assert_eq!(Bundle::parse(&odd.to_json()).unwrap(), odd);
}

#[test]
fn lists_and_texts_that_are_empty_may_be_left_out() {
    let text = String::from_utf8(bundle().to_json()).unwrap();
    for part in [",\"tlogEntries\":[]", ",\"keyid\":\"\""] {
        assert!(text.contains(part));
        assert_eq!(Bundle::parse(text.replace(part, "").as_bytes()).unwrap(), bundle());
    }
}

#[test]
fn every_other_form_is_refused_and_named() {
    for (from, to, said) in [
        ("v0.3+json", "v0.1+json", "expected `application/vnd.dev.sigstore.bundle.v0.3+json`"),
        ("vnd.in-toto+json", "vnd.in-toto", "`payloadType`"),
        ("\"keyid\":\"\"", "\"keyid\":\"x\"", "`keyid` `x`"),
        ("\"keyid\":\"\"", "\"keyid\":null", "invalid type: null"),
        ("[]", "[{}]", "1 transparency log entries, expected none"),
        ("{\"sig\"", "{\"sig\":\"\"},{\"sig\"", "2 signatures, expected one"),
        ("{\"hint\"", "{\"rawBytes\":\"\",\"hint\"", "unknown field `rawBytes`"),
        ("\"mediaType\"", "\"mediaType\":\"\",\"mediaType\"", "duplicate field `mediaType`"),
        ("\"payload\"", "\"payload\":\"\",\"payload\"", "duplicate field `payload`"),
        ("\"publicKey\"", "\"certificate\":{},\"publicKey\"", "signed with a certificate"),
        (
            "\"publicKey\"",
            "\"timestampVerificationData\":{},\"publicKey\"",
            "unknown field `timestampVer",
        ),
        (
            "\"dsseEnvelope\"",
            "\"messageSignature\":{},\"dsseEnvelope\"",
            "unknown field `messageSignature`",
        ),
        ("\"e30=\"", "\"e30\"", "`payload` that is not base64"),
        ("\"e30=\"", "\"e31=\"", "`payload` that is not base64"),
        ("\"MAEC\"", "\"MA-_\"", "`sig` that is not base64"),
        ("}]}}", "}]}} ,", "trailing characters"),
    ] {
        let message = after(from, to);
        assert!(message.contains(said), "{to}: {message}");
    }
}

#[test]
fn a_bundle_without_its_parts_or_too_large_is_refused() {
    let text = String::from_utf8(bundle().to_json()).unwrap();
    let empty = text.replace("{\"sig\":\"MAEC\",\"keyid\":\"\"}", "");
    let message = Bundle::parse(empty.as_bytes()).unwrap_err().to_string();
    assert_eq!(message, "signature bundle has 0 signatures, expected one");
    let hint = format!("\"publicKey\":{{\"hint\":\"{}\"}},", bundle().hint);
    let message = Bundle::parse(text.replace(&hint, "").as_bytes()).unwrap_err().to_string();
    assert!(message.contains("`publicKey` `nothing`"), "{message}");
    let large = Bundle { payload: vec![0; MAX_SIZE], ..bundle() };
    assert!(matches!(Bundle::parse(&large.to_json()), Err(BundleError::Size { .. })));
    assert!(Bundle::parse(&[b'['; 100_000]).is_err(), "nesting is bounded");
}
