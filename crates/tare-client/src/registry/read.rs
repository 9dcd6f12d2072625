//! What anybody may read: the static half of a registry. No token is ever sent here.

use std::ops::Range;

use bytes::Bytes;
use futures::future::join_all;
use reqwest::header::{CONTENT_ENCODING, CONTENT_RANGE, ETAG, IF_NONE_MATCH, RANGE};
use tare_format::limits::Limits;
use tare_format::location::Location;
use tare_format::recipe::Recipe;
use tare_format::release::Release;
use tare_format::{Blake3, PackageName, Sha256};
use tare_store::ObjectKey;
use tokio::time::Instant;
use url::Url;

use super::sources::{Round, Site, Turn};
use super::{RegistryClient, RegistryError};
use crate::transport::{Fetched, Request, Response};

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
        let mut request =
            Request::get(self.public(self.base(), &ObjectKey::Package(name.clone()))?);
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
        let bytes = self
            .named(&key, Limits::default().release_size, |bytes| {
                same(&key, digest, &Sha256::of(bytes))
            })
            .await?;
        let release = Release::from_bytes(&bytes).map_err(|error| unreadable(&key, error))?;
        Ok((release, bytes))
    }

    /// A meta archive, still packed.
    ///
    /// # Errors
    /// When it is not there, or not what its name says.
    pub async fn meta(&self, digest: &Sha256) -> Result<Bytes, RegistryError> {
        let key = ObjectKey::Meta(*digest);
        let bytes = self
            .named(&key, Limits::default().meta_packed_size, |bytes| {
                same(&key, digest, &Sha256::of(bytes))
            })
            .await?;
        Ok(bytes)
    }

    /// A recipe.
    ///
    /// # Errors
    /// When it is not there, or not what its name says.
    pub async fn recipe(&self, digest: &Blake3) -> Result<Recipe, RegistryError> {
        let key = ObjectKey::Recipe(*digest);
        let bytes = self
            .named(&key, Limits::default().recipe_size, |bytes| {
                same(&key, digest, &Blake3::of(bytes))
            })
            .await?;
        Recipe::from_bytes(&bytes).map_err(|error| unreadable(&key, error))
    }

    /// Where the chunks of a recipe lie. It needs no proof: each chunk is checked against the recipe.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub async fn location(&self, recipe: &Blake3) -> Result<Location, RegistryError> {
        let key = ObjectKey::Location(*recipe);
        let cap = Limits::default().recipe_size;
        let mut round = self.sources.round(format!("`{key}`"));
        while let Some(turn) = round.next() {
            let read = |bytes: Bytes| {
                Location::from_bytes(&bytes).map_err(|error| unreadable(&key, error))
            };
            match self.object_of(&turn, &key, cap).await.and_then(read) {
                Ok(location) => return Ok(location),
                Err(error) => self.failed(&mut round, &turn, error).await,
            }
        }
        Err(round.into_error())
    }

    /// A signature bundle, by its own digest, as the package's page names it.
    ///
    /// # Errors
    /// When it is not there, or not what its name says.
    pub async fn signature(&self, bundle: &Sha256) -> Result<Bytes, RegistryError> {
        let key = ObjectKey::Signature(*bundle);
        let bytes = self
            .named(&key, Limits::default().signature_size, |bytes| {
                same(&key, bundle, &Sha256::of(bytes))
            })
            .await?;
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
        let request = Request::get(self.public(self.base(), &key)?).header(RANGE, &header);
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

    /// An object as it is served, of at most `cap` bytes; `None` when it is nowhere. Nothing else of it is checked.
    ///
    /// # Errors
    /// When nobody sends it, and it is not certain that it is nowhere.
    pub async fn fetch_object(
        &self,
        key: &ObjectKey,
        cap: u64,
    ) -> Result<Option<Bytes>, RegistryError> {
        self.fetch_verified(key, cap, |_| Ok(())).await
    }

    /// An object of at most `cap` bytes that `check` accepts; `None` when it is nowhere. Who sends something that `check`
    /// refuses is banned, and the next place is asked.
    ///
    /// # Errors
    /// When nobody sends one that is accepted, and it is not certain that it is nowhere.
    pub async fn fetch_verified(
        &self,
        key: &ObjectKey,
        cap: u64,
        check: impl Fn(&Bytes) -> Result<(), String>,
    ) -> Result<Option<Bytes>, RegistryError> {
        let mut round = self.sources.round(format!("`{key}`"));
        let check = |site: &Site, bytes: &Bytes| {
            let (what, base) = (format!("`{key}`"), site.base().clone());
            check(bytes).map_err(|problem| RegistryError::Wrong { what, base, problem })
        };
        let found = self.go_round(&mut round, key, cap, check).await;
        if found.is_none() && !round.is_absent(self.base()) {
            return Err(round.into_error());
        }
        Ok(found)
    }

    /// What each place answers when it is asked for an object of at most `cap` bytes, all at the same time.
    pub async fn every_source(
        &self,
        key: &ObjectKey,
        cap: u64,
    ) -> Vec<(Url, Result<Option<Bytes>, RegistryError>)> {
        let sites = self.sources.sites();
        let is_brisk = sites.len() > 1;
        let ask = async |site| {
            let turn = Turn { site, is_brisk };
            let answer = match self.object_of(&turn, key, cap).await {
                Ok(bytes) => Ok(Some(bytes)),
                Err(RegistryError::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            };
            (turn.site.base().clone(), answer)
        };
        join_all(sites.into_iter().map(ask)).await
    }

    /// An object whose name says what its bytes are, from the first place that sends it.
    async fn named(
        &self,
        key: &ObjectKey,
        cap: u64,
        check: impl Fn(&Bytes) -> Result<(), RegistryError>,
    ) -> Result<Bytes, RegistryError> {
        let mut round = self.sources.round(format!("`{key}`"));
        let found = self.go_round(&mut round, key, cap, |_, bytes| check(bytes)).await;
        found.ok_or_else(|| round.into_error())
    }

    async fn go_round(
        &self,
        round: &mut Round<'_>,
        key: &ObjectKey,
        cap: u64,
        check: impl Fn(&Site, &Bytes) -> Result<(), RegistryError>,
    ) -> Option<Bytes> {
        while let Some(turn) = round.next() {
            let answer = self.object_of(&turn, key, cap).await;
            match answer.and_then(|bytes| check(&turn.site, &bytes).map(|()| bytes)) {
                Ok(bytes) => return Some(bytes),
                Err(error) => self.failed(round, &turn, error).await,
            }
        }
        None
    }

    /// Says that a turn brought nothing. A mirror may lack a thing, or have another under its name, because it is one of
    /// another registry: that is looked at once, when there is reason to.
    pub(crate) async fn failed(&self, round: &mut Round<'_>, turn: &Turn, error: RegistryError) {
        let is_odd = error.is_wrong_bytes() || error.is_absence();
        let another = if is_odd { self.identify(&turn.site).await } else { None };
        round.failed(turn, another.unwrap_or(error), self.transport.progress());
    }

    /// An object as one place serves it.
    async fn object_of(
        &self,
        turn: &Turn,
        key: &ObjectKey,
        cap: u64,
    ) -> Result<Bytes, RegistryError> {
        let begin = Instant::now();
        let base = turn.site.base();
        let request = Request::get(self.public(base, key)?).brisk(turn.meter());
        let fetched = self.transport.fetch(&request, cap).await?;
        let bytes = content(key, base, fetched)?;
        turn.site.served(bytes.len() as u64, begin.elapsed());
        Ok(bytes)
    }

    pub(super) fn public(&self, base: &Url, key: &ObjectKey) -> Result<Url, RegistryError> {
        base.join(&key.path()).map_err(|_| RegistryError::not_one(base))
    }

    fn not_found(&self, key: &ObjectKey) -> RegistryError {
        RegistryError::NotFound { what: format!("`{key}`"), base: self.base().clone() }
    }
}

/// The bytes of an answer, when it is the object and nothing else.
fn content(key: &ObjectKey, base: &Url, fetched: Fetched) -> Result<Bytes, RegistryError> {
    let what = format!("`{key}`");
    match fetched.status {
        200 => match encoding(fetched.header(&CONTENT_ENCODING)) {
            // Nobody asked for an encoding, and what a small body unpacks to has no cap.
            Some(found) => Err(RegistryError::Encoded { what, base: base.clone(), found }),
            None => Ok(fetched.bytes),
        },
        404 => Err(RegistryError::NotFound { what, base: base.clone() }),
        410 | 451 => Err(RegistryError::gone(what, base, &fetched)),
        _ => Err(RegistryError::of(&format!("send `{key}`"), &fetched)),
    }
}

/// The content encoding, where there is one.
fn encoding(header: Option<&str>) -> Option<String> {
    let header = header.filter(|name| !name.eq_ignore_ascii_case("identity"))?;
    Some(header.chars().take(40).collect())
}

fn same<D: PartialEq + ToString>(
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
