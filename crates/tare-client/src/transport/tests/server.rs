//! An HTTP/1.1 server that answers what a test wrote down, also when that is wrong.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use url::Url;

type Answer = Box<dyn Fn(usize, &str) -> String + Send>;

/// A server on a port of its own. A request gets the number of those before it for the same path, and its path.
pub(super) struct Server {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    answer: Mutex<Option<Answer>>,
    heard: Mutex<Vec<(String, String, usize)>>,
    stopped: Mutex<bool>,
}

impl Server {
    pub(super) fn start(answer: impl Fn(usize, &str) -> String + Send + 'static) -> Self {
        let server = Self::placeholder();
        server.answer(answer);
        server
    }

    /// A server whose address is known before its answers are.
    pub(super) fn placeholder() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if *shared.stopped.lock().unwrap() {
                    return;
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.serve(&stream));
            }
        });
        Self { address, state }
    }

    pub(super) fn answer(&self, answer: impl Fn(usize, &str) -> String + Send + 'static) {
        *self.state.answer.lock().unwrap() = Some(Box::new(answer));
    }

    pub(super) fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    /// The heads of the requests so far.
    pub(super) fn heard(&self) -> Vec<String> {
        self.state.heard.lock().unwrap().iter().map(|(_, head, _)| head.clone()).collect()
    }

    /// The sizes of the bodies so far.
    pub(super) fn bodies(&self) -> Vec<usize> {
        self.state.heard.lock().unwrap().iter().map(|(_, _, size)| *size).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        *self.state.stopped.lock().unwrap() = true;
        // Wakes the thread that accepts, so that the port is free when this returns.
        let _ = TcpStream::connect(self.address).map(|mut stream| stream.read(&mut [0]));
    }
}

impl State {
    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let (mut head, mut line) = (String::new(), String::new());
        while reader.read_line(&mut line).is_ok_and(|size| size > 2) {
            head.push_str(&line);
            line.clear();
        }
        if head.is_empty() {
            return;
        }
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
        });
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).unwrap();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let count = {
            let mut heard = self.heard.lock().unwrap();
            let count = heard.iter().filter(|(other, _, _)| *other == path).count();
            heard.push((path.clone(), head, body.len()));
            count
        };
        let answer = self
            .answer
            .lock()
            .unwrap()
            .as_ref()
            .map(|answer| answer(count, &path))
            .unwrap_or_default();
        if answer.is_empty() {
            // Stands still until the client goes away.
            let _ = reader.read(&mut [0]);
            return;
        }
        let mut stream = stream;
        let _ = stream.write_all(answer.as_bytes());
        let _ = stream.shutdown(Shutdown::Both);
    }
}

pub(super) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

pub(super) fn status(status: u16, headers: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n")
}

pub(super) fn redirect(status: u16, to: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}
