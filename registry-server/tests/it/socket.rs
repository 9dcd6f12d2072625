//! The accept loop, over a real socket: time-outs, the connection cap, stopping, and what follows odd requests.

use std::sync::Arc;
use std::time::Duration;

use registry_server::{Config, Registry, serve};
use tare_store::MemoryStore;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Server {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
    token: String,
    _folder: TempDir,
}

impl Server {
    async fn start(adjust: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path());
        adjust(&mut config);
        let store = Arc::new(MemoryStore::new().unwrap());
        let registry = Registry::with_store(config, store).await.unwrap();
        let token = registry.bootstrap().await.unwrap().unwrap().reveal().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(registry, listener, async { drop(stopped.await) }));
        Self { address, stop, task, token, _folder: folder }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends some bytes and reads until the server closes.
    async fn exchange(&self, bytes: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        read_to_end(&mut stream).await
    }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    // A reset counts as closed; a server that holds the connection does not.
    drop(read.expect("the server did not close the connection"));
    String::from_utf8_lossy(&answer).into_owned()
}

const HEALTH: &str = "GET /api/v1/health HTTP/1.1\r\nhost: x\r\n\r\n";
const HEALTH_CLOSE: &str = "GET /api/v1/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_client_that_never_ends_its_header_is_cut_off() {
    let server = Server::start(|config| config.header_timeout = Duration::from_millis(200)).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /registry.json HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    let answer = read_to_end(&mut slow).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(server.exchange(HEALTH_CLOSE).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Server::start(|config| config.header_timeout = Duration::from_millis(200)).await;
    let answer = server.exchange(HEALTH).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"ok\""), "{answer}");
}

#[tokio::test]
async fn a_silent_connection_is_closed_before_it_says_what_it_speaks() {
    let server = Server::start(|config| config.idle_timeout = Duration::from_millis(200)).await;
    assert_eq!(server.exchange("").await, "");
    assert_eq!(server.exchange("PRI").await, "");
}

#[tokio::test]
async fn a_body_that_stops_is_given_up() {
    let server = Server::start(|config| config.idle_timeout = Duration::from_millis(200)).await;
    let header = "POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n";
    let answer =
        server.exchange(&format!("{header}authorization: Bearer {}\r\n\r\n{{", server.token)).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("stopped coming"), "{answer}");
    // From a stranger nothing of the body is waited for.
    assert!(server.exchange(&format!("{header}\r\n{{")).await.starts_with("HTTP/1.1 401"));
}

#[tokio::test]
async fn more_connections_than_the_cap_wait_their_turn() {
    let server = Server::start(|config| config.connections = 1).await;
    let mut first = server.connect().await;
    first.write_all(HEALTH.as_bytes()).await.unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).await.unwrap();
    let mut second = server.connect().await;
    second.write_all(HEALTH_CLOSE.as_bytes()).await.unwrap();
    let early =
        tokio::time::timeout(Duration::from_millis(200), second.read_exact(&mut byte)).await;
    assert!(early.is_err(), "the second connection was served beside the first");
    drop(first);
    assert!(read_to_end(&mut second).await.contains("200 OK"));
}

#[tokio::test]
async fn stopping_lets_go_of_idle_connections_and_takes_no_new_ones() {
    let server = Server::start(|_| {}).await;
    let mut open = server.connect().await;
    open.write_all(HEALTH.as_bytes()).await.unwrap();
    open.read_exact(&mut [0]).await.unwrap();
    server.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), server.task).await.unwrap().unwrap().unwrap();
    assert!(read_to_end(&mut open).await.contains("\"ok\""));
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn nothing_follows_a_chunked_request_on_its_connection() {
    let server = Server::start(|_| {}).await;
    let chunked =
        "POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    let answer = server.exchange(&format!("{chunked}{HEALTH}")).await;
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn requests_that_two_readers_could_read_differently_are_refused() {
    let server = Server::start(|_| {}).await;
    for request in [
        "GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\ncontent-length: +1\r\n\r\na",
        "GET / HTTP/1.1\r\nhost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\n folded\r\n\r\n",
        "GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let answer = server.exchange(request).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{request:?}: {answer}");
    }
}
