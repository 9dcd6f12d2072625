//! Which projects use the local store, so that nothing they need is pruned (I-9).
//!
//! A project is remembered when something is installed for it, and forgotten when its lock is gone. A project on a disk
//! that is not mounted is taken for gone; it installs again what it lacks.

use std::fs;
use std::path::{Path, PathBuf};

use tare_format::Sha256;
use tare_format::lock::Lock;
use tare_store::durable::{self, DurableError};

use crate::home::Home;
use crate::project::LOCK_FILE;

/// The most bytes of a path or a lock that are read.
const MAX_SIZE: u64 = 64 << 20;

/// A project that uses the store.
#[derive(Debug, Clone)]
pub struct UsedBy {
    /// The project's folder.
    pub root: PathBuf,
    /// What it needs.
    pub lock: Lock,
}

/// Remembers that the project at `root` uses the store.
///
/// # Errors
/// When the disk says no.
pub fn remember(home: &Home, root: &Path) -> Result<(), DurableError> {
    let Some(text) = root.to_str() else { return Ok(()) };
    let path = home.projects().join(&Sha256::of(text.as_bytes()).hex()[..32]);
    match read(&path) {
        Some(known) if known == text => Ok(()),
        _ => durable::write(&path, text.as_bytes()),
    }
}

/// The projects that are still there, with their locks. A lock that cannot be read counts as one that needs everything:
/// then this is `None`, and nothing may be pruned.
#[must_use]
pub fn projects(home: &Home) -> Option<Vec<UsedBy>> {
    let entries = fs::read_dir(home.projects()).into_iter().flatten().flatten();
    let roots = entries.filter_map(|entry| read(&entry.path())).map(PathBuf::from);
    let mut projects = Vec::new();
    for root in roots {
        let Some(text) = read(&root.join(LOCK_FILE)) else { continue };
        projects.push(UsedBy { lock: Lock::parse(&text).ok()?, root });
    }
    Some(projects)
}

fn read(path: &Path) -> Option<String> {
    use std::io::Read as _;
    let mut text = String::new();
    fs::File::open(path).ok()?.take(MAX_SIZE).read_to_string(&mut text).ok()?;
    Some(text)
}
