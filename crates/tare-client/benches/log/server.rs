//! A file server for what lies in memory, which counts what it is asked for.
//!
//! A registry of a million packages is a million files, and a benchmark that writes them measures the disk. The sockets are
//! real, so the client does here all that it does elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Add;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;

use url::Url;

/// The files of a registry, by path.
pub(crate) type Files = Arc<RwLock<HashMap<String, Vec<u8>>>>;

/// Requests, and the bytes of the bodies that answered them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Count {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { requests: self.requests + other.requests, bytes: self.bytes + other.bytes }
    }
}

/// What was asked for, by the first part of the path.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Traffic(BTreeMap<String, Count>);

impl Traffic {
    fn note(&mut self, path: &str, bytes: usize) {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        // Bundles of entries lie among the tiles, and are not hashes.
        let kind = if rest.starts_with("entries/") { "entries" } else { first };
        let count = self.0.entry(kind.to_owned()).or_default();
        *count = *count + Count { requests: 1, bytes: bytes as u64 };
    }

    /// All of it.
    pub(crate) fn total(&self) -> Count {
        self.0.values().fold(Count::default(), |sum, count| sum + *count)
    }

    /// The part of these kinds.
    pub(crate) fn of(&self, kinds: &[&str]) -> Count {
        let counts = self.0.iter().filter(|(kind, _)| kinds.contains(&kind.as_str()));
        counts.fold(Count::default(), |sum, (_, count)| sum + *count)
    }

    /// Each kind, as `kind requests: bytes`.
    pub(crate) fn by_kind(&self) -> String {
        let one = |(kind, count): (&String, &Count)| {
            format!("{kind} {}: {}", count.requests, count.bytes)
        };
        self.0.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// Serves files until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    files: Files,
    traffic: Mutex<Traffic>,
    stopped: AtomicBool,
}

impl Server {
    pub(crate) fn start(files: Files) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (traffic, stopped) = (Mutex::default(), AtomicBool::new(false));
        let shared = Arc::new(Shared { files, traffic, stopped });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if accepting.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                // A connection that breaks is the client's to notice.
                thread::spawn(move || shared.serve(&stream));
            }
        });
        Ok(Self { address, shared })
    }

    pub(crate) fn url(&self) -> Result<Url, url::ParseError> {
        format!("http://{}/", self.address).parse()
    }

    /// What was asked for since the last time.
    pub(crate) fn take_traffic(&self) -> Traffic {
        std::mem::take(&mut *self.shared.traffic())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts, which holds the files.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request after the other, as connections are kept.
    fn serve(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        loop {
            let (mut first, mut line) = (String::new(), String::new());
            reader.read_line(&mut first)?;
            let mut start = 0;
            while reader.read_line(&mut line)? > 2 {
                start = range_start(&line).unwrap_or(start);
                line.clear();
            }
            let Some(path) = first.split(' ').nth(1) else { return Ok(()) };
            let path = path.trim_start_matches('/');
            let found = {
                let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
                files.get(path).cloned()
            };
            let all = found.as_ref().map_or(0, Vec::len);
            let (status, range) = match &found {
                None => ("404 Not Found", String::new()),
                Some(_) if start == 0 || start >= all => ("200 OK", String::new()),
                Some(_) => {
                    let range = format!("Content-Range: bytes {start}-{}/{all}\r\n", all - 1);
                    ("206 Partial Content", range)
                }
            };
            let body = found.unwrap_or_default();
            let body = body.get(start..).filter(|rest| !rest.is_empty()).unwrap_or(&body);
            self.traffic().note(path, body.len());
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\n{range}Content-Length: {length}\r\n\r\n");
            let mut answer = head.into_bytes();
            answer.extend_from_slice(body);
            stream.write_all(&answer)?;
        }
    }
}

/// From which byte on somebody asks, in a header line.
fn range_start(line: &str) -> Option<usize> {
    let line = line.trim_end().to_ascii_lowercase();
    line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok()
}
