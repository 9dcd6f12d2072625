//! A registry for a test, with a clock and random bytes that the test decides, and its users as clients.

mod answer;
pub(crate) mod head;
mod package;
mod store;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use jiff::{SignedDuration, Timestamp};
use registry_server::accounts::TokenRequest;
use registry_server::clock::Clock;
use registry_server::entropy::Entropy;
use registry_server::{App, Config, Registry, router};
use tare_format::api::{Committed, OpenSession, Session, SessionRelease};
use tare_format::registry::RegistryId;
use tare_sign::{Claim, KeyPair, Signer as _, sign_release};
use tare_store::{FolderStore, MemoryStore, ObjectStore};
use tempfile::TempDir;
use tower::ServiceExt as _;

pub(crate) use answer::Answer;
pub(crate) use package::{Built, Package, noise};
pub(crate) use store::Shared;

/// When every test begins.
pub(crate) const START: &str = "2026-11-24T12:00:00Z";

/// A clock that stands until it is moved.
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Bytes that are never the same twice, and the same in every run.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        let seed = self.0.fetch_add(1, Ordering::SeqCst);
        let stream = tare_format::Sha256::of(&seed.to_le_bytes());
        for (byte, drawn) in bytes.iter_mut().zip(stream.as_bytes().iter().cycle()) {
            *byte = *drawn;
        }
        Ok(())
    }
}

/// A registry and everything around it.
pub(crate) struct TestRegistry {
    pub(crate) app: App,
    pub(crate) router: Router,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Shared,
    folder: TempDir,
    restarts: u64,
}

impl TestRegistry {
    /// A registry in memory, but for its database.
    pub(crate) async fn start() -> Self {
        let store = Shared(Arc::new(MemoryStore::new().unwrap()));
        Self::over(store.clone(), Arc::new(store)).await
    }

    /// A registry in a folder.
    pub(crate) async fn in_folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (public, staging) = (folder.path().join("public"), folder.path().join("staging"));
        let store = Shared(Arc::new(FolderStore::open(&public, &staging).unwrap()));
        Self::at(folder, store.clone(), Arc::new(store)).await
    }

    /// A registry whose server sees `seen`, while the test sees `store` behind it.
    pub(crate) async fn over(store: Shared, seen: Arc<dyn ObjectStore>) -> Self {
        Self::at(tempfile::tempdir().unwrap(), store, seen).await
    }

    async fn at(folder: TempDir, store: Shared, seen: Arc<dyn ObjectStore>) -> Self {
        let clock = Arc::new(ManualClock(AtomicI64::new(start().as_second())));
        let config = config(folder.path(), &clock);
        let app = Registry::with_store(config, seen).await.unwrap();
        Self { router: router(app.clone()), app, clock, store, folder, restarts: 0 }
    }

    /// The same registry after its process ended, over the store `seen`.
    pub(crate) async fn restart(self, seen: Arc<dyn ObjectStore>) -> Self {
        let Self { app, clock, store, folder, restarts, .. } = self;
        app.close().await;
        let mut config = config(folder.path(), &clock);
        // What was drawn before must not come again.
        let restarts = restarts + 1;
        config.entropy = Arc::new(Counted(AtomicU64::new(restarts << 32)));
        let app = Registry::with_store(config, seen).await.unwrap();
        Self { router: router(app.clone()), app, clock, store, folder, restarts }
    }

    /// A user with a token of these scopes.
    pub(crate) async fn user(&self, login: &str, scopes: &[&str]) -> Client {
        let admin = scopes.contains(&"admin");
        if !self.app.users().await.unwrap().iter().any(|user| user.login == login) {
            self.app.add_user(login, admin).await.unwrap();
        }
        self.token(login, scopes).await
    }

    /// A user of a registry that was opened elsewhere, with a token of these scopes.
    pub(crate) async fn client_of(app: &App, login: &str, scopes: &[&str]) -> Client {
        app.add_user(login, false).await.unwrap();
        let token = app.create_token(&token_request(login, scopes)).await.unwrap();
        Client::new(router(app.clone()), app.id().clone(), Some(token.reveal().to_owned()))
    }

    /// Another token for a user.
    pub(crate) async fn token(&self, login: &str, scopes: &[&str]) -> Client {
        let request = token_request(login, scopes);
        let token = self.app.create_token(&request).await.unwrap();
        Client { token: Some(token.reveal().to_owned()), ..self.anonymous() }
    }

    /// Somebody without a token.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.router.clone(), self.app.id().clone(), None)
    }

    /// A client of this registry from before it restarted.
    pub(crate) fn again(&self, client: &Client) -> Client {
        client.through(self.router.clone())
    }

    /// The folder with the database.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The package page, as it is public.
    pub(crate) fn page(&self, name: &str) -> Option<String> {
        let key = format!("packages/{name}").parse().unwrap();
        let size = self.store.size(&key).unwrap()?;
        Some(String::from_utf8(self.store.read(&key, 0..size).unwrap()).unwrap())
    }

    /// What `fsck` finds wrong.
    pub(crate) async fn problems(&self) -> Vec<String> {
        registry_server::fsck::fsck(&self.app, true).await.unwrap().problems
    }
}

fn token_request(login: &str, scopes: &[&str]) -> TokenRequest {
    TokenRequest {
        login: login.to_owned(),
        name: format!("{login}'s"),
        scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
        lifetime: Some(SignedDuration::from_hours(24 * 30)),
    }
}

/// The configuration of every test.
pub(crate) fn config(path: &Path, clock: &Arc<ManualClock>) -> Config {
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    Config {
        clock,
        entropy: Arc::new(Counted(AtomicU64::new(0))),
        drain: Duration::from_secs(5),
        ..Config::new(path)
    }
}

pub(crate) fn start() -> Timestamp {
    START.parse().unwrap()
}

/// A user at the other end, with a token and a signing key.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    registry: RegistryId,
    pub(crate) token: Option<String>,
    pub(crate) key: Arc<KeyPair>,
}

impl Client {
    /// A client of a registry that is reached through `router`, with a key of its own.
    pub(crate) fn new(router: Router, registry: RegistryId, token: Option<String>) -> Self {
        Self { router, registry, token, key: Arc::new(KeyPair::generate().unwrap()) }
    }

    /// The same client, which reaches its registry in another way.
    pub(crate) fn through(&self, router: Router) -> Self {
        Self { router, ..self.clone() }
    }

    /// A request with a body.
    pub(crate) async fn send(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.request(request.body(body.into()).unwrap()).await
    }

    /// Any request.
    pub(crate) async fn request(&self, request: Request<Body>) -> Answer {
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Body::empty()).await
    }

    pub(crate) async fn put(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send(Method::PUT, path, body).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send(Method::POST, path, body).await
    }

    /// Opens a session, or says why not.
    pub(crate) async fn try_open(&self, packages: &[&Built]) -> Answer {
        let releases = packages.iter().map(|package| package.document.clone()).collect();
        let body = serde_json::to_vec(&OpenSession { releases }).unwrap();
        self.post("/api/v1/sessions", body).await
    }

    /// Opens a session.
    pub(crate) async fn open(&self, packages: &[&Built]) -> Session {
        self.try_open(packages).await.ok(201).json()
    }

    /// Sends everything that the session lacks. Gives how many bytes of packs that was.
    pub(crate) async fn fill(&self, session: &Session, packages: &[&Built]) -> usize {
        self.try_fill(session, packages).await.unwrap_or_else(|answer| panic!("{}", answer.text()))
    }

    async fn try_fill(&self, session: &Session, packages: &[&Built]) -> Result<usize, Answer> {
        let mut sent = 0;
        for (package, state) in packages.iter().zip(&session.releases) {
            if state.published {
                continue;
            }
            self.send_documents(session, package, state).await?;
            sent += self.send_packs(session, package).await?;
            self.sign(session, package).await?;
        }
        Ok(sent)
    }

    /// Sends the meta archive and the recipes that are missing.
    pub(crate) async fn send_documents(
        &self,
        session: &Session,
        package: &Built,
        state: &SessionRelease,
    ) -> Result<(), Answer> {
        let id = &session.id;
        if let Some(meta) = state.missing_meta {
            let path = format!("/api/v1/sessions/{id}/meta/{}", meta.hex());
            self.put(&path, package.meta.clone()).await.expect(204)?;
        }
        for digest in &state.missing_recipes {
            let path = format!("/api/v1/sessions/{id}/recipes/{}", digest.hex());
            self.put(&path, package.recipe(*digest).to_bytes()).await.expect(204)?;
        }
        Ok(())
    }

    /// Sends the chunks that are missing, in one pack for each file.
    async fn send_packs(&self, session: &Session, package: &Built) -> Result<usize, Answer> {
        let (mut sent, id) = (0, &session.id);
        for file in &package.files {
            let path = format!("/api/v1/sessions/{id}/missing/{}", file.recipe.digest().hex());
            let bits = self.get(&path).await.expect(200)?.body;
            if let Some((digest, body, size)) = file.pack(&bits) {
                let path = format!("/api/v1/sessions/{id}/packs/{}", digest.hex());
                self.put(&path, body).await.expect(204)?;
                sent += size;
            }
        }
        Ok(sent)
    }

    /// Offers the key and sends a signature made with it.
    pub(crate) async fn sign(&self, session: &Session, package: &Built) -> Result<(), Answer> {
        let public = self.key.public_key();
        let id = public.id().digest().hex();
        let path = format!("/api/v1/sessions/{}/signers/{id}", session.id);
        self.put(&path, public.to_pem()).await.expect(204)?;
        let claim = Claim {
            release: package.release.id(),
            digest: package.digest,
            registry: self.registry.clone(),
        };
        self.send_signature(session, package, &claim).await.expect(204).map(drop)
    }

    /// Sends a signature of any claim.
    pub(crate) async fn send_signature(
        &self,
        session: &Session,
        package: &Built,
        claim: &Claim,
    ) -> Answer {
        let bundle = sign_release(claim, self.key.as_ref()).unwrap();
        let path = format!("/api/v1/sessions/{}/signatures/{}", session.id, package.digest.hex());
        self.put(&path, bundle).await
    }

    pub(crate) async fn commit(&self, session: &Session) -> Answer {
        self.post(&format!("/api/v1/sessions/{}/commit", session.id), Body::empty()).await
    }

    /// Publishes some packages together. Gives the receipts and how many bytes of packs were sent.
    pub(crate) async fn publish(&self, packages: &[&Built]) -> (Committed, usize) {
        let session = self.open(packages).await;
        let sent = self.fill(&session, packages).await;
        (self.commit(&session).await.ok(200).json(), sent)
    }

    /// Publishes one package, or gives the first refusal.
    pub(crate) async fn try_publish(&self, package: &Built) -> Result<Committed, Answer> {
        let session: Session = self.try_open(&[package]).await.expect(201)?.json();
        self.try_fill(&session, &[package]).await?;
        Ok(self.commit(&session).await.expect(200)?.json())
    }

    /// What the commit is refused with, of packages that can be sent.
    pub(crate) async fn publish_error(&self, packages: &[&Built]) -> Answer {
        let session = self.open(packages).await;
        self.fill(&session, packages).await;
        self.commit(&session).await
    }
}
