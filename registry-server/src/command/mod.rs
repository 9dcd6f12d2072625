//! The subcommands, one file each.

mod accounts;
mod advisory;
mod fsck;
mod init;
mod log;
mod output;
mod redact;
mod root;
mod serve;
mod takedown;
mod witness;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use registry_server::{App, Config, OpenError, Registry};

/// The registry's folder when none is given.
const DEFAULT_PATH: &str = "./tare-registry";

/// Serves a registry of Tare packages from a folder
#[derive(Parser)]
#[command(name = "tare-registry", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

/// Where the registry is, and how to answer.
#[derive(clap::Args)]
pub(crate) struct Common {
    /// The registry's folder
    #[arg(long, default_value = DEFAULT_PATH, global = true)]
    path: PathBuf,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
}

impl Common {
    fn config(&self) -> Config {
        Config::new(&self.path)
    }

    /// The registry for a command that changes it, and whether nobody serves it: then its public files are this process's to
    /// write.
    async fn operate(&self) -> anyhow::Result<(App, bool)> {
        match Registry::open(self.config()).await {
            Ok(registry) => Ok((registry, true)),
            Err(OpenError::Locked { .. }) => Ok((self.attach().await?, false)),
            Err(error) => Err(error.into()),
        }
    }

    async fn attach(&self) -> anyhow::Result<App> {
        Ok(Registry::attach(self.config()).await?)
    }
}

#[derive(Subcommand)]
enum Verb {
    /// Make a registry in a folder
    Init {
        /// What the registry is called in its keys and its log, such as `hub.example.org`; drawn when nothing is said
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Serve the registry, and make it first when the folder is absent
    Serve(serve::ServeArgs),
    /// Manage users
    User {
        #[command(subcommand)]
        verb: accounts::UserVerb,
        #[command(flatten)]
        common: Common,
    },
    /// Manage tokens
    Token {
        #[command(subcommand)]
        verb: accounts::TokenVerb,
        #[command(flatten)]
        common: Common,
    },
    /// Check the public files against the database
    ///
    /// Every page, location and document is compared with what it has to be, and every pack looked for. The exit code
    /// is 1 when something is wrong.
    Fsck {
        /// Read and hash every pack as well
        #[arg(long)]
        read_data: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Look at the log, and write the public files anew from the database
    Log {
        #[command(subcommand)]
        verb: log::LogVerb,
        #[command(flatten)]
        common: Common,
    },
    /// Draft, sign and publish the documents that say which keys speak for the registry
    Root {
        #[command(subcommand)]
        verb: root::RootVerb,
        #[command(flatten)]
        common: Common,
    },
    /// Cosign the logs of other registries; `--path` is the witness's own folder
    Witness {
        #[command(subcommand)]
        verb: witness::WitnessVerb,
        #[command(flatten)]
        common: Common,
    },
    /// Remove the bytes of releases or files, and log that
    ///
    /// Release documents, signatures and the log stay, so that every proof still holds. The versions can not be installed any
    /// more.
    Takedown(takedown::TakedownArgs),
    /// Take a takedown back
    Restore(takedown::RestoreArgs),
    /// Take the line of one event out of the log and of all pages
    ///
    /// For names and reasons that must not be there. What the event did stays.
    Redact(redact::RedactArgs),
    /// Log advisories, and export them
    Advisory {
        #[command(subcommand)]
        verb: advisory::AdvisoryVerb,
        #[command(flatten)]
        common: Common,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs one command.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.verb {
        Verb::Init { name, common } => init::run(name, &common).await?,
        Verb::Serve(args) => serve::run(args).await?,
        Verb::User { verb, common } => accounts::users(verb, &common).await?,
        Verb::Token { verb, common } => accounts::tokens(verb, &common).await?,
        Verb::Fsck { read_data, common } => return fsck::run(read_data, &common).await,
        Verb::Log { verb, common } => log::run(verb, &common).await?,
        Verb::Root { verb, common } => root::run(verb, &common).await?,
        Verb::Witness { verb, common } => witness::run(verb, &common).await?,
        Verb::Takedown(args) => takedown::run(args).await?,
        Verb::Restore(args) => takedown::restore(args).await?,
        Verb::Redact(args) => redact::run(args).await?,
        Verb::Advisory { verb, common } => advisory::run(verb, &common).await?,
        Verb::Completions { shell } => {
            let mut command = Cli::command();
            clap_complete::generate(shell, &mut command, "tare-registry", &mut std::io::stdout());
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_fit_together() {
        Cli::command().debug_assert();
    }
}
