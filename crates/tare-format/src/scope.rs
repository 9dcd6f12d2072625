//! What a token may do, and to which packages (spec/api.md).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::name::{PackageName, fold};

/// Something that a token can be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Publish versions.
    Publish,
    /// Yank, take a yank back, withdraw.
    Yank,
    /// Change owners and signers.
    Owner,
    /// Write advisories.
    Security,
    /// Administer the registry: users, tokens of others.
    Admin,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 5] =
        [Self::Publish, Self::Yank, Self::Owner, Self::Security, Self::Admin];

    /// The action's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Yank => "yank",
            Self::Owner => "owner",
            Self::Security => "security",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An action and the packages that it covers: `publish:ns/*`, `yank:ns/name`, `owner:*`, `admin`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    action: Action,
    pattern: Pattern,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Pattern {
    All,
    Namespace(String),
    Package(String),
}

impl Scope {
    /// The action over every package.
    #[must_use]
    pub const fn all(action: Action) -> Self {
        Self { action, pattern: Pattern::All }
    }

    /// Whether it lets `action` be done to `package`. Names are compared in their folded form.
    #[must_use]
    pub fn allows(&self, action: Action, package: &PackageName) -> bool {
        self.action == action
            && match &self.pattern {
                Pattern::All => true,
                Pattern::Namespace(namespace) => fold(package.namespace()) == *namespace,
                Pattern::Package(key) => package.key() == *key,
            }
    }

    /// Whether it lets `action` be done to a whole namespace.
    #[must_use]
    pub fn allows_namespace(&self, action: Action, namespace: &str) -> bool {
        self.action == action
            && match &self.pattern {
                Pattern::All => true,
                Pattern::Namespace(own) => fold(namespace) == *own,
                Pattern::Package(_) => false,
            }
    }

    /// Whether everything that `other` allows is allowed by this as well.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.action == other.action
            && match (&self.pattern, &other.pattern) {
                (Pattern::All, _) => true,
                (Pattern::Namespace(own), Pattern::Namespace(theirs)) => own == theirs,
                (Pattern::Namespace(own), Pattern::Package(key)) => {
                    key.split_once('/').is_some_and(|(namespace, _)| namespace == own)
                }
                (Pattern::Package(own), Pattern::Package(theirs)) => own == theirs,
                _ => false,
            }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pattern {
            Pattern::All if self.action == Action::Admin => write!(f, "{}", self.action),
            Pattern::All => write!(f, "{}:*", self.action),
            Pattern::Namespace(namespace) => write!(f, "{}:{namespace}/*", self.action),
            Pattern::Package(key) => write!(f, "{}:{key}", self.action),
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail = || {
            format!(
                "`{text}` is not a scope: expected `publish:`, `yank:`, `owner:` or `security:` with `*`, `ns/*` or `ns/name`, or `admin`"
            )
        };
        let (action, pattern) = text.split_once(':').unwrap_or((text, "*"));
        let action =
            Action::ALL.into_iter().find(|known| known.as_str() == action).ok_or_else(fail)?;
        let pattern = match pattern {
            "*" => Pattern::All,
            _ if action == Action::Admin => return Err(fail()),
            _ => match pattern.strip_suffix("/*") {
                Some(namespace) => {
                    crate::name::check_segment(namespace, "namespace").map_err(|_| fail())?;
                    Pattern::Namespace(fold(namespace))
                }
                None => Pattern::Package(pattern.parse::<PackageName>().map_err(|_| fail())?.key()),
            },
        };
        Ok(Self { action, pattern })
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Scope {
    fn schema_name() -> Cow<'static, str> {
        "Scope".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "publish:*, publish:ns/*, yank:ns/name, owner:*, security:ns/*, admin" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_its_packages_and_no_others() {
        let scope: Scope = "publish:Acme_Lab/*".parse().unwrap();
        let allows = |action, name: &str| scope.allows(action, &name.parse().unwrap());
        assert!(allows(Action::Publish, "acme-lab/x"));
        assert!(!allows(Action::Publish, "acme/x"));
        assert!(!allows(Action::Yank, "acme-lab/x"));
    }

    #[test]
    fn only_a_narrower_scope_is_covered() {
        let scope = |text: &str| text.parse::<Scope>().unwrap();
        assert!(scope("publish:*").covers(&scope("publish:a/b")));
        assert!(scope("publish:a/*").covers(&scope("publish:a/b")));
        assert!(!scope("publish:a/b").covers(&scope("publish:a/*")));
        assert!(!scope("publish:*").covers(&scope("yank:a/b")));
    }

    #[test]
    fn bad_scopes_are_refused() {
        for bad in ["", "read", "publish:", "publish:a", "admin:a/*", "publish:a/**"] {
            assert!(bad.parse::<Scope>().is_err(), "{bad}");
        }
    }
}
