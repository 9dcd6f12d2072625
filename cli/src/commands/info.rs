//! `tare info`.

use serde_json::{Value, json};
use tare_client::history::ReleaseHistory;
use tare_client::info::{Info, info};
use tare_client::resolve::Standing;
use tare_format::PackageSpec;
use tare_format::release::ReleaseLineage;
use tare_license::{Catalogue, class_of};

use super::tree::tone;
use crate::context::Context;
use crate::error::CommandError;
use crate::session::Session;
use crate::ui::{Table, Text, Tone, bytes};

/// Show what there is to know about a package
#[derive(Debug, clap::Args)]
pub(crate) struct InfoArgs {
    /// Which, as `ns/name` or `ns/name@1.2.0`; the newest version when none is named
    package: PackageSpec,
}

pub(super) async fn run(args: &InfoArgs, context: &Context) -> Result<(), CommandError> {
    let session = Session::open(context, None).await?;
    let source = session.source();
    let name = source.pages().owners_spelling(&args.package.name).await?;
    let found = info(&source, &name, args.package.requirement.as_ref()).await?;
    if context.global.json {
        context.terminal.print_json(&to_json(&found));
    } else {
        show(&found, context);
    }
    Ok(())
}

fn show(info: &Info, context: &Context) {
    let about = &info.release.about;
    let title = Text::new()
        .toned(Tone::Name, info.id.to_string())
        .plain(format!("  {}", info.release.kind));
    context.terminal.print(&title.join(&standing_text(info)));
    for text in [Some(&about.description), info.summary.as_ref(), info.readme.as_ref()] {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            context.terminal.print(&Text::from(text.as_str()));
        }
    }
    let mut table = Table::new();
    let mut field = |key: &str, value: Text| table.row([Text::new().dim(key), value]);
    for (part, expression) in info.release.license.iter() {
        let classes = class_of(expression.as_str(), Catalogue::builtin());
        let value =
            Text::from(format!("{expression} ")).toned(tone(classes), format!("[{classes}]"));
        field(&format!("license {part}"), value);
    }
    for (variant, size) in &info.sizes {
        let key =
            variant.as_ref().map_or("size".to_owned(), |variant| format!("variant {variant}"));
        let is_default = info.release.variants.as_ref().map(|all| &all.default) == variant.as_ref()
            && variant.is_some();
        field(&key, Text::from(bytes(*size)).dim(if is_default { " (default)" } else { "" }));
    }
    for needed in &info.release.dependencies {
        let value = format!("{} {}", needed.name, needed.requirement);
        field("needs", Text::from(value).dim(format!(" ({})", needed.relation)));
    }
    for ancestor in &info.release.lineage {
        let relation = ancestor.relation.as_str();
        field("made from", Text::from(source_of(ancestor)).dim(format!(" ({relation})")));
    }
    for hidden in &info.release.undisclosed {
        let relation = hidden.relation.as_str();
        field("undisclosed", Text::from(hidden.description.as_str()).dim(format!(" ({relation})")));
    }
    for (key, link) in [("repository", &about.repository), ("homepage", &about.homepage)] {
        if let Some(link) = link {
            field(key, Text::from(link.as_str()));
        }
    }
    field("release", Text::from(info.digest.to_string()));
    for signer in &info.signers {
        field("signed by", Text::from(signer.to_string()));
    }
    for (index, release) in info.history.releases.values().rev().enumerate() {
        field(if index == 0 { "versions" } else { "" }, version_text(release));
    }
    table.print(&context.terminal);
}

fn version_text(release: &ReleaseHistory) -> Text {
    let day = release.at.to_string();
    let day = day.split('T').next().unwrap_or_default();
    let text = Text::from(release.published.version.to_string()).dim(format!("  {day}"));
    text.join(&standing(&release.standing))
}

fn standing_text(info: &Info) -> Text {
    let release = info.history.releases.get(&info.id.version);
    release.map(|release| standing(&release.standing)).unwrap_or_default()
}

fn standing(standing: &Standing) -> Text {
    match standing {
        Standing::Available => Text::new(),
        Standing::Yanked { reason } => Text::new().toned(Tone::Warn, format!("  yanked: {reason}")),
        Standing::Withdrawn { reason } => {
            Text::new().toned(Tone::Bad, format!("  withdrawn: {reason}"))
        }
    }
}

fn source_of(ancestor: &ReleaseLineage) -> String {
    match (&ancestor.version, &ancestor.revision) {
        (Some(version), _) => format!("{}@{version}", ancestor.source),
        (None, Some(revision)) => format!("{}@{revision}", ancestor.source),
        (None, None) => ancestor.source.to_string(),
    }
}

fn to_json(info: &Info) -> Value {
    let versions: Vec<Value> = info.history.releases.values().rev().map(version_to_json).collect();
    let variants: Vec<Value> = info
        .sizes
        .iter()
        .map(|(variant, size)| json!({ "variant": variant, "size": size }))
        .collect();
    json!({
        "package": info.id.name,
        "version": info.id.version,
        "release": info.digest,
        "signers": info.signers,
        "document": info.release,
        "variants": variants,
        "summary": info.summary,
        "readme": info.readme,
        "versions": versions,
        "accepted-signers": info.history.signers,
    })
}

fn version_to_json(release: &ReleaseHistory) -> Value {
    let (yanked, withdrawn) = match &release.standing {
        Standing::Available => (None, None),
        Standing::Yanked { reason } => (Some(reason), None),
        Standing::Withdrawn { reason } => (None, Some(reason)),
    };
    json!({
        "version": release.published.version,
        "published": release.at.to_string(),
        "by": release.by,
        "release": release.published.release,
        "size": release.published.size,
        "license": release.published.license,
        "yanked": yanked,
        "withdrawn": withdrawn,
    })
}
