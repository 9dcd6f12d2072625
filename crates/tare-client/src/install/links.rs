//! The links in a project: `.tare/packages/<ns>/<name>` (I-7).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tare_format::lock::{Lock, LockedPackage};
use tare_format::{PackageName, ReleaseId};
use tare_store::durable;
use tare_store::tree::point;

use super::{InstallError, Installed};
use crate::project::Project;

/// What git is told about the folder of links: they lead to places of this machine.
const IGNORE_ALL: &str = "*\n";

/// A link of a project and the release that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The link's path below `.tare/packages`, with `/`.
    pub name: String,
    /// The release.
    pub id: ReleaseId,
}

/// The links that a project with this lock has, sorted by name.
///
/// A package has its plain name. Where several versions of it stand side by side, the plain name is that of the version
/// the project itself asks for, else of the newest; the others are called `<name>@<version>`.
#[must_use]
pub fn links(lock: &Lock) -> Vec<Link> {
    let mut versions: BTreeMap<&PackageName, Vec<&LockedPackage>> = BTreeMap::new();
    for package in &lock.packages {
        versions.entry(&package.name).or_default().push(package);
    }
    let mut links: Vec<Link> = Vec::new();
    for (name, mut packages) in versions {
        packages.sort_by(|a, b| b.version.cmp(&a.version));
        let own = lock.requirements.iter().find(|requirement| requirement.name == *name);
        let plain = own.map(|requirement| &requirement.version);
        let plain = plain.or(packages.first().map(|newest| &newest.version));
        for package in &packages {
            let name = match Some(&package.version) == plain {
                true => name.to_string(),
                false => format!("{name}@{}", package.version),
            };
            links.push(Link { name, id: package.id() });
        }
    }
    links.sort_by(|a, b| a.name.cmp(&b.name));
    links
}

/// Makes the links of a project to what was installed, and removes those that are no longer due. Anything in the folder
/// that is not a link is left alone.
///
/// # Errors
/// When a link cannot be made or removed.
pub fn link_project(
    project: &Project,
    lock: &Lock,
    installed: &[Installed],
) -> Result<(), InstallError> {
    let folder = project.packages_folder();
    let wanted = links(lock);
    if !wanted.is_empty() {
        ignore(&folder)?;
    }
    for link in &wanted {
        let Some(installed) = installed.iter().find(|installed| installed.id == link.id) else {
            continue;
        };
        point(&folder.join(&link.name), &installed.path).map_err(InstallError::Link)?;
    }
    remove_stale(&folder, &wanted)
}

fn ignore(folder: &Path) -> Result<(), InstallError> {
    let path = folder.join(".gitignore");
    if path.exists() {
        return Ok(());
    }
    durable::write(&path, IGNORE_ALL.as_bytes()).map_err(InstallError::Link)
}

fn remove_stale(folder: &Path, wanted: &[Link]) -> Result<(), InstallError> {
    let due: BTreeSet<PathBuf> = wanted.iter().map(|link| folder.join(&link.name)).collect();
    for namespace in entries(folder)? {
        if !is_real_folder(&namespace) {
            continue;
        }
        for link in entries(&namespace)? {
            let is_link = fs::symlink_metadata(&link).is_ok_and(|there| there.is_symlink());
            if is_link && !due.contains(&link) {
                fs::remove_file(&link).map_err(|source| InstallError::Io { path: link, source })?;
            }
        }
        // It only goes when it is empty.
        let _ = fs::remove_dir(&namespace);
    }
    Ok(())
}

fn is_real_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_dir())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let fail = |source| InstallError::Io { path: folder.to_owned(), source };
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(fail),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(fail(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::make;
    use crate::samples::{known, registry, release, resolution};

    #[test]
    fn the_projects_own_version_has_the_plain_name() {
        let texts = ["a/x@1.0.0", "a/x@2.0.0", "a/y@1.0.0", "a/y@2.0.0"];
        let releases: Vec<_> = texts.iter().map(|text| release(text)).collect();
        let resolution = resolution(&["a/x@1.0.0"], &releases);
        let lock = make(&registry(), &resolution, &[], &known(&releases));
        let told: Vec<_> =
            links(&lock).into_iter().map(|link| format!("{} {}", link.name, link.id)).collect();
        assert_eq!(
            told,
            ["a/x a/x@1.0.0", "a/x@2.0.0 a/x@2.0.0", "a/y a/y@2.0.0", "a/y@1.0.0 a/y@1.0.0"]
        );
    }
}
