//! HTTP: one request out, one answer back, with the care that every request needs.
//!
//! Every body is capped, every wait has an end, and a token goes to its own origin only: a redirect elsewhere loses
//! it, and one from `https` to `http` is refused (S17). What a busy or restarting registry answers is tried again,
//! after the time it asks for. Nothing here knows what the bytes mean.

mod body;
mod error;
mod pace;
mod redirect;
mod response;
mod retry;
mod shelf;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Method, NoProxy, Proxy};
use url::Url;

pub(crate) use body::read_at;
pub use body::{Body, FileBody};
pub use error::{Cause, TransportError};
pub(crate) use pace::Meter;
pub use response::{Fetched, Response};
pub(crate) use retry::is_passing;
pub(crate) use shelf::{Run, Shelf};

use crate::credentials::Token;
use crate::event::Progress;
use crate::origin::Origin;
use pace::Pace;
use retry::Retry;

/// A document that may not be larger than this, in bytes, has a deadline as a whole.
const SMALL_DOCUMENT: u64 = 1 << 20;

/// How to reach registries. All of it is handed in; nothing is read from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How the program names itself, as `tare/0.1.0`.
    pub user_agent: String,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long a connection may stand still.
    pub idle_timeout: Duration,
    /// How long a connection may stand still where the same can be had elsewhere.
    pub stall_timeout: Duration,
    /// The fewest bytes a second from a place where the same can be had elsewhere.
    pub min_throughput: u64,
    /// The fewest bytes a second from a place beside which there is no other: less is as good as nothing.
    pub least_throughput: u64,
    /// The time over which that is measured where the same can be had elsewhere; otherwise it is `idle_timeout`.
    pub throughput_window: Duration,
    /// How long a small document may take as a whole, from the request to its last byte.
    pub document_deadline: Duration,
    /// How long the last part of a file may take before somebody else is asked for it as well.
    pub hedge_after: Duration,
    /// How often a request is made at most.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles each time.
    pub first_delay: Duration,
    /// The proxies to go through.
    pub proxies: Proxies,
    /// More authorities to trust, each a bundle in PEM.
    pub authorities: Vec<Vec<u8>>,
    /// Refuse to make any request.
    pub offline: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user_agent: concat!("tare/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            stall_timeout: Duration::from_secs(20),
            min_throughput: 64_000,
            least_throughput: 100,
            throughput_window: Duration::from_secs(30),
            document_deadline: Duration::from_secs(60),
            hedge_after: Duration::from_secs(5),
            attempts: 4,
            first_delay: Duration::from_millis(200),
            proxies: Proxies::default(),
            authorities: Vec::new(),
            offline: false,
        }
    }
}

/// The proxies, as `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name them.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// For `http`.
    pub http: Option<String>,
    /// For `https`.
    pub https: Option<String>,
    /// Hosts to reach without one.
    pub exempt: Option<String>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    url: Url,
    token: Option<Token>,
    headers: HeaderMap,
    body: Body,
    patience: Option<Duration>,
    brisk: Option<Arc<Meter>>,
}

impl Request {
    /// A request without token or body.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            token: None,
            headers: HeaderMap::new(),
            body: Body::Empty,
            patience: None,
            brisk: None,
        }
    }

    /// A `GET`.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// Sends `token` along, to this request's own origin only.
    #[must_use]
    pub fn token(self, token: Option<Token>) -> Self {
        Self { token, ..self }
    }

    /// Sends a header along. A value that cannot be one is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Sends a body.
    #[must_use]
    pub fn body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    /// Waits that long for the answer to begin, because it needs work on the other side.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// Makes one attempt only, and gives up on a place that stalls or, by its meter, is slow: the same can be had
    /// elsewhere.
    #[must_use]
    pub(crate) fn brisk(self, place: Option<Arc<Meter>>) -> Self {
        Self { brisk: place, ..self }
    }
}

/// Makes requests. Its connections are shared by everything that uses it.
#[derive(Debug)]
pub struct Transport {
    client: Client,
    settings: Settings,
    progress: Progress,
    sent: AtomicU64,
    shelf: Option<Arc<dyn Shelf>>,
}

impl Transport {
    /// A transport with these settings.
    ///
    /// # Errors
    /// When a proxy or an authority is wrong.
    pub fn new(settings: Settings, progress: Progress) -> Result<Self, TransportError> {
        let setup = TransportError::Setup;
        let mut builder = Client::builder()
            .user_agent(&settings.user_agent)
            .connect_timeout(settings.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy();
        let exempt = settings.proxies.exempt.as_deref().and_then(NoProxy::from_string);
        let proxies = [
            settings.proxies.http.as_deref().map(Proxy::http),
            settings.proxies.https.as_deref().map(Proxy::https),
        ];
        for proxy in proxies.into_iter().flatten() {
            builder = builder.proxy(proxy.map_err(setup)?.no_proxy(exempt.clone()));
        }
        for bundle in &settings.authorities {
            let authorities = reqwest::Certificate::from_pem_bundle(bundle).map_err(setup)?;
            builder = builder.tls_certs_merge(authorities);
        }
        let client = builder.build().map_err(setup)?;
        Ok(Self { client, settings, progress, sent: AtomicU64::new(0), shelf: None })
    }

    /// Answers what is asked below the shelf's URL from this machine. That is no request, so it is done offline as well.
    #[must_use]
    pub(crate) fn with_shelf(self, shelf: Arc<dyn Shelf>) -> Self {
        Self { shelf: Some(shelf), ..self }
    }

    /// How many requests were made so far, each attempt and each redirect counted.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How to reach registries.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Who is told what is being done.
    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Makes a request and hands out the answer when it begins; its body is still to be read.
    ///
    /// # Errors
    /// When no attempt gets an answer. An answer of any status is a success here.
    pub async fn open(&self, request: &Request) -> Result<Response, TransportError> {
        self.retry(request, || self.follow(request)).await
    }

    /// Makes a request and reads the whole answer, of at most `cap` bytes.
    ///
    /// # Errors
    /// When no attempt gets a whole answer, or it is larger.
    pub async fn fetch(&self, request: &Request, cap: u64) -> Result<Fetched, TransportError> {
        self.retry(request, || self.fetch_once(request, cap)).await
    }

    /// A small document that trickles in is neither idle nor, with nobody else to ask, too slow; it has an end anyway.
    async fn fetch_once(&self, request: &Request, cap: u64) -> Result<Fetched, TransportError> {
        let whole = async {
            let response = self.follow(request).await?;
            response.read(cap).await
        };
        if cap > SMALL_DOCUMENT || request.patience.is_some() {
            return whole.await;
        }
        let deadline = self.settings.document_deadline;
        tokio::time::timeout(deadline, whole).await.unwrap_or_else(|_| {
            Err(TransportError::Deadline { url: request.url.clone(), seconds: deadline.as_secs() })
        })
    }

    async fn retry<T, F, Attempt>(
        &self,
        request: &Request,
        mut attempt: F,
    ) -> Result<T, TransportError>
    where
        T: retry::Answer,
        F: FnMut() -> Attempt,
        Attempt: Future<Output = Result<T, TransportError>>,
    {
        let attempts = if request.brisk.is_some() { 1 } else { self.settings.attempts };
        let mut retry = Retry::new(attempts, self.settings.first_delay);
        loop {
            let outcome = attempt().await;
            let Some(delay) = retry.delay(&outcome) else { return outcome };
            let why = match &outcome {
                Ok(answer) => format!("status {}", answer.status()),
                Err(error) => error.to_string(),
            };
            self.progress.detail(&format!(
                "trying {} again in {:.1} s: {why}",
                request.url,
                delay.as_secs_f64()
            ));
            tokio::time::sleep(delay).await;
        }
    }

    /// One attempt: the request, and where it is redirected to. A token does not come back once its origin was left:
    /// where a foreign host sends us must not be asked with our rights.
    async fn follow(&self, request: &Request) -> Result<Response, TransportError> {
        let home = Origin::of(&request.url);
        let (mut url, mut hops, mut at_home) = (request.url.clone(), 0, true);
        loop {
            at_home &= Origin::of(&url) == home;
            let token = request.token.as_ref().filter(|_| at_home);
            let response = self.exchange(request, &url, token).await?;
            if !redirect::is_redirect(response.status()) {
                return Ok(response);
            }
            let location = response.header(&LOCATION).unwrap_or_default();
            let next =
                redirect::next(&request.method, &url, response.status(), location, hops).map_err(
                    |reason| TransportError::Redirect { url: Box::new(url.clone()), reason },
                )?;
            self.progress.detail(&format!("{url} redirects to {next}"));
            (url, hops) = (next, hops + 1);
        }
    }

    async fn exchange(
        &self,
        request: &Request,
        url: &Url,
        token: Option<&Token>,
    ) -> Result<Response, TransportError> {
        if let Some(shelf) = &self.shelf
            && let Some(answer) = shelf::answer(shelf.as_ref(), request, url)
        {
            let still = self.settings.idle_timeout;
            return Ok(Response::new(answer, still, Pace::new(Arc::default(), 0, still)));
        }
        if self.settings.offline {
            return Err(TransportError::Offline { url: url.clone() });
        }
        let activity = body::Activity::default();
        let mut builder = self.client.request(request.method.clone(), url.clone());
        builder = builder.headers(request.headers.clone());
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.secret()))
                .map_err(|_| TransportError::Token)?;
            value.set_sensitive(true);
            builder = builder.header(AUTHORIZATION, value);
        }
        builder = request.body.attach(builder, &activity);
        self.sent.fetch_add(1, Ordering::Relaxed);
        let settings = &self.settings;
        let (still, pace) = match request.brisk.clone() {
            Some(meter) => {
                let (least, window) = (settings.min_throughput, settings.throughput_window);
                (settings.stall_timeout, Pace::new(meter, least, window))
            }
            None => {
                let (least, still) = (settings.least_throughput, settings.idle_timeout);
                (still, Pace::new(Arc::default(), least, still))
            }
        };
        let idle = still.max(request.patience.unwrap_or_default());
        let answer = activity.watch(builder.send(), idle).await;
        match answer {
            Some(Ok(response)) => Ok(Response::new(response, still, pace)),
            Some(Err(error)) => Err(TransportError::exchange(url, &Origin::of(url), error)),
            None => Err(TransportError::Idle { url: url.clone(), seconds: idle.as_secs() }),
        }
    }
}

#[cfg(test)]
mod tests;
