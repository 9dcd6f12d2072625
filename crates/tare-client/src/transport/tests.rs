//! The transport against real sockets: a server that answers what a test wrote down, and tells what it was asked.

mod server;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::*;
use crate::error::{ClientError as _, ErrorKind};
use crate::event::Unit;
use server::Server;

const TOKEN: &str = "tare_secret";

fn transport(edit: impl FnOnce(&mut Settings)) -> Transport {
    let mut settings = Settings { first_delay: Duration::from_millis(1), ..Settings::default() };
    settings.idle_timeout = Duration::from_secs(5);
    edit(&mut settings);
    Transport::new(settings, Progress::silent()).unwrap()
}

fn get(server: &Server, path: &str) -> Request {
    Request::get(server.url(path)).token(Some(Token::new(TOKEN).unwrap()))
}

#[tokio::test]
async fn a_token_is_sent_to_its_own_origin_and_to_no_other() {
    let other = Server::start(|_, _| server::ok("there"));
    let elsewhere = other.url("/x").to_string();
    let own = Server::start(move |_, path| match path {
        "/same" => server::redirect(302, "/here"),
        "/other" => server::redirect(307, &elsewhere),
        _ => server::ok("here"),
    });
    let transport = transport(|_| {});
    let same = transport.fetch(&get(&own, "/same"), 100).await.unwrap();
    assert_eq!(&same.bytes[..], b"here");
    assert!(own.heard().iter().all(|request| request.contains(TOKEN)));
    let there = transport.fetch(&get(&own, "/other"), 100).await.unwrap();
    assert_eq!(&there.bytes[..], b"there");
    assert_eq!(other.heard().len(), 1);
    assert!(!other.heard()[0].to_lowercase().contains("authorization"), "{:?}", other.heard());
}

#[tokio::test]
async fn a_token_does_not_come_back_from_elsewhere() {
    let (own, other) = (Server::placeholder(), Server::placeholder());
    let (home, away) = (own.url("/back").to_string(), other.url("/x").to_string());
    own.answer(
        move |_, path| if path == "/back" { server::ok("") } else { server::redirect(302, &away) },
    );
    other.answer(move |_, _| server::redirect(302, &home));
    transport(|_| {}).fetch(&get(&own, "/"), 100).await.unwrap();
    assert!(own.heard()[0].contains(TOKEN) && !own.heard()[1].contains(TOKEN));
}

#[tokio::test]
async fn redirects_have_an_end() {
    let server = Server::start(|_, _| server::redirect(302, "/again"));
    let error = transport(|_| {}).fetch(&get(&server, "/"), 100).await.unwrap_err();
    assert_eq!((error.code(), server.heard().len()), ("E-REDIRECT", 6));
}

#[tokio::test]
async fn what_is_busy_is_asked_again_and_what_says_no_is_not() {
    let server = Server::start(|count, path| match (path, count) {
        ("/busy", 0..=2) => server::status(503, "Retry-After: 0\r\n"),
        ("/full", _) => server::status(507, ""),
        ("/busy", _) => server::ok("done"),
        _ => server::status(500, ""),
    });
    let transport = transport(|_| {});
    assert_eq!(&transport.fetch(&get(&server, "/busy"), 100).await.unwrap().bytes[..], b"done");
    assert_eq!(transport.requests(), 4);
    assert_eq!(transport.fetch(&get(&server, "/full"), 100).await.unwrap().status, 507);
    assert_eq!(transport.requests(), 5, "a full disk does not pass by itself");
    assert_eq!(transport.fetch(&get(&server, "/broken"), 100).await.unwrap().status, 500);
    assert_eq!(transport.requests(), 9, "the last of four attempts stands");
}

#[tokio::test]
async fn a_body_is_never_larger_than_its_cap() {
    let said = "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".to_owned();
    let unsaid = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(1000));
    let server =
        Server::start(move |_, path| if path == "/said" { said.clone() } else { unsaid.clone() });
    for path in ["/said", "/unsaid"] {
        let error = transport(|_| {}).fetch(&get(&server, path), 100).await.unwrap_err();
        assert_eq!((error.code(), error.kind()), ("E-TOO-LARGE", ErrorKind::Integrity));
    }
    assert_eq!(server.heard().len(), 2, "what is too large is not asked for again");
}

#[tokio::test]
async fn a_body_that_ends_early_is_asked_for_again() {
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nab";
    let server = Server::start(
        move |count, _| if count == 0 { short.to_owned() } else { server::ok("abcd") },
    );
    let fetched = transport(|_| {}).fetch(&get(&server, "/"), 100).await.unwrap();
    assert_eq!(&fetched.bytes[..], b"abcd");
}

#[tokio::test]
async fn a_server_that_stands_still_is_given_up() {
    let server = Server::start(|_, _| String::new());
    let transport = transport(|settings| {
        settings.idle_timeout = Duration::from_millis(50);
        settings.attempts = 2;
    });
    let error = transport.fetch(&get(&server, "/"), 100).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("E-TIMEOUT", ErrorKind::Network));
    assert_eq!(transport.requests(), 2);
}

#[tokio::test]
async fn a_file_is_sent_again_from_its_start_and_counted_once() {
    let server =
        Server::start(|count, _| if count == 0 { server::status(503, "") } else { server::ok("") });
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&vec![7; 600_000]).unwrap();
    let task = Progress::silent().task("Uploading", Unit::Bytes, 0);
    let body = FileBody::new("index".into(), Arc::new(file), 600_000, Some(task.handle()));
    let request = Request::new(Method::PUT, server.url("/pack")).body(Body::File(body));
    assert_eq!(transport(|_| {}).fetch(&request, 100).await.unwrap().status, 200);
    assert_eq!(task.done(), 600_005);
    assert_eq!(server.bodies(), [600_005, 600_005]);
}

#[tokio::test]
async fn offline_makes_no_request() {
    let server = Server::start(|_, _| server::ok(""));
    let transport = transport(|settings| settings.offline = true);
    let error = transport.fetch(&get(&server, "/"), 100).await.unwrap_err();
    assert_eq!((error.code(), server.heard().len(), transport.requests()), ("E-OFFLINE", 0, 0));
}

#[tokio::test]
async fn nobody_there_and_no_tls_there_are_told_apart() {
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let secure = format!("https://{}/", plain.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        // Until the client goes away, so that it sees the answer and not a connection that is reset.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let transport = transport(|settings| settings.attempts = 1);
    let error = transport.fetch(&Request::get(secure.parse().unwrap()), 100).await.unwrap_err();
    assert_eq!(error.code(), "E-TLS", "{:?}", crate::error::chain(&error));
    // Nothing listens on the first port.
    let nobody = "http://127.0.0.1:1/".parse().unwrap();
    let error = transport.fetch(&Request::get(nobody), 100).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("E-CONNECT", ErrorKind::Network));
    assert!(error.help().unwrap().contains("tare registry list"));
}
