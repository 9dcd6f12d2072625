//! Users and tokens, as the operator manages them. There is no way to do this over the network.

use jiff::{SignedDuration, Timestamp};
use tare_format::event::BY_REGISTRY;
use tare_format::name::{check_segment, fold};
use tare_format::scope::{Action, Scope};

use crate::auth::TokenText;
use crate::db::tokens::{self, NewToken, TokenRow};
use crate::db::{Connection, seconds, timestamp, users};
use crate::error::{ApiError, chain};
use crate::registry::Registry;

/// How long a token lives when nothing is said.
pub const DEFAULT_LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a token may live, unless it never ends.
pub const MAX_LIFETIME: SignedDuration = SignedDuration::from_hours(365 * 24);
/// What the first user is called.
pub const FIRST_LOGIN: &str = "admin";

/// Why a change to users or tokens was not made.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A login has to be a name.
    #[error("`{login}` cannot be a login: {reason}")]
    Login {
        /// What was given.
        login: String,
        /// The rule that it breaks.
        reason: String,
    },
    /// The login folds onto that of another user.
    #[error("there is a user `{login}` already")]
    UserExists {
        /// That user's login.
        login: String,
    },
    /// Nobody is called so.
    #[error("there is no user `{login}`")]
    NoUser {
        /// Who was asked for.
        login: String,
    },
    /// No token has this number, or it was revoked before.
    #[error("there is no token {id} that could be revoked")]
    NoToken {
        /// The number.
        id: i64,
    },
    /// A token without scopes is of no use.
    #[error("a token needs a scope, as in `publish:lab/*`")]
    NoScope,
    /// The scope is for administrators.
    #[error("`{login}` is not an administrator, so the token cannot have {what}")]
    NotAdmin {
        /// Whose token it was to be.
        login: String,
        /// What is not allowed.
        what: &'static str,
    },
    /// The lifetime is out of range.
    #[error("a token lives at least a second and at most {} days", MAX_LIFETIME.as_hours() / 24)]
    Lifetime,
    /// The database or the random source failed.
    #[error("the registry could not make the change: {}", chain(.0))]
    Registry(ApiError),
}

impl<E: Into<ApiError>> From<E> for AccountError {
    fn from(error: E) -> Self {
        Self::Registry(error.into())
    }
}

/// A user, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct User {
    /// The login.
    pub login: String,
    /// Whether tokens of the user may administer.
    pub admin: bool,
    /// Whether the user's tokens are refused.
    pub disabled: bool,
    /// When the user was added.
    pub created: Timestamp,
}

/// A token, as a list shows it. Its text is not kept anywhere.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// Its user's login.
    pub login: String,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// What a new token is to be.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// Whose.
    pub login: String,
    /// What its holder calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// How long it lives; `None` for ever, which only an administrator's token may.
    pub lifetime: Option<SignedDuration>,
}

impl Registry {
    /// Adds a user.
    ///
    /// # Errors
    /// When the login is no name, or folds onto another.
    pub async fn add_user(&self, login: &str, admin: bool) -> Result<(), AccountError> {
        check_segment(login, "login").map_err(|error| AccountError::Login {
            login: login.to_owned(),
            reason: error.to_string(),
        })?;
        if fold(login) == BY_REGISTRY {
            let reason = "the registry acts under this name itself".to_owned();
            return Err(AccountError::Login { login: login.to_owned(), reason });
        }
        let mut tx = self.db.begin().await?;
        if let Some(user) = users::by_login(&mut tx, login).await? {
            return Err(AccountError::UserExists { login: user.login });
        }
        users::insert(&mut tx, login, admin, seconds(self.clock.now())).await?;
        Ok(tx.commit().await?)
    }

    /// Every user, sorted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn users(&self) -> Result<Vec<User>, AccountError> {
        let mut db = self.db.read().await?;
        let user = |row: users::User| {
            Ok(User {
                login: row.login,
                admin: row.admin,
                disabled: row.disabled,
                created: timestamp(row.created)?,
            })
        };
        users::all(&mut db).await?.into_iter().map(user).collect()
    }

    /// Shuts a user out, or lets one in again. It acts at the next request.
    ///
    /// # Errors
    /// When there is no such user.
    pub async fn set_user_disabled(&self, login: &str, disabled: bool) -> Result<(), AccountError> {
        let mut tx = self.db.begin().await?;
        let user = find(&mut tx, login).await?;
        users::set_disabled(&mut tx, user.id, disabled).await?;
        Ok(tx.commit().await?)
    }

    /// Makes a token. Its text is in the answer and nowhere else.
    ///
    /// # Errors
    /// When there is no such user, no scope, or one that the user may not have.
    pub async fn create_token(&self, request: &TokenRequest) -> Result<TokenText, AccountError> {
        let mut tx = self.db.begin().await?;
        let user = find(&mut tx, &request.login).await?;
        let not_admin = |what| Err(AccountError::NotAdmin { login: user.login.clone(), what });
        if request.scopes.is_empty() {
            return Err(AccountError::NoScope);
        }
        if !user.admin && request.scopes.contains(&Scope::all(Action::Admin)) {
            return not_admin("the scope `admin`");
        }
        let expires = match request.lifetime {
            None if !user.admin => return not_admin("no end"),
            None => None,
            Some(lifetime) if lifetime.as_secs() < 1 || lifetime > MAX_LIFETIME => {
                return Err(AccountError::Lifetime);
            }
            Some(lifetime) => Some(seconds(self.clock.now()).saturating_add(lifetime.as_secs())),
        };
        let text = TokenText::draw(self.entropy.as_ref())?;
        let scopes = serde_json::to_string(&request.scopes).map_err(ApiError::internal)?;
        let token = NewToken {
            hash: text.hash(),
            user: user.id,
            name: &request.name,
            scopes: &scopes,
            created: seconds(self.clock.now()),
            expires,
        };
        tokens::insert(&mut tx, &token).await?;
        tx.commit().await?;
        Ok(text)
    }

    /// Every token, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tokens(&self) -> Result<Vec<Token>, AccountError> {
        let mut db = self.db.read().await?;
        let token = |row: TokenRow| {
            Ok(Token {
                id: row.id,
                login: row.login,
                name: row.name,
                scopes: serde_json::from_str(&row.scopes).map_err(ApiError::internal)?,
                created: timestamp(row.created)?,
                expires: row.expires.map(timestamp).transpose()?,
                revoked: row.revoked.map(timestamp).transpose()?,
            })
        };
        tokens::all(&mut db).await?.into_iter().map(token).collect()
    }

    /// Takes a token back. It acts at the next request.
    ///
    /// # Errors
    /// When there is no such token, or it was revoked before.
    pub async fn revoke_token(&self, id: i64) -> Result<(), AccountError> {
        let mut tx = self.db.begin().await?;
        if !tokens::revoke(&mut tx, id, seconds(self.clock.now())).await? {
            return Err(AccountError::NoToken { id });
        }
        Ok(tx.commit().await?)
    }

    /// The first administrator and a token for it, when the registry has no user yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bootstrap(&self) -> Result<Option<TokenText>, AccountError> {
        if !self.users().await?.is_empty() {
            return Ok(None);
        }
        self.add_user(FIRST_LOGIN, true).await?;
        let request = TokenRequest {
            login: FIRST_LOGIN.to_owned(),
            name: "first".to_owned(),
            scopes: Action::ALL.into_iter().map(Scope::all).collect(),
            lifetime: Some(DEFAULT_LIFETIME),
        };
        self.create_token(&request).await.map(Some)
    }
}

async fn find(db: &mut Connection, login: &str) -> Result<users::User, AccountError> {
    let user = users::by_login(db, login).await?;
    user.ok_or_else(|| AccountError::NoUser { login: login.to_owned() })
}
