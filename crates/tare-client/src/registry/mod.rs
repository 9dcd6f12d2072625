//! A registry as functions, one for each endpoint (spec/api.md, spec/registry.md).
//!
//! What is read is checked against its name before anything else looks at it. What is refused comes back as a
//! [`RegistryError`] whose kind says whether the network, the token, the name or the bytes were the reason.

mod error;
mod manage;
mod packs;
mod read;
mod record;
mod session;
mod sources;

use std::sync::Arc;

use serde::Deserialize;
use tare_format::registry::{REGISTRY_FORMAT, Registry, RegistryId};
use tokio::sync::OnceCell;
use url::Url;

pub use error::RegistryError;
pub use manage::StatusAction;
pub(crate) use packs::PackRange;
pub(crate) use record::Record;
pub use session::{MissingChunks, PackUpload};
pub use sources::{Failure, Sources};
pub(crate) use sources::{Fault, Site, Turn, Verdict, told, worst};

use crate::credentials::{Token, Tokens};
use crate::origin::Origin;
use crate::transport::{Request, Transport};

/// The most bytes of `registry.json`.
const DESCRIPTOR_CAP: u64 = 1 << 20;

/// Which registry a `registry.json` is of, whatever its format.
#[derive(Deserialize)]
struct Identity {
    id: RegistryId,
}

/// One registry: its origin, and the mirrors that are read from.
#[derive(Debug)]
pub struct RegistryClient {
    transport: Arc<Transport>,
    /// The origin. The API and every token are for it alone.
    base: Url,
    /// The origin and its mirrors: whatever anybody may read.
    sources: Sources,
    /// Which registry must be there, when it is known.
    expected: Option<RegistryId>,
    tokens: Tokens,
    /// `registry.json`, read at most once.
    descriptor: OnceCell<Registry>,
    /// Who wants to know what was read.
    record: Option<Arc<Record>>,
}

impl RegistryClient {
    /// The registry at `base`, whose path ends in `/`. If `expected` is given, any other registry there is refused.
    #[must_use]
    pub fn new(
        transport: Arc<Transport>,
        base: Url,
        expected: Option<RegistryId>,
        tokens: Tokens,
    ) -> Self {
        let sources = Sources::new(base.clone());
        Self {
            transport,
            base,
            sources,
            expected,
            tokens,
            descriptor: OnceCell::new(),
            record: None,
        }
    }

    /// Reads from `mirrors` first, in their order.
    #[must_use]
    pub fn with_mirrors(self, mirrors: Vec<Url>) -> Self {
        let sources = Sources::with_mirrors(self.base.clone(), mirrors);
        Self { sources, ..self }
    }

    /// The same registry as one of its places has it. What is found out about the place is known to both.
    pub(crate) fn reading_from(&self, site: &Arc<Site>) -> Self {
        Self {
            transport: Arc::clone(&self.transport),
            base: self.base.clone(),
            sources: Sources::only(Arc::clone(site)),
            expected: self.expected.clone(),
            tokens: Tokens::default(),
            descriptor: OnceCell::new(),
            record: None,
        }
    }

    /// Keeps a copy of every object that is read.
    #[must_use]
    pub(crate) fn recorded(self, record: Arc<Record>) -> Self {
        Self { record: Some(record), ..self }
    }

    /// The places that are read from.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Where it is.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The transport it is reached by.
    #[must_use]
    pub fn transport(&self) -> &Arc<Transport> {
        &self.transport
    }

    /// What it says about itself: read once, then remembered.
    ///
    /// # Errors
    /// When it cannot be read, is of another format, or is another registry than the expected one.
    pub async fn descriptor(&self) -> Result<&Registry, RegistryError> {
        self.descriptor.get_or_try_init(|| self.read_descriptor()).await
    }

    /// The origin that tokens for this registry belong to: that of its API.
    ///
    /// # Errors
    /// When the registry cannot be read, or has no API.
    pub async fn token_origin(&self) -> Result<Origin, RegistryError> {
        Ok(Origin::of(&self.api("").await?))
    }

    async fn read_descriptor(&self) -> Result<Registry, RegistryError> {
        let url =
            self.base.join("registry.json").map_err(|_| RegistryError::not_one(&self.base))?;
        let fetched = self.transport.fetch(&Request::get(url), DESCRIPTOR_CAP).await?;
        match fetched.status {
            200 => {}
            404 | 410 | 451 => return Err(RegistryError::not_one(&self.base)),
            _ => return Err(RegistryError::of("say what it is", &fetched)),
        }
        let registry: Registry = serde_json::from_slice(&fetched.bytes).map_err(|source| {
            RegistryError::Document { what: "registry.json".to_owned(), source: Box::new(source) }
        })?;
        if registry.format != REGISTRY_FORMAT {
            return Err(RegistryError::Format { base: self.base.clone(), found: registry.format });
        }
        match &self.expected {
            Some(expected) if *expected != registry.id => Err(RegistryError::Another {
                base: Box::new(self.base.clone()),
                expected: expected.clone(),
                found: registry.id,
            }),
            _ => {
                self.sources.hint(&self.base, &registry.mirrors);
                Ok(registry)
            }
        }
    }

    /// A mirror may lack a thing, or have another under its name, because it is a mirror of another registry: the error
    /// that says so. Each is asked once, when there is reason to.
    pub(crate) async fn identify(&self, site: &Site, verdict: Verdict) -> Option<RegistryError> {
        let is_odd = matches!(verdict, Verdict::Lacking | Verdict::Gone | Verdict::Wrong);
        let known = self.expected.as_ref().or(self.descriptor.get().map(|found| &found.id))?;
        if !is_odd || *site.base() == self.base || !site.is_unidentified() {
            return None;
        }
        let url = site.base().join("registry.json").ok()?;
        let request = Request::get(url).brisk(Some(site.meter()));
        let fetched = self.transport.fetch(&request, DESCRIPTOR_CAP).await.ok()?;
        let found = serde_json::from_slice::<Identity>(&fetched.bytes).ok()?.id;
        (fetched.status == 200 && found != *known).then(|| RegistryError::Another {
            base: Box::new(site.base().clone()),
            expected: known.clone(),
            found,
        })
    }

    /// The URL of an endpoint of the API.
    async fn api(&self, path: &str) -> Result<Url, RegistryError> {
        let descriptor = self.descriptor().await?;
        let read_only = || RegistryError::ReadOnly { base: self.base.clone() };
        let mut api = self
            .base
            .join(descriptor.api.as_deref().ok_or_else(read_only)?)
            .map_err(|_| read_only())?;
        if !matches!(api.scheme(), "http" | "https") {
            return Err(read_only());
        }
        if !api.path().ends_with('/') {
            let folder = format!("{}/", api.path());
            api.set_path(&folder);
        }
        api.join(path).map_err(|_| read_only())
    }

    /// The token for exactly the origin of `url`.
    fn token(&self, url: &Url) -> Result<Token, RegistryError> {
        let origin = Origin::of(url);
        let token = self.tokens.for_origin(&origin);
        token.cloned().ok_or_else(|| RegistryError::NoToken { base: self.base.clone(), origin })
    }
}

#[cfg(test)]
pub(crate) mod tests;
