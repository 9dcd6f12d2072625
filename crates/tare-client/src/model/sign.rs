//! Signing a model.

use std::path::{Path, PathBuf};

use tare_format::Sha256;
use tare_sign::model::{GIT_PATHS, sign_model, statement_of_files};
use tare_sign::public_key::Algorithm;
use tare_sign::{KeyId, Signer, SigningError};
use tare_store::durable;

use super::ModelError;
use super::found::{Model, ignored_path, links};
use super::hash::{Run, hash_all};
use crate::event::{Progress, Unit};

/// How to sign a model.
#[derive(Debug, Clone, Default)]
pub struct SignOptions {
    /// Where the signature goes, instead of `model.sig` in the folder or `<file>.sig` beside the file.
    pub signature: Option<PathBuf>,
    /// What it is to say nothing about, relative to the model.
    pub ignored: Vec<PathBuf>,
    /// Whether it covers what git keeps, which it otherwise says nothing about.
    pub with_git: bool,
    /// Whether links to files count as files.
    pub follow_links: bool,
}

/// A signature that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSignature {
    /// Where it lies.
    pub path: PathBuf,
    /// What the model is called in it.
    pub name: String,
    /// The key that made it.
    pub key: KeyId,
    /// How many files it covers.
    pub files: usize,
    /// How many bytes they have.
    pub bytes: u64,
    /// What is there and it says nothing about.
    pub left_out: Vec<String>,
}

/// Signs the model at `path`, and writes the signature over one that is there.
///
/// # Errors
/// When there is no model, a file cannot be read or changes meanwhile, the key cannot sign models, or the signature cannot
/// be written.
pub async fn sign(
    path: &Path,
    options: &SignOptions,
    signer: &dyn Signer,
    progress: &Progress,
) -> Result<ModelSignature, ModelError> {
    // Known before anything is read, which may take an hour.
    check_key(signer)?;
    let model = Model::open(path)?;
    let signature = options.signature.clone().unwrap_or_else(|| model.signature_path());
    let ignored = ignored(&model, options, &signature)?;
    let mut found = model.files(&ignored, links(options.follow_links))?;
    // That a signature does not cover itself needs no saying.
    found.left_out.retain(|left_out| model.inside(&signature).as_ref() != Some(left_out));
    if found.files.is_empty() {
        return Err(ModelError::Empty { path: path.to_owned() });
    }
    let runs: Vec<_> = found
        .files
        .iter()
        .map(|file| Run { file: model.file(&file.path), range: None, size_bytes: file.size_bytes })
        .collect();
    let bytes = runs.iter().map(|run| run.size_bytes).fold(0, u64::saturating_add);
    let task = progress.task("hashing", Unit::Bytes, bytes);
    let handle = task.handle();
    let hashed = tokio::task::spawn_blocking(move || hash_all(&runs, &handle)).await;
    let digests = hashed.map_err(|_| ModelError::Stopped)??;
    let names = found.files.into_iter().map(|file| file.path);
    let files: Vec<(String, Sha256)> = names.zip(digests).collect();
    let payload = statement_of_files(model.name(), &ignored, options.follow_links, &files);
    durable::write(&signature, &sign_model(payload, signer)?)?;
    Ok(ModelSignature {
        path: signature,
        name: model.name().to_owned(),
        key: signer.public_key().id(),
        files: files.len(),
        bytes,
        left_out: found.left_out,
    })
}

fn check_key(signer: &dyn Signer) -> Result<(), SigningError> {
    let key = signer.public_key();
    if key.algorithm() != Algorithm::Ed25519 {
        return Ok(());
    }
    // The same refusal that signing gives, only earlier.
    sign_model(Vec::new(), signer).map(|_| ())
}

/// What the signature says nothing about, sorted. Its own file is among it: it cannot hold its own digest.
fn ignored(
    model: &Model,
    options: &SignOptions,
    signature: &Path,
) -> Result<Vec<String>, ModelError> {
    if !model.is_folder() {
        return Ok(Vec::new());
    }
    let asked = options.ignored.iter().map(|path| ignored_path(model, path));
    let mut ignored = asked.collect::<Result<Vec<_>, _>>()?;
    if !options.with_git {
        ignored.extend(GIT_PATHS.map(str::to_owned));
    }
    ignored.extend(model.inside(signature));
    ignored.sort_unstable();
    ignored.dedup();
    Ok(ignored)
}
