//! Decimal numbers that have one written form, so that documents that hold them stay canonical (spec/canonical.md).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A finite number. TOML writes it as a number, canonical JSON as a string: the shortest decimal numeral that reads
/// back to the same IEEE 754 double, without an exponent (J-4).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Decimal(f64);

impl Decimal {
    /// The number `value`.
    ///
    /// Returns `None` for infinities and NaN.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        // Adding zero turns a negative zero into zero: one number, one numeral.
        value.is_finite().then_some(Self(value + 0.0))
    }

    /// The number as a double.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Decimal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().and_then(Self::new);
        number
            .filter(|number| number.to_string() == text)
            .ok_or_else(|| format!("`{text}` is not a decimal number in its shortest form"))
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a finite number")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Decimal, E> {
        Decimal::new(value).ok_or_else(|| E::custom("expected a finite number"))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a TOML integer stands for the double it reads as"
    )]
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Decimal, E> {
        self.visit_f64(value as f64)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a TOML integer stands for the double it reads as"
    )]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Decimal, E> {
        self.visit_f64(value as f64)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
        text.parse().map_err(E::custom)
    }
}

impl JsonSchema for Decimal {
    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "number" },
            { "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$" }
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_numeral() {
        for (value, text) in [(0.913, "0.913"), (1e21, "1000000000000000000000"), (-0.0, "0")] {
            let number = Decimal::new(value).unwrap();
            assert_eq!(number.to_string(), text);
            assert_eq!(text.parse(), Ok(number));
        }
        assert!("0.50".parse::<Decimal>().is_err());
        assert!(Decimal::new(f64::NAN).is_none());
    }
}
