//! Progress as data: operations say what they do, a caller decides what a person sees of it.
//!
//! A long piece of work is a [`Task`] with counters that any thread may move; whoever draws it reads them as often as
//! it likes. So a hot loop pays one atomic addition and never waits for a terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a task counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Files, packages or other things.
    Items,
}

/// A piece of work that takes time.
#[derive(Debug)]
pub struct Task {
    label: String,
    unit: Unit,
    total: AtomicU64,
    done: AtomicU64,
    finished: AtomicBool,
}

impl Task {
    /// What is being done, as `uploading`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What is counted.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// How much there is to do; 0 when nobody knows.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// How much is done.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Whether the work has ended, well or not.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    /// Says that `amount` more is done.
    pub fn advance(&self, amount: u64) {
        self.done.fetch_add(amount, Ordering::Relaxed);
    }

    /// Takes back `amount`, when a part has to be done again.
    pub fn retreat(&self, amount: u64) {
        let back = |done: u64| Some(done.saturating_sub(amount));
        // The closure always gives a value, so this cannot fail.
        let _ = self.done.fetch_update(Ordering::Relaxed, Ordering::Relaxed, back);
    }

    /// Says that there is `amount` more to do.
    pub fn add_total(&self, amount: u64) {
        self.total.fetch_add(amount, Ordering::Relaxed);
    }

    /// Says that a part of the whole that was thought to be `expected` is `found`.
    pub fn correct_total(&self, expected: u64, found: u64) {
        let correct = |total: u64| Some(total.saturating_add(found).saturating_sub(expected));
        // The closure always gives a value, so this cannot fail.
        let _ = self.total.fetch_update(Ordering::Relaxed, Ordering::Relaxed, correct);
    }
}

/// A running [`Task`]: it counts as finished once this is dropped.
#[derive(Debug)]
pub struct RunningTask(Arc<Task>);

impl RunningTask {
    /// A handle for another thread.
    #[must_use]
    pub fn handle(&self) -> Arc<Task> {
        Arc::clone(&self.0)
    }
}

impl std::ops::Deref for RunningTask {
    type Target = Task;

    fn deref(&self) -> &Task {
        &self.0
    }
}

impl Drop for RunningTask {
    fn drop(&mut self) {
        self.0.finished.store(true, Ordering::Release);
    }
}

/// One thing to tell.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something has begun or is done: a verb in the present participle or the past, and its object.
    Status {
        /// As `Publishing`.
        verb: &'static str,
        /// As `ns/name@1.0.0`.
        object: &'a str,
    },
    /// Something that a person should know, although the work goes on.
    Warning(&'a str),
    /// Something for those who look closely: a retry, a redirect.
    Detail(&'a str),
    /// A task has begun.
    Task(Arc<Task>),
}

/// Who listens. Called from any thread; it must not block for long.
pub trait Listener: Send + Sync {
    /// Hears one event.
    fn hear(&self, event: &Event<'_>);
}

/// The talking end that operations hold. Cheap to clone.
#[derive(Clone)]
pub struct Progress(Arc<dyn Listener>);

impl Progress {
    /// Tells `listener`.
    #[must_use]
    pub fn new(listener: Arc<dyn Listener>) -> Self {
        Self(listener)
    }

    /// Tells nobody.
    #[must_use]
    pub fn silent() -> Self {
        struct Nobody;
        impl Listener for Nobody {
            fn hear(&self, _: &Event<'_>) {}
        }
        Self(Arc::new(Nobody))
    }

    /// Says that something has begun or is done.
    pub fn status(&self, verb: &'static str, object: &str) {
        self.0.hear(&Event::Status { verb, object });
    }

    /// Warns.
    pub fn warn(&self, message: &str) {
        self.0.hear(&Event::Warning(message));
    }

    /// Says something for those who look closely.
    pub fn detail(&self, message: &str) {
        self.0.hear(&Event::Detail(message));
    }

    /// Begins a task of `total` units; 0 when nobody knows yet.
    #[must_use]
    pub fn task(&self, label: impl Into<String>, unit: Unit, total: u64) -> RunningTask {
        let task = Arc::new(Task {
            label: label.into(),
            unit,
            total: AtomicU64::new(total),
            done: AtomicU64::new(0),
            finished: AtomicBool::new(false),
        });
        self.0.hear(&Event::Task(Arc::clone(&task)));
        RunningTask(task)
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}
