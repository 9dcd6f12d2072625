//! What a mirror fetches when nothing, little or much is new.
//!
//! The log is one that holds up: a mirror replays it, checks every signature and compares every state. Of ten events, three
//! publish and the others yank and take back. The contents of releases are left out by a filter: what they weigh is no matter
//! of the log.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tare_client::credentials::Tokens;
use tare_client::event::Progress;
use tare_client::mirror::Mirror;
use tare_client::mirror::config::Config;
use tare_client::mirror::filter::Filters;
use tare_client::mirror::pace::Limits;
use tare_client::mirror::sync::SyncOptions;
use tare_client::registry::RegistryClient;
use tare_client::transport::{Settings, Transport};
use tare_format::event::EventBody;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::ledger::{Ledger, Outcome};
use crate::packages::{OWNER, Publisher, name};
use crate::server::{Server, Traffic};

/// How many packages there are.
const PACKAGES: usize = 500;
/// How many events end in one state.
const BATCH: usize = 10;

/// One sync.
pub(crate) struct Sync {
    /// Events since the last one, states left out.
    pub(crate) events: usize,
    pub(crate) traffic: Traffic,
    pub(crate) seconds: f64,
}

/// Syncs a mirror for the first time, then after so many new events each.
pub(crate) fn measure(steps: &[usize]) -> Outcome<Vec<Sync>> {
    let mut history = History::new()?;
    let server = Server::start(history.ledger.files())?;
    let (runtime, folder) = (Runtime::new()?, tempfile::tempdir()?);
    let mirror = runtime.block_on(open(&history.ledger, &server, &folder))?;
    let mut syncs = vec![sync(&mirror, &history, &server, &runtime, 2 * PACKAGES)?];
    for events in steps {
        history.add(*events)?;
        syncs.push(sync(&mirror, &history, &server, &runtime, *events)?);
    }
    Ok(syncs)
}

async fn open(ledger: &Ledger, server: &Server, folder: &TempDir) -> Outcome<Mirror> {
    let config = Config {
        registry: ledger.id().clone(),
        name: "mirror.example.org/m".parse()?,
        sources: vec![server.url()?],
        public_url: None,
        filters: Filters { include: vec!["nobody/*".parse()?], ..Filters::default() },
        limits: Limits::default(),
    };
    let root = folder.path().join("mirror");
    Ok(Mirror::init(&root, config, Timestamp::now, Progress::silent()).await?)
}

fn sync(
    mirror: &Mirror,
    history: &History,
    server: &Server,
    runtime: &Runtime,
    events: usize,
) -> Outcome<Sync> {
    let transport = Arc::new(Transport::new(Settings::default(), Progress::silent())?);
    let id = Some(history.ledger.id().clone());
    let client = RegistryClient::new(transport, server.url()?, id, Tokens::default());
    server.take_traffic();
    let begin = Instant::now();
    let synced = runtime.block_on(mirror.sync(&client, SyncOptions::default()))?;
    let seconds = begin.elapsed().as_secs_f64();
    if synced.to != history.ledger.size() {
        return Err(format!("the mirror came to {} events only", synced.to).into());
    }
    Ok(Sync { events, traffic: server.take_traffic(), seconds })
}

/// A log that grows by rounds over all packages.
struct History {
    ledger: Ledger,
    publisher: Publisher,
    added: usize,
}

impl History {
    /// The packages with their keys and nothing published: two events for each.
    fn new() -> Outcome<Self> {
        let (mut ledger, publisher) = (Ledger::new(true)?, Publisher::new()?);
        for package in 0..PACKAGES {
            let (namespace, owner) = (name(package)?.namespace().parse()?, OWNER.to_owned());
            ledger.log(OWNER, EventBody::Namespace { namespace, owner })?;
            ledger.log(OWNER, publisher.signer(package)?)?;
        }
        ledger.seal()?;
        Ok(Self { ledger, publisher, added: 0 })
    }

    /// Adds events, ten to a batch.
    fn add(&mut self, events: usize) -> Outcome<()> {
        for at in 1..=events {
            self.add_one()?;
            if at % BATCH == 0 || at == events {
                self.ledger.seal()?;
            }
        }
        Ok(())
    }

    /// Of each package in turn: a version, two more, then yanks and their undoing.
    fn add_one(&mut self) -> Outcome<()> {
        let (package, round) = (self.added % PACKAGES, self.added / PACKAGES);
        self.added += 1;
        let (generation, step) = ((round / BATCH) as u64, round % BATCH);
        let minor = generation * 3 + step.min(2) as u64;
        if step < 3 {
            return self.publisher.publish(&mut self.ledger, package, minor, None);
        }
        let (package, version) = (name(package)?, format!("1.{minor}.0").parse()?);
        let body = match step % 2 {
            1 => {
                let reason = "the tokenizer has the wrong vocabulary".to_owned();
                EventBody::Yank { package, version, reason }
            }
            _ => EventBody::Unyank { package, version },
        };
        self.ledger.log(OWNER, body)
    }
}
