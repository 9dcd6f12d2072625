//! The verbs, one file for each: its arguments, whose doc comments are the help, and how its result is shown.

mod completions;
mod registry;

use crate::context::Context;
use crate::error::CommandError;

/// Which command is meant.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    #[command(subcommand)]
    Registry(registry::RegistryCommand),
    Completions(completions::CompletionsArgs),
}

impl Command {
    /// Runs it.
    pub(crate) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::Registry(command) => registry::run(command, context).await,
            Self::Completions(args) => completions::run(&args, context),
        }
    }
}
