//! Checking a model against a signature that anybody made.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use tare_sign::Identity;
use tare_sign::model::{
    Difference, Job, MAX_SIGNATURE_SIZE, ModelAuthority, ModelStatement, plan, verify_model,
};
use tare_store::walk::{WalkError, WalkedFile};

use super::ModelError;
use super::found::{Files, Model, THE_FILE, ignored_path, links};
use super::hash::{Run, hash_all};
use crate::event::{Progress, Unit};

/// How to check a model.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// Where the signature lies, instead of `model.sig` in the folder or `<file>.sig` beside the file.
    pub signature: Option<PathBuf>,
    /// Files that are known not to be signed, relative to the model.
    pub ignored: Vec<PathBuf>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelReport {
    /// The signature.
    pub signature: PathBuf,
    /// Who signed.
    pub signer: Identity,
    /// What was signed.
    pub statement: ModelStatement,
    /// How many files were hashed.
    pub files: usize,
    /// How many bytes they have.
    pub bytes: u64,
    /// What differs, sorted by path; nothing when the model is the one that was signed.
    pub differences: Vec<Difference>,
    /// What is there and the signature says nothing about.
    pub left_out: Vec<String>,
}

/// Checks the model at `path`.
///
/// # Errors
/// When there is no model, no signature, none by somebody whom `authority` accepts, or something cannot be read. A model
/// that differs is no error here: the report says how.
pub async fn verify(
    path: &Path,
    options: &VerifyOptions,
    authority: &dyn ModelAuthority,
    progress: &Progress,
) -> Result<ModelReport, ModelError> {
    let model = Model::open(path)?;
    let signature = options.signature.clone().unwrap_or_else(|| model.signature_path());
    let signed = verify_model(&read_signature(&signature)?, authority)
        .map_err(|source| ModelError::Signature { path: signature.clone(), source })?;
    let statement = signed.statement();
    let Files { files, mut left_out } = find(&model, options, &signature, statement)?;
    // That a signature does not cover itself needs no saying.
    left_out.retain(|left_out| model.inside(&signature).as_ref() != Some(left_out));
    let plan = plan(statement, files.iter().map(|file| (file.path.as_str(), file.size_bytes)));
    let run = |job: &Job| Run {
        file: model.file(&job.path),
        range: job.range.clone(),
        size_bytes: job.size_bytes,
    };
    let runs: Vec<_> = plan.jobs.iter().map(run).collect();
    let bytes = runs.iter().map(|run| run.size_bytes).fold(0, u64::saturating_add);
    let task = progress.task("verifying", Unit::Bytes, bytes);
    let handle = task.handle();
    let hashed = tokio::task::spawn_blocking(move || hash_all(&runs, &handle)).await;
    let digests = hashed.map_err(|_| ModelError::Stopped)??;
    let mut differences = plan.differences;
    differences.extend(plan.jobs.iter().zip(digests).filter_map(|(job, found)| job.judge(found)));
    differences.sort_by(|a, b| a.path().cmp(b.path()).then_with(|| a.cmp(b)));
    left_out.extend(plan.unsigned);
    let files = files.len() - differences.iter().filter(|d| d.kind() == "extra").count();
    let (statement, signer) = (statement.clone(), signed.signer().clone());
    Ok(ModelReport { signature, signer, statement, files, bytes, differences, left_out })
}

/// The files of the model, as the statement calls them.
fn find(
    model: &Model,
    options: &VerifyOptions,
    signature: &Path,
    statement: &ModelStatement,
) -> Result<Files, ModelError> {
    let mut ignored = statement.ignored.clone();
    ignored.extend(model.inside(signature));
    for path in &options.ignored {
        ignored.push(ignored_path(model, path)?);
    }
    let mut found = model.files(&ignored, links(statement.follows_links)).map_err(foreign)?;
    // The standard calls a model's only file by its name, and the reference tool by a dot.
    if !model.is_folder() && statement.file(THE_FILE).is_none() {
        let rename = |file: WalkedFile| WalkedFile { path: model.name().to_owned(), ..file };
        found.files = found.files.into_iter().map(rename).collect();
    }
    Ok(found)
}

/// A link or a device that is there now was not there when the model was signed.
fn foreign(error: ModelError) -> ModelError {
    match error {
        ModelError::Walk { path, source } if !matches!(source, WalkError::Io { .. }) => {
            ModelError::Foreign { path, source }
        }
        other => other,
    }
}

fn read_signature(path: &Path) -> Result<Vec<u8>, ModelError> {
    let fail = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => ModelError::Unsigned { path: path.to_owned() },
        _ => ModelError::Read { path: path.to_owned(), source },
    };
    let file = File::open(path).map_err(fail)?;
    let found = file.metadata().map_err(fail)?.len();
    if found > MAX_SIGNATURE_SIZE {
        let limit = MAX_SIGNATURE_SIZE;
        return Err(ModelError::SignatureSize { path: path.to_owned(), found, limit });
    }
    let mut bytes = Vec::new();
    file.take(MAX_SIGNATURE_SIZE).read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}
