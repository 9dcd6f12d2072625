//! The server is killed in the middle of publishes, with the signal that no process survives. Whatever it was doing, the next
//! start has a log that continues what was public, and files that are what the database says.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use registry_server::fsck::fsck;
use registry_server::{Config, Registry};
use serde_json::Value;
use tare_store::FolderStore;
use tare_tlog::checkpoint::Checkpoint;

use crate::support::head::{head, require_continues};
use crate::support::{Client, Package};

/// How often the server is killed.
const ROUNDS: u8 = 6;

struct Server {
    child: Child,
    url: String,
    token: Option<String>,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tare-registry"));
        command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--path"]).arg(folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let greeting: Value = serde_json::from_str(&line).unwrap();
        let url = greeting["url"].as_str().unwrap().to_owned();
        Self { child, url, token: greeting["token"].as_str().map(str::to_owned) }
    }

    /// A router that hands every request on to the server.
    fn router(&self) -> Router {
        let (http, url) = (reqwest::Client::new(), self.url.clone());
        Router::new().fallback(move |request: Request<Body>| {
            let (http, url) = (http.clone(), url.clone());
            async move { forward(&http, &url, request).await }
        })
    }

    /// Ends the process where it stands.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

async fn forward(http: &reqwest::Client, url: &str, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let sent = http.request(head.method, format!("{url}{}", head.uri)).headers(head.headers);
    let answer = sent.body(body).send().await;
    let Ok(answer) = answer else {
        return Response::builder().status(502).body(Body::empty()).unwrap();
    };
    let status = answer.status();
    let bytes = answer.bytes().await.unwrap_or_default();
    Response::builder().status(status).body(Body::from(bytes)).unwrap()
}

/// Opens what the killed server left, as its next start does, and checks all of it. Gives the newest checkpoint.
async fn examine(config: &Config, before: &Checkpoint) -> Checkpoint {
    let registry = Registry::open(config.clone()).await.unwrap();
    assert_eq!(fsck(&registry, true).await.unwrap().problems, [""; 0]);
    registry.close().await;
    let store = FolderStore::open(&config.public(), &config.path.join("staging")).unwrap();
    let head = head(&store, "head").unwrap();
    require_continues(&store, before, &head.checkpoint);
    head.checkpoint
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_again_and_again_keeps_one_history() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(folder.path().join("registry"));
    Registry::init(&config).await.unwrap();
    let registry = Registry::open(config.clone()).await.unwrap();
    let id = registry.id().clone();
    registry.close().await;
    drop(registry);
    let store = FolderStore::open(&config.public(), &config.path.join("staging")).unwrap();
    let mut newest = head(&store, "head").unwrap().checkpoint;
    let mut first: Option<Client> = None;
    for round in 0..ROUNDS {
        let server = Server::start(&config.path);
        let client = match &first {
            Some(client) => client.through(server.router()),
            None => Client::new(server.router(), id.clone(), server.token.clone()),
        };
        first.get_or_insert_with(|| client.clone());
        let publishing = async {
            for minor in 0_u8.. {
                let version = format!("1.{round}.{minor}");
                let body = Package::new("lab/tiny", &version).weights(minor, 3000).build();
                if client.try_publish(&body).await.is_err() {
                    break;
                }
            }
        };
        // The moment of the kill: each round another one, wherever the publishes are by then.
        let moment = Duration::from_millis(150 + 37 * u64::from(round));
        drop(tokio::time::timeout(moment, publishing).await);
        server.kill();
        newest = examine(&config, &newest).await;
    }
    assert!(newest.size() > 2, "nothing was published before any kill");
}
