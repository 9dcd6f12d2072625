//! `tare add`.

use serde_json::json;
use tare_client::ErrorKind;
use tare_client::info::history;
use tare_client::project::Addition;
use tare_client::source::Source;
use tare_client::update::update;
use tare_format::manifest::DependencyRelation;
use tare_format::{PackageSpec, VariantName};

use super::lock::{SignerArgs, request, save, show_changes, to_json};
use crate::context::Context;
use crate::error::CommandError;
use crate::session::{Session, open_project, project_error};

/// Add dependencies to Tare.toml, and lock them
///
/// Without a version, the newest one that is compatible with today's newest is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// What to add, as `ns/name`, `ns/name@^1.2` or `ns/name@1.2.0:variant`
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<String>,
    /// The variant to use
    #[arg(long)]
    variant: Option<VariantName>,
    /// What it is for
    #[arg(long, value_parser = parse_relation, value_name = "base|tokenizer|component|member")]
    relation: Option<DependencyRelation>,
    #[command(flatten)]
    signers: SignerArgs,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: &AddArgs, context: &Context) -> Result<(), CommandError> {
    let mut project = open_project(context)?;
    let session = Session::open(context, project.lock()).await?;
    let source = session.source();
    let mut additions = Vec::new();
    for text in &args.packages {
        let addition = addition(text, args, &source).await?;
        check_once(&additions, &addition)?;
        project.add(&addition).map_err(|error| project_error(context, error))?;
        additions.push(addition);
    }
    let updated = update(&source, &project, &request(&args.signers, context)).await?;
    if !args.dry_run {
        project.save_manifest().map_err(|error| project_error(context, error))?;
        save(&mut project, &updated, context)?;
    }
    for Addition { name, requirement, .. } in &additions {
        context.terminal.status("Adding", format!("{name} {requirement} to [dependencies]"));
    }
    show_changes(&updated.changes, context);
    if args.dry_run {
        context.terminal.warn("nothing was written, because of `--dry-run`");
    }
    if context.global.json {
        let added: Vec<_> = additions.iter().map(addition_to_json).collect();
        let mut result = to_json(&updated, args.dry_run);
        result["added"] = json!(added);
        context.terminal.print_json(&result);
    }
    Ok(())
}

async fn addition(
    text: &str,
    args: &AddArgs,
    source: &Source<'_>,
) -> Result<Addition, CommandError> {
    let spec: PackageSpec =
        text.parse().map_err(|error| CommandError::usage(format!("{error}")))?;
    if spec.variant.is_some() && args.variant.is_some() && spec.variant != args.variant {
        return Err(CommandError::usage("`--variant` and the variant after `:` are not the same"));
    }
    let name = source.pages().owners_spelling(&spec.name).await?;
    let requirement = match written_requirement(text) {
        Some(requirement) => requirement.to_owned(),
        None => {
            let newest = history(source, &name).await?;
            let newest = newest.newest().ok_or_else(|| {
                let message = format!("every version of `{name}` is yanked or withdrawn");
                CommandError::new(ErrorKind::NotFound, "E-NO-VERSION", message)
                    .help(format!("`tare info {name}` says why"))
            })?;
            // An adapter fits one base and no other.
            let operator = if args.relation == Some(DependencyRelation::Base) { '=' } else { '^' };
            format!("{operator}{}", newest.published.version)
        }
    };
    let variant = spec.variant.or_else(|| args.variant.clone());
    Ok(Addition { name, requirement, relation: args.relation, variant })
}

/// A project has one requirement and one variant of a package, so of two the last would win silently.
fn check_once(before: &[Addition], addition: &Addition) -> Result<(), CommandError> {
    if before.iter().all(|other| other.name.key() != addition.name.key()) {
        return Ok(());
    }
    let message = format!("`{}` is to be added twice", addition.name);
    Err(CommandError::usage(message).help("name it once, with the version and the variant wanted"))
}

/// The requirement as it was typed, which is how it goes into the manifest.
fn written_requirement(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('@')?;
    Some(rest.rsplit_once(':').map_or(rest, |(requirement, _)| requirement))
}

fn addition_to_json(addition: &Addition) -> serde_json::Value {
    json!({
        "package": addition.name,
        "requirement": addition.requirement,
        "relation": addition.relation,
        "variant": addition.variant,
    })
}

fn parse_relation(text: &str) -> Result<DependencyRelation, String> {
    use DependencyRelation::{Base, Component, Member, Tokenizer};
    let all = [Base, Tokenizer, Component, Member];
    let named = all.into_iter().find(|relation| relation.as_str() == text);
    named.ok_or_else(|| {
        format!("`{text}` is not a relation: expected base, tokenizer, component or member")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_is_written_as_it_was_typed() {
        assert_eq!(written_requirement("a/b@^0.4"), Some("^0.4"));
        assert_eq!(written_requirement("a/b@>=1, <2:q4"), Some(">=1, <2"));
        assert_eq!(written_requirement("a/b:q4"), None);
        assert_eq!(written_requirement("a/b"), None);
    }
}
