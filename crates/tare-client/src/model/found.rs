//! A model on the disk: where it lies, what it is called, which files it has.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use tare_sign::model::{SIGNATURE_NAME, covers};
use tare_store::walk::{Links, WalkedFile, walk};

use super::ModelError;

/// What a model that is one file calls it.
pub(super) const THE_FILE: &str = ".";

/// A folder or a file.
#[derive(Debug)]
pub(super) struct Model {
    /// Where it lies, without links.
    path: PathBuf,
    /// What it is called where it was asked for.
    name: String,
    is_folder: bool,
}

/// The files of a model.
#[derive(Debug)]
pub(super) struct Files {
    /// Those that count, sorted by the bytes of their paths.
    pub(super) files: Vec<WalkedFile>,
    /// What is there and was left out; of a folder only its own path.
    pub(super) left_out: Vec<String>,
}

impl Model {
    /// Looks at what lies at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let found = fs::canonicalize(path).and_then(|real| Ok((fs::metadata(&real)?, real)));
        let (metadata, real) = match found {
            Ok(found) => found,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ModelError::Missing { path: path.to_owned() });
            }
            Err(source) => return Err(ModelError::Read { path: path.to_owned(), source }),
        };
        // The name that a person gave, and for `.` or `..` the one that it has.
        let given = match path.components().next_back() {
            Some(Component::Normal(name)) => Some(name),
            _ => real.file_name(),
        };
        let name = given.and_then(|name| name.to_str()).map(str::to_owned);
        let name = name.ok_or_else(|| ModelError::Name { path: path.to_owned() })?;
        Ok(Self { path: real, name, is_folder: metadata.is_dir() })
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Where its signature lies unless somebody says otherwise.
    pub(super) fn signature_path(&self) -> PathBuf {
        if self.is_folder {
            return self.path.join(SIGNATURE_NAME);
        }
        let mut name = self.path.clone().into_os_string();
        name.push(".sig");
        name.into()
    }

    /// A path in this model's own words, if it lies inside.
    pub(super) fn inside(&self, path: &Path) -> Option<String> {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
        let real = folder.join(path.file_name()?);
        let below = real.strip_prefix(&self.path).ok().filter(|_| self.is_folder)?;
        let parts = below.components().map(|part| part.as_os_str().to_str());
        Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
    }

    /// Where one of its files lies.
    pub(super) fn file(&self, path: &str) -> PathBuf {
        if self.is_folder { self.path.join(path) } else { self.path.clone() }
    }

    /// Whether it is a folder.
    pub(super) const fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// Its files, without those that `ignored` covers.
    pub(super) fn files(&self, ignored: &[String], links: Links) -> Result<Files, ModelError> {
        if !self.is_folder {
            let metadata = fs::metadata(&self.path);
            let metadata =
                metadata.map_err(|source| ModelError::Read { path: self.path.clone(), source })?;
            let file = WalkedFile { path: THE_FILE.to_owned(), size_bytes: metadata.len() };
            return Ok(Files { files: vec![file], left_out: Vec::new() });
        }
        let left_out = RefCell::new(BTreeSet::new());
        let skip = |path: &str, _: bool| {
            let skipped = covers(ignored, path);
            if skipped {
                left_out.borrow_mut().insert(path.to_owned());
            }
            skipped
        };
        let files = walk(&self.path, links, skip)
            .map_err(|source| ModelError::Walk { path: self.path.clone(), source })?;
        Ok(Files { files, left_out: left_out.into_inner().into_iter().collect() })
    }
}

/// Whether links to files count, as a signature or its maker has it.
pub(super) const fn links(follow: bool) -> Links {
    if follow { Links::Files } else { Links::Refuse }
}

/// A path that a person wants left out, relative to the model or to where they are, in the model's words.
pub(super) fn ignored_path(model: &Model, path: &Path) -> Result<String, ModelError> {
    let wrong = || ModelError::Ignored { path: path.display().to_string() };
    let inside = if path.is_absolute() {
        model.inside(path).ok_or_else(wrong)?
    } else {
        let mut parts = Vec::new();
        for part in path.components() {
            match part {
                Component::Normal(part) => parts.push(part.to_str().ok_or_else(wrong)?),
                Component::CurDir => {}
                _ => return Err(wrong()),
            }
        }
        parts.join("/")
    };
    if inside.is_empty() { Err(wrong()) } else { Ok(inside) }
}
