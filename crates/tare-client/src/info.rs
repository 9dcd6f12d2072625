//! What there is to know about a package, for a person who decides whether to use it.

use semver::{Version, VersionReq};
use tare_format::archive;
use tare_format::card::Card;
use tare_format::limits::Limits;
use tare_format::release::Release;
use tare_format::{PackageName, ReleaseId, Sha256, VariantName};

use crate::documents::DocumentError;
use crate::error::{ClientError, ErrorKind};
use crate::history::{History, ReleaseHistory};
use crate::pages::PagesError;
use crate::source::Source;
use crate::trust::{Demand, Prover, TrustError};

/// The most characters of a readme's beginning that are shown.
const EXCERPT: usize = 400;

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum InfoError {
    /// The page is not to be had.
    #[error(transparent)]
    Pages(Box<PagesError>),
    /// The release is not accepted.
    #[error(transparent)]
    Trust(Box<TrustError>),
    /// The meta archive is not to be had.
    #[error(transparent)]
    Document(Box<DocumentError>),
    /// There is no such package.
    #[error("package `{name}` does not exist in the registry")]
    NoPackage {
        /// The name.
        name: PackageName,
        /// Another spelling that does exist.
        near: Option<PackageName>,
    },
    /// No version fits.
    #[error("no version of `{name}` matches `{requirement}`")]
    NoVersion {
        /// The package.
        name: PackageName,
        /// What was asked for.
        requirement: VersionReq,
        /// The versions that there are, newest first.
        known: Vec<Version>,
    },
}

impl From<PagesError> for InfoError {
    fn from(error: PagesError) -> Self {
        Self::Pages(Box::new(error))
    }
}

impl From<TrustError> for InfoError {
    fn from(error: TrustError) -> Self {
        Self::Trust(Box::new(error))
    }
}

impl From<DocumentError> for InfoError {
    fn from(error: DocumentError) -> Self {
        Self::Document(Box::new(error))
    }
}

impl ClientError for InfoError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Pages(error) => error.kind(),
            Self::Trust(error) => error.kind(),
            Self::Document(error) => error.kind(),
            Self::NoPackage { .. } | Self::NoVersion { .. } => ErrorKind::NotFound,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Pages(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Document(error) => error.code(),
            Self::NoPackage { .. } => "E-NO-PACKAGE",
            Self::NoVersion { .. } => "E-NO-VERSION",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Pages(error) => error.help(),
            Self::Trust(error) => error.help(),
            Self::Document(error) => error.help(),
            Self::NoPackage { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Self::NoPackage { name, .. } => {
                Some(format!("look with `tare search {}`", name.name()))
            }
            Self::NoVersion { known, .. } => {
                let known: Vec<String> = known.iter().take(10).map(Version::to_string).collect();
                Some(format!("the newest versions are {}", known.join(", ")))
            }
        }
    }
}

/// A package, and one of its releases in full.
#[derive(Debug, Clone)]
pub struct Info {
    /// All its releases.
    pub history: History,
    /// The release that is shown.
    pub id: ReleaseId,
    /// Its document, which is proven.
    pub release: Release,
    /// The document's digest.
    pub digest: Sha256,
    /// Who signed it.
    pub signers: Vec<Sha256>,
    /// The size of each variant in bytes, or of everything when there are none.
    pub sizes: Vec<(Option<VariantName>, u64)>,
    /// What the card says it is.
    pub summary: Option<String>,
    /// How the readme begins.
    pub readme: Option<String>,
}

/// The package of that name.
///
/// # Errors
/// When there is none, or its page cannot be used.
pub async fn history(source: &Source<'_>, name: &PackageName) -> Result<History, InfoError> {
    if let Some(history) = source.pages().history(name).await? {
        return Ok(history);
    }
    let near = source.pages().owners_spelling(name).await?;
    let near = Some(near).filter(|near| near != name);
    Err(InfoError::NoPackage { name: name.clone(), near })
}

/// Everything about a package and its newest release that meets `requirement`.
///
/// # Errors
/// When there is none, or it is not accepted.
pub async fn info(
    source: &Source<'_>,
    name: &PackageName,
    requirement: Option<&VersionReq>,
) -> Result<Info, InfoError> {
    let history = history(source, name).await?;
    let id = ReleaseId { name: name.clone(), version: choose(&history, requirement)? };
    // A withdrawn release cannot be installed, and can still be read about.
    let demand = Demand { is_history: true, ..Demand::default() };
    let signed = Prover::new(source).prove(&id, demand).await?;
    let release = signed.document().clone();
    let (summary, readme) = texts(source, &release).await?;
    Ok(Info {
        history,
        digest: signed.digest(),
        signers: signed.signers(),
        sizes: sizes(&release),
        id,
        release,
        summary,
        readme,
    })
}

/// The newest release that meets the requirement, one that is to be had before one that is not.
fn choose(history: &History, requirement: Option<&VersionReq>) -> Result<Version, InfoError> {
    let newest = || history.newest().map(|release| release.published.version.clone());
    let matching = |requirement: &VersionReq| {
        let matching = || {
            let releases = history.releases.values().rev();
            releases.filter(|release| requirement.matches(&release.published.version))
        };
        let available =
            |release: &&ReleaseHistory| release.standing == crate::resolve::Standing::Available;
        let chosen = matching().find(available).or_else(|| matching().next());
        chosen.map(|release| release.published.version.clone())
    };
    let chosen = match requirement {
        Some(requirement) => matching(requirement),
        None => newest().or_else(|| history.releases.keys().next_back().cloned()),
    };
    chosen.ok_or_else(|| InfoError::NoVersion {
        name: history.name.clone(),
        requirement: requirement.cloned().unwrap_or_default(),
        known: history.releases.keys().rev().cloned().collect(),
    })
}

fn sizes(release: &Release) -> Vec<(Option<VariantName>, u64)> {
    let size = |variant: Option<&VariantName>| {
        let sizes = release.files_of(variant).map(|file| file.size);
        (variant.cloned(), sizes.fold(0, u64::saturating_add))
    };
    match &release.variants {
        Some(variants) => variants.names.iter().map(|name| size(Some(name))).collect(),
        None => vec![size(None)],
    }
}

/// The card's summary and the readme's beginning.
async fn texts(
    source: &Source<'_>,
    release: &Release,
) -> Result<(Option<String>, Option<String>), InfoError> {
    let packed = match source.documents().meta(source.registry(), &release.meta.sha256).await {
        // Contents that are said to be taken down. The document and its history are still there to be read.
        Err(error) if error.code() == "E-GONE" => return Ok((None, None)),
        packed => packed?,
    };
    // Nothing of an archive that breaks a rule is shown, and installing it says which rule.
    let Ok(entries) = archive::open(&packed, &release.meta.sha256, &Limits::default()) else {
        return Ok((None, None));
    };
    let text = |wanted: &Sha256| {
        let entry = entries.iter().find(|entry| Sha256::of(&entry.content) == *wanted)?;
        String::from_utf8(entry.content.clone()).ok()
    };
    let card = release.card.as_ref().and_then(text).and_then(|card| Card::parse(&card).ok());
    let readme = release.about.readme.as_ref();
    let readme = readme.and_then(|readme| release.files.iter().find(|file| file.path == *readme));
    let readme = readme.and_then(|file| text(&file.sha256)).map(|readme| excerpt(&readme));
    Ok((card.and_then(|card| card.summary), readme.filter(|readme| !readme.is_empty())))
}

/// The first paragraph that is neither front matter nor a heading.
fn excerpt(readme: &str) -> String {
    let readme = readme.strip_prefix('\u{feff}').unwrap_or(readme);
    let body = match readme.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---")) {
        Some((_, body)) => body,
        None => readme,
    };
    let is_text = |paragraph: &&str| {
        let start = paragraph.trim_start();
        !start.is_empty() && !start.starts_with(['#', '<', '!', '[', '|', '-', '`'])
    };
    let paragraph = body.split("\n\n").find(is_text).unwrap_or_default();
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_the_first_paragraph_of_text() {
        let readme = "---\nlicense: mit\n---\n\n# Title\n\n![badge](x)\n\nIt wakes\nup when called.\n\nMore.\n";
        assert_eq!(excerpt(readme), "It wakes up when called.");
        assert_eq!(excerpt("# Only a title\n"), "");
        assert_eq!(excerpt(&"ä".repeat(1000)).chars().count(), EXCERPT + 1);
    }
}
