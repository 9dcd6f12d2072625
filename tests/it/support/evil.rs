//! A file server over the folder of a real registry that lies as it is told to.
//!
//! It speaks HTTP over real sockets and knows nothing of registries: what it answers is the file at the path, unless the
//! lie of the story says something else. It counts what it was asked for.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What is answered to one request.
pub(crate) enum Answer {
    /// These bytes, whole or the range that was asked for.
    Bytes(Vec<u8>),
    /// A status with a short text.
    Status(u16, &'static str),
    /// Bytes, with headers of the story's own.
    With(Vec<(&'static str, &'static str)>, Vec<u8>),
    /// Zeros without end, and no length.
    Endless,
    /// Zeros without end, in chunks.
    EndlessChunks,
    /// The bytes, of which only the first so many are sent before the connection breaks.
    Broken(Vec<u8>, usize),
}

impl Answer {
    /// What an honest file server says.
    pub(crate) fn truth(file: Option<Vec<u8>>) -> Self {
        file.map_or(Self::Status(404, "not found"), Self::Bytes)
    }
}

type Lie = dyn Fn(&str, Option<Vec<u8>>) -> Answer + Send + Sync;

/// The server, until it is dropped.
pub(crate) struct Evil {
    folder: PathBuf,
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
}

impl Evil {
    /// Serves `folder` as it is.
    pub(crate) fn honest(folder: &Path) -> Self {
        Self::serve(folder, |_, file| Answer::truth(file))
    }

    /// Serves `folder`; `lie` gets each path, without its leading slash, and the file that is there.
    pub(crate) fn serve(
        folder: &Path,
        lie: impl Fn(&str, Option<Vec<u8>>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, stop) =
            (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicBool::new(false)));
        let (folder, lie): (PathBuf, Arc<Lie>) = (folder.to_owned(), Arc::new(lie));
        let (log, stopped) = (Arc::clone(&asked), Arc::clone(&stop));
        let served = folder.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let (folder, lie, log) = (served.clone(), Arc::clone(&lie), Arc::clone(&log));
                // A client that hangs up in the middle is what some stories are about.
                thread::spawn(move || converse(&stream, &folder, lie.as_ref(), &log));
            }
        });
        Self { folder, address, asked, stop }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A file as it is, whatever is said about it.
    pub(crate) fn truth(&self, path: &str) -> Vec<u8> {
        fs::read(self.folder.join(path)).unwrap()
    }

    /// The paths that were asked for so far, in order; those with a range end in ` first-last`, or ` first-`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Forgets what was asked for.
    pub(crate) fn forget(&self) {
        self.asked.lock().unwrap().clear();
    }
}

impl Drop for Evil {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // The thread waits for a connection; one is made so that it looks at the flag.
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers requests on one connection until the client, or the story, has had enough.
fn converse(stream: &TcpStream, folder: &Path, lie: &Lie, log: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let mut words = line.split_whitespace();
        let (method, path) =
            (words.next()?.to_owned(), words.next()?.trim_start_matches('/').to_owned());
        let (mut range, mut length) = (None, 0);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let header = header.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            range = header.strip_prefix("range: bytes=").and_then(parse_range).or(range);
            if let Some(bytes) = header.strip_prefix("content-length: ") {
                length = bytes.parse().ok()?;
            }
        }
        // Nothing that is sent here is of interest.
        io::copy(&mut (&mut reader).take(length), &mut io::sink()).ok()?;
        let suffix = range.as_ref().map(|range| match range.end {
            usize::MAX => format!(" {}-", range.start),
            end => format!(" {}-{}", range.start, end - 1),
        });
        log.lock().unwrap().push(format!("{path}{}", suffix.unwrap_or_default()));
        let file = fs::read(folder.join(&path)).ok();
        let goes_on = answer(stream, method == "HEAD", range, lie(&path, file)).ok()?;
        goes_on.then_some(())?;
    }
}

fn parse_range(text: &str) -> Option<Range<usize>> {
    let (first, last) = text.split_once('-')?;
    let end = if last.is_empty() { usize::MAX } else { last.parse::<usize>().ok()? + 1 };
    Some(first.parse().ok()?..end)
}

/// Sends an answer; whether the connection can be used again.
fn answer(
    mut stream: &TcpStream,
    head_only: bool,
    range: Option<Range<usize>>,
    answer: Answer,
) -> io::Result<bool> {
    match answer {
        Answer::Bytes(bytes) => {
            let range = range.map(|range| match range.end {
                usize::MAX => range.start..bytes.len(),
                end => range.start..end,
            });
            let is_inside =
                |range: &Range<usize>| range.start < range.end && range.end <= bytes.len();
            let (status, extra, bytes) = match range.filter(is_inside) {
                Some(range) => {
                    let (first, last, size) = (range.start, range.end - 1, bytes.len());
                    let extra = format!("content-range: bytes {first}-{last}/{size}\r\n");
                    ("206 Partial Content", extra, bytes[range].to_vec())
                }
                None => ("200 OK", String::new(), bytes),
            };
            write!(stream, "HTTP/1.1 {status}\r\n{extra}content-length: {}\r\n\r\n", bytes.len())?;
            if !head_only {
                stream.write_all(&bytes)?;
            }
            Ok(true)
        }
        Answer::Status(status, text) => {
            write!(stream, "HTTP/1.1 {status} No\r\ncontent-length: {}\r\n\r\n{text}", text.len())?;
            Ok(true)
        }
        Answer::With(headers, bytes) => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", bytes.len())?;
            for (name, value) in headers {
                write!(stream, "{name}: {value}\r\n")?;
            }
            stream.write_all(b"\r\n")?;
            stream.write_all(&bytes)?;
            Ok(true)
        }
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[0; 1 << 16])?;
            }
        }
        Answer::EndlessChunks => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
            let chunk = [b"10000\r\n", &[0; 1 << 16][..], b"\r\n"].concat();
            loop {
                stream.write_all(&chunk)?;
            }
        }
        Answer::Broken(bytes, sent) => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", bytes.len())?;
            stream.write_all(&bytes[..sent.min(bytes.len())])?;
            Ok(false)
        }
    }
}
