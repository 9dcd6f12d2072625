//! Package names, variant names, and the written forms that name a package, a release or a variant (spec/names.md).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::{Version, VersionReq};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a {what}: {reason}")]
pub struct NameError {
    found: String,
    what: &'static str,
    reason: &'static str,
}

/// `namespace/name`: what a package is called, in the case its owner gave it.
///
/// Two names that fold to the same [`key`](Self::key) are the same package; a registry keeps the first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageName {
    text: String,
    slash: usize,
}

impl PackageName {
    /// The part before the slash.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.text[..self.slash]
    }

    /// The part after the slash.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[self.slash + 1..]
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The folded form under which the name is unique (N-4): lower case, with `_` and `.` as `-`.
    #[must_use]
    pub fn key(&self) -> String {
        fold(&self.text)
    }
}

/// The folded form of a namespace or a name (N-4).
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars()
        .map(|c| if matches!(c, '_' | '.') { '-' } else { c.to_ascii_lowercase() })
        .collect()
}

/// Checks one side of the slash, or a variant's name (N-1, N-2, N-3).
///
/// # Errors
/// With the rule that the text breaks.
pub fn check_segment(text: &str, what: &'static str) -> Result<(), NameError> {
    let fail = |reason| Err(NameError { found: text.chars().take(80).collect(), what, reason });
    if text.is_empty() || text.len() > 64 {
        return fail("a part has 1 to 64 characters");
    }
    if !text.as_bytes()[0].is_ascii_alphanumeric() {
        return fail("a part starts with an ASCII letter or digit");
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        return fail("only ASCII letters, digits, `.`, `_` and `-` are allowed");
    }
    if text.contains("--") || text.contains("..") {
        return fail("`--` and `..` are not allowed");
    }
    if text.ends_with(['.', '-']) || text.to_ascii_lowercase().ends_with(".git") {
        return fail("a part does not end in `.`, `-` or `.git`");
    }
    if is_device_name(text) {
        return fail("it is a device name on Windows");
    }
    Ok(())
}

/// Whether a path component is a Windows device name, with any extension and in any case.
#[must_use]
pub fn is_device_name(component: &str) -> bool {
    let stem = component.split('.').next().unwrap_or(component).trim_end().to_ascii_lowercase();
    match stem.as_str() {
        "con" | "prn" | "aux" | "nul" | "conin$" | "conout$" | "clock$" => true,
        _ => {
            let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
            numbered.is_some_and(|rest| {
                let mut chars = rest.chars();
                matches!(chars.next(), Some('0'..='9' | '¹' | '²' | '³')) && chars.next().is_none()
            })
        }
    }
}

impl FromStr for PackageName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        const WHAT: &str = "package name";
        let Some((namespace, name)) = text.split_once('/') else {
            let found = text.chars().take(80).collect();
            return Err(NameError {
                found,
                what: WHAT,
                reason: "it has the form `namespace/name`",
            });
        };
        check_segment(namespace, WHAT)?;
        check_segment(name, WHAT)?;
        Ok(Self { text: text.to_owned(), slash: namespace.len() })
    }
}

/// A namespace: the part of a package's name before the slash.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(String);

impl Namespace {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folded form under which it is unique (N-4).
    #[must_use]
    pub fn key(&self) -> String {
        fold(&self.0)
    }
}

impl FromStr for Namespace {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_segment(text, "namespace")?;
        Ok(Self(text.to_owned()))
    }
}

impl From<&PackageName> for Namespace {
    /// The namespace that the package is in, in the package's spelling.
    fn from(package: &PackageName) -> Self {
        Self(package.namespace().to_owned())
    }
}

/// The name of a variant: a named, mutually exclusive set of files of one release.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VariantName(String);

impl VariantName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VariantName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_segment(text, "variant name")?;
        if text == "default" {
            let reason = "`default` names the choice, not a variant";
            return Err(NameError { found: text.to_owned(), what: "variant name", reason });
        }
        Ok(Self(text.to_owned()))
    }
}

macro_rules! text_type {
    ($name:ident, $pattern:expr) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "`{self}`")
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

text_type!(PackageName, "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$");
text_type!(Namespace, "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$");
text_type!(VariantName, "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$");

/// Why a text does not name a package, a release or a variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The name before `@` is wrong.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The text after `@` is no version requirement.
    #[error("`{found}` is not a version requirement: {reason}")]
    Requirement {
        /// The text after `@`.
        found: String,
        /// What the semver grammar says.
        reason: String,
    },
    /// A single version was needed.
    #[error("`{found}` does not name one version: write `name@1.2.3`")]
    NotOneVersion {
        /// The whole text.
        found: String,
    },
}

/// What a person types: `ns/name`, `ns/name@^1.2`, `ns/name@1.2.0:q4_k_m` (N-7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageSpec {
    /// The package.
    pub name: PackageName,
    /// The text after `@`, as a requirement; absent means any version.
    pub requirement: Option<VersionReq>,
    /// The text after `:`.
    pub variant: Option<VariantName>,
}

impl FromStr for PackageSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let (rest, variant) = match text.rsplit_once(':') {
            Some((rest, variant)) => (rest, Some(variant.parse()?)),
            None => (text, None),
        };
        let (name, requirement) = match rest.split_once('@') {
            Some((name, text)) => (name, Some(parse_asked(text)?)),
            None => (rest, None),
        };
        Ok(Self { name: name.parse()?, requirement, variant })
    }
}

impl fmt::Display for PackageSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(requirement) = &self.requirement {
            write!(f, "@{requirement}")?;
        }
        self.variant.iter().try_for_each(|variant| write!(f, ":{variant}"))
    }
}

/// What stands after `@`: a whole version means that one; anything else is a requirement (N-7).
fn parse_asked(text: &str) -> Result<VersionReq, SpecError> {
    match text.parse::<Version>() {
        Ok(version) => parse_requirement(&format!("={version}")),
        Err(_) => parse_requirement(text),
    }
}

/// Reads a version requirement as cargo does: a bare version means `^` (N-8).
///
/// # Errors
/// With the text and what the grammar says about it.
pub fn parse_requirement(text: &str) -> Result<VersionReq, SpecError> {
    text.parse().map_err(|error: semver::Error| SpecError::Requirement {
        found: text.chars().take(80).collect(),
        reason: error.to_string(),
    })
}

/// One release: `ns/name@1.2.0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReleaseId {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl FromStr for ReleaseId {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let one = || SpecError::NotOneVersion { found: text.chars().take(160).collect() };
        let (name, version) = text.split_once('@').ok_or_else(one)?;
        let version = version.strip_prefix('=').unwrap_or(version).parse().map_err(|_| one())?;
        Ok(Self { name: name.parse()?, version })
    }
}

impl Serialize for ReleaseId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ReleaseId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for ReleaseId {
    fn schema_name() -> Cow<'static, str> {
        "ReleaseId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "namespace/name@version" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_case_and_fold_to_one_key() {
        let name: PackageName = "Commons/Tiny_Chat.v2".parse().unwrap();
        assert_eq!((name.namespace(), name.name()), ("Commons", "Tiny_Chat.v2"));
        assert_eq!(name.key(), "commons/tiny-chat-v2");
    }

    #[test]
    fn bad_names_say_which_rule_they_break() {
        for (bad, rule) in [
            ("tiny", "form"),
            ("a/", "1 to 64"),
            ("a/-b", "starts with"),
            ("a/b c", "only ASCII"),
            ("a/b--c", "`--`"),
            ("a/b..c", "`..`"),
            ("a/b.", "does not end"),
            ("a/b.GIT", "does not end"),
            ("a/Com1.bin", "device name"),
            ("a/b/c", "only ASCII"),
            ("ä/b", "starts with"),
        ] {
            let error = bad.parse::<PackageName>().unwrap_err().to_string();
            assert!(error.contains(rule), "{bad}: {error}");
        }
    }

    #[test]
    fn written_forms_round_trip() {
        for text in ["a/b", "a/b@^1.2", "a/b@=1.2.0:q4_k_m", "a/b:bf16", "a/b@>=1, <3"] {
            let spec: PackageSpec = text.parse().unwrap();
            assert_eq!(spec.to_string(), text);
        }
        let spec: PackageSpec = "a/b@1.2".parse().unwrap();
        assert_eq!(spec.to_string(), "a/b@^1.2", "a part of a version is a caret requirement");
        let spec: PackageSpec = "a/b@1.2.0".parse().unwrap();
        assert_eq!(spec.to_string(), "a/b@=1.2.0", "a whole version is that one");
    }

    #[test]
    fn a_release_is_one_version() {
        assert_eq!("a/b@1.2.0".parse::<ReleaseId>().unwrap().to_string(), "a/b@1.2.0");
        assert!("a/b@^1.2".parse::<ReleaseId>().is_err());
        assert!("a/b".parse::<ReleaseId>().is_err());
    }
}
