//! Pages: the lines of the events that are about one thing, in order (spec/events.md).

use tare_format::event::PageKey;
use tare_store::ObjectKey;

use crate::db::{Connection, events};
use crate::error::ApiError;

/// The bytes of a page. Of a line that was redacted its digest is left, so that the page still says where it stood.
///
/// # Errors
/// When the database fails.
pub(crate) async fn bytes(db: &mut Connection, page: &PageKey) -> Result<Vec<u8>, ApiError> {
    let mut text = String::new();
    for event in events::of_page(db, page).await? {
        match &event.line {
            Some(line) => text.push_str(line),
            None => {
                text.push_str("- ");
                text.push_str(&event.payload.hex());
            }
        }
        text.push('\n');
    }
    Ok(text.into_bytes())
}

/// The page that a file is, when it is one.
pub(crate) fn page_of(key: &ObjectKey) -> Option<PageKey> {
    match key {
        ObjectKey::Package(name) => Some(PageKey::Package(name.clone())),
        ObjectKey::Namespace(name) => Some(PageKey::Namespace(name.clone())),
        ObjectKey::Notices => Some(PageKey::Notices),
        _ => None,
    }
}
