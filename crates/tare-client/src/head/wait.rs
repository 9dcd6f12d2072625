//! Waits until an event is public: until the head that everybody is shown has come to it (spec/log.md W-56).
//!
//! A registry that has committed something may still wait for its witnesses, and until enough of them have seen the new
//! head nobody else sees what was done.

use std::time::Duration;

use tokio::time::Instant;

use super::{Follower, HeadError};
use crate::error::{ClientError, ErrorKind};
use crate::event::Unit;
use crate::registry::RegistryClient;

/// How long the head is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long at first between two looks; it doubles up to the other, which is short because a quorum takes a second or two and
/// a look is one small request.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Why nobody can say that an event is public.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// There is no head that can be trusted.
    #[error("event {event} is committed, and nothing shows that anybody sees it")]
    Head {
        /// The event.
        event: u64,
        /// Why not.
        source: Box<HeadError>,
    },
    /// The head does not come to it.
    #[error(
        "event {event} is committed, and after {seconds} seconds the head of the log still has only {size} events"
    )]
    NotWitnessed {
        /// The event.
        event: u64,
        /// How many events the head has.
        size: u64,
        /// How long was waited.
        seconds: u64,
    },
}

/// Waits until the head comes to `event`, for a minute at most.
///
/// # Errors
/// When it does not, or when it cannot be trusted.
pub async fn wait_for(
    client: &RegistryClient,
    follower: &Follower<'_>,
    event: u64,
) -> Result<(), WaitError> {
    let task = client.transport().progress().task("waiting for the log", Unit::Items, 1);
    let (begin, mut pause) = (Instant::now(), FIRST_PAUSE);
    loop {
        let size = size(follower)
            .await
            .map_err(|source| WaitError::Head { event, source: Box::new(source) })?;
        if size > event {
            task.advance(1);
            return Ok(());
        }
        if begin.elapsed() + pause > PATIENCE {
            return Err(WaitError::NotWitnessed { event, size, seconds: PATIENCE.as_secs() });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// How many events the newest head has.
async fn size(follower: &Follower<'_>) -> Result<u64, HeadError> {
    match follower.look_again().await {
        Ok(head) => {
            // Under such a document the head would be waited for in vain.
            follower.require_unexpired(&head)?;
            Ok(head.size())
        }
        // The first head of a new registry waits for its witnesses as any other does.
        Err(HeadError::Missing { .. }) => Ok(0),
        Err(error) => Err(error),
    }
}

impl ClientError for WaitError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Head { source, .. } => source.kind(),
            Self::NotWitnessed { .. } => ErrorKind::Network,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Head { source, .. } => source.code(),
            Self::NotWitnessed { .. } => "E-NOT-WITNESSED",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Head { source, .. } => source.help(),
            Self::NotWitnessed { .. } => Some(
                "nobody sees it before enough witnesses have; run the same command again later to look once more, or `tare verify --head` to see how far the log is"
                    .to_owned(),
            ),
        }
    }
}
