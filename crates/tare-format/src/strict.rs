//! Strict JSON: texts that every reader understands in one way (spec/events.md E-9).
//!
//! RFC 8259 leaves open what a repeated key or a large number means, so two parsers may take two contents from the same
//! bytes, and with the same hash. What this module reads has no such place: keys do not repeat, whatever the depth and
//! however they are escaped, and numbers are integers of at most 2^53 - 1 in magnitude.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess,
    Visitor,
};

use crate::canonical::MAX_SAFE;

/// Reads a document from a strict text.
///
/// # Errors
/// When the text is not JSON, has two meanings, or is not that document.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    check(text)?;
    serde_json::from_str(text)
}

/// Checks that a text is JSON with one meaning.
///
/// # Errors
/// With the place of the first repeated key, number out of range, or error of syntax.
pub fn check(text: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<Strict>(text).map(|Strict| ())
}

/// A value of which nothing is kept.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value whose numbers are integers between -(2^53 - 1) and 2^53 - 1")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_str<E>(self, _: &str) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Strict, E> {
        if number <= MAX_SAFE {
            return Ok(Strict);
        }
        Err(E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Strict, E> {
        if number.unsigned_abs() <= MAX_SAFE {
            return Ok(Strict);
        }
        Err(E::invalid_value(de::Unexpected::Signed(number), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        while items.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Strict, A::Error> {
        let mut keys: Vec<Cow<'de, str>> = Vec::new();
        while let Some(key) = members.next_key_seed(Key)? {
            keys.push(key);
            members.next_value::<Strict>()?;
        }
        // Sorted once and not looked up one by one: a hostile object of many keys costs no more than its size.
        keys.sort_unstable();
        match keys.windows(2).find(|pair| pair.first() == pair.last()) {
            None => Ok(Strict),
            Some(pair) => {
                let key: String =
                    pair.iter().take(1).flat_map(|key| key.chars()).take(80).collect();
                Err(de::Error::custom(format_args!("key `{key}` is there twice")))
            }
        }
    }
}

/// A key, borrowed from the text unless it is escaped there.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_with_two_meanings_are_refused() {
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"[{"x":{"a":1,"b":2,"a":3}}]"#,
            "9007199254740992",
            "-9007199254740992",
            "18446744073709551616",
            "1.0",
            "1e3",
            "-0",
            "1e999",
            "NaN",
            "Infinity",
            "01",
            "+1",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\":1}{}",
            "\u{feff}{}",
            r#""\ud800""#,
            "// nothing\n{}",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_has_one_meaning_is_read() {
        for good in
            [r#"{"a":[1,-1,null,true],"b":{"a":"ü"}}"#, "9007199254740991", "-9007199254740991"]
        {
            check(good).unwrap_or_else(|error| panic!("{good}: {error}"));
        }
        assert_eq!(from_str::<Vec<u64>>("[1,2]").unwrap(), [1, 2]);
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_the_end_of_the_stack() {
        let deep = "[".repeat(1 << 20);
        assert!(check(&deep).is_err());
    }

    proptest! {
        #[test]
        fn what_is_strict_is_json(text in "[\\[\\]{}\",:0-9ae\\.\\-\\\\ ]{0,40}") {
            if check(&text).is_ok() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
            }
        }
    }
}
