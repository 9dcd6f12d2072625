//! `tare init`: a manifest for a folder that is there.

use std::path::{Path, PathBuf};

use serde_json::json;
use tare_client::detect::{self, Detected, detect, manifest_text, project_text};
use tare_format::PackageName;
use tare_format::manifest::Kind;

use crate::context::Context;
use crate::error::CommandError;

/// Write a Tare.toml for this folder
///
/// A folder with a model or data becomes a package: safetensors, GGUF, ONNX, PyTorch, Parquet, CSV and folders from a
/// model hub are recognised, and what their files say is written down. Any other folder becomes a project, which uses
/// packages. A Tare.toml that is there is never changed.
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// The folder to look at and to write to, instead of this one
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// The package's name, as `ns/name`
    #[arg(long)]
    name: Option<PackageName>,
    /// What it is, if that cannot be seen: model, adapter, dataset or collection
    #[arg(long)]
    kind: Option<Kind>,
    /// Make a project, whatever is in the folder
    #[arg(long, conflicts_with_all = ["name", "kind"])]
    project: bool,
}

pub(super) fn run(args: &InitArgs, context: &Context) -> Result<(), CommandError> {
    let folder =
        args.from.as_ref().map_or_else(|| context.cwd().to_owned(), |from| context.resolve(from));
    if !folder.is_dir() {
        return Err(CommandError::usage(format!("`{}` is not a folder", folder.display()))
            .help("make one with `tare new`, or check the path"));
    }
    let mut found = if args.project { Detected::default() } else { detect(&folder)? };
    if !args.project && found.kind.is_none() {
        found.warnings.push(match args.kind {
            Some(_) => "no model or data files were recognised".to_owned(),
            None => "no model or data files were recognised; if it is a package, say what it is with `--kind`".to_owned(),
        });
    }
    let kind = args.kind.or(found.kind);
    // A name alone says that a package is meant.
    let kind = kind.or_else(|| args.name.as_ref().map(|_| Kind::Model));
    if kind == Some(Kind::Adapter) {
        found.warnings.push(
            "an adapter needs its base: add that package under `[dependencies]` before it is packaged".to_owned(),
        );
    }
    let name = name_for(&folder, args.name.as_ref())?;
    let text = kind.map_or_else(project_text, |kind| manifest_text(&name, kind, &found));
    let manifest = detect::create(&folder, &text)?;
    if context.global.json {
        context.terminal.print_json(&json!({
            "manifest": manifest,
            "kind": kind,
            "name": kind.map(|_| name.to_string()),
            "recognised": found.formats,
            "warnings": found.warnings,
        }));
        return Ok(());
    }
    explain(&found, kind, &manifest, context);
    if kind.is_some() && args.name.is_none() {
        context
            .terminal
            .warn(format!("the name is `{name}` for now: put your own namespace before the slash"));
    }
    Ok(())
}

fn explain(found: &Detected, kind: Option<Kind>, manifest: &Path, context: &Context) {
    if !found.formats.is_empty() {
        context.terminal.status("Recognised", found.formats.join(", "));
    }
    let what = kind.map_or("a project", |kind| match kind {
        Kind::Model => "a model",
        Kind::Adapter => "an adapter",
        Kind::Dataset => "a dataset",
        Kind::Collection => "a collection",
    });
    context.terminal.status("Created", format!("{} for {what}", context.show(manifest)));
    for warning in &found.warnings {
        context.terminal.warn(warning);
    }
    if !found.lineage.is_empty() {
        context.terminal.warn("its lineage was inferred: check the entries that say so");
    }
}

/// The name that was given, or one from the folder's, in a namespace to be replaced.
pub(super) fn name_for(
    folder: &Path,
    given: Option<&PackageName>,
) -> Result<PackageName, CommandError> {
    if let Some(name) = given {
        return Ok(name.clone());
    }
    let own = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut name = String::new();
    for c in own.chars() {
        let c = if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' };
        let repeats = matches!(c, '-' | '.') && name.ends_with(c);
        let begins = name.is_empty() && !c.is_ascii_alphanumeric();
        if !repeats && !begins && name.len() < 64 {
            name.push(c);
        }
    }
    let name = name.trim_end_matches(['-', '.']);
    let name = format!("my-namespace/{}", if name.is_empty() { "package" } else { name });
    name.parse().map_err(|error: tare_format::name::NameError| {
        CommandError::usage(error.to_string()).help("give the package a name with `--name ns/name`")
    })
}
