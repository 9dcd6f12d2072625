//! Where output goes.
//!
//! A [`Terminal`] is the standard streams, or any two writers, so that a test or an example sees exactly what a person
//! would. A write that fails is remembered and reported once at the end: a reader that went away (`tare tree | head`)
//! is no error.

use std::io::{self, BufRead, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstream::{AutoStream, StripStream};
use serde::Serialize;
use tare_client::event::Progress;

use super::progress::Bars;
use super::{Text, Tone};

/// Whether to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where data, talk and answers go and come from.
pub struct Terminal {
    streams: Arc<Streams>,
    bars: Bars,
    json: bool,
    quiet: bool,
    verbosity: u8,
}

pub(super) struct Streams {
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    input: Mutex<Box<dyn BufRead + Send>>,
    /// The first write to stdout that failed.
    failed: Mutex<Option<io::Error>>,
}

impl Terminal {
    /// The standard streams of the process; `colored` says whether escape sequences are wanted on stdout and stderr.
    #[must_use]
    pub fn of_process(colored: (bool, bool)) -> Self {
        let out: Box<dyn Write + Send> = match colored.0 {
            true => Box::new(AutoStream::always(io::stdout())),
            false => Box::new(AutoStream::never(io::stdout())),
        };
        let err: Box<dyn Write + Send> = match colored.1 {
            true => Box::new(AutoStream::always(io::stderr())),
            false => Box::new(AutoStream::never(io::stderr())),
        };
        Self::with(out, err, Box::new(io::BufReader::new(io::stdin())))
    }

    /// Any streams, without colour.
    #[must_use]
    pub fn to_writers(
        out: impl Write + Send + 'static,
        err: impl Write + Send + 'static,
        input: impl BufRead + Send + 'static,
    ) -> Self {
        // Boxed so that the stripping stream takes any writer.
        let out: Box<dyn Write + Send> = Box::new(out);
        let err: Box<dyn Write + Send> = Box::new(err);
        Self::with(Box::new(Stripped(out)), Box::new(Stripped(err)), Box::new(input))
    }

    fn with(
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        input: Box<dyn BufRead + Send>,
    ) -> Self {
        let (out, err, input) = (Mutex::new(out), Mutex::new(err), Mutex::new(input));
        let streams = Arc::new(Streams { out, err, input, failed: Mutex::new(None) });
        Self {
            bars: Bars::hidden(Arc::clone(&streams)),
            streams,
            json: false,
            quiet: false,
            verbosity: 0,
        }
    }

    /// Talks as little or as much as asked for, and draws bars where a person sees them.
    pub(crate) fn adjust(&mut self, json: bool, quiet: bool, verbosity: u8, interactive: bool) {
        (self.json, self.quiet, self.verbosity) = (json, quiet, verbosity);
        self.bars = Bars::new(
            Arc::clone(&self.streams),
            interactive && !quiet && !json,
            json,
            self.status_level(),
        );
    }

    /// Whether `--json` was given.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a line of data to stdout.
    pub(crate) fn print(&self, line: &Text) {
        let line = line.render();
        self.bars.suspend(|| self.streams.print(&line));
    }

    /// Prints the one JSON document of a command to stdout.
    pub(crate) fn print_json(&self, document: &impl Serialize) {
        match serde_json::to_string_pretty(document) {
            Ok(text) => self.bars.suspend(|| self.streams.print(&text)),
            Err(error) => self.streams.fail(error.into()),
        }
    }

    /// Says that something has begun or is done, on stderr: a verb and its object.
    pub(crate) fn status(&self, verb: &str, object: impl Into<String>) {
        self.bars.status(verb, &object.into());
    }

    /// Warns, on stderr; with `--json` as a document of one line.
    pub(crate) fn warn(&self, message: impl Into<String>) {
        self.bars.warn(&message.into());
    }

    /// Says a line on stderr, whatever `--quiet` says.
    pub(crate) fn talk(&self, line: &Text) {
        let line = line.render();
        self.bars.suspend(|| self.streams.talk(&line));
    }

    /// Says one JSON document on stderr.
    pub(crate) fn talk_json(&self, document: &serde_json::Value) {
        self.bars.suspend(|| self.streams.talk(&document.to_string()));
    }

    /// What operations tell their progress to.
    pub(crate) fn progress(&self) -> Progress {
        Progress::new(self.bars.listener())
    }

    /// Reads one line from stdin, without its end.
    ///
    /// # Errors
    /// When stdin cannot be read or has nothing.
    pub(crate) fn read_line(&self) -> io::Result<String> {
        let mut line = String::new();
        let mut input = lock(&self.streams.input);
        // A token or a password is short; nothing longer is read.
        let mut input = io::Read::take(&mut *input, 16 << 10);
        if input.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.trim_end_matches(['\n', '\r']).len());
        Ok(line)
    }

    /// Asks a question whose answer is not shown. Only for a person at a terminal.
    ///
    /// # Errors
    /// When there is no terminal.
    pub(crate) fn ask_secret(&self, question: &str) -> io::Result<String> {
        self.bars.suspend(|| rpassword::prompt_password(format!("{question}: ")))
    }

    /// The first write to stdout that failed, unless the reader merely went away.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.bars.finish();
        let _ = lock(&self.streams.out).flush().map_err(|error| self.streams.fail(error));
        lock(&self.streams.failed).take().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }

    /// How much talk there is: 0 only warnings, 1 status lines, 2 details.
    fn status_level(&self) -> u8 {
        match (self.quiet, self.json) {
            (true, _) | (_, true) => 0,
            _ => 1 + self.verbosity,
        }
    }
}

impl Streams {
    fn print(&self, line: &str) {
        let written = writeln!(lock(&self.out), "{line}");
        if let Err(error) = written {
            self.fail(error);
        }
    }

    pub(super) fn talk(&self, line: &str) {
        // Where stderr is closed there is nobody left to tell.
        let _ = writeln!(lock(&self.err), "{line}");
    }

    fn fail(&self, error: io::Error) {
        lock(&self.failed).get_or_insert(error);
    }
}

/// A status line: the verb right-aligned, so that the objects stand in one column.
pub(super) fn status_line(verb: &str, object: &str) -> String {
    Text::new().toned(Tone::Good, format!("{verb:>12}")).plain(" ").plain(object).render()
}

/// A warning.
pub(super) fn warning_line(message: &str) -> String {
    Text::new().toned(Tone::Warn, "warning").plain(": ").plain(message).render()
}

/// Takes escape sequences out.
struct Stripped(Box<dyn Write + Send>);

impl Write for Stripped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut plain = StripStream::new(Vec::new());
        plain.write_all(bytes)?;
        self.0.write_all(&plain.into_inner())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
