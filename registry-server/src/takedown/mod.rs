//! Takedowns: bytes go, and the log says that they did (spec/events.md E-23 to E-28).
//!
//! A takedown is an event first. From then on nothing new rests on its releases, and the bytes are removed in three steps, each of
//! which can be cut off and done again:
//!
//! 1. what goes is worked out from all release documents and recipes: data files and meta archives that no other release needs,
//!    and of those the chunks that no other file has;
//! 2. packs that hold other chunks as well are written anew without them, and one transaction moves the rows over;
//! 3. the old objects are removed, and answered with 410 or 451 from then on.
//!
//! Release documents, signatures and the lines of pages stay, so every proof that was ever given still holds.

mod plan;
mod redact;
mod refuse;
mod remove;
mod restore;

use tare_format::event::{BY_REGISTRY, Class, EventBody, Scope, Takedown};
use tare_format::problem::Code;
use tare_format::{PackageName, ReleaseId, Sha256};

use crate::db::takedowns::{self, NewTakedown};
use crate::db::{Connection, names, releases};
use crate::error::ApiError;
use crate::registry::Registry;
use crate::standing::settle_newest;

pub use plan::{PlannedFile, TakedownPlan};
pub use redact::Redacted;
pub(crate) use refuse::{gone, leftovers, refuse_files, refuse_since};
pub use remove::Removed;
pub use restore::RestorePlan;

/// The longest name of a notice, in bytes. It stays in the log for ever.
const MAX_NOTICE: usize = 64;
/// The longest address for an appeal, in bytes.
const MAX_APPEAL: usize = 200;

/// What is to be taken down, and why.
#[derive(Debug, Clone)]
pub struct TakedownRequest {
    /// Releases whose bytes are to go.
    pub releases: Vec<ReleaseId>,
    /// Single files that are to go from every release.
    pub files: Vec<Sha256>,
    /// Why.
    pub class: Class,
    /// Where it holds.
    pub scope: Scope,
    /// Within how many hours mirrors have to obey; the class's own deadline if not said.
    pub deadline_hours: Option<u32>,
    /// The registry's name for the notice.
    pub notice: String,
    /// Where to appeal.
    pub appeal: Option<String>,
    /// Whether the bytes go from here although the takedown holds only in some countries.
    pub here: bool,
}

impl TakedownRequest {
    fn is_here(&self) -> bool {
        self.here || self.scope == Scope::Global
    }
}

impl Registry {
    /// What a takedown would remove. Nothing changes.
    ///
    /// # Errors
    /// `not-found` for a release that is not here; when a document cannot be read.
    pub async fn plan_takedown(&self, request: &TakedownRequest) -> Result<TakedownPlan, ApiError> {
        check(request)?;
        let mut targets = {
            let mut db = self.db.read().await?;
            let targets = plan::Targets::in_force(&mut db).await?;
            let rows = find(&mut db, &request.releases).await?;
            targets.with(rows.iter().map(|row| row.release), &request.files)
        };
        if !request.is_here() {
            targets.clear();
        }
        plan::preview(self, &targets).await
    }

    /// Logs a takedown, and gives the number of its event. The bytes are still there: [`Registry::remove_taken_down`] removes
    /// them.
    ///
    /// # Errors
    /// `not-found` for a release that is not here; `state-conflict` when all of it is taken down already.
    pub async fn take_down(&self, request: &TakedownRequest) -> Result<u64, ApiError> {
        check(request)?;
        let mut batch = self.batch(BY_REGISTRY).await?;
        let rows = find(batch.db(), &request.releases).await?;
        refuse_again(batch.db(), request, &rows).await?;
        let body = EventBody::Takedown(Box::new(Takedown {
            releases: rows.iter().map(|row| row.id.clone()).collect(),
            files: request.files.clone(),
            class: request.class,
            scope: request.scope.clone(),
            deadline_hours: request.deadline_hours.unwrap_or(request.class.deadline_hours()),
            notice: request.notice.clone(),
            appeal: request.appeal.clone(),
        }));
        let event = batch.append(body).await?;
        let releases: Vec<i64> = rows.iter().map(|row| row.release).collect();
        let new = NewTakedown {
            event,
            class: request.class,
            here: request.is_here(),
            releases: &releases,
            files: &request.files,
        };
        takedowns::insert(batch.db(), &new).await?;
        for row in &rows {
            settle_newest(batch.db(), row.package).await?;
        }
        batch.commit().await?;
        Ok(event)
    }
}

/// A release by its rows.
struct Found {
    id: ReleaseId,
    package: i64,
    release: i64,
}

/// Looks releases up, each once, in their owners' spelling.
async fn find(db: &mut Connection, asked: &[ReleaseId]) -> Result<Vec<Found>, ApiError> {
    let mut found: Vec<Found> = Vec::with_capacity(asked.len());
    for id in asked {
        let absent = || ApiError::not_found(format!("there is no release `{id}`"));
        let package = names::package(db, &id.name.key()).await?.ok_or_else(absent)?;
        let row = releases::find(db, &id.name.key(), &id.version).await?;
        let row = row.filter(|row| row.version == id.version.to_string()).ok_or_else(absent)?;
        let name: PackageName = package.name.parse().map_err(ApiError::internal)?;
        let id = ReleaseId { name, version: id.version.clone() };
        if !found.iter().any(|other| other.release == row.id) {
            found.push(Found { id, package: package.id, release: row.id });
        }
    }
    Ok(found)
}

fn check(request: &TakedownRequest) -> Result<(), ApiError> {
    let is_line =
        |text: &str, most| (1..=most).contains(&text.len()) && !text.chars().any(char::is_control);
    if request.releases.is_empty() && request.files.is_empty() {
        return Err(ApiError::bad_request("a takedown names no release and no file"));
    }
    if request.class == Class::Csam && !request.files.is_empty() {
        return Err(ApiError::bad_request(
            "a takedown of class `csam` names no files: a public list of their hashes would be an index",
        )
        .help("name the releases that have them"));
    }
    if !is_line(&request.notice, MAX_NOTICE) {
        return Err(ApiError::bad_request(format!(
            "the notice is not a name of 1 to {MAX_NOTICE} bytes: it stays in the log, so no text goes into it"
        )));
    }
    if request.appeal.as_ref().is_some_and(|appeal| !is_line(appeal, MAX_APPEAL)) {
        return Err(ApiError::bad_request(format!(
            "the address for appeals is not one line of 1 to {MAX_APPEAL} bytes"
        )));
    }
    Ok(())
}

/// A takedown that adds nothing to those in force would be a line in the log for nothing.
async fn refuse_again(
    db: &mut Connection,
    request: &TakedownRequest,
    rows: &[Found],
) -> Result<(), ApiError> {
    let releases = takedowns::releases_down(db, None).await?;
    let files = takedowns::files_down(db, None).await?;
    let is_new = rows.iter().any(|row| !releases.contains(&row.release))
        || request.files.iter().any(|file| !files.contains(file));
    if is_new {
        return Ok(());
    }
    Err(ApiError::new(Code::StateConflict, "all of it is taken down already")
        .help("`tare-registry takedown --resume` removes what a takedown has left"))
}
