//! Packs: a run of bytes of one, from one place, to be read as it comes.

use std::ops::Range;

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use tare_format::Blake3;
use tare_store::ObjectKey;

use super::read::encoding;
use super::{RegistryClient, RegistryError, Turn};
use crate::transport::{Request, Response, TransportError};

/// A run of bytes of a pack, on its way.
#[derive(Debug)]
pub(crate) struct PackRange {
    response: Response,
    what: String,
    range: Range<u64>,
    read: u64,
    is_whole: bool,
}

impl PackRange {
    /// Whether the whole pack comes, from its first byte, although a part was asked for.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The next bytes of the range as they come; `None` when all have.
    ///
    /// # Errors
    /// When the connection breaks, or brings more or fewer bytes than were asked for.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, RegistryError> {
        let chunk = self.response.chunk().await?;
        self.read += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        let length = self.range.end.saturating_sub(self.range.start);
        if self.read > length || (chunk.is_none() && self.read < length) {
            return Err(self.wrong(format!("{} bytes", self.read)));
        }
        Ok(chunk)
    }

    /// The next bytes of a whole pack, of at most `cap` bytes; `None` at its end.
    ///
    /// # Errors
    /// When the connection breaks, or the pack is larger.
    pub(crate) async fn whole_chunk(&mut self, cap: u64) -> Result<Option<Bytes>, RegistryError> {
        let chunk = self.response.chunk().await?;
        self.read += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        if self.read > cap {
            let url = self.response.url().clone();
            return Err(TransportError::TooLarge { url, cap }.into());
        }
        Ok(chunk)
    }

    fn wrong(&self, found: String) -> RegistryError {
        let Range { start, end } = self.range;
        RegistryError::Range { what: self.what.clone(), start, end, found }
    }
}

impl RegistryClient {
    /// A run of bytes of a pack, from one place. A file server without ranges sends the whole pack instead.
    ///
    /// # Errors
    /// When the pack is not there, or other bytes are answered than were asked for.
    pub(crate) async fn pack_range(
        &self,
        turn: &Turn,
        pack: &Blake3,
        range: Range<u64>,
    ) -> Result<PackRange, RegistryError> {
        let header = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        let mut answered = self.open_pack(turn, pack, range, Some(&header)).await?;
        if answered.response.status() == 206 {
            let found = answered.response.header(&CONTENT_RANGE).unwrap_or_default();
            let found: String = found.chars().take(80).collect();
            let wanted = format!("{}/", header.replacen('=', " ", 1));
            return if found.starts_with(&wanted) {
                Ok(answered)
            } else {
                Err(answered.wrong(found))
            };
        }
        let size = answered.response.header(&CONTENT_LENGTH).and_then(|text| text.parse().ok());
        answered.is_whole = answered.range.start > 0 || size != Some(answered.range.end);
        Ok(answered)
    }

    /// A pack, from one place that knows no ranges.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) async fn whole_pack(
        &self,
        turn: &Turn,
        pack: &Blake3,
    ) -> Result<PackRange, RegistryError> {
        self.open_pack(turn, pack, 0..0, None).await
    }

    /// An answer with bytes of a pack: all of them, or, where a part was asked for, some.
    async fn open_pack(
        &self,
        turn: &Turn,
        pack: &Blake3,
        range: Range<u64>,
        header: Option<&str>,
    ) -> Result<PackRange, RegistryError> {
        let (key, base) = (ObjectKey::Pack(*pack), turn.site.base());
        let mut request = Request::get(self.public(base, &key)?).brisk(turn.meter());
        if let Some(header) = header {
            request = request.header(RANGE, header);
        }
        let response = self.transport.open(&request).await?;
        let (what, base) = (format!("`{key}`"), base.clone());
        match response.status() {
            200 | 206 => {
                let encoding = encoding(response.header(&CONTENT_ENCODING));
                if let Some(found) = encoding {
                    let base = Box::new(base);
                    return Err(RegistryError::Encoded { what, base, found });
                }
                Ok(PackRange { what, range, read: 0, is_whole: header.is_none(), response })
            }
            404 => Err(RegistryError::NotFound { what, base }),
            410 | 451 => Err(RegistryError::gone(what, &base, &response.read(0).await?)),
            416 => {
                let (Range { start, end }, found) = (range, "a shorter pack".to_owned());
                Err(RegistryError::Range { what, start, end, found })
            }
            status => Err(RegistryError::Status { action: format!("send {what}"), status }),
        }
    }
}
