//! Bars, drawn from counters.
//!
//! An operation moves an atomic counter; a thread looks at all counters ten times a second and draws. It lives only
//! while there is something to draw, and only where stderr is a terminal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tare_client::event::{Event, Listener, Task, Unit};

use super::terminal::{Streams, status_line, warning_line};
use super::text::escape;

const TICK: Duration = Duration::from_millis(100);
/// What takes less time than this gets no bar.
const PATIENCE: Duration = Duration::from_millis(300);

/// The bars of one command, and the lines above them.
#[derive(Clone)]
pub(super) struct Bars(Arc<Board>);

struct Board {
    streams: Arc<Streams>,
    drawing: MultiProgress,
    visible: bool,
    json: bool,
    /// 0 only warnings, 1 status lines, 2 details.
    level: u8,
    /// What is drawn now; held by the drawing thread for each tick, by operations when a task begins.
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    tasks: Vec<(Arc<Task>, Instant, Option<ProgressBar>)>,
    has_thread: bool,
}

impl Bars {
    /// No bars and no status lines.
    pub(super) fn hidden(streams: Arc<Streams>) -> Self {
        Self::new(streams, false, false, 0)
    }

    /// Bars where they are `visible`; with `json`, warnings are documents.
    pub(super) fn new(streams: Arc<Streams>, visible: bool, json: bool, level: u8) -> Self {
        let target = if visible {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let drawing = MultiProgress::with_draw_target(target);
        let shown = Mutex::default();
        Self(Arc::new(Board { streams, drawing, visible, json, level, shown }))
    }

    pub(super) fn listener(&self) -> Arc<dyn Listener> {
        Arc::new(self.clone())
    }

    /// Does something with the bars out of the way.
    pub(super) fn suspend<T>(&self, action: impl FnOnce() -> T) -> T {
        if self.0.visible { self.0.drawing.suspend(action) } else { action() }
    }

    pub(super) fn status(&self, verb: &str, object: &str) {
        self.0.say(1, &status_line(verb, object));
    }

    pub(super) fn warn(&self, message: &str) {
        self.0.warn(message);
    }

    /// Takes all bars away.
    pub(super) fn finish(&self) {
        self.0.lock().tasks.clear();
        // A bar that cannot be erased does no harm.
        let _ = self.0.drawing.clear();
    }
}

impl Board {
    fn say(&self, level: u8, line: &str) {
        if level > self.level {
            return;
        }
        let talk = || self.streams.talk(line);
        if self.visible { self.drawing.suspend(talk) } else { talk() }
    }

    fn warn(&self, message: &str) {
        let line = match self.json {
            true => serde_json::json!({ "warning": message }).to_string(),
            false => warning_line(message),
        };
        self.say(0, &line);
    }

    /// Draws every task once; whether any is left.
    fn draw(&self) -> bool {
        let mut shown = self.lock();
        shown.tasks.retain_mut(|(task, begun, bar)| {
            if task.is_finished() {
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
                return false;
            }
            if bar.is_none() && begun.elapsed() >= PATIENCE {
                *bar = Some(self.drawing.add(new_bar(task)));
            }
            if let Some(bar) = bar {
                bar.set_length(task.total());
                bar.set_position(task.done());
            }
            true
        });
        shown.has_thread = !shown.tasks.is_empty();
        shown.has_thread
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Bars {
    fn hear(&self, event: &Event<'_>) {
        let board = &self.0;
        match event {
            Event::Status { verb, object } => board.say(1, &status_line(verb, object)),
            Event::Warning(message) => board.warn(message),
            Event::Detail(message) => board.say(2, &status_line("", message)),
            Event::Task(task) if board.visible => {
                let mut shown = board.lock();
                shown.tasks.push((Arc::clone(task), Instant::now(), None));
                if !shown.has_thread {
                    shown.has_thread = true;
                    let board = Arc::downgrade(board);
                    thread::spawn(move || keep_drawing(&board));
                }
            }
            Event::Task(_) => {}
        }
    }
}

fn keep_drawing(board: &Weak<Board>) {
    while board.upgrade().is_some_and(|board| board.draw()) {
        thread::sleep(TICK);
    }
}

fn new_bar(task: &Task) -> ProgressBar {
    let amounts = match task.unit() {
        Unit::Bytes => "{binary_bytes:>10}/{binary_total_bytes:10} {binary_bytes_per_sec:>12}",
        Unit::Items => "{pos:>10}/{len:10}",
    };
    let template = format!("{{prefix:>12.cyan.bold}} [{{bar:25}}] {amounts} {{eta:>4}}");
    let style =
        ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::no_length()
        .with_style(style.progress_chars("=> "))
        .with_prefix(escape(task.label()))
}
