//! The graphs as files: package pages and summaries for Tare, a PEP 503 index with metadata for `uv`.
//!
//! ```text
//! project            the requirements, one a line
//! pages/<name>       event lines           summaries/<name>   what a client keeps beside them
//! requirements.in    the same for uv       simple/<name>/index.html, files/<wheel>.metadata
//! ```

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tare_client::resolve::{
    Dependency, Index, IndexError, Lookup, Package, ReleaseRecord, Summary, encode_summary, page,
};
use tare_format::event::{Event, EventBody, Published, Salt, SignatureRef};
use tare_format::manifest::DependencyRelation;
use tare_format::release::ReleaseDependency;
use tare_format::{PackageName, PackageSpec, Sha256};

use crate::graph::Graph;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Writes everything.
pub(crate) fn write(graph: &Graph, folder: &Path) -> Outcome<()> {
    for part in ["pages", "summaries", "files", "simple"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let line = |needed: &Dependency| format!("{}@{}\n", needed.name, needed.requirement);
    fs::write(folder.join("project"), graph.project.iter().map(line).collect::<String>())?;
    fs::write(
        folder.join("requirements.in"),
        graph.project.iter().map(python_line).collect::<String>(),
    )?;
    for (name, releases) in &graph.packages {
        let text = page_of(name, releases)?;
        let summary = encode_summary(name, Sha256::of(text.as_bytes()), &page::parse(name, &text)?);
        fs::write(folder.join("pages").join(name.name()), text)?;
        fs::write(folder.join("summaries").join(name.name()), summary)?;
        write_python(name, releases, folder)?;
    }
    Ok(())
}

/// The project's requirements.
pub(crate) fn read_project(folder: &Path) -> Outcome<Vec<Dependency>> {
    let text = fs::read_to_string(folder.join("project"))?;
    let requirement = |line: &str| {
        let PackageSpec { name, requirement, variant } = line.parse()?;
        let requirement = requirement.unwrap_or_default();
        Ok(Dependency { name, requirement, relation: DependencyRelation::Component, variant })
    };
    text.lines().map(requirement).collect()
}

/// A page as a registry would send it, with a licence and a signature as real ones have.
pub(crate) fn page_of(name: &PackageName, releases: &[ReleaseRecord]) -> Outcome<String> {
    let mut text = String::new();
    for release in releases {
        let published = Published {
            package: name.clone(),
            version: release.version.clone(),
            kind: release.kind,
            release: release.digest,
            release_size: 4_321,
            dependencies: release.dependencies.iter().map(published).collect(),
            variants: release.variants.names.clone(),
            default_variant: release.variants.default.clone(),
            license: serde_json::from_str(r#"{"weights":"Apache-2.0"}"#)?,
            size: 1_234_567_890,
            signatures: vec![SignatureRef { sha256: release.digest, size: 2_345 }],
        };
        let event = Event {
            salt: Salt([7; 16]),
            time: Timestamp::UNIX_EPOCH,
            by: "bench".to_owned(),
            body: EventBody::Publish(Box::new(published)),
        };
        writeln!(text, "{}", event.to_line()?)?;
    }
    Ok(text)
}

fn published(needed: &Dependency) -> ReleaseDependency {
    ReleaseDependency {
        name: needed.name.clone(),
        requirement: needed.requirement.clone(),
        relation: needed.relation,
        variant: needed.variant.clone(),
    }
}

fn python_line(needed: &Dependency) -> String {
    let requirement =
        needed.requirement.to_string().replace('=', "==").replace(">==", ">=").replace("<==", "<=");
    format!("{}{}\n", needed.name.name(), requirement.replace(' ', ""))
}

/// One page of links, and for each wheel its metadata; the wheels themselves are never asked for.
fn write_python(name: &PackageName, releases: &[ReleaseRecord], folder: &Path) -> Outcome<()> {
    let name = name.name();
    let mut links = String::from("<!DOCTYPE html><html><body>\n");
    for release in releases {
        let version = &release.version;
        let wheel = format!("{name}-{version}-py3-none-any.whl");
        let mut metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        for needed in &release.dependencies {
            write!(metadata, "Requires-Dist: {}", python_line(needed))?;
        }
        let hash = Sha256::of(metadata.as_bytes()).hex();
        fs::write(folder.join("files").join(format!("{wheel}.metadata")), metadata)?;
        writeln!(
            links,
            "<a href=\"/files/{wheel}#sha256={}\" data-core-metadata=\"sha256={hash}\">{wheel}</a><br>",
            release.digest.hex()
        )?;
    }
    links.push_str("</body></html>\n");
    fs::create_dir_all(folder.join("simple").join(name))?;
    fs::write(folder.join("simple").join(name).join("index.html"), links)?;
    Ok(())
}

/// What is read of a package when the resolver asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Pages,
    Summaries,
}

/// Packages read from a folder, each when it is asked for.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) form: Form,
}

impl Folder {
    fn read(&self, name: &PackageName) -> Outcome<Package> {
        Ok(match self.form {
            Form::Pages => {
                let bytes = fs::read(self.path.join("pages").join(name.name()))?;
                page::package(name, std::str::from_utf8(&bytes)?)?
            }
            Form::Summaries => {
                Summary::decode(fs::read(self.path.join("summaries").join(name.name()))?)?.package
            }
        })
    }
}

impl Index for Folder {
    fn package(&self, name: &PackageName) -> Result<Lookup, IndexError> {
        match self.read(name) {
            Ok(package) => Ok(Lookup::Found(Arc::new(package))),
            Err(error) => Err(IndexError { name: name.clone(), source: error.to_string().into() }),
        }
    }

    fn names(&self) -> Vec<PackageName> {
        Vec::new()
    }
}
