//! Paths that are made to break a server: each is told to be none, and the server goes on.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::shelf::Shelf;
use crate::support::Registry;

/// Paths that no honest client asks for.
const CRAFTED: [&str; 26] = [
    "tile/0/",
    "tile/0/0",
    "tile/0/x001",
    "tile/0/1000",
    "tile/0/000.p",
    "tile/0/000.p/",
    "tile/0/000.p/0",
    "tile/0/000.p/00001",
    "tile/0/000.p/256",
    "tile/0/000.p/257",
    "tile/0/000.p/1/2",
    "tile/0/000.p/18446744073709551616",
    "tile/0/%D9%A0%D9%A0%D9%A0",
    "tile/0/x999/x999/x999/x999/x999/x999/999",
    "tile/00/000",
    "tile/-1/000",
    "tile/64/000",
    "tile/18446744073709551616/000",
    "tile/data/000",
    "tile/entries/x000/000",
    "tile/0/../../../keys/log.key",
    "tile/0/%2e%2e/%2e%2e/%2e%2e/keys/log.key",
    "events/9223372036854775807",
    "state/zz/zz",
    "root/0.note",
    "root/4294967296.note",
];

#[test]
fn no_crafted_path_breaks_a_server() {
    let shelf = Shelf::empty();
    let long = [format!("tile/0/{}000", "x000/".repeat(1_000)), "%".repeat(5_000)];
    for path in CRAFTED.into_iter().chain(long.iter().map(String::as_str)) {
        let found = status(&shelf.registry, path);
        assert!([400, 404, 414].contains(&found), "{found} for {path}");
    }
    assert_eq!(status(&shelf.registry, "head"), 200);
}

/// The status of the answer to a request for a path as it is, which no client that knows URLs would send.
fn status(registry: &Registry, path: &str) -> u16 {
    let mut stream = TcpStream::connect(registry.url().trim_start_matches("http://")).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: hub.example\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1).unwrap_or_default().parse().unwrap_or_default()
}
