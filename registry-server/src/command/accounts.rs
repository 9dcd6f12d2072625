//! `tare-registry user` and `tare-registry token`.

use anyhow::{Context as _, bail};
use clap::Subcommand;
use jiff::SignedDuration;
use registry_server::accounts::{DEFAULT_LIFETIME, TokenRequest};
use serde_json::json;
use tare_format::scope::Scope;

use super::{Common, output};

/// What is done to users.
#[derive(Subcommand)]
pub(super) enum UserVerb {
    /// Add a user
    Add {
        /// The login: a name as in a package's
        login: String,
        /// Let the user's tokens administer the registry
        #[arg(long)]
        admin: bool,
    },
    /// List the users
    List,
    /// Refuse every token of a user
    Disable {
        /// The login
        login: String,
    },
    /// Accept a disabled user's tokens again
    Enable {
        /// The login
        login: String,
    },
}

/// What is done to tokens.
#[derive(Subcommand)]
pub(super) enum TokenVerb {
    /// Make a token, and print it this once
    Create {
        /// Whose it is
        #[arg(long)]
        user: String,
        /// What it may do: `publish:lab/*`, `yank:lab/tiny`, `owner:*`, `admin`; may be repeated
        #[arg(long = "scope", required = true)]
        scopes: Vec<Scope>,
        /// What to call it
        #[arg(long, default_value = "token")]
        name: String,
        /// How long it lives: `12h`, `30d`, at most `365d`; `never` only for an administrator
        #[arg(long)]
        expires: Option<String>,
    },
    /// List the tokens, without their texts
    List,
    /// Refuse a token from now on
    Revoke {
        /// Its number, from the list
        id: i64,
    },
}

pub(super) async fn users(verb: UserVerb, common: &Common) -> anyhow::Result<()> {
    let registry = common.attach().await?;
    match verb {
        UserVerb::Add { login, admin } => {
            registry.add_user(&login, admin).await?;
            output::talk(format!("added the user `{login}`"));
        }
        UserVerb::List => {
            let users = registry.users().await?;
            if common.json {
                output::json(&users)?;
            } else {
                for user in users {
                    let admin = if user.admin { " admin" } else { "" };
                    let disabled = if user.disabled { " disabled" } else { "" };
                    output::data(format!("{}{admin}{disabled}", user.login));
                }
            }
        }
        UserVerb::Disable { login } => {
            registry.set_user_disabled(&login, true).await?;
            output::talk(format!("the tokens of `{login}` are refused from now on"));
        }
        UserVerb::Enable { login } => {
            registry.set_user_disabled(&login, false).await?;
            output::talk(format!("the tokens of `{login}` are accepted again"));
        }
    }
    registry.close().await;
    Ok(())
}

pub(super) async fn tokens(verb: TokenVerb, common: &Common) -> anyhow::Result<()> {
    let registry = common.attach().await?;
    match verb {
        TokenVerb::Create { user, scopes, name, expires } => {
            let lifetime = expires.as_deref().map_or(Ok(Some(DEFAULT_LIFETIME)), lifetime)?;
            let request = TokenRequest { login: user, name, scopes, lifetime };
            let token = registry.create_token(&request).await?;
            if common.json {
                output::json(&json!({ "token": token.reveal() }))?;
            } else {
                output::data(token.reveal());
            }
        }
        TokenVerb::List => {
            let tokens = registry.tokens().await?;
            if common.json {
                output::json(&tokens)?;
            } else {
                tokens.iter().for_each(print_token);
            }
        }
        TokenVerb::Revoke { id } => {
            registry.revoke_token(id).await?;
            output::talk(format!("token {id} is refused from now on"));
        }
    }
    registry.close().await;
    Ok(())
}

fn print_token(token: &registry_server::accounts::Token) {
    let scopes: Vec<String> = token.scopes.iter().map(Scope::to_string).collect();
    let end = match (token.revoked, token.expires) {
        (Some(time), _) => format!("revoked {time}"),
        (None, Some(time)) => format!("until {time}"),
        (None, None) => "without end".to_owned(),
    };
    output::data(format!("{} {} {} {} {end}", token.id, token.login, token.name, scopes.join(",")));
}

/// Reads `30d`, `12h` or `never`.
fn lifetime(text: &str) -> anyhow::Result<Option<SignedDuration>> {
    if text == "never" {
        return Ok(None);
    }
    let Some((number, unit)) = text.split_at_checked(text.len().saturating_sub(1)) else {
        bail!("`{text}` is not a lifetime: expected as in `12h`, `30d`, or `never`");
    };
    let number: i64 = number.parse().with_context(|| {
        format!("`{text}` is not a lifetime: expected as in `12h`, `30d`, or `never`")
    })?;
    let hours = match unit {
        "h" => Some(number),
        "d" => number.checked_mul(24),
        _ => None,
    };
    let hours = hours.filter(|hours| (1..=24 * 366).contains(hours));
    match hours {
        Some(hours) => Ok(Some(SignedDuration::from_hours(hours))),
        None => bail!("`{text}` is not a lifetime: expected `1h` to `365d`, or `never`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_hours_days_or_never() {
        assert_eq!(lifetime("never").unwrap(), None);
        assert_eq!(lifetime("12h").unwrap(), Some(SignedDuration::from_hours(12)));
        assert_eq!(lifetime("30d").unwrap(), Some(DEFAULT_LIFETIME));
        for bad in ["", "d", "0d", "-1d", "30", "30w", "1e3d", "9999999999999999999d", "3ä"] {
            assert!(lifetime(bad).is_err(), "{bad}");
        }
    }
}
