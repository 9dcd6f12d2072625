//! `tare new`: a folder for a new package.

use std::path::PathBuf;

use serde_json::json;
use tare_client::detect::{self, Detected, manifest_text, project_text};
use tare_format::PackageName;
use tare_format::manifest::Kind;

use crate::commands::init::name_for;
use crate::context::Context;
use crate::error::CommandError;

/// Make a folder for a new package
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// The folder
    path: PathBuf,
    /// The package's name, as `ns/name`
    #[arg(long)]
    name: Option<PackageName>,
    /// What it will be: model, adapter, dataset or collection
    #[arg(long, default_value = "model")]
    kind: Kind,
    /// Make a project instead, which only uses packages
    #[arg(long, conflicts_with_all = ["name", "kind"])]
    project: bool,
}

pub(super) fn run(args: &NewArgs, context: &Context) -> Result<(), CommandError> {
    let folder = context.resolve(&args.path);
    let name = name_for(&folder, args.name.as_ref())?;
    let text = if args.project {
        project_text()
    } else {
        let readme = Some("README.md".to_owned());
        manifest_text(&name, args.kind, &Detected { readme, ..Detected::default() })
    };
    let manifest = detect::create(&folder, &text)?;
    if !args.project {
        write_readme(&folder, &name)?;
    }
    if context.global.json {
        let kind = (!args.project).then_some(args.kind);
        context.terminal.print_json(&json!({ "manifest": manifest, "kind": kind }));
        return Ok(());
    }
    context.terminal.status("Created", context.show(&manifest));
    if !args.project && args.name.is_none() {
        context
            .terminal
            .warn(format!("the name is `{name}` for now: put your own namespace before the slash"));
    }
    Ok(())
}

/// A page to begin with, unless there is one.
fn write_readme(folder: &std::path::Path, name: &PackageName) -> Result<(), CommandError> {
    use std::io::Write as _;
    let path = folder.join("README.md");
    let written =
        std::fs::File::create_new(&path).and_then(|mut file| writeln!(file, "# {}", name.name()));
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(CommandError::io(format!("failed to write `{}`", path.display()), &error))
        }
        _ => Ok(()),
    }
}
