//! What is signed of a model: the list of its files (OM-1 to OM-6).

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;
use tare_format::Sha256;

use crate::statement::STATEMENT_TYPE;

/// The name under which a model's signature lies in its folder.
pub const SIGNATURE_NAME: &str = "model.sig";
/// What git keeps beside a model. A signature leaves it out unless its maker says otherwise.
pub const GIT_PATHS: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";
/// Of signatures that were made before there was a first version. They do not say which files they leave out.
const EARLY_PREDICATE_TYPE: &str = "https://model_signing/Digests/v0.1";
const HASH: &str = "sha256";
/// What the reference tool calls the digests of shards.
const SHARD_HASH: &str = "sha256-sharded-";

/// What a signature says about a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelStatement {
    /// What its maker called it: the name of its folder at that time. It proves nothing.
    pub name: String,
    /// The digest over the digests of all files, which other documents may refer to the model by.
    pub root: Sha256,
    /// How files were hashed.
    pub layout: Layout,
    /// Whether links to files count as files.
    pub follows_links: bool,
    /// Paths that the signature says nothing about, with all below them.
    pub ignored: Vec<String>,
    /// The files, sorted by path, each once. A model that is one file calls it `.` or by its name.
    pub files: Vec<SignedFile>,
}

/// How the files of a model were hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Each as a whole.
    Files,
    /// In runs of bytes. An empty file has none, so whether it is there is not signed.
    Shards,
}

/// A file as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedFile {
    /// Its path within the model, with `/` between the parts.
    pub path: String,
    /// Its parts from the first byte to the last: one that is the whole file, or shards.
    pub parts: Vec<Part>,
}

/// What was hashed at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which bytes; none for the whole file.
    pub range: Option<Range<u64>>,
    /// Their digest.
    pub sha256: Sha256,
}

/// Why a signed statement says nothing about a model that can be checked.
#[derive(Debug, thiserror::Error)]
pub enum ModelStatementError {
    /// It is not JSON, or a field is missing, repeated or of another type.
    #[error("signed statement of a model cannot be read")]
    Json(#[from] serde_json::Error),
    /// A field has a value that is not supported.
    #[error("signed statement of a model has {field} `{found}`, expected {expected}")]
    Field {
        /// The field.
        field: &'static str,
        /// Its value, cut to a readable length.
        found: String,
        /// What is supported.
        expected: &'static str,
    },
    /// It is from before the first version.
    #[error(
        "model was signed by an early tool that did not record what it left out: have it signed again"
    )]
    Early,
    /// It is about several models or none.
    #[error("signed statement of a model has {found} subjects, expected one")]
    Subjects {
        /// How many.
        found: usize,
    },
    /// A path is there twice, or its shards do not follow one another.
    #[error("signed statement of a model lists `{path}` {how}")]
    Listing {
        /// The path.
        path: String,
        /// What is wrong.
        how: &'static str,
    },
    /// Its list is not the one that its subject names.
    #[error("signed statement lists files with root digest {found}, expected {expected}")]
    Root {
        /// Of the list.
        found: Sha256,
        /// Of the subject.
        expected: Sha256,
    },
}

impl ModelStatement {
    /// Reads a statement whose signature was checked.
    ///
    /// # Errors
    /// When it is of another version or hash, contradicts itself, or lists a file twice.
    pub fn parse(payload: &[u8]) -> Result<Self, ModelStatementError> {
        let document: Document<'_> = serde_json::from_slice(payload)?;
        require("type", &document.kind, STATEMENT_TYPE)?;
        if document.predicate_type == EARLY_PREDICATE_TYPE {
            return Err(ModelStatementError::Early);
        }
        require("predicate type", &document.predicate_type, PREDICATE_TYPE)?;
        let found = document.subject.len();
        let [subject] = <[Subject; 1]>::try_from(document.subject)
            .map_err(|_| ModelStatementError::Subjects { found })?;
        let predicate: Predicate = match document.predicate {
            Some(predicate) => serde_json::from_str(predicate.get())?,
            None => return Err(field("predicate", "nothing", "one")),
        };
        let Serialization { method, hash_type, allow_symlinks, ignore_paths } =
            predicate.serialization;
        require("hash", &hash_type, HASH)?;
        let layout = match method.as_str() {
            "files" => Layout::Files,
            "shards" => Layout::Shards,
            other => return Err(field("method", other, "`files` or `shards`")),
        };
        let (files, root) = read_resources(predicate.resources, layout)?;
        let expected = digest("subject digest", &subject.digest.sha256)?;
        if root != expected {
            return Err(ModelStatementError::Root { found: root, expected });
        }
        let git = || GIT_PATHS.map(str::to_owned).to_vec();
        let ignored = ignore_paths.unwrap_or_else(git);
        let ignored: Vec<_> = ignored.iter().filter_map(|path| relative(path)).collect();
        if ignored.iter().any(String::is_empty) {
            return Err(field("ignored path", ".", "paths inside the model"));
        }
        Ok(Self { name: subject.name, root, layout, follows_links: allow_symlinks, ignored, files })
    }

    /// The file at `path`, if it was signed.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&SignedFile> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }
}

/// The payload for a model of whole files, which are sorted by path. `name` is what the model is called.
#[must_use]
pub fn statement_of_files(
    name: &str,
    ignored: &[String],
    follows_links: bool,
    files: &[(String, Sha256)],
) -> Vec<u8> {
    let root = root_of(files.iter().map(|(_, sha256)| sha256));
    let resource = |(name, sha256): &(String, Sha256)| serde_json::json!({ "name": name, "algorithm": HASH, "digest": sha256.hex() });
    let statement = serde_json::json!({
        "_type": STATEMENT_TYPE,
        "subject": [{ "name": name, "digest": { "sha256": root.hex() } }],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": HASH,
                "allow_symlinks": follows_links,
                "ignore_paths": ignored,
            },
            "resources": files.iter().map(resource).collect::<Vec<_>>(),
        },
    });
    statement.to_string().into_bytes()
}

/// Whether `path` is one of `ignored`, or lies below one.
#[must_use]
pub fn covers(ignored: &[String], path: &str) -> bool {
    let is_below = |folder: &String| {
        path.strip_prefix(folder.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    ignored.iter().any(is_below)
}

/// The digest over digests.
fn root_of<'a>(digests: impl Iterator<Item = &'a Sha256>) -> Sha256 {
    let all: Vec<u8> = digests.flat_map(|sha256| *sha256.as_bytes()).collect();
    Sha256::of(&all)
}

/// A path inside a model in its one form; empty for the model itself, none for a path that leads out of it.
fn relative(path: &str) -> Option<String> {
    if path.starts_with('/') || path.split('/').any(|part| part == "..") {
        return None;
    }
    let parts: Vec<_> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    Some(parts.join("/"))
}

fn read_resources(
    resources: Vec<Resource>,
    layout: Layout,
) -> Result<(Vec<SignedFile>, Sha256), ModelStatementError> {
    let mut digests = Vec::with_capacity(resources.len());
    let mut files: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    for Resource { name, algorithm, digest: text } in resources {
        let known =
            algorithm == HASH || (layout == Layout::Shards && algorithm.starts_with(SHARD_HASH));
        if !known {
            return Err(field("algorithm", &algorithm, "`sha256`"));
        }
        let sha256 = digest("resource digest", &text)?;
        digests.push(sha256);
        let (path, range) = match layout {
            Layout::Files => (name, None),
            Layout::Shards => {
                let (path, range) = split_shard(&name)
                    .ok_or_else(|| field("shard", &name, "`path:start:end` with start < end"))?;
                (path.to_owned(), Some(range))
            }
        };
        files.entry(path).or_default().push(Part { range, sha256 });
    }
    let root = root_of(digests.iter());
    let files = files.into_iter().map(|(path, mut parts)| {
        parts.sort_by_key(|part| part.range.as_ref().map(|range| range.start));
        match check_parts(&parts) {
            Ok(()) => Ok(SignedFile { path, parts }),
            Err(how) => Err(ModelStatementError::Listing { path: shorten(&path), how }),
        }
    });
    Ok((files.collect::<Result<_, _>>()?, root))
}

fn check_parts(parts: &[Part]) -> Result<(), &'static str> {
    let mut end = 0;
    for (at, part) in parts.iter().enumerate() {
        match &part.range {
            Some(range) if range.start == end => end = range.end,
            Some(_) => return Err("in shards that leave bytes out or overlap"),
            None if at > 0 => return Err("twice"),
            None => {}
        }
    }
    Ok(())
}

/// A path may hold colons, so the last two count.
fn split_shard(name: &str) -> Option<(&str, Range<u64>)> {
    let (rest, end) = name.rsplit_once(':')?;
    let (path, start) = rest.rsplit_once(':')?;
    let (start, end) = (start.parse().ok()?, end.parse().ok()?);
    (start < end).then_some((path, start..end))
}

fn digest(what: &'static str, text: &str) -> Result<Sha256, ModelStatementError> {
    Sha256::from_hex(text).map_err(|_| field(what, text, "64 hex digits"))
}

fn require(
    name: &'static str,
    found: &str,
    expected: &'static str,
) -> Result<(), ModelStatementError> {
    if found == expected { Ok(()) } else { Err(field(name, found, expected)) }
}

fn field(name: &'static str, found: &str, expected: &'static str) -> ModelStatementError {
    ModelStatementError::Field { field: name, found: shorten(found), expected }
}

/// Keeps an error message readable when a signer was hostile.
fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(160).collect()
}

/// Fields that are unknown are left alone, as the standard has it: later versions may say more.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(borrow)]
    predicate: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    name: String,
    digest: Digests,
}

#[derive(Deserialize)]
struct Digests {
    sha256: String,
}

#[derive(Deserialize)]
struct Predicate {
    serialization: Serialization,
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Serialization {
    method: String,
    hash_type: String,
    #[serde(default)]
    allow_symlinks: bool,
    ignore_paths: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    algorithm: String,
    digest: String,
}
