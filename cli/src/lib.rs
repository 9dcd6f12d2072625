//! The `tare` command, as a library: [`main`] for the program, [`run`] for tests and examples that have no process to
//! spare.
//!
//! | module | for |
//! |---|---|
//! | [`mod@env`] | the only reader of the environment |
//! | `app` | flags that every command has, and which command is meant |
//! | `context` | what a command is handed: paths, the configuration, a registry |
//! | `session` | what the commands of a consumer share: project, registry, local store |
//! | `commands` | one file for each verb |
//! | `ui` | stdout, stderr, bars, tables |
//! | `error` | what a person reads, and the exit code |

mod app;
mod commands;
mod context;
pub mod env;
mod error;
mod instant;
mod password;
mod session;
mod signing;
mod ui;

use std::ffi::OsString;
use std::io::Write as _;
use std::mem;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

pub use env::Env;
pub use ui::{ColorChoice, Terminal};

use error::{EXIT_BUG, EXIT_INTERRUPTED};

const INTERRUPTED: &str = "interrupted; run the same command again, it goes on where it stopped";

/// Runs the command of this process and gives its exit code.
#[must_use]
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_bug));
    match run_or_interrupt() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: failed to start\n  caused by: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one command: `args` without the program's name, in the world that `env` describes. Gives the exit code.
pub async fn run(args: impl IntoIterator<Item = OsString>, env: Env, terminal: Terminal) -> u8 {
    app::run(args.into_iter().collect(), env, terminal).await
}

/// The command has a thread of its own, which may wait for a person's answer, while this one waits for Ctrl-C.
fn run_or_interrupt() -> std::io::Result<u8> {
    let env = Env::of_process()?;
    let draws = env.stderr_is_terminal;
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let terminal = Terminal::of_process(app::wants_color(&args, &env));
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (done, ended) = oneshot::channel();
    thread::spawn(move || {
        // Nobody listens any more if the command was interrupted.
        let _ = done.send(handle.block_on(run(args, env, terminal)));
    });
    let code = runtime.block_on(async {
        tokio::select! {
            // A command that panicked has no code to send.
            code = ended => Ok(Some(code.unwrap_or(EXIT_BUG))),
            interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| None),
        }
    });
    // How this ends is known now. A thread that is cut off in its work may panic, which is no bug to report.
    std::panic::set_hook(Box::new(|_| {}));
    if let Ok(None) = code {
        // What the threads do is safe to cut off at any point, which the end of the process does. A runtime that is
        // shut down before would let them fail one by one, and tell of it.
        mem::forget(runtime);
        // A bar leaves the cursor behind itself, and the terminal shows `^C` there.
        let line_end = if draws { "\n" } else { "" };
        let _ = writeln!(std::io::stderr(), "{line_end}{INTERRUPTED}");
        return Ok(EXIT_INTERRUPTED);
    }
    // Threads that are busy get a moment and no more.
    runtime.shutdown_timeout(Duration::from_millis(200));
    code.map(|code| code.unwrap_or(EXIT_INTERRUPTED))
}

/// What a person reads when a promise of this program was broken.
fn report_bug(panic: &std::panic::PanicHookInfo<'_>) {
    let mut stderr = std::io::stderr();
    let _ = writeln!(stderr, "error: tare has a bug and stops here [E-BUG]\n  caused by: {panic}");
    let _ = writeln!(
        stderr,
        "help: please report this, with the command that you ran; nothing that was finished before is lost"
    );
}
