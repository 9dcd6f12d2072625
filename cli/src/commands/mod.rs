//! The verbs, one file for each: its arguments, whose doc comments are the help, and how its result is shown.

mod add;
mod advisory;
mod audit;
mod bundle;
mod cache;
mod completions;
mod info;
mod init;
mod install;
mod keygen;
mod lock;
mod login;
mod logout;
mod mirror;
mod new;
mod owner;
mod package;
mod path;
mod public;
mod publish;
mod pull;
mod registry;
mod remove;
mod search;
mod sign;
mod signer;
mod tree;
mod trust;
mod update;
mod verify;
mod verify_bundle;
mod whoami;
mod why;
mod withdraw;
mod yank;

use crate::context::Context;
use crate::error::CommandError;

/// Which command is meant.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    New(new::NewArgs),
    Init(init::InitArgs),
    Add(add::AddArgs),
    #[command(alias = "rm")]
    Remove(remove::RemoveArgs),
    Lock(lock::LockArgs),
    Update(update::UpdateArgs),
    Install(install::InstallArgs),
    Pull(pull::PullArgs),
    Path(path::PathArgs),
    Tree(tree::TreeArgs),
    Why(why::WhyArgs),
    Info(info::InfoArgs),
    Verify(verify::VerifyArgs),
    VerifyBundle(verify_bundle::VerifyBundleArgs),
    #[command(subcommand)]
    Trust(trust::TrustCommand),
    Audit(audit::AuditArgs),
    #[command(subcommand)]
    Advisory(advisory::AdvisoryCommand),
    #[command(subcommand)]
    Bundle(bundle::BundleCommand),
    #[command(subcommand)]
    Cache(cache::CacheCommand),
    Package(package::PackageArgs),
    Publish(publish::PublishArgs),
    Sign(sign::SignArgs),
    Yank(yank::YankArgs),
    Withdraw(withdraw::WithdrawArgs),
    #[command(subcommand)]
    Owner(owner::OwnerCommand),
    #[command(subcommand)]
    Signer(signer::SignerCommand),
    Search(search::SearchArgs),
    Keygen(keygen::KeygenArgs),
    Login(login::LoginArgs),
    Logout(logout::LogoutArgs),
    Whoami(whoami::WhoamiArgs),
    #[command(subcommand)]
    Mirror(mirror::MirrorCommand),
    #[command(subcommand)]
    Registry(registry::RegistryCommand),
    Completions(completions::CompletionsArgs),
}

impl Command {
    /// Runs it.
    pub(crate) async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::New(args) => new::run(&args, context),
            Self::Init(args) => init::run(&args, context),
            Self::Add(args) => add::run(&args, context).await,
            Self::Remove(args) => remove::run(&args, context).await,
            Self::Lock(args) => lock::run(&args, context).await,
            Self::Update(args) => update::run(&args, context).await,
            Self::Install(args) => install::run(&args, context).await,
            Self::Pull(args) => pull::run(&args, context).await,
            Self::Path(args) => path::run(&args, context),
            Self::Tree(args) => tree::run(&args, context),
            Self::Why(args) => why::run(&args, context),
            Self::Info(args) => info::run(&args, context).await,
            Self::Verify(args) => verify::run(&args, context).await,
            Self::VerifyBundle(args) => verify_bundle::run(&args, context),
            Self::Trust(command) => trust::run(command, context),
            Self::Audit(args) => audit::run(&args, context).await,
            Self::Advisory(command) => advisory::run(command, context).await,
            Self::Bundle(command) => bundle::run(command, context).await,
            Self::Cache(command) => cache::run(command, context).await,
            Self::Package(args) => package::run(&args, context).await,
            Self::Sign(args) => sign::run(&args, context).await,
            Self::Publish(args) => publish::run(&args, context).await,
            Self::Yank(args) => yank::run(args, context).await,
            Self::Withdraw(args) => withdraw::run(args, context).await,
            Self::Owner(command) => owner::run(command, context).await,
            Self::Signer(command) => signer::run(command, context).await,
            Self::Search(args) => search::run(&args, context).await,
            Self::Keygen(args) => keygen::run(&args, context),
            Self::Login(args) => login::run(&args, context).await,
            Self::Logout(args) => logout::run(&args, context).await,
            Self::Whoami(args) => whoami::run(&args, context).await,
            Self::Mirror(command) => mirror::run(command, context).await,
            Self::Registry(command) => registry::run(command, context).await,
            Self::Completions(args) => completions::run(&args, context),
        }
    }
}
