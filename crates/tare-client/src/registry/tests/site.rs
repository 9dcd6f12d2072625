//! A place that serves a registry, as evil as a test wants it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::thread;

use url::Url;

/// The objects of a registry, by path.
pub(crate) type Objects = BTreeMap<String, Vec<u8>>;

/// What is answered instead of the truth.
pub(crate) enum Answer {
    /// The object, or 404.
    Honest,
    /// The whole object, whatever range is asked for.
    Whole,
    /// Another object, or the range of it that was asked for.
    Bytes(Vec<u8>),
    /// The object, said to be encoded.
    Encoded(&'static str),
    /// A status, and a body.
    Status(u16, &'static str),
    /// The first bytes of what was asked for, and then nothing for ever.
    Stall(usize),
    /// The first bytes of what was asked for, and then the connection breaks.
    Break(usize),
    /// Bytes without end.
    Endless,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) range: Option<Range<usize>>,
    /// The head of the request.
    pub(crate) head: String,
}

type Script = Box<dyn Fn(&Asked) -> Answer + Send + Sync>;

/// A server on a port of its own.
pub(crate) struct EvilSite {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    objects: Objects,
    script: Script,
    asked: Mutex<Vec<Asked>>,
    stopped: Mutex<bool>,
}

impl EvilSite {
    /// Serves `objects`, but asks `script` first.
    pub(crate) fn start(
        objects: &Objects,
        script: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            objects: objects.clone(),
            script: Box::new(script),
            asked: Mutex::default(),
            stopped: Mutex::default(),
        });
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

    /// Serves `objects` as they are.
    pub(crate) fn honest(objects: &Objects) -> Self {
        Self::start(objects, |_| Answer::Honest)
    }

    pub(crate) fn url(&self) -> Url {
        format!("http://{}/", self.address).parse().unwrap()
    }

    /// The requests so far for paths that begin with `prefix`.
    pub(crate) fn asked(&self, prefix: &str) -> Vec<Asked> {
        let asked = self.state.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.path.starts_with(prefix)).cloned().collect()
    }
}

impl Drop for EvilSite {
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
        let Some(path) = head.split(' ').nth(1) else { return };
        let path = path.trim_start_matches('/').to_owned();
        let range = head.lines().find_map(|line| {
            let (start, end) = line.strip_prefix("range: bytes=")?.split_once('-')?;
            Some(start.parse().ok()?..end.parse::<usize>().ok()?.saturating_add(1))
        });
        let asked = Asked { path, range, head };
        self.asked.lock().unwrap().push(asked.clone());
        let _ = self.answer(&asked, stream);
        let _ = stream.shutdown(Shutdown::Write);
        // Until the client goes away.
        let _ = reader.read_to_end(&mut Vec::new());
    }

    fn answer(&self, asked: &Asked, mut stream: &TcpStream) -> std::io::Result<()> {
        let object = self.objects.get(&asked.path);
        let whole = Asked { range: None, ..asked.clone() };
        let answer = (self.script)(asked);
        let stalls = matches!(answer, Answer::Stall(_));
        let (body, asked, most, extra) = match answer {
            Answer::Status(status, body) => return send(stream, status, "", body.as_bytes(), None),
            Answer::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                loop {
                    stream.write_all(b"10000\r\n")?;
                    stream.write_all(&[0; 0x10000])?;
                    stream.write_all(b"\r\n")?;
                }
            }
            Answer::Bytes(bytes) => (Some(bytes), asked, None, String::new()),
            Answer::Whole => (object.cloned(), &whole, None, String::new()),
            Answer::Encoded(name) => {
                (object.cloned(), asked, None, format!("Content-Encoding: {name}\r\n"))
            }
            Answer::Stall(most) | Answer::Break(most) => {
                (object.cloned(), asked, Some(most), String::new())
            }
            Answer::Honest => (object.cloned(), asked, None, String::new()),
        };
        let Some(body) = body else { return send(stream, 404, "", b"nothing here", None) };
        match &asked.range {
            None => send(stream, 200, &extra, &body, most),
            Some(range) => {
                let range = range.start..range.end.min(body.len());
                let Some(part) = body.get(range.clone()) else {
                    return send(stream, 416, "", b"", None);
                };
                let (start, end) = (range.start, range.end - 1);
                let said = format!("Content-Range: bytes {start}-{end}/{}\r\n{extra}", body.len());
                send(stream, 206, &said, part, most)
            }
        }?;
        if stalls {
            let _ = stream.read(&mut [0]);
        }
        Ok(())
    }
}

/// Sends an answer whose body breaks off after `most` bytes.
fn send(
    mut stream: &TcpStream,
    status: u16,
    headers: &str,
    body: &[u8],
    most: Option<usize>,
) -> std::io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body[..most.unwrap_or(length).min(length)])
}
