//! Lists stand where lists belong.
//!
//! Serde takes `["x"]` for `{"field": "x"}`: a list with the fields of an object in their order. Hardly any other reader
//! does, so a bundle could say one thing here and nothing there.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The fields whose value is a list.
const LISTS: [&str; 5] =
    ["tlogEntries", "hashes", "certificates", "rfc3161Timestamps", "signatures"];

/// Reads a document to its end.
///
/// # Errors
/// When it is not JSON, or has a list somewhere else.
pub(super) fn check(text: &str) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    Place { may_be_list: false }.deserialize(&mut reader)?;
    reader.end()
}

/// A value in a document.
struct Place {
    may_be_list: bool,
}

impl<'de> DeserializeSeed<'de> for Place {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<String>()? {
            fields.next_value_seed(Self { may_be_list: LISTS.contains(&name.as_str()) })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if !self.may_be_list {
            return Err(A::Error::custom("expected an object or a text, found a list"));
        }
        while items.next_element_seed(Self { may_be_list: false })?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
