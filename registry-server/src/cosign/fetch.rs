//! One question to one witness or mirror: bounded in time and in bytes, and never redirected.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use reqwest::{Client, Response};
use tare_format::Sha256;
use tare_tlog::key::KeyName;
use tare_tlog::note::{MAX_NOTE, Note, NoteError, NoteSignature, SignatureLineError};

use crate::witness::{AddCheckpoint, size};

/// How long one question may take, with its answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// What a conflict's body has as its media type.
const SIZE_TYPE: HeaderValue = HeaderValue::from_static("text/x.tlog.size");

/// No client could be set up.
#[derive(Debug, thiserror::Error)]
#[error("failed to set up the client for witnesses")]
pub struct SetupError(#[source] reqwest::Error);

/// Why a witness or a mirror gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error("failed to ask `{url}`")]
    Http { url: String, source: reqwest::Error },
    #[error("`{url}` answered {status}: {said}")]
    Status { url: String, status: StatusCode, said: String },
    #[error("`{url}` answered with more than {MAX_NOTE} bytes")]
    Size { url: String },
    #[error("`{url}` answered with what is no text")]
    Text { url: String },
    #[error("`{url}` answered with a line that is no signature")]
    Line { url: String, source: SignatureLineError },
    #[error("`{url}` answered 409 without its size")]
    Conflict { url: String },
    #[error("`{url}` answered with what is no checkpoint")]
    Note { url: String, source: NoteError },
}

/// What a witness said.
#[derive(Debug)]
pub(super) enum Added {
    /// It cosigned; the lines are not verified.
    Cosigned(Vec<NoteSignature>),
    /// It has another size than the request says.
    Has(u64),
    /// It does not take requests.
    Unsupported,
}

/// The client.
pub(super) struct Http(Client);

impl Http {
    pub(super) fn new() -> Result<Self, SetupError> {
        // A proxy would be read from the environment, which nothing here reads.
        let client = Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("tare-registry/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(Self).map_err(SetupError)
    }

    /// Asks a witness to cosign.
    pub(super) async fn add_checkpoint(
        &self,
        base: &str,
        request: &AddCheckpoint,
    ) -> Result<Added, AskError> {
        let url = join(base, "add-checkpoint");
        let sent = self.0.post(&url).body(request.to_bytes()).send().await;
        let response = sent.map_err(|source| AskError::Http { url: url.clone(), source })?;
        let status = response.status();
        let is_size = response.headers().get(header::CONTENT_TYPE) == Some(&SIZE_TYPE);
        if matches!(
            status,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
        ) {
            return Ok(Added::Unsupported);
        }
        let body = text(&url, response).await?;
        match status {
            StatusCode::OK => {
                let lines = body.lines().map(str::parse).collect::<Result<_, _>>();
                lines.map(Added::Cosigned).map_err(|source| AskError::Line { url, source })
            }
            StatusCode::CONFLICT => {
                let size = body.strip_suffix('\n').filter(|_| is_size).and_then(size);
                size.map(Added::Has).ok_or(AskError::Conflict { url })
            }
            status => Err(refused(url, status, &body)),
        }
    }

    /// The checkpoint that a mirror serves.
    pub(super) async fn checkpoint(&self, base: &str) -> Result<Note, AskError> {
        self.note(join(base, "checkpoint")).await
    }

    /// The checkpoint of one log that a witness serves.
    pub(super) async fn monitored(&self, base: &str, origin: &KeyName) -> Result<Note, AskError> {
        let origin = Sha256::of(origin.as_str().as_bytes()).hex();
        self.note(join(base, &format!("{origin}/checkpoint"))).await
    }

    async fn note(&self, url: String) -> Result<Note, AskError> {
        // A copy from a cache on the way would be of the time before the cosignature.
        let got = self.0.get(&url).header(header::CACHE_CONTROL, "no-cache").send().await;
        let response = got.map_err(|source| AskError::Http { url: url.clone(), source })?;
        let status = response.status();
        let body = text(&url, response).await?;
        if status != StatusCode::OK {
            return Err(refused(url, status, &body));
        }
        Note::parse(body.as_bytes()).map_err(|source| AskError::Note { url, source })
    }
}

fn join(base: &str, path: &str) -> String {
    format!("{}/{path}", base.trim_end_matches('/'))
}

/// The first line of what was said, as far as it can be read.
fn refused(url: String, status: StatusCode, body: &str) -> AskError {
    let said = body.lines().next().unwrap_or_default();
    let said = said.chars().filter(|c| !c.is_control()).take(200).collect();
    AskError::Status { url, status, said }
}

/// Reads an answer of at most the size of a note.
async fn text(url: &str, mut response: Response) -> Result<String, AskError> {
    let mut body = Vec::new();
    loop {
        let piece = response.chunk().await;
        let piece = piece.map_err(|source| AskError::Http { url: url.to_owned(), source })?;
        let Some(piece) = piece else { break };
        if body.len().saturating_add(piece.len()) > MAX_NOTE {
            return Err(AskError::Size { url: url.to_owned() });
        }
        body.extend_from_slice(&piece);
    }
    String::from_utf8(body).map_err(|_| AskError::Text { url: url.to_owned() })
}
