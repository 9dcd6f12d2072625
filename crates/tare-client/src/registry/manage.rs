//! Who may do what, what is hidden, and what there is.

use tare_format::advisory::Advisory;
use tare_format::api::{
    Changed, Health, OwnerChange, Owners, Search, SignerChange, Signers, StatusChange, Whoami,
};
use tare_format::event::Change;
use tare_format::manifest::Kind;
use tare_format::{Namespace, PackageName, ReleaseId};

use super::{RegistryClient, RegistryError};
use crate::transport::Request;

/// What may be done to a version after it was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusAction {
    /// Hide it from new resolutions.
    Yank,
    /// Take a yank back.
    Unyank,
    /// Make it not installable any more.
    Withdraw,
}

impl StatusAction {
    /// The action as it stands in the URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yank => "yank",
            Self::Unyank => "unyank",
            Self::Withdraw => "withdraw",
        }
    }
}

impl RegistryClient {
    /// Whose the token is, and what it may do.
    ///
    /// # Errors
    /// When there is none, or it is not valid.
    pub async fn whoami(&self) -> Result<Whoami, RegistryError> {
        self.get("whoami", "say whose the token is").await
    }

    /// Yanks, un-yanks or withdraws a version.
    ///
    /// # Errors
    /// When it does not exist, or the token does not allow it.
    pub async fn set_status(
        &self,
        release: &ReleaseId,
        action: StatusAction,
        reason: Option<String>,
    ) -> Result<Changed, RegistryError> {
        let verb = action.as_str();
        let path = format!("packages/{}/{}/{verb}", release.name, release.version);
        self.post(&path, &format!("{verb} {release}"), &StatusChange { reason }).await
    }

    /// Hands in an advisory, or a newer version of one.
    ///
    /// # Errors
    /// When the token does not allow it, a package is not there, or the one that is logged is newer.
    pub async fn publish_advisory(&self, advisory: &Advisory) -> Result<Changed, RegistryError> {
        self.post("advisories", &format!("publish {}", advisory.id), advisory).await
    }

    /// The owners of a namespace.
    ///
    /// # Errors
    /// When there is no such namespace.
    pub async fn owners(&self, namespace: &Namespace) -> Result<Owners, RegistryError> {
        self.get(
            &format!("namespaces/{namespace}/owners"),
            &format!("list the owners of {namespace}"),
        )
        .await
    }

    /// Adds or removes an owner.
    ///
    /// # Errors
    /// When the token does not allow it, or nobody has that login.
    pub async fn change_owner(
        &self,
        namespace: &Namespace,
        login: &str,
        change: Change,
    ) -> Result<Changed, RegistryError> {
        let body = OwnerChange { login: login.to_owned(), change };
        let action = format!("change the owners of {namespace}");
        self.post(&format!("namespaces/{namespace}/owners"), &action, &body).await
    }

    /// The keys that may sign the next release of a package.
    ///
    /// # Errors
    /// When there is no such package.
    pub async fn signers(&self, package: &PackageName) -> Result<Signers, RegistryError> {
        self.get(&format!("packages/{package}/signers"), &format!("list the signers of {package}"))
            .await
    }

    /// Adds or removes a key that may sign.
    ///
    /// # Errors
    /// When the token does not allow it, or the key is none.
    pub async fn change_signer(
        &self,
        package: &PackageName,
        pem: &str,
        change: Change,
    ) -> Result<Changed, RegistryError> {
        let body = SignerChange { pem: pem.to_owned(), change };
        let action = format!("change the signers of {package}");
        self.post(&format!("packages/{package}/signers"), &action, &body).await
    }

    /// Packages that match, best first.
    ///
    /// # Errors
    /// When the registry cannot be asked.
    pub async fn search(
        &self,
        query: &str,
        kind: Option<Kind>,
        limit: u32,
        offset: u64,
    ) -> Result<Search, RegistryError> {
        let mut url = self.api("search").await?;
        url.query_pairs_mut()
            .append_pair("q", query)
            .append_pair("limit", &limit.to_string())
            .append_pair("offset", &offset.to_string());
        if let Some(kind) = kind {
            url.query_pairs_mut().append_pair("kind", kind.as_str());
        }
        self.json(Request::get(url), "search").await
    }

    /// Whether the registry is well.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn health(&self) -> Result<Health, RegistryError> {
        let url = self.api("health").await?;
        self.json(Request::get(url), "say how it is").await
    }
}
