//! What anybody may read: the static half of a registry. No token is ever sent here.

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, ETAG, IF_NONE_MATCH, RANGE};
use std::ops::Range;
use tare_format::limits::Limits;
use tare_format::location::Location;
use tare_format::recipe::Recipe;
use tare_format::release::Release;
use tare_format::{Blake3, PackageName, Sha256};
use tare_store::ObjectKey;

use super::{RegistryClient, RegistryError};
use crate::transport::{Request, Response};

/// The page of a package, as it was answered.
#[derive(Debug, Clone)]
pub enum Page {
    /// It is as it was when the caller got its tag.
    Unchanged,
    /// Its event lines.
    Found {
        /// JSON lines.
        bytes: Bytes,
        /// The tag to ask with next time.
        tag: Option<String>,
    },
    /// There is no such package.
    Missing,
}

/// A run of bytes of a pack, on its way.
#[derive(Debug)]
pub struct PackRange {
    response: Response,
    what: String,
    range: Range<u64>,
    read: u64,
}

impl PackRange {
    /// The next bytes as they come; `None` when all have.
    ///
    /// # Errors
    /// When the connection breaks, or brings more or fewer bytes than were asked for.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, RegistryError> {
        let chunk = self.response.chunk().await?;
        self.read += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        let length = self.range.end - self.range.start;
        if self.read > length || (chunk.is_none() && self.read < length) {
            return Err(self.wrong(format!("{} bytes", self.read)));
        }
        Ok(chunk)
    }

    fn wrong(&self, found: String) -> RegistryError {
        let Range { start, end } = self.range;
        RegistryError::Range { what: self.what.clone(), start, end, found }
    }
}

impl RegistryClient {
    /// The page of a package; `tag` is that of the copy the caller has.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub async fn page(&self, name: &PackageName, tag: Option<&str>) -> Result<Page, RegistryError> {
        let mut request = Request::get(self.public(&ObjectKey::Package(name.clone()))?);
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        let fetched = self.transport.fetch(&request, Limits::default().page_size).await?;
        match fetched.status {
            200 => {
                let tag = fetched.header(&ETAG).map(str::to_owned);
                Ok(Page::Found { bytes: fetched.bytes, tag })
            }
            304 if tag.is_some() => Ok(Page::Unchanged),
            404 => Ok(Page::Missing),
            _ => Err(RegistryError::of(&format!("show the page of {name}"), &fetched)),
        }
    }

    /// A release document, and its bytes.
    ///
    /// # Errors
    /// When it is not there, or not what its name says.
    pub async fn release(&self, digest: &Sha256) -> Result<(Release, Bytes), RegistryError> {
        let key = ObjectKey::Release(*digest);
        let bytes = self.object(&key, Limits::default().release_size).await?;
        check(&key, digest, &Sha256::of(&bytes))?;
        let release = Release::from_bytes(&bytes).map_err(|error| unreadable(&key, error))?;
        Ok((release, bytes))
    }

    /// A meta archive, still packed.
    ///
    /// # Errors
    /// When it is not there, or not what its name says.
    pub async fn meta(&self, digest: &Sha256) -> Result<Bytes, RegistryError> {
        let key = ObjectKey::Meta(*digest);
        let bytes = self.object(&key, Limits::default().meta_packed_size).await?;
        check(&key, digest, &Sha256::of(&bytes))?;
        Ok(bytes)
    }

    /// A recipe.
    ///
    /// # Errors
    /// When it is not there, or not what its name says.
    pub async fn recipe(&self, digest: &Blake3) -> Result<Recipe, RegistryError> {
        let key = ObjectKey::Recipe(*digest);
        let bytes = self.object(&key, Limits::default().recipe_size).await?;
        check(&key, digest, &Blake3::of(&bytes))?;
        Recipe::from_bytes(&bytes).map_err(|error| unreadable(&key, error))
    }

    /// Where the chunks of a recipe lie. It needs no proof: each chunk is checked against the recipe.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub async fn location(&self, recipe: &Blake3) -> Result<Location, RegistryError> {
        let key = ObjectKey::Location(*recipe);
        let bytes = self.object(&key, Limits::default().recipe_size).await?;
        Location::from_bytes(&bytes).map_err(|error| unreadable(&key, error))
    }

    /// A signature bundle, by its own digest, as the package's page names it.
    ///
    /// # Errors
    /// When it is not there, or not what its name says.
    pub async fn signature(&self, bundle: &Sha256) -> Result<Bytes, RegistryError> {
        let key = ObjectKey::Signature(*bundle);
        let bytes = self.object(&key, Limits::default().signature_size).await?;
        check(&key, bundle, &Sha256::of(&bytes))?;
        Ok(bytes)
    }

    /// A run of bytes of a pack, to be read as it comes.
    ///
    /// # Errors
    /// When the pack is not there, or other bytes are answered than were asked for.
    pub async fn pack_range(
        &self,
        pack: &Blake3,
        range: Range<u64>,
    ) -> Result<PackRange, RegistryError> {
        let key = ObjectKey::Pack(*pack);
        let header = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        let request = Request::get(self.public(&key)?).header(RANGE, &header);
        let response = self.transport.open(&request).await?;
        let answered =
            PackRange { what: format!("`{key}`"), range: range.clone(), read: 0, response };
        match answered.response.status() {
            206 => {
                let found = answered.response.header(&CONTENT_RANGE).unwrap_or_default().to_owned();
                let wanted = format!("bytes {}-{}/", range.start, range.end.saturating_sub(1));
                if found.starts_with(&wanted) { Ok(answered) } else { Err(answered.wrong(found)) }
            }
            // A server without ranges answers with the whole pack, which is right only when that was asked for.
            200 if range.start == 0 => Ok(answered),
            404 => Err(self.not_found(&key)),
            416 => Err(answered.wrong("a shorter pack".to_owned())),
            status => Err(RegistryError::Status { action: format!("send `{key}`"), status }),
        }
    }

    async fn object(&self, key: &ObjectKey, cap: u64) -> Result<Bytes, RegistryError> {
        let fetched = self.transport.fetch(&Request::get(self.public(key)?), cap).await?;
        match fetched.status {
            200 => Ok(fetched.bytes),
            404 => Err(self.not_found(key)),
            _ => Err(RegistryError::of(&format!("send `{key}`"), &fetched)),
        }
    }

    fn public(&self, key: &ObjectKey) -> Result<url::Url, RegistryError> {
        self.base().join(&key.path()).map_err(|_| RegistryError::not_one(self.base()))
    }

    fn not_found(&self, key: &ObjectKey) -> RegistryError {
        RegistryError::NotFound { what: format!("`{key}`"), base: self.base().clone() }
    }
}

fn check<D: PartialEq + ToString>(
    key: &ObjectKey,
    expected: &D,
    found: &D,
) -> Result<(), RegistryError> {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (expected.to_string(), found.to_string());
    Err(RegistryError::Digest { what: format!("`{key}`"), expected, found })
}

fn unreadable(
    key: &ObjectKey,
    error: impl std::error::Error + Send + Sync + 'static,
) -> RegistryError {
    RegistryError::Document { what: format!("`{key}`"), source: Box::new(error) }
}
