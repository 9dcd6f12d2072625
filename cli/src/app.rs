//! The flags that every command has, and which command is meant.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, CommandFactory as _, Parser};

use crate::commands::Command;
use crate::context::Context;
use crate::env::Env;
use crate::error::CommandError;
use crate::ui::{ColorChoice, Terminal, Text};

/// Packages for machine-learning models and data sets
#[derive(Debug, Parser)]
#[command(
    name = "tare",
    version,
    max_term_width = 100,
    propagate_version = true,
    disable_help_subcommand = false
)]
struct App {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// The flags that every command has.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The registry to use, by its name or its URL
    #[arg(long, global = true, value_name = "NAME|URL")]
    pub(crate) registry: Option<String>,
    /// Print JSON: the result on stdout, an error on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Make no network request
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// Fail if the lock would have to change
    #[arg(long, global = true)]
    pub(crate) locked: bool,
    /// Run in this folder
    #[arg(short = 'C', global = true, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// Where tare keeps its files, instead of TARE_HOME
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Say more; twice says even more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say nothing but warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
}

/// The command line as clap sees it, for completions.
pub(crate) fn definition() -> clap::Command {
    App::command()
}

/// Whether stdout and stderr are coloured. Asked before the arguments are read, because their errors are coloured too.
pub(crate) fn wants_color(args: &[OsString], env: &Env) -> (bool, bool) {
    let mut choice = None;
    for (index, arg) in args.iter().enumerate() {
        match arg.to_str() {
            Some("--color") => choice = args.get(index + 1).and_then(|value| value.to_str()),
            Some(text) if text.starts_with("--color=") => choice = text.strip_prefix("--color="),
            _ => {}
        }
    }
    let may = env.get("NO_COLOR").is_none() && env.get("TERM") != Some("dumb");
    match choice {
        Some("always") => (true, true),
        Some("never") => (false, false),
        _ => (may && env.stdout_is_terminal, may && env.stderr_is_terminal),
    }
}

/// Runs the command that `args`, without the program's name, mean. Gives the exit code.
pub(crate) async fn run(args: Vec<OsString>, env: Env, mut terminal: Terminal) -> u8 {
    let is_json = args.iter().any(|arg| arg == "--json");
    let app = match App::try_parse_from([OsString::from("tare")].into_iter().chain(args)) {
        Ok(app) => app,
        Err(error) => return explain(&error, is_json, &mut terminal),
    };
    let Global { json, quiet, verbose, .. } = app.global;
    terminal.adjust(json, quiet, verbose, env.stderr_is_terminal);
    let context = match Context::new(env, terminal, app.global) {
        Ok(context) => context,
        Err((error, terminal)) => {
            error.report(&terminal);
            return error.exit_code();
        }
    };
    let mut outcome = app.command.run(&context).await;
    if let Some(error) = context.terminal.failure() {
        outcome = outcome.and(Err(CommandError::io("failed to write the output", &error)));
    }
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            error.report(&context.terminal);
            error.exit_code()
        }
    }
}

/// Help and versions go to stdout; what is wrong with the arguments is an error like any other.
fn explain(error: &clap::Error, is_json: bool, terminal: &mut Terminal) -> u8 {
    use clap::error::ErrorKind;
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            terminal.print(&Text::from(text.trim_end()));
            0
        }
        _ if is_json => {
            terminal.adjust(true, false, 0, false);
            let message = text.trim().trim_start_matches("error: ");
            let error = CommandError::usage(message);
            error.report(terminal);
            error.exit_code()
        }
        _ => {
            terminal.talk(&Text::from(text.trim_end()));
            2
        }
    }
}
