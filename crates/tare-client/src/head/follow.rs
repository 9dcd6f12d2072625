//! Following a registry's log from command to command: the algorithm of spec/log.md W-44 to W-52.
//!
//! 1. Start from the newest root document that is known, or from the registry's id.
//! 2. Ask every place for the head.
//! 3. Check each answer under the root document: form, log signature, quorum, the state event and its place.
//! 4. Walk on to the root document that the log names; then 3 again.
//! 5. The newest answer counts. Each other one has to be where the newest came from, and is stale.
//! 6. What was seen before has to be where the newest came from; or, if it is newer, the sources are stale.
//! 7. Keep it, if nobody else kept another meanwhile; else 6 again.
//!
//! Any contradiction is a fork: both sides are written down, and what was kept stays. So it does under a root document that
//! has expired.

mod import;
mod judge;
mod settle;

use std::sync::Arc;

use jiff::Timestamp;
use tare_format::registry::RegistryId;
use tare_store::ObjectKey;
use tare_tlog::bundle::MAX_PROOF;
use tokio::sync::OnceCell;

use super::check::{check, timestamp};
use super::store::LogStore;
use super::{FUTURE_SECONDS, Freshness, Head, HeadError, LogError, age};
use crate::event::Progress;
use crate::home::Home;
use crate::registry::RegistryClient;
use crate::root::TrustedRoot;
use judge::Answers;

pub use import::Imported;
pub(crate) use import::claims_earlier;
pub use judge::{Answered, Outcome};

/// What this machine is called where a head came from.
const HERE: &str = "this machine";

/// Follows the log of one registry.
#[derive(Debug)]
pub struct Follower<'a> {
    registry: &'a RegistryClient,
    id: RegistryId,
    store: LogStore,
    now: Timestamp,
    offline: bool,
    progress: Progress,
    /// The head of this command, so that one command sees one state.
    head: OnceCell<Arc<Head>>,
}

/// What a look at all places brought.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The head that counts.
    pub head: Arc<Head>,
    /// What each place answered.
    pub answers: Vec<Answered>,
}

impl<'a> Follower<'a> {
    /// Follows the registry with this id. With `offline` nothing is asked, and the head that was kept counts.
    #[must_use]
    pub fn new(
        registry: &'a RegistryClient,
        id: RegistryId,
        home: &Home,
        now: Timestamp,
        offline: bool,
    ) -> Self {
        let store = LogStore::new(home, id.clone());
        let progress = registry.transport().progress().clone();
        Self { registry, id, store, now, offline, progress, head: OnceCell::new() }
    }

    /// The registry.
    #[must_use]
    pub fn id(&self) -> &RegistryId {
        &self.id
    }

    /// The head, asked for at most once. What is odd about a place or about the head's age is told as a warning.
    ///
    /// # Errors
    /// When none can be trusted, or none is there.
    pub async fn head(&self) -> Result<Arc<Head>, HeadError> {
        let first = async || {
            let survey = match self.offline {
                true => Survey { head: Arc::new(self.kept_head()?), answers: Vec::new() },
                false => self.survey().await?,
            };
            self.tell(&survey);
            Ok(survey.head)
        };
        self.head.get_or_try_init(first).await.cloned()
    }

    /// Asks again, in the middle of a command, without a warning.
    ///
    /// # Errors
    /// As [`Follower::head`].
    pub async fn look_again(&self) -> Result<Arc<Head>, HeadError> {
        Ok(self.survey().await?.head)
    }

    /// Asks every place, and says what each of them answered.
    ///
    /// # Errors
    /// As [`Follower::head`].
    pub async fn survey(&self) -> Result<Survey, HeadError> {
        let cap = u64::try_from(MAX_PROOF).unwrap_or(u64::MAX);
        let answers = self.registry.every_source(&ObjectKey::Head, cap).await;
        let judged = self.judge(Answers::all(answers)).await?;
        let settled = self.settle(judged).await?;
        let head = Arc::new(Head::new(self.id.clone(), settled.root, settled.seen));
        Ok(Survey { head, answers: settled.answers })
    }

    /// The head that an earlier command kept. Nothing is asked.
    ///
    /// # Errors
    /// When there is none, or the root document that was kept does not accept it.
    pub fn kept_head(&self) -> Result<Head, HeadError> {
        kept(&self.store, &self.id, self.now)
    }

    /// Refuses a head under which nothing new may be resolved: its root document expired, its witnesses saw it too long
    /// ago, or the clock here is wrong, so that nobody can say.
    ///
    /// # Errors
    /// When nothing may be resolved under it.
    pub fn require_current(&self, head: &Head) -> Result<(), HeadError> {
        self.require_unexpired(head)?;
        if let Some(error) = self.clock_error()? {
            return Err(error);
        }
        age::require(head, self.now)
    }

    /// Refuses a head whose root document has expired: nothing new is taken on its word.
    ///
    /// # Errors
    /// When it has expired.
    pub fn require_unexpired(&self, head: &Head) -> Result<(), HeadError> {
        expired(head.root_document(), self.now).map_or(Ok(()), Err)
    }

    /// Refuses what a look brought when anything of it has to worry somebody: a head that nothing may be resolved under, a
    /// place whose answer is refused, or one that is further behind than the root document lets a head be.
    ///
    /// # Errors
    /// When there is such a thing.
    pub fn require_sound(&self, survey: &Survey) -> Result<(), HeadError> {
        self.require_current(&survey.head)?;
        let limit = survey.head.root_document().document().fresh_fail.seconds();
        let mut refused = false;
        let told = survey.answers.iter().filter_map(|answered| {
            let from = &answered.from;
            match &answered.outcome {
                Outcome::Refused(reason) => {
                    refused = true;
                    Some(format!("{from}: {reason}"))
                }
                Outcome::Stale { time: Some(time), .. } => {
                    let age = self.now.as_second().saturating_sub(time.as_second());
                    let age = u64::try_from(age).unwrap_or(0);
                    let (words, limit_words) = (age::words(age), age::words(limit));
                    (age > limit).then(|| {
                        format!("{from}: its head is {words} old, expected at most {limit_words}")
                    })
                }
                _ => None,
            }
        });
        let told: Vec<String> = told.collect();
        match told.is_empty() {
            true => Ok(()),
            false => Err(HeadError::Sources { asked: survey.answers.len(), told, refused }),
        }
    }

    /// The root document to begin with: the one that was kept, else the first one.
    async fn root(&self) -> Result<TrustedRoot, HeadError> {
        match self.store.root()? {
            Some(root) => Ok(root),
            None => Ok(TrustedRoot::first(self.registry, &self.id).await?),
        }
    }

    /// The time, as far as it is known: a clock that is behind must not make good cosignatures count less.
    fn verified_now(&self) -> Result<u64, HeadError> {
        Ok(seconds(self.now).max(self.store.time()?))
    }

    fn clock_error(&self) -> Result<Option<HeadError>, HeadError> {
        let verified = self.store.time()?;
        let is_behind = seconds(self.now).saturating_add(FUTURE_SECONDS) < verified;
        let error = HeadError::Clock { verified: timestamp(verified), now: self.now };
        Ok(is_behind.then_some(error))
    }

    /// Warns of everything that is odd and no failure.
    fn tell(&self, survey: &Survey) {
        for answered in &survey.answers {
            if let Some(warning) = answered.warning(&survey.head) {
                self.progress.warn(&warning);
            }
        }
        if let Some(warning) = expiry(survey.head.root_document(), self.now) {
            self.progress.warn(&warning);
        }
        if let Ok(Some(error)) = self.clock_error() {
            self.progress.warn(&error.to_string());
        }
        if let Freshness::Old { age } | Freshness::Stale { age } = survey.head.freshness(self.now) {
            let age = age::words(age);
            self.progress.warn(&format!("the newest head of the registry's log is {age} old"));
        }
    }
}

/// The head that was kept of a registry, as it counts today. Nothing is asked.
///
/// # Errors
/// When there is none, or the root document that was kept does not accept it.
pub fn kept_head(home: &Home, id: &RegistryId, now: Timestamp) -> Result<Head, HeadError> {
    kept(&LogStore::new(home, id.clone()), id, now)
}

/// What is to be said when the root document that was kept of a registry has expired. Nothing is asked.
#[must_use]
pub fn expired_root(home: &Home, id: &RegistryId, now: Timestamp) -> Option<String> {
    let root = LogStore::new(home, id.clone()).root().ok().flatten()?;
    expiry(&root, now)
}

fn expiry(root: &TrustedRoot, now: Timestamp) -> Option<String> {
    expired(root, now).map(|error| error.to_string())
}

/// The error for whoever wants something new under a root document that has expired.
fn expired(root: &TrustedRoot, now: Timestamp) -> Option<HeadError> {
    root.require_unexpired(now).err().map(HeadError::from)
}

fn kept(store: &LogStore, id: &RegistryId, now: Timestamp) -> Result<Head, HeadError> {
    let offline = || HeadError::Offline { registry: id.clone() };
    let root = store.root()?.ok_or_else(offline)?;
    let kept = store.head()?.ok_or_else(offline)?;
    let seen = check(&kept.bytes, root.document(), seconds(now).max(store.time()?));
    let seen = seen.map_err(|source| refused(HERE, source))?;
    Ok(Head::new(id.clone(), Arc::new(root), seen))
}

fn refused(from: &str, source: LogError) -> HeadError {
    HeadError::Refused { from: from.to_owned(), source: Box::new(source) }
}

/// Seconds since 1970; a clock before that is at its beginning.
fn seconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_second()).unwrap_or(0)
}
