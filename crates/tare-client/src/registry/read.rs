//! What anybody may read: the static half of a registry. No token is ever sent here.

use bytes::Bytes;
use futures::future::join_all;
use reqwest::header::{CONTENT_ENCODING, CONTENT_RANGE, RANGE};
use tare_format::limits::Limits;
use tare_format::location::Location;
use tare_format::recipe::Recipe;
use tare_format::release::Release;
use tare_format::{Blake3, Sha256};
use tare_store::ObjectKey;
use tokio::time::Instant;
use url::Url;

use super::sources::{Fault as _, Round, Site, Turn};
use super::{RegistryClient, RegistryError};
use crate::transport::{Fetched, Request};

impl RegistryClient {
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

    /// Where one place says that the chunks of a recipe lie in its own packs. It needs no proof: each chunk is checked
    /// against the recipe.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub(crate) async fn location_of(
        &self,
        turn: &Turn,
        recipe: &Blake3,
    ) -> Result<Location, RegistryError> {
        let key = ObjectKey::Location(*recipe);
        let bytes = self.object_of(turn, &key, Limits::default().recipe_size).await?;
        Location::from_bytes(&bytes).map_err(|error| unreadable(&key, error))
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
        let mut round = self.sources.round_for(key);
        let check = |site: &Site, bytes: &Bytes| {
            let (what, base) = (format!("`{key}`"), Box::new(site.base().clone()));
            check(bytes).map_err(|problem| RegistryError::Wrong { what, base, problem })
        };
        let found = self.go_round(&mut round, key, cap, check).await;
        if found.is_none() && !round.is_absent(self.base()) {
            return Err(RegistryError::nobody(format!("`{key}`"), round.into_failures()));
        }
        Ok(found)
    }

    /// What comes after the first `start` bytes of an object of at most `cap` bytes, from the place that is asked first; a
    /// file server without ranges sends all of it, and the beginning is dropped. Nothing is checked, and nobody is blamed:
    /// what came before may have changed. Who cannot use what comes asks for the whole.
    pub(crate) async fn tail(&self, key: &ObjectKey, start: u64, cap: u64) -> Option<Bytes> {
        let turn = self.sources.round_for::<RegistryError>(key).next()?;
        let url = self.public(turn.site.base(), key).ok()?;
        let request = Request::get(url).header(RANGE, &format!("bytes={start}-"));
        let fetched = self.transport.fetch(&request.brisk(turn.meter()), cap).await.ok()?;
        if encoding(fetched.header(&CONTENT_ENCODING)).is_some() {
            return None;
        }
        match fetched.status {
            206 => {
                let found = fetched.header(&CONTENT_RANGE).unwrap_or_default();
                found.starts_with(&format!("bytes {start}-")).then_some(fetched.bytes)
            }
            200 => {
                let start = usize::try_from(start).ok()?;
                (start <= fetched.bytes.len()).then(|| fetched.bytes.slice(start..))
            }
            _ => None,
        }
    }

    /// What each place answers when it is asked for an object of at most `cap` bytes, all at the same time.
    pub async fn every_source(
        &self,
        key: &ObjectKey,
        cap: u64,
    ) -> Vec<(Url, Result<Option<Bytes>, RegistryError>)> {
        let sites = self.sources.sites(key.is_mutable());
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
        let mut round = self.sources.round_for(key);
        let found = self.go_round(&mut round, key, cap, |_, bytes| check(bytes)).await;
        found.ok_or_else(|| RegistryError::nobody(format!("`{key}`"), round.into_failures()))
    }

    async fn go_round(
        &self,
        round: &mut Round<'_, RegistryError>,
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

    /// Says that a turn brought nothing.
    async fn failed(
        &self,
        round: &mut Round<'_, RegistryError>,
        turn: &Turn,
        error: RegistryError,
    ) {
        let another = self.identify(&turn.site, error.verdict()).await;
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
        if let Some(record) = &self.record {
            record.keep(key, &bytes);
        }
        Ok(bytes)
    }

    pub(super) fn public(&self, base: &Url, key: &ObjectKey) -> Result<Url, RegistryError> {
        base.join(&key.path()).map_err(|_| RegistryError::not_one(base))
    }
}

/// The bytes of an answer, when it is the object and nothing else.
fn content(key: &ObjectKey, base: &Url, fetched: Fetched) -> Result<Bytes, RegistryError> {
    let what = format!("`{key}`");
    match fetched.status {
        200 => match encoding(fetched.header(&CONTENT_ENCODING)) {
            // Nobody asked for an encoding, and what a small body unpacks to has no cap.
            Some(found) => {
                let base = Box::new(base.clone());
                Err(RegistryError::Encoded { what, base, found })
            }
            None => Ok(fetched.bytes),
        },
        410 | 451 if is_content(key) => Err(RegistryError::gone(what, base, &fetched)),
        // A takedown leaves everything else where it is, so that whoever says so merely lacks it.
        404 | 410 | 451 => Err(RegistryError::NotFound { what, base: base.clone() }),
        _ => Err(RegistryError::of(&format!("send `{key}`"), &fetched)),
    }
}

/// Whether a takedown can take it: what is published, and neither the log nor the documents that it names (E-24).
const fn is_content(key: &ObjectKey) -> bool {
    matches!(
        key,
        ObjectKey::Meta(_) | ObjectKey::Recipe(_) | ObjectKey::Location(_) | ObjectKey::Pack(_)
    )
}

/// The content encoding, where there is one.
pub(super) fn encoding(header: Option<&str>) -> Option<String> {
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
