//! `tare sign`: an OpenSSF model signature for a folder or a file.

use std::path::PathBuf;

use serde_json::json;
use tare_client::model::{ModelSignature, SignOptions, sign};

use crate::context::Context;
use crate::error::CommandError;
use crate::signing::SigningArgs;
use crate::ui::{Text, Tone, bytes, count};

/// Sign a model that is a folder or a file
///
/// The signature lists every file with its SHA-256. It is an OpenSSF model signature: `tare verify`, `model_signing verify`
/// and others check it. It is written to model.sig in the folder, or beside the file as FILE.sig.
#[derive(Debug, clap::Args)]
pub(crate) struct SignArgs {
    /// The folder or the file
    model: PathBuf,
    #[command(flatten)]
    signing: SigningArgs,
    /// Where to write the signature
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// Leave out a file or a folder of the model; whoever verifies sees that it was left out
    #[arg(long, value_name = "PATH", num_args = 1..)]
    ignore_paths: Vec<PathBuf>,
    /// Sign .git, .gitattributes, .github and .gitignore too
    #[arg(long)]
    no_ignore_git_paths: bool,
    /// Take links to files for the files that they point to
    #[arg(long, alias = "allow_symlinks")]
    allow_symlinks: bool,
}

pub(super) async fn run(args: &SignArgs, context: &Context) -> Result<(), CommandError> {
    let options = SignOptions {
        signature: args.signature.as_deref().map(|path| context.resolve(path)),
        ignored: args.ignore_paths.clone(),
        with_git: args.no_ignore_git_paths,
        follow_links: args.allow_symlinks,
    };
    let model = context.resolve(&args.model);
    let signer = args.signing.open(context)?;
    let made = sign(&model, &options, &*signer, &context.progress()).await?;
    if context.global.json {
        context.terminal.print_json(&to_json(&made));
        return Ok(());
    }
    if !made.left_out.is_empty() {
        let left_out = made.left_out.join(", ");
        context.terminal.warn(format!("the signature says nothing about {left_out}"));
    }
    let size = format!("{}, {}", count(made.files, "file"), bytes(made.bytes));
    context.terminal.status("Signed", format!("{}, {size}, with key {}", made.name, made.key));
    let path = made.path.display().to_string();
    context.terminal.print(&Text::new().toned(Tone::Name, path));
    Ok(())
}

fn to_json(made: &ModelSignature) -> serde_json::Value {
    json!({
        "signature": made.path,
        "model": made.name,
        "key": made.key.to_string(),
        "files": made.files,
        "bytes": made.bytes,
        "left-out": made.left_out,
    })
}
