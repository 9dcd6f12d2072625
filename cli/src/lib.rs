//! The `tare` command, as a library: [`main`] for the program, [`run`] for tests and examples that have no process to
//! spare.
//!
//! | module | for |
//! |---|---|
//! | [`env`] | the only reader of the environment |
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
mod ui;

use std::any::Any;
use std::ffi::OsString;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

pub use env::Env;
pub use ui::{ColorChoice, Terminal};

use error::{EXIT_BUG, EXIT_INTERRUPTED};

/// Runs the command of this process and gives its exit code.
#[must_use]
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_bug));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let runtime = Builder::new_multi_thread().enable_all().build()?;
        let code = runtime.block_on(run_or_interrupt());
        stop(runtime);
        code
    }));
    match outcome {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(error)) => {
            let _ = writeln!(std::io::stderr(), "error: failed to start\n  caused by: {error}");
            ExitCode::FAILURE
        }
        Err(panic) => bug(&panic),
    }
}

/// Runs one command: `args` without the program's name, in the world that `env` describes. Gives the exit code.
pub async fn run(args: impl IntoIterator<Item = OsString>, env: Env, terminal: Terminal) -> u8 {
    app::run(args.into_iter().collect(), env, terminal).await
}

async fn run_or_interrupt() -> std::io::Result<u8> {
    let env = Env::of_process()?;
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let terminal = Terminal::of_process(app::wants_color(&args, &env));
    tokio::select! {
        code = run(args, env, terminal) => Ok(code),
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| EXIT_INTERRUPTED),
    }
}

/// Gives threads that are busy a moment, and no more: what they do is safe to cut off at any point.
fn stop(runtime: Runtime) {
    runtime.shutdown_timeout(Duration::from_millis(200));
}

fn bug(_: &Box<dyn Any + Send>) -> ExitCode {
    ExitCode::from(EXIT_BUG)
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
