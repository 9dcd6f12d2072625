//! The publish session: what is sent, and in which form (spec/api.md).

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tare_format::api::{Committed, OpenSession, Session};
use tare_format::limits::Limits;
use tare_format::pack::PackIndex;
use tare_format::recipe::Recipe;
use tare_format::{Blake3, Sha256};

use super::{RegistryClient, RegistryError};
use crate::event::Task;
use crate::transport::{Body, FileBody, Request};

/// How long a commit may take: the registry puts every new file together to check its SHA-256.
const COMMIT_PATIENCE: Duration = Duration::from_secs(4 * 3600);

/// A pack to be sent: its index, and a file with its bytes.
#[derive(Debug, Clone)]
pub struct PackUpload {
    /// Its name.
    pub digest: Blake3,
    /// What it holds.
    pub index: PackIndex,
    /// The file with its bytes.
    pub file: Arc<File>,
    /// Who counts what has been sent.
    pub task: Option<Arc<Task>>,
}

impl PackUpload {
    /// What goes before the pack: its index, with the length of that.
    fn prefix(&self) -> Vec<u8> {
        let index = self.index.to_bytes();
        let mut prefix = Vec::with_capacity(index.len() + 4);
        prefix.extend(u32::try_from(index.len()).unwrap_or(u32::MAX).to_le_bytes());
        prefix.extend(index);
        prefix
    }

    /// How many bytes are sent.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.prefix().len() as u64 + self.index.pack_size()
    }
}

/// Which chunks of one recipe a registry lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingChunks(Bytes);

impl MissingChunks {
    /// Whether the chunk at `position` of the recipe is missing.
    #[must_use]
    pub fn contains(&self, position: usize) -> bool {
        self.0.get(position / 8).is_some_and(|byte| byte & (1 << (position % 8)) != 0)
    }
}

impl RegistryClient {
    /// Opens a session for releases that are to be published together; each is the text of its document.
    ///
    /// # Errors
    /// With the first reason why one of them may not be published.
    pub async fn open_session(&self, releases: Vec<String>) -> Result<Session, RegistryError> {
        self.post("sessions", "open a publish session", &OpenSession { releases }).await
    }

    /// What a session still lacks.
    ///
    /// # Errors
    /// When it is gone.
    pub async fn session(&self, id: &str) -> Result<Session, RegistryError> {
        self.get(&format!("sessions/{id}"), "show the publish session").await
    }

    /// Sends a meta archive.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn put_meta(
        &self,
        session: &str,
        digest: &Sha256,
        bytes: Bytes,
    ) -> Result<(), RegistryError> {
        let path = format!("sessions/{session}/meta/{}", digest.hex());
        self.put(&path, "take a meta archive", Body::Bytes(bytes)).await
    }

    /// Sends a recipe.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn put_recipe(
        &self,
        session: &str,
        digest: &Blake3,
        bytes: Bytes,
    ) -> Result<(), RegistryError> {
        let path = format!("sessions/{session}/recipes/{}", digest.hex());
        self.put(&path, "take a recipe", Body::Bytes(bytes)).await
    }

    /// Sends the signature bundle of a release.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn put_signature(
        &self,
        session: &str,
        release: &Sha256,
        bundle: Bytes,
    ) -> Result<(), RegistryError> {
        let path = format!("sessions/{session}/signatures/{}", release.hex());
        self.put(&path, "take a signature", Body::Json(bundle)).await
    }

    /// Sends the key that signed, as PEM. It becomes a signer of those packages of the session that have none yet.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn put_signer(
        &self,
        session: &str,
        key: &Sha256,
        pem: Bytes,
    ) -> Result<(), RegistryError> {
        let path = format!("sessions/{session}/signers/{}", key.hex());
        self.put(&path, "take a key", Body::Bytes(pem)).await
    }

    /// Which chunks of a recipe are missing. Those in packs of this session count as present.
    ///
    /// # Errors
    /// When the registry does not know the recipe, or answers for another number of chunks.
    pub async fn missing_chunks(
        &self,
        session: &str,
        digest: &Blake3,
        recipe: &Recipe,
    ) -> Result<MissingChunks, RegistryError> {
        let action = "say which chunks it lacks";
        let url = self.api(&format!("sessions/{session}/missing/{}", digest.hex())).await?;
        let request = Request::get(url.clone()).token(Some(self.token(&url)?));
        let length = recipe.chunks().len().div_ceil(8) as u64;
        let cap = length.max(Limits::default().json_size);
        let fetched = self.transport.fetch(&request, cap).await?;
        if fetched.status != 200 {
            return Err(RegistryError::of(action, &fetched));
        }
        if fetched.bytes.len() as u64 != length {
            let found = format!("{} bytes", fetched.bytes.len());
            let what = "the list of missing chunks".to_owned();
            return Err(RegistryError::Range { what, start: 0, end: length, found });
        }
        Ok(MissingChunks(fetched.bytes))
    }

    /// Sends a pack, from its file.
    ///
    /// # Errors
    /// When the registry does not take it, or the file cannot be read.
    pub async fn put_pack(&self, session: &str, pack: &PackUpload) -> Result<(), RegistryError> {
        let prefix = pack.prefix();
        let size = pack.index.pack_size();
        let body = FileBody::new(prefix.into(), Arc::clone(&pack.file), size, pack.task.clone());
        let path = format!("sessions/{session}/packs/{}", pack.digest.hex());
        self.put(&path, "take a pack", Body::File(body)).await
    }

    /// Publishes what the session holds, all or nothing; or, in a dry run, says whether it would.
    ///
    /// # Errors
    /// With the first reason why it is not published.
    pub async fn commit(&self, session: &str, dry_run: bool) -> Result<Committed, RegistryError> {
        let path = format!("sessions/{session}/commit?dry-run={dry_run}");
        let url = self.api(&path).await?;
        let request = Request::new(Method::POST, url.clone())
            .token(Some(self.token(&url)?))
            .patience(COMMIT_PATIENCE);
        self.json(request, if dry_run { "accept this" } else { "publish this" }).await
    }

    /// Ends a session and forgets what it holds.
    ///
    /// # Errors
    /// When it is gone.
    pub async fn close_session(&self, id: &str) -> Result<(), RegistryError> {
        self.change(Method::DELETE, &format!("sessions/{id}"), "close the session", Body::Empty)
            .await
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        action: &str,
    ) -> Result<T, RegistryError> {
        let url = self.api(path).await?;
        let token = self.token(&url)?;
        self.json(Request::get(url).token(Some(token)), action).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        action: &str,
        body: &impl Serialize,
    ) -> Result<T, RegistryError> {
        let url = self.api(path).await?;
        let token = self.token(&url)?;
        let body = serde_json::to_vec(body).map_err(|error| RegistryError::Document {
            what: "the request".to_owned(),
            source: Box::new(error),
        })?;
        let request =
            Request::new(Method::POST, url).token(Some(token)).body(Body::Json(body.into()));
        self.json(request, action).await
    }

    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        request: Request,
        action: &str,
    ) -> Result<T, RegistryError> {
        // A session may list as many recipes as a release has files.
        let cap = Limits::default().release_size;
        let fetched = self.transport.fetch(&request, cap).await?;
        if !(200..300).contains(&fetched.status) {
            return Err(RegistryError::of(action, &fetched));
        }
        serde_json::from_slice(&fetched.bytes).map_err(|error| RegistryError::Document {
            what: format!("the answer to `{action}`"),
            source: Box::new(error),
        })
    }

    async fn put(&self, path: &str, action: &str, body: Body) -> Result<(), RegistryError> {
        self.change(Method::PUT, path, action, body).await
    }

    async fn change(
        &self,
        method: Method,
        path: &str,
        action: &str,
        body: Body,
    ) -> Result<(), RegistryError> {
        let url = self.api(path).await?;
        let token = self.token(&url)?;
        let request = Request::new(method, url).token(Some(token)).body(body);
        let fetched = self.transport.fetch(&request, Limits::default().json_size).await?;
        if (200..300).contains(&fetched.status) {
            Ok(())
        } else {
            Err(RegistryError::of(action, &fetched))
        }
    }
}
