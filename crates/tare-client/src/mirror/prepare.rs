//! From what the source shows to a plan: verified, replayed, filtered. Nothing that is served changes, but for documents that
//! are named by their bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use tare_format::event::PageKey;
use tare_format::limits::Limits;
use tare_format::{ReleaseId, Sha256};
use tare_replay::{NoticesState, PackageState, Standing as PageStanding};

use super::MirrorError;
use super::advance::{News, advance};
use super::candidate::{Candidate, Standing};
use super::contents::{Contents, document};
use super::pending::{self, Pending};
use super::plan::Plan;
use super::position::Position;
use super::select::{Level, select};
use super::takedown::{Order, orders};
use super::{Mirror, settled_filters};
use crate::registry::RegistryClient;

/// The setting that says which filters the contents were last complete under.
pub(super) const SETTLED: &str = "settled";

/// Everything that a sync needs to know.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) pending: Pending,
    /// Where the mirror stands afterwards.
    pub(super) position: Position,
    pub(super) news: Option<News>,
    /// Every release, what became of it, and how much of it is held.
    pub(super) candidates: Vec<(Candidate, Option<Level>)>,
    /// Those of them that are new or changed.
    pub(super) changed: BTreeSet<usize>,
    pub(super) why: BTreeMap<Sha256, (Level, String)>,
    pub(super) orders: Vec<Order>,
    pub(super) restored: Vec<Sha256>,
    pub(super) plan: Plan,
}

/// What the source shows is what the mirror has, or there is something to do.
#[derive(Debug)]
pub(super) enum Outlook {
    /// Nothing to do but to cosign again.
    Same(Box<Pending>, Position),
    /// The source is behind the mirror, on the same log.
    Stale {
        /// The source's size.
        size: u64,
    },
    /// There is something to do.
    Work(Box<Prepared>),
}

/// Looks at the source and prepares what there is to do.
pub(super) async fn prepare(
    mirror: &Mirror,
    registry: &RegistryClient,
    contents: &Contents<'_>,
    now: Timestamp,
) -> Result<Outlook, MirrorError> {
    let position = Position::load(&mirror.inventory).await?;
    let bytes = pending::fetch(&contents.upstream).await?;
    let id = &mirror.config.registry;
    let pending = pending::verify(registry, &mirror.folder, id, &bytes, now).await?;
    let size = pending.checkpoint.size();
    mirror.note_source(size, pending.logged).await?;
    if size <= position.edge.size() && position.edge.size() > 0 {
        mirror.check_known(&position, &pending, now)?;
        if size < position.edge.size() {
            return Ok(Outlook::Stale { size });
        }
        if is_settled(mirror).await? {
            return Ok(Outlook::Same(Box::new(pending), position));
        }
    }
    let from = position.edge.size();
    let (position, news) = advance(mirror, contents, position, &pending, now).await?;
    let (candidates, changed) = candidates(mirror, news.as_ref()).await?;
    let mut prepared = Prepared {
        plan: Plan { from, to: size, ..Plan::default() },
        pending,
        position,
        news,
        candidates,
        changed,
        why: BTreeMap::new(),
        orders: Vec::new(),
        restored: Vec::new(),
    };
    prepared.choose(mirror, now).await?;
    Ok(Outlook::Work(Box::new(prepared)))
}

/// Whether the contents were complete under the filters of today.
async fn is_settled(mirror: &Mirror) -> Result<bool, MirrorError> {
    let settled = mirror.inventory.setting(SETTLED).await?;
    let open = mirror.inventory.takedowns().await?;
    Ok(settled == Some(settled_filters(&mirror.config.filters))
        && open.iter().all(|takedown| takedown.obeyed.is_some())
        && mirror.inventory.incomplete().await?.is_empty())
}

/// Every release with what became of it, and which of them are new or changed.
async fn candidates(
    mirror: &Mirror,
    news: Option<&News>,
) -> Result<(Vec<(Candidate, Option<Level>)>, BTreeSet<usize>), MirrorError> {
    let mut all = mirror.inventory.releases().await?;
    let mut changed = BTreeSet::new();
    let Some(news) = news else { return Ok((all, changed)) };
    let known: BTreeSet<Sha256> = all.iter().map(|(known, _)| known.release).collect();
    for (at, published) in &news.replayed.published {
        if !known.contains(&published.release) {
            let document = document(&mirror.folder, &published.release)?;
            changed.insert(all.len());
            all.push((Candidate::new(published, &document, *at), None));
        }
    }
    let places: HashMap<ReleaseId, usize> =
        all.iter().enumerate().map(|(at, (known, _))| (known.id.clone(), at)).collect();
    for (key, page) in news.replayed.pages.values() {
        let PageKey::Package(name) = key else { continue };
        let state = PackageState::read(name, page).map_err(|error| MirrorError::log(&error))?;
        for (version, release) in &state.releases {
            let id = ReleaseId { name: state.name.clone(), version: version.clone() };
            let Some((at, (candidate, _))) =
                places.get(&id).and_then(|at| Some((*at, all.get_mut(*at)?)))
            else {
                continue;
            };
            let standing = match release.standing() {
                PageStanding::Redacted | PageStanding::TakenDown(_) => Standing::TakenDown,
                PageStanding::Withdrawn { .. } => Standing::Withdrawn,
                _ => Standing::Live,
            };
            if candidate.standing != standing {
                candidate.standing = standing;
                changed.insert(at);
            }
        }
    }
    Ok((all, changed))
}

impl Prepared {
    /// Judges, selects and compares.
    async fn choose(&mut self, mirror: &Mirror, now: Timestamp) -> Result<(), MirrorError> {
        let notices = match &self.news {
            Some(news) => news.replayed.notices.clone(),
            None => {
                let page =
                    mirror.folder.read(&PageKey::Notices.path(), Limits::default().page_size)?;
                NoticesState::read(&page.unwrap_or_default())
                    .map_err(|error| MirrorError::log(&error))?
            }
        };
        let events = self.news.iter().flat_map(|news| &news.extension.events);
        let taken = events.filter(|event| event.leaf.event_type == "takedown");
        let index_of = taken.map(|event| (event.leaf.payload, event.index)).collect();
        let all: Vec<Candidate> = self.candidates.iter().map(|(known, _)| known.clone()).collect();
        let known = mirror.inventory.takedowns().await?;
        (self.orders, self.restored) = orders(&notices, &known, &index_of, &all, now);
        let log_time = self.position.last_time.unwrap_or(now);
        let selection = select(&mirror.config.filters, &all, log_time);
        self.why = selection
            .wanted
            .iter()
            .map(|(release, wanted)| (*release, (wanted.level, wanted.why.to_string())))
            .collect();
        self.plan.leave_out(&mirror.config.filters, &all, &selection);
        let open = self.orders.iter().filter(|order| order.is_open());
        self.plan.takedowns = open.map(|order| order.status.clone()).collect();
        let gone: BTreeSet<Sha256> =
            self.orders.iter().flat_map(|order| order.releases().iter().copied()).collect();
        let staying: Vec<_> = self
            .candidates
            .iter()
            .filter(|(known, _)| !gone.contains(&known.release))
            .cloned()
            .collect();
        let (folder, inventory) = (&mirror.folder, &mirror.inventory);
        self.plan.compare(folder, inventory, &staying, &selection).await?;
        let missing = inventory.incomplete().await?.into_iter();
        let added: BTreeSet<Sha256> = self.plan.add.iter().map(|planned| planned.release).collect();
        let retry: BTreeSet<Sha256> = missing.filter(|release| !added.contains(release)).collect();
        self.plan.retry =
            retry.into_iter().filter(|release| self.why.contains_key(release)).collect();
        Ok(())
    }
}
