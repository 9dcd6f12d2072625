//! `tare verify PATH`: a model against its OpenSSF model signature.

use std::path::{Path, PathBuf};

use serde_json::json;
use tare_client::ErrorKind;
use tare_client::keys::read_public;
use tare_client::model::{
    Difference, Layout, ModelKeys, ModelReport, VerifyOptions, verify as verify_model,
};

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Text, Tone, bytes, count};

/// How to check a model.
#[derive(Debug, clap::Args)]
#[group(id = "model-signature", multiple = true)]
pub(super) struct ModelArgs {
    /// A folder or a file with an OpenSSF model signature
    #[arg(id = "model", value_name = "PATH")]
    path: Option<PathBuf>,
    /// The public key that has to have signed it, in PEM; give several if any of them may
    #[arg(long, value_name = "FILE", requires = "model")]
    key: Vec<PathBuf>,
    /// Where the signature lies, instead of model.sig in the folder or FILE.sig beside the file
    #[arg(long, value_name = "FILE", requires = "model")]
    signature: Option<PathBuf>,
    /// Files or folders of the model that are known not to be signed
    #[arg(long, value_name = "PATH", requires = "model")]
    ignore_paths: Vec<PathBuf>,
}

impl ModelArgs {
    /// The model that is meant, if one is.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

pub(super) async fn run(
    path: &Path,
    args: &ModelArgs,
    context: &Context,
) -> Result<(), CommandError> {
    if args.key.is_empty() {
        return Err(CommandError::usage("it is not said who has to have signed the model")
            .help("name their public key with `--key FILE`"));
    }
    let keys = args.key.iter().map(|path| read_public(&context.resolve(path)));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let options = VerifyOptions {
        signature: args.signature.as_deref().map(|path| context.resolve(path)),
        ignored: args.ignore_paths.clone(),
    };
    let path = context.resolve(path);
    let report = verify_model(&path, &options, &ModelKeys(&keys), &context.progress()).await?;
    show(&report, context);
    outcome(&report)
}

fn show(report: &ModelReport, context: &Context) {
    if context.global.json {
        context.terminal.print_json(&to_json(report));
        return;
    }
    for difference in &report.differences {
        let word = Text::new().toned(Tone::Bad, difference.kind());
        context.terminal.print(&word.plain(": ").plain(difference.to_string()));
    }
    if !report.left_out.is_empty() {
        let left_out = report.left_out.join(", ");
        context.terminal.warn(format!("the signature says nothing about {left_out}"));
    }
    let verb = if report.differences.is_empty() { "Verified" } else { "Checked" };
    let size = format!("{}, {}", count(report.files, "file"), bytes(report.bytes));
    let name = &report.statement.name;
    context.terminal.status(verb, format!("{name}, {size}, signed by {}", report.signer));
}

fn outcome(report: &ModelReport) -> Result<(), CommandError> {
    let Some(first) = report.differences.first() else { return Ok(()) };
    let message = match report.differences.len() {
        1 => format!("the model is not the one that was signed: {first}"),
        more => {
            let more = count(more, "difference");
            format!("the model is not the one that was signed: {more}, first {first}")
        }
    };
    Err(CommandError::new(ErrorKind::Trust, "E-MODEL-DIFFERS", message)
        .help("do not use it; get it again from its maker"))
}

fn to_json(report: &ModelReport) -> serde_json::Value {
    let differences: Vec<_> = report.differences.iter().map(difference).collect();
    json!({
        "signature": report.signature,
        "model": report.statement.name,
        "signer": report.signer.to_string(),
        "root": report.statement.root,
        "layout": match report.statement.layout {
            Layout::Files => "files",
            Layout::Shards => "shards",
        },
        "files": report.files,
        "bytes": report.bytes,
        "differences": differences,
        "left-out": report.left_out,
    })
}

fn difference(difference: &Difference) -> serde_json::Value {
    let (expected, found) = match difference {
        Difference::Changed { expected, found, .. } => (json!(expected), json!(found)),
        Difference::Size { expected, found, .. } => (json!(expected), json!(found)),
        Difference::Missing { .. } | Difference::Extra { .. } => (json!(null), json!(null)),
    };
    json!({
        "path": difference.path(),
        "kind": difference.kind(),
        "message": difference.to_string(),
        "expected": expected,
        "found": found,
    })
}
