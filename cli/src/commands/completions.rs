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
    context.terminal.print(&Text::from(script(args.shell).trim_end()));
    Ok(())
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition(), "tare", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::ui::escape;

    #[test]
    fn no_script_has_anything_that_is_escaped() {
        for shell in Shell::value_variants() {
            let script = script(*shell);
            assert!(script.contains("publish"));
            assert_eq!(script, escape(&script), "{shell}");
        }
    }
}
