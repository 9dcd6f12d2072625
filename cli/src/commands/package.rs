//! `tare package`: what would be published.

use std::path::PathBuf;

use serde_json::json;
use tare_client::package::{Prepared, prepare, select};
use tare_format::release::FileClass;

use crate::commands::publish::blocking;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Table, Text, Tone, bytes, count};

/// Check a package and show what would be published, without asking a registry
#[derive(Debug, clap::Args)]
pub(crate) struct PackageArgs {
    /// The package's folder, instead of this one
    path: Option<PathBuf>,
    /// List every file: its size, how it travels, its variant and its chunks
    #[arg(long, short)]
    list: bool,
}

pub(super) async fn run(args: &PackageArgs, context: &Context) -> Result<(), CommandError> {
    let folder =
        args.path.as_ref().map_or_else(|| context.cwd().to_owned(), |path| context.resolve(path));
    let progress = context.progress();
    let prepared = blocking(move || prepare(&select(&folder)?, &progress)).await?;
    if context.global.json {
        context.terminal.print_json(&to_json(&prepared));
        return Ok(());
    }
    if args.list {
        list(&prepared, context);
    }
    let release = &prepared.release;
    let files = count(release.files.len(), "file");
    let size = bytes(release.total_size());
    context
        .terminal
        .status("Packaged", format!("{} {}: {files}, {size}", release.kind, release.id()));
    context.terminal.status(
        "",
        format!("meta archive {}, release {}", bytes(release.meta.size), prepared.digest),
    );
    Ok(())
}

fn list(prepared: &Prepared, context: &Context) {
    let mut table = Table::new().right(0).right(2);
    for file in &prepared.release.files {
        let chunks =
            prepared.cuts.get(&file.path).map(|cut| count(cut.recipe.chunks().len(), "chunk"));
        let class = match file.class {
            FileClass::Meta => "meta",
            FileClass::Data => "data",
        };
        let variant = file.variant.as_ref().map(ToString::to_string).unwrap_or_default();
        table.row([
            Text::from(bytes(file.size)),
            Text::new().dim(class),
            Text::new().dim(chunks.unwrap_or_default()),
            Text::new().toned(Tone::Name, file.path.to_string()),
            Text::new().dim(if variant.is_empty() { variant } else { format!(":{variant}") }),
        ]);
    }
    table.print(&context.terminal);
}

fn to_json(prepared: &Prepared) -> serde_json::Value {
    let release = &prepared.release;
    let files = release.files.iter().map(|file| {
        let cut = prepared.cuts.get(&file.path);
        json!({
            "path": file.path,
            "size": file.size,
            "sha256": file.sha256,
            "class": file.class,
            "variant": file.variant,
            "media-type": file.media_type,
            "chunks": cut.map(|cut| cut.recipe.chunks().len()),
            "chunker": cut.map(|cut| cut.recipe.chunker().id()),
        })
    });
    json!({
        "name": release.name,
        "version": release.version,
        "kind": release.kind,
        "release": prepared.digest,
        "size": release.total_size(),
        "meta": release.meta,
        "files": files.collect::<Vec<_>>(),
    })
}
