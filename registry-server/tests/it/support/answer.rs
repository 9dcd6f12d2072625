//! What the registry answered.

use axum::response::Response;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tare_format::problem::{Problem, Problems};

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Insists on a status.
    #[track_caller]
    pub(crate) fn ok(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The answer when it has this status, else as an error.
    pub(crate) fn expect(self, status: u16) -> Result<Self, Self> {
        if self.status == status { Ok(self) } else { Err(self) }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The one problem of a refusal, in its envelope, with the status of its code.
    #[track_caller]
    pub(crate) fn problem(&self) -> Problem {
        let problems: Problems = self.json();
        let [problem] = problems.errors.as_slice() else { panic!("{}", self.text()) };
        assert_eq!(problem.code.status(), self.status);
        assert_eq!(problem.request_id.as_deref(), Some(self.header("x-request-id")));
        problem.clone()
    }

    /// The code of a refusal.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        self.problem().code.to_string()
    }
}
