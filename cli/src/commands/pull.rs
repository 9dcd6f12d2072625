//! `tare pull`.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;
use tare_client::advisory::Gate;
use tare_client::install::{install, install_to};
use tare_client::resolve::Dependency;
use tare_client::source::Source;
use tare_client::update::{Request, lock_requirements};
use tare_format::lock::Lock;
use tare_format::{PackageSpec, ReleaseId, VariantName};

use super::audit::policy_of;
use super::install::{title, to_json, warn_of_advisories};
use crate::context::Context;
use crate::error::CommandError;
use crate::instant::parse_as_of;
use crate::session::Session;
use crate::ui::{Text, bytes};

/// Fetch packages without a project
///
/// They are verified and installed with all that they need, and their folders are printed. With `--to`, the files of the
/// one package come into a folder of yours instead, where they may be changed.
#[derive(Debug, clap::Args)]
pub(crate) struct PullArgs {
    /// What to fetch, as `ns/name`, `ns/name@^1.2` or `ns/name@1.2.0:variant`
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<PackageSpec>,
    /// Put the files of the one package into this new or empty folder
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// The variant to fetch
    #[arg(long)]
    variant: Option<VariantName>,
    /// Choose as if it were the end of this day, or this instant
    #[arg(long, value_name = "DATE", value_parser = parse_as_of)]
    as_of: Option<Timestamp>,
}

pub(super) async fn run(args: &PullArgs, context: &Context) -> Result<(), CommandError> {
    if args.to.is_some() && args.packages.len() != 1 {
        return Err(CommandError::usage("`--to` takes the files of one package")
            .help("pull one package after the other, each to its own folder"));
    }
    let session = Session::open(context, None).await?;
    let source = session.source();
    let requirements = requirements(args, &source).await?;
    let request = Request { as_of: args.as_of, ..Request::default() };
    let lock = lock_requirements(&source, &requirements, &request).await?;
    let gate = Gate::new(policy_of(context.cwd(), context)?, context.now());
    let installed = match &args.to {
        Some(folder) => {
            let wanted = asked_for(&lock).into_iter().next();
            let wanted = wanted.ok_or_else(|| CommandError::usage("nothing was asked for"))?;
            // Without the `.` that a person types and nobody wants to read.
            let folder: PathBuf = context.resolve(folder).components().collect();
            vec![install_to(&source, &lock, &wanted, &folder, &gate).await?]
        }
        None => install(&source, &lock, &gate).await?,
    };
    warn_of_advisories(context, &source, &lock, &gate)?;
    for one in installed.iter().filter(|one| one.changed) {
        context.terminal.status("Installed", format!("{} ({})", title(one), bytes(one.size_bytes)));
    }
    if context.global.json {
        let all: Vec<_> = installed.iter().map(to_json).collect();
        context.terminal.print_json(&json!({ "installed": all }));
        return Ok(());
    }
    let asked = asked_for(&lock);
    for one in installed.iter().filter(|one| asked.contains(&one.id)) {
        context.terminal.print(&Text::from(one.path.display().to_string()));
    }
    Ok(())
}

async fn requirements(
    args: &PullArgs,
    source: &Source<'_>,
) -> Result<Vec<Dependency>, CommandError> {
    let mut requirements = Vec::new();
    for spec in &args.packages {
        requirements.push(Dependency {
            name: source.pages().owners_spelling(&spec.name).await?,
            requirement: spec.requirement.clone().unwrap_or_default(),
            relation: Default::default(),
            variant: spec.variant.clone().or_else(|| args.variant.clone()),
        });
    }
    Ok(requirements)
}

/// The releases that were chosen for what was asked, without what they need.
fn asked_for(lock: &Lock) -> Vec<ReleaseId> {
    let release = |requirement: &tare_format::lock::LockedRequirement| ReleaseId {
        name: requirement.name.clone(),
        version: requirement.version.clone(),
    };
    lock.requirements.iter().map(release).collect()
}
