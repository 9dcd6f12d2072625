//! Who asks, and whether they may: one function decides (spec/api.md ).

mod principal;
mod token;

use tare_format::PackageName;
use tare_format::problem::Code;
use tare_format::scope::Action;

use crate::error::ApiError;

pub(crate) use principal::{Caller, Principal};
pub use token::TokenText;

/// What an action is done to.
#[derive(Debug)]
pub(crate) enum Resource<'a> {
    /// One package, with the rows of the owners of its namespace; none when nobody has claimed it.
    Package { name: &'a PackageName, owners: &'a [i64] },
    /// A namespace with its owners.
    Namespace { name: &'a str, owners: &'a [i64] },
}

/// Decides whether `principal` may do `action` to `resource`. What is not allowed here is not allowed.
///
/// Both must hold: the token's scope covers it, and the user owns the namespace. An administrator may do what an owner
/// may, except to publish: nobody publishes in another's name.
///
/// # Errors
/// `scope-missing` or `not-owner`, with what would help.
pub(crate) fn authorize(
    principal: &Principal,
    action: Action,
    resource: &Resource<'_>,
) -> Result<(), ApiError> {
    let (what, covered, owners) = match resource {
        Resource::Package { name, owners } => {
            (name.as_str(), principal.scopes.iter().any(|s| s.allows(action, name)), owners)
        }
        Resource::Namespace { name, owners } => {
            let covered = principal.scopes.iter().any(|s| s.allows_namespace(action, name));
            (*name, covered, owners)
        }
    };
    if !covered {
        return Err(ApiError::new(
            Code::ScopeMissing,
            format!(
                "the token `{}` does not have the scope `{action}` for `{what}`",
                principal.token
            ),
        )
        .help(format!("ask for a token with `--scope {action}:{what}`")));
    }
    let is_owner = owners.contains(&principal.user);
    let is_free = action == Action::Publish && owners.is_empty();
    let as_admin = action != Action::Publish && principal.is_admin();
    if is_owner || is_free || as_admin {
        return Ok(());
    }
    Err(ApiError::new(
        Code::NotOwner,
        format!("`{}` is not an owner of the namespace of `{what}`", principal.login),
    )
    .help("ask an owner to add you, or use a namespace of your own"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(admin: bool, scopes: &[&str]) -> Principal {
        Principal {
            user: 1,
            login: "ada".to_owned(),
            admin,
            token: "laptop".to_owned(),
            scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
            expires: None,
        }
    }

    fn decide(principal: &Principal, action: Action, owners: &[i64]) -> Option<Code> {
        let name = "lab/tiny".parse().unwrap();
        let resource = Resource::Package { name: &name, owners };
        authorize(principal, action, &resource).err().map(|error| error.code())
    }

    #[test]
    fn scope_and_ownership_are_both_needed() {
        let all = principal(false, &["publish:*", "yank:*", "owner:*"]);
        assert_eq!(decide(&all, Action::Publish, &[1]), None);
        assert_eq!(decide(&all, Action::Publish, &[2]), Some(Code::NotOwner));
        let narrow = principal(false, &["publish:lab/other", "yank:lab/*"]);
        assert_eq!(decide(&narrow, Action::Publish, &[1]), Some(Code::ScopeMissing));
        assert_eq!(decide(&narrow, Action::Yank, &[1]), None);
    }

    #[test]
    fn only_publishing_claims_a_free_namespace() {
        let all = principal(false, &["publish:*", "yank:*", "owner:*"]);
        assert_eq!(decide(&all, Action::Publish, &[]), None);
        assert_eq!(decide(&all, Action::Owner, &[]), Some(Code::NotOwner));
    }

    #[test]
    fn an_administrator_moderates_and_does_not_publish_for_others() {
        let admin = principal(true, &["admin", "yank:*", "publish:*"]);
        assert_eq!(decide(&admin, Action::Yank, &[2]), None);
        assert_eq!(decide(&admin, Action::Publish, &[2]), Some(Code::NotOwner));
        let demoted = principal(false, &["admin", "yank:*"]);
        assert_eq!(decide(&demoted, Action::Yank, &[2]), Some(Code::NotOwner));
    }

    #[test]
    fn a_scope_over_one_package_is_none_over_its_namespace() {
        let narrow = principal(false, &["owner:lab/tiny"]);
        let resource = Resource::Namespace { name: "lab", owners: &[1] };
        let error = authorize(&narrow, Action::Owner, &resource).unwrap_err();
        assert_eq!(error.code(), Code::ScopeMissing);
    }
}
