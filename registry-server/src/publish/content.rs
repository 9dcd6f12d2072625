//! The bytes of a release's data files: every chunk has a place, and together they are the file that the document names.

use std::collections::{HashMap, HashSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tare_format::location::Location;
use tare_format::problem::Code;
use tare_format::recipe::Recipe;
use tare_format::release::{FileClass, Release, ReleaseFile};
use tare_format::{Blake3, Sha256};
use tare_store::assemble::{AssembleError, hash_file};

use super::session::{Session, has_recipe};
use crate::App;
use crate::db::chunks;
use crate::error::ApiError;
use crate::projection::{location, read_recipe};
use crate::registry::Registry;

/// How many files are put together at once.
const AT_ONCE: usize = 2;

/// What the bytes of a release are made of.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Its recipes, each with its file's size in bytes and its number of chunks.
    pub recipes: HashMap<Blake3, (u64, u64)>,
    /// The packs that hold its chunks.
    pub packs: HashSet<Blake3>,
}

/// A file whose chunks all have a place, and whose SHA-256 is still to be found right.
struct Unverified {
    /// The file and its release, for a message.
    name: String,
    sha256: Sha256,
    digest: Blake3,
    recipe: Recipe,
    location: Location,
}

/// Checks the data files of a release. In a dry run chunks may be missing; the files that lack one are not put
/// together.
///
/// # Errors
/// `incomplete` when a recipe or a chunk is missing; `invalid-document` when a recipe has another size than its file;
/// `digest-mismatch` when the chunks make another file.
pub(crate) async fn verify(
    registry: &App,
    session: &Session,
    release: &Release,
    dry_run: bool,
) -> Result<Contents, ApiError> {
    let mut contents = Contents::default();
    let mut seen: HashSet<(Blake3, Sha256)> = HashSet::new();
    let mut waiting = Vec::new();
    for file in release.files.iter().filter(|file| file.class == FileClass::Data) {
        // The derivation has made sure that a data file has a recipe.
        let Some(digest) = file.recipe else { continue };
        if !seen.insert((digest, file.sha256)) {
            continue;
        }
        let found = locate(registry, session, release, file, digest, dry_run).await?;
        let Some((recipe, location)) = found else { continue };
        contents.recipes.insert(digest, (recipe.size(), recipe.chunks().len() as u64));
        contents.packs.extend(location.packs());
        let mut db = registry.db.read().await?;
        if !chunks::is_verified(&mut db, digest, file.sha256).await? {
            let name = format!("`{}` of `{}`", file.path, release.id());
            waiting.push(Unverified { name, sha256: file.sha256, digest, recipe, location });
        }
    }
    let checks: Vec<_> =
        waiting.into_iter().map(|file| put_together(App::clone(registry), file)).collect();
    stream::iter(checks).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(contents)
}

async fn locate(
    registry: &Registry,
    session: &Session,
    release: &Release,
    file: &ReleaseFile,
    digest: Blake3,
    dry_run: bool,
) -> Result<Option<(Recipe, Location)>, ApiError> {
    let incomplete = |detail| {
        ApiError::new(Code::Incomplete, detail).help("publish again: only what is missing is sent")
    };
    let name = format!("`{}` of `{}`", file.path, release.id());
    let mut db = registry.db.read().await?;
    if !has_recipe(registry, &mut db, &session.row.id, digest).await? {
        return Err(incomplete(format!("the recipe {digest} of {name} was not uploaded")));
    }
    let recipe = read_recipe(registry, digest).await?;
    if recipe.size() != file.size {
        let (made, stated) = (recipe.size(), file.size);
        let detail = format!("the recipe of {name} makes {made} bytes, the release says {stated}");
        return Err(ApiError::invalid(detail));
    }
    let places = chunks::locate(&mut db, &recipe, Some(&session.row.id)).await?;
    let is_there = |chunk: &&tare_format::recipe::Chunk| places.contains_key(&chunk.digest);
    let missing = recipe.chunks().len() - recipe.chunks().iter().filter(is_there).count();
    match (missing, dry_run) {
        (0, _) => {}
        (_, true) => return Ok(None),
        (missing, false) => {
            let all = recipe.chunks().len();
            return Err(incomplete(format!(
                "{missing} of {all} chunks of {name} were not uploaded"
            )));
        }
    }
    let wrong = recipe.chunks().iter().find(|chunk| {
        places.get(&chunk.digest).is_some_and(|place| place.raw_length != chunk.length)
    });
    if let Some(chunk) = wrong {
        let (digest, length) = (chunk.digest, chunk.length);
        return Err(ApiError::invalid(format!(
            "the chunk {digest} of {name} does not have {length} bytes"
        )));
    }
    let location = location(&recipe, &places)?;
    Ok(Some((recipe, location)))
}

async fn put_together(registry: App, file: Unverified) -> Result<(), ApiError> {
    let Unverified { name, sha256, digest, recipe, location } = file;
    let found = registry
        .blocking(move |store| hash_file(&recipe, &location, store).map_err(unreadable))
        .await?;
    if found != sha256 {
        let detail = format!(
            "the chunks of {name} make a file with the digest {found}, the release says {sha256}"
        );
        return Err(ApiError::new(Code::DigestMismatch, detail));
    }
    // What a recipe makes never changes, so this stays true even if the commit fails.
    let mut tx = registry.db.begin().await?;
    chunks::set_verified(&mut tx, digest, found).await?;
    Ok(tx.commit().await?)
}

/// The chunks were checked when they came, so whatever is wrong with them now is the registry's own fault.
fn unreadable(error: AssembleError) -> ApiError {
    match error {
        AssembleError::Pack { source, .. } => source.into(),
        error => ApiError::internal(error),
    }
}
