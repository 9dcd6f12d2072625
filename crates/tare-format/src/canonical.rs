//! Canonical JSON: one byte sequence for one value (spec/canonical.md, a profile of RFC 8785).
//!
//! The profile leaves out what makes RFC 8785 hard: numbers are integers of at most 2^53 - 1 in magnitude, and keys are
//! ASCII, so that sorting by bytes and by UTF-16 units is the same. Fractions are [decimals](crate::decimal) in strings.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The largest integer that every JSON reader takes exactly (J-3).
pub(crate) const MAX_SAFE: u64 = (1 << 53) - 1;

/// Why a value or a text is not canonical JSON.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// The text is not JSON, or not the document that it should be.
    #[error("not a valid {document}")]
    Json {
        /// The kind of document.
        document: &'static str,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A number is outside the range, or a key is not ASCII.
    #[error("the {document} holds `{found}`, which has no canonical form")]
    Value {
        /// The kind of document.
        document: &'static str,
        /// What it is.
        found: String,
    },
    /// The text is not the one form that its value has.
    #[error("the {document} is not in canonical form: it differs at byte {at}")]
    Form {
        /// The kind of document.
        document: &'static str,
        /// The first byte that differs.
        at: usize,
    },
}

/// The canonical bytes of `value`.
///
/// # Errors
/// When it holds something without a canonical form (J-2, J-3).
pub fn to_bytes<T: Serialize>(
    document: &'static str,
    value: &T,
) -> Result<Vec<u8>, CanonicalError> {
    let value =
        serde_json::to_value(value).map_err(|source| CanonicalError::Json { document, source })?;
    let mut bytes = Vec::new();
    write(document, &value, &mut bytes)?;
    Ok(bytes)
}

/// Reads a document and insists that `bytes` are its canonical form, so that its digest names its content (J-5).
///
/// # Errors
/// When the bytes are not JSON, not that document, or not in canonical form.
pub fn from_bytes<T: DeserializeOwned + Serialize>(
    document: &'static str,
    bytes: &[u8],
) -> Result<T, CanonicalError> {
    let json = |source| CanonicalError::Json { document, source };
    let value: Value = serde_json::from_slice(bytes).map_err(json)?;
    let mut again = Vec::with_capacity(bytes.len());
    write(document, &value, &mut again)?;
    if again != bytes {
        let at = again.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        return Err(CanonicalError::Form { document, at });
    }
    serde_json::from_value(value).map_err(json)
}

fn write(document: &'static str, value: &Value, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    match value {
        Value::Array(items) => write_all(document, out, (b'[', b']'), items, write),
        Value::Object(map) => {
            // Sorted here and not by the map: a feature of serde_json that any crate can turn on changes its order.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| key.as_bytes());
            write_all(document, out, (b'{', b'}'), entries, |document, (key, value), out| {
                if !key.is_ascii() {
                    return Err(CanonicalError::Value { document, found: key.clone() });
                }
                write(document, &Value::String(key.clone()), out)?;
                out.push(b':');
                write(document, value, out)
            })
        }
        Value::Number(number) => {
            let safe = number.as_u64().is_some_and(|n| n <= MAX_SAFE)
                || number.as_i64().is_some_and(|n| n.unsigned_abs() <= MAX_SAFE);
            if !safe {
                return Err(CanonicalError::Value { document, found: number.to_string() });
            }
            out.extend(number.to_string().bytes());
            Ok(())
        }
        scalar => serde_json::to_writer(out, scalar)
            .map_err(|source| CanonicalError::Json { document, source }),
    }
}

fn write_all<T>(
    document: &'static str,
    out: &mut Vec<u8>,
    (open, close): (u8, u8),
    items: impl IntoIterator<Item = T>,
    each: impl Fn(&'static str, T, &mut Vec<u8>) -> Result<(), CanonicalError>,
) -> Result<(), CanonicalError> {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        each(document, item, out)?;
    }
    out.push(close);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_nothing_is_added() {
        let value = serde_json::json!({ "b": [1, "ü\n\u{1f}"], "a": { "z": null, "Z": true } });
        let bytes = to_bytes("test", &value).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "{\"a\":{\"Z\":true,\"z\":null},\"b\":[1,\"ü\\n\\u001f\"]}");
    }

    #[test]
    fn only_the_canonical_form_is_read() {
        let read = |text: &str| from_bytes::<Value>("test", text.as_bytes());
        assert!(read(r#"{"a":1,"b":2}"#).is_ok());
        for bad in [
            r#"{"b":2,"a":1}"#,
            r#"{"a": 1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1.0}"#,
            "{\"a\":\"\\u0041\"}",
            "1e3",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn large_integers_have_no_canonical_form() {
        assert!(to_bytes("test", &MAX_SAFE).is_ok());
        assert!(to_bytes("test", &(MAX_SAFE + 1)).is_err());
    }
}
