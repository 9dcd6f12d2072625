//! What is refused for a takedown: the objects that are gone, and publishing the same bytes again.

use tare_format::problem::Code;
use tare_format::release::{FileClass, Release};
use tare_store::{ObjectKey, StoreError};

use crate::db::takedowns::{self, Gone, Progress};
use crate::db::{Connection, unsigned};
use crate::error::ApiError;
use crate::registry::Registry;

/// Why an object is not here any more, if that is for a takedown: 451 when the law wants it, else 410.
///
/// # Errors
/// When the database fails.
pub(crate) async fn gone(
    registry: &Registry,
    key: &ObjectKey,
) -> Result<Option<ApiError>, ApiError> {
    let mut db = registry.db.read().await?;
    let Some(Gone { event, class }) = takedowns::gone(&mut db, key).await? else {
        return Ok(None);
    };
    let code = match class.as_str() {
        "court" | "copyright" => Code::LegalReasons,
        _ => Code::TakenDown,
    };
    let detail = format!("`{key}` was taken down, for `{class}`");
    let error = ApiError::new(code, detail).event(unsigned(event)?);
    Ok(Some(error.help("the event in the registry's log says what it was about")))
}

/// Refuses a release with a file that is taken down.
///
/// # Errors
/// `taken-down` with the first such file.
pub(crate) async fn refuse_files(db: &mut Connection, release: &Release) -> Result<(), ApiError> {
    for file in release.files.iter().filter(|file| file.class == FileClass::Data) {
        if let Some(event) = takedowns::of_file(db, file.sha256).await? {
            let detail = format!(
                "`{}` of `{}` was taken down by event {event}, and cannot be published again",
                file.path,
                release.id()
            );
            return Err(ApiError::new(Code::TakenDown, detail).event(event));
        }
    }
    Ok(())
}

/// Refuses to go on when something was taken down since `seen`, which is [`takedowns::progress`] before the bytes were verified:
/// chunks that were there then may be gone.
///
/// # Errors
/// `unavailable` when it was.
pub(crate) async fn refuse_since(db: &mut Connection, seen: Progress) -> Result<(), ApiError> {
    if takedowns::progress(db).await? == seen {
        return Ok(());
    }
    let detail = "something was taken down while the bytes were verified";
    Err(ApiError::new(Code::Unavailable, detail).help("try again"))
}

/// What takedowns have left to do, as sentences: objects that are still in the store, takedowns that were cut off.
///
/// # Errors
/// When the database or the store cannot be read.
pub(crate) async fn leftovers(registry: &Registry) -> Result<Vec<String>, ApiError> {
    let (events, keys) = {
        let mut db = registry.db.read().await?;
        (takedowns::unfinished(&mut db).await?, takedowns::all_gone(&mut db).await?)
    };
    let mut problems: Vec<String> =
        events.iter().map(|event| format!("the takedown {event} was not carried out")).collect();
    let there = registry
        .blocking(move |store| {
            let mut there = Vec::new();
            for key in keys {
                if store.size(&key)?.is_some() {
                    there.push(format!("`{key}` was taken down and is still here"));
                }
            }
            Ok::<_, StoreError>(there)
        })
        .await?;
    problems.extend(there);
    Ok(problems)
}
