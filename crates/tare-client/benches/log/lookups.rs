//! What a client fetches to lock ten packages, and what it fetches the next time.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tare_client::credentials::Tokens;
use tare_client::event::Progress;
use tare_client::home::Home;
use tare_client::local::Local;
use tare_client::registry::RegistryClient;
use tare_client::resolve::Dependency;
use tare_client::source::Source;
use tare_client::transport::{Settings, Transport};
use tare_client::update::{self, Request};
use tare_format::manifest::DependencyRelation;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::ledger::{Outcome, Written};
use crate::packages::name;
use crate::server::{Server, Traffic};
use crate::world::World;

/// The files of the log and the state: what there is for proofs alone.
pub(crate) const PROOFS: [&str; 5] = ["head", "root", "tile", "state", "notices"];
/// Pages of packages.
pub(crate) const PAGES: [&str; 1] = ["packages"];
/// What is proven.
pub(crate) const DOCUMENTS: [&str; 2] = ["releases", "signatures"];

/// What one command cost.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lookup {
    pub(crate) traffic: Traffic,
    pub(crate) milliseconds: f64,
}

/// The same on several machines, one after the other.
pub(crate) struct Lookups {
    /// The first time.
    pub(crate) cold: Vec<Lookup>,
    /// Again, when nothing has changed.
    pub(crate) warm: Vec<Lookup>,
    /// When others have published so many versions.
    pub(crate) after_others: Vec<Lookup>,
    /// When one of the ten packages has a new version too.
    pub(crate) after_own: Vec<Lookup>,
}

/// How many versions others publish in between.
pub(crate) const OTHERS: usize = 1_000;

/// Makes all lookups. `between` hears of each version that was published meanwhile.
pub(crate) fn measure(
    world: &mut World,
    runs: usize,
    mut between: impl FnMut(Written),
) -> Outcome<Lookups> {
    let server = Server::start(world.ledger.files())?;
    let runtime = Runtime::new()?;
    let machines = (0..runs).map(|_| tempfile::tempdir()).collect::<Result<Vec<_>, _>>()?;
    let round = |world: &World| -> Outcome<Vec<Lookup>> {
        machines.iter().map(|machine| lock(world, &server, &runtime, machine)).collect()
    };
    let (cold, warm) = (round(world)?, round(world)?);
    for _ in 0..OTHERS {
        between(world.publish_other()?);
    }
    let after_others = round(world)?;
    world.publish_wanted()?;
    let after_own = round(world)?;
    Ok(Lookups { cold, warm, after_others, after_own })
}

/// Locks what the project asks for, as `tare lock` does: head, pages, resolver, proofs.
fn lock(world: &World, server: &Server, runtime: &Runtime, machine: &TempDir) -> Outcome<Lookup> {
    let transport = Arc::new(Transport::new(Settings::default(), Progress::silent())?);
    let id = world.ledger.id();
    let client = RegistryClient::new(transport, server.url()?, Some(id.clone()), Tokens::default());
    let local = Local::open(Home::new(machine.path()))?;
    let now = Timestamp::now();
    let source = Source::new(&client, id.clone(), local, now, false, Progress::silent());
    let requirement = |package| {
        let (requirement, relation) = ("^1".parse()?, DependencyRelation::Component);
        Ok(Dependency { name: name(package)?, requirement, relation, variant: None })
    };
    let requirements = world.wanted().map(requirement).collect::<Outcome<Vec<_>>>()?;
    server.take_traffic();
    let begin = Instant::now();
    let request = Request::default();
    let lock = runtime.block_on(update::lock_requirements(&source, &requirements, &request))?;
    let milliseconds = begin.elapsed().as_secs_f64() * 1_000.0;
    if lock.packages.len() != 2 * requirements.len() {
        return Err(format!("{} packages were locked", lock.packages.len()).into());
    }
    Ok(Lookup { traffic: server.take_traffic(), milliseconds })
}
