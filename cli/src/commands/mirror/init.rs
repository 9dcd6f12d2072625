//! `tare mirror init`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;
use tare_client::credentials::Tokens;
use tare_client::mirror::Mirror;
use tare_client::mirror::amount::{Age, ByteSize};
use tare_client::mirror::config::Config;
use tare_client::mirror::filter::{Filters, Pattern};
use tare_client::origin::registry_url;
use tare_format::manifest::Kind;
use tare_license::Class;
use url::Url;

use super::LimitArgs;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::Text;

/// Make a mirror: its folder, its keys and `.mirror/mirror.toml`, which can be edited later
///
/// Prints the line by which the registry's root document can name it as a witness, and the argument that puts it there. Nothing is fetched before `tare mirror sync`.
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// The folder that will be served
    dir: PathBuf,
    /// The registry, by its name or its URL; more URLs are asked when the first fails
    #[arg(long, required = true, value_name = "NAME|URL")]
    from: Vec<String>,
    /// What the mirror is called, as `mirror.example.org/m`
    #[arg(long)]
    name: Option<String>,
    /// Where it will be served
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Hold packages with such names only, as `commons/*`
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    include: Vec<Pattern>,
    /// Hold no packages with such names
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    exclude: Vec<Pattern>,
    /// Hold packages of these kinds only: model, adapter, dataset, collection
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = parse_kind)]
    kind: Vec<Kind>,
    /// Hold releases under licences of these classes only, as `public-domain,permissive`
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    license_class: Vec<Class>,
    /// Hold no release with a larger file, as `50GB`
    #[arg(long, value_name = "SIZE")]
    max_file_size: Option<ByteSize>,
    /// Hold the newest releases that fit into so much, as `2TB`
    #[arg(long, value_name = "SIZE")]
    max_size: Option<ByteSize>,
    /// Hold so many versions of each package, the highest
    #[arg(long, value_name = "COUNT")]
    latest: Option<NonZeroU32>,
    /// Hold releases that are not older, as `180d`
    #[arg(long, value_name = "AGE")]
    max_age: Option<Age>,
    /// Hold the contents of what packages were made from, too
    #[arg(long)]
    with_lineage: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

pub(super) async fn run(args: InitArgs, context: &Context) -> Result<(), CommandError> {
    let mut sources = Vec::new();
    let mut registry = None;
    for choice in &args.from {
        let known = context.config()?.choose(Some(choice))?;
        let client = context.client(&known, Tokens::default())?;
        let id = match known.id {
            Some(id) => id,
            None => client.descriptor().await?.id.clone(),
        };
        let expected = registry.get_or_insert_with(|| id.clone());
        if *expected != id {
            let message = format!("{} is the registry `{id}`, not `{expected}`", known.url);
            return Err(CommandError::usage(message));
        }
        sources.push(known.url);
    }
    let registry = registry.ok_or_else(|| CommandError::usage("no registry is named"))?;
    let public_url = args.public_url.as_deref().map(registry_url).transpose();
    let public_url = public_url.map_err(|error| CommandError::usage(error.to_string()))?;
    let name = args.name.clone().unwrap_or_else(|| name_of(public_url.as_ref()));
    let config = Config {
        registry,
        name: name.parse().map_err(|error| CommandError::usage(format!("{error}")))?,
        sources,
        public_url,
        limits: args.limits.over(tare_client::mirror::pace::Limits::default()),
        filters: filters(&args),
    };
    let root = context.resolve(&args.dir);
    let mirror = Mirror::init(&root, config, Timestamp::now, context.progress()).await?;
    show(&mirror, context)?;
    mirror.close().await;
    Ok(())
}

fn filters(args: &InitArgs) -> Filters {
    Filters {
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        kind: args.kind.clone(),
        license_class: args.license_class.clone(),
        max_file_size: args.max_file_size,
        max_size: args.max_size,
        latest: args.latest,
        max_age: args.max_age,
        with_lineage: args.with_lineage,
    }
}

/// A name that says where the mirror is; the operator may choose another.
fn name_of(public_url: Option<&Url>) -> String {
    let host = public_url.and_then(Url::host_str).unwrap_or("mirror.local");
    format!("{host}/mirror")
}

fn show(mirror: &Mirror, context: &Context) -> Result<(), CommandError> {
    let (config, keys) = (mirror.config(), mirror.public_keys()?);
    let label: String = config
        .name
        .as_str()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let url = config.public_url.as_ref().map(|url| format!(" {url}")).unwrap_or_default();
    let witness = format!("witness {label} {}{url}", keys.cosigner);
    let argument_url = config.public_url.as_ref().map(|url| format!("={url}")).unwrap_or_default();
    let argument = format!("--add-witness '{label}={}{argument_url}'", keys.cosigner);
    if context.global.json {
        context.terminal.print_json(&json!({
            "mirror": mirror.root(),
            "registry": config.registry,
            "name": config.name.as_str(),
            "witness": witness,
            "add-witness": argument,
            "statements": keys.statements,
            "coverage": config.filters.words(),
        }));
        return Ok(());
    }
    let place = context.show(mirror.root());
    context.terminal.status("Created", format!("a mirror of `{}` in `{place}`", config.registry));
    context.terminal.status("Holding", config.filters.words());
    context.terminal.status("Signing", format!("statements with {}", keys.statements));
    context.terminal.print(&Text::from(witness));
    context.terminal.print(&Text::from(argument));
    Ok(())
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    let known = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
    known.ok_or_else(|| format!("`{text}` is no kind: use model, adapter, dataset or collection"))
}
