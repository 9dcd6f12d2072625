//! `tare completions`: what a shell needs to complete commands and flags.

use clap_complete::Shell;

use crate::app::definition;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::Text;

/// Print a script that lets a shell complete commands
///
/// For bash, put `source <(tare completions bash)` into ~/.bashrc.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, context: &Context) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition(), "tare", &mut script);
    context.terminal.print(&Text::from(String::from_utf8_lossy(&script).trim_end()));
    Ok(())
}
