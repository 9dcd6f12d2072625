//! What a command changed is told once everybody sees it, as with `tare publish` (spec/log.md W-56).

use tare_client::head::{Follower, wait_for};
use tare_client::home::Home;
use tare_client::registry::RegistryClient;
use tare_format::api::Changed;

use crate::context::Context;
use crate::error::CommandError;

/// Waits until the event of a change is in the log's head.
pub(super) async fn until_public(
    changed: &Changed,
    registry: &RegistryClient,
    context: &Context,
) -> Result<(), CommandError> {
    let Some(event) = changed.event else { return Ok(()) };
    let id = registry.descriptor().await?.id.clone();
    let home = Home::new(context.home());
    let follower = Follower::new(registry, id, &home, context.now(), false);
    Ok(wait_for(registry, &follower, event).await?)
}
