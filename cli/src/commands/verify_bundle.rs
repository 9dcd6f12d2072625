//! `tare verify-bundle`.

use std::path::{Path, PathBuf};

use tare_client::sigstore::{
    ArtifactDigest, BundleCheck, Clock, IdentityPattern, IdentityPolicy, SignedBy, Signer, Subject,
    Verdict, verify_bundle,
};

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Table, Text, Tone};

/// Check who signed a file, by the Sigstore bundle that came with it
///
/// The bundle may come from any tool: cosign, npm, PyPI, GitHub, model signing. No request is made. The signer is somebody
/// whom an issuer knows, or the holder of a key.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyBundleArgs {
    /// The bundle
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// Who is to have signed: the whole identity; `*` stands for anything but `/`
    #[arg(long, value_name = "IDENTITY", requires = "certificate_oidc_issuer")]
    certificate_identity: Option<IdentityPattern>,
    /// By whose word: the exact URL of the issuer
    #[arg(long, value_name = "URL", requires = "certificate_identity")]
    certificate_oidc_issuer: Option<String>,
    /// The public key whose holder is to have signed
    #[arg(
        long,
        value_name = "PEM",
        conflicts_with = "certificate_identity",
        required_unless_present = "certificate_identity"
    )]
    key: Option<PathBuf>,
    /// The trust root to check under, instead of the one that `tare trust show` shows
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// The file, or its digest as `sha256:HEX` or `sha512:HEX`
    #[arg(value_name = "FILE|DIGEST")]
    artifact: String,
}

pub(super) fn run(args: &VerifyBundleArgs, context: &Context) -> Result<(), CommandError> {
    let check = BundleCheck {
        bundle: context.resolve(&args.bundle),
        signer: signer(args, context)?,
        subject: subject(&args.artifact, context)?,
        trusted_root: args.trusted_root.as_ref().map(|path| context.resolve(path)),
    };
    let verdict = verify_bundle(&check, context.home(), &context.config()?, context.now())?;
    show(&verdict, context);
    Ok(())
}

fn signer(args: &VerifyBundleArgs, context: &Context) -> Result<Signer, CommandError> {
    match (&args.certificate_identity, &args.certificate_oidc_issuer, &args.key) {
        (Some(identity), Some(issuer), None) => {
            let policy = IdentityPolicy::new(identity.clone(), issuer);
            policy.map(Signer::Identity).map_err(|error| CommandError::usage(error.to_string()))
        }
        (None, None, Some(key)) => Ok(Signer::Key(context.resolve(key))),
        _ => {
            Err(CommandError::usage("either an identity and its issuer, or a key, is to be given"))
        }
    }
}

/// A digest, unless there is a file of that name.
fn subject(text: &str, context: &Context) -> Result<Subject, CommandError> {
    let path = context.resolve(Path::new(text));
    let looks_like_one =
        ["sha256:", "sha384:", "sha512:"].iter().any(|hash| text.starts_with(hash));
    if path.exists() || !looks_like_one {
        return Ok(Subject::File(path));
    }
    match text.parse::<ArtifactDigest>() {
        Ok(digest) => Ok(Subject::Digest(digest)),
        Err(error) => Err(CommandError::usage(error.to_string())),
    }
}

fn show(verdict: &Verdict, context: &Context) {
    if context.global.json {
        context.terminal.print_json(verdict);
        return;
    }
    let mut table = Table::new();
    let mut row = |key: &str, value: &str| {
        table.row([Text::new().dim(key), Text::from(value)]);
    };
    match &verdict.signer {
        SignedBy::Identity { identity, issuer, build } => {
            row("signer", identity);
            row("issuer", issuer);
            let build = [
                ("repository", &build.repository),
                ("commit", &build.commit),
                ("ref", &build.reference),
                ("workflow", &build.workflow),
                ("trigger", &build.trigger),
                ("runner", &build.runner),
                ("run", &build.run),
            ];
            for (key, value) in build {
                if let Some(value) = value {
                    row(key, value);
                }
            }
        }
        SignedBy::Key(key) => row("signer", &format!("key {key}")),
        other => row("signer", &format!("{other:?}")),
    }
    row("artifact", &verdict.artifact.to_string());
    if let Some(kind) = &verdict.predicate_type {
        row("statement", kind);
    }
    for time in &verdict.times {
        let by = if time.by == Clock::Log { "the log" } else { "a timestamp authority" };
        row("signed", &format!("{}, says {by}", time.time));
    }
    if let Some(log) = &verdict.log {
        row("log", &format!("{}, entry {}", log.log, log.index));
    }
    if let Some(root) = &verdict.trust_root {
        row("trust root", &root.to_string());
    }
    let checked: Vec<_> = verdict.checked.iter().map(|check| check.words()).collect();
    row("checked", &checked.join(", "));
    table.print(&context.terminal);
    context.terminal.print(&Text::new().toned(Tone::Good, "verified"));
}
