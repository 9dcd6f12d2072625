//! A registry of many packages, of which ten are real.
//!
//! Each package has a key and three versions, each version a batch of its own. The log has all their leaves and the state map
//! all their pages; what nobody here will ask for is hashed and thrown away. States in the middle of the log are stand-ins of
//! the right length, since a client only ever reads the last.

use tare_format::event::{BY_REGISTRY, EventBody, PageKey};
use tare_tlog::hash::Hash;
use tare_tlog::map::Commitment;

use crate::ledger::{Ledger, Outcome, Written, state_event};
use crate::packages::{NAMESPACES, OWNER, Publisher, name, published};

/// How many versions a package has.
pub(crate) const VERSIONS: u64 = 3;
/// How many packages a project asks for; each needs its base, so twice as many are resolved.
const WANTED: usize = 5;

/// The registry.
pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) count: usize,
    publisher: Publisher,
    /// How many more versions were published of packages that nobody asks for.
    later: usize,
}

impl World {
    pub(crate) fn new(count: usize) -> Outcome<Self> {
        let publisher = Publisher::new()?;
        let mut world = Self { ledger: Ledger::new(false)?, count, publisher, later: 0 };
        for namespace in 0..NAMESPACES.min(count) {
            let (namespace, owner) = (format!("lab-{namespace}").parse()?, OWNER.to_owned());
            world.ledger.log(OWNER, EventBody::Namespace { namespace, owner })?;
        }
        let state = world.ledger.line(BY_REGISTRY, state_event(&Commitment::EMPTY))?;
        for package in 0..count {
            match world.base(package) {
                Some(base) => world.add_real(package, base)?,
                None => world.add(package, &state)?,
            }
        }
        world.ledger.seal()?;
        Ok(world)
    }

    /// The packages that a project asks for.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = usize> {
        let step = self.count / WANTED;
        (0..WANTED).map(move |at| at * step + 1)
    }

    /// Publishes another version of a package that nobody asks for, as a batch.
    pub(crate) fn publish_other(&mut self) -> Outcome<Written> {
        self.later += 1;
        let mut package = self.later * 7_919 % self.count;
        while self.base(package).is_some() {
            package += 1;
        }
        let mut page = self.page(package)?.join("\n");
        page.push('\n');
        let body = published(package, VERSIONS + self.later as u64, None)?;
        let line = self.ledger.line(OWNER, EventBody::Publish(Box::new(body)))?;
        page.push_str(&line);
        page.push('\n');
        self.ledger.set_page(&PageKey::Package(name(package)?), page.as_bytes());
        self.ledger.append("publish", line)?;
        let written = self.ledger.seal()?;
        Ok(Written { pages: page.len(), ..written })
    }

    /// Publishes another version of a package that a project asks for.
    pub(crate) fn publish_wanted(&mut self) -> Outcome<()> {
        let package = self.wanted().next().ok_or("nothing is asked for")?;
        let base = self.base(package).flatten();
        self.publisher.publish(&mut self.ledger, package, VERSIONS, base)?;
        self.ledger.seal().map(drop)
    }

    /// Whether a package is one of the real ones, and its base.
    #[expect(clippy::option_option, reason = "a real package may have a base, others are none")]
    fn base(&self, package: usize) -> Option<Option<usize>> {
        let step = self.count / WANTED;
        let is_within = package < step * WANTED;
        match package % step {
            0 if is_within => Some(None),
            1 if is_within => Some(Some(package - 1)),
            _ => None,
        }
    }

    fn add_real(&mut self, package: usize, base: Option<usize>) -> Outcome<()> {
        let signer = self.publisher.signer(package)?;
        self.ledger.log(OWNER, signer)?;
        for minor in 0..VERSIONS {
            self.publisher.publish(&mut self.ledger, package, minor, base)?;
        }
        Ok(())
    }

    fn add(&mut self, package: usize, state: &str) -> Outcome<()> {
        let lines = self.page(package)?;
        let mut page = lines.join("\n");
        page.push('\n');
        self.ledger.set_page(&PageKey::Package(name(package)?), page.as_bytes());
        for (at, line) in lines.into_iter().enumerate() {
            self.ledger.append(if at == 0 { "signer" } else { "publish" }, line)?;
            self.ledger.append("state", state.to_owned())?;
        }
        Ok(())
    }

    /// The lines of a package that nobody asks for.
    fn page(&mut self, package: usize) -> Outcome<Vec<String>> {
        let signer = self.publisher.signer(package)?;
        let mut lines = vec![self.ledger.line(OWNER, signer)?];
        for minor in 0..VERSIONS {
            let body = published(package, minor, Some(package / 2))?;
            lines.push(self.ledger.line(OWNER, EventBody::Publish(Box::new(body)))?);
        }
        Ok(lines)
    }
}

/// A number below `limit` that looks drawn and is the same at every run.
pub(crate) fn drawn(seed: u64, limit: u64) -> u64 {
    let Hash(bytes) = Hash::of(&seed.to_be_bytes());
    bytes.iter().take(6).fold(0, |sum, byte| sum << 8 | u64::from(*byte)) % limit.max(1)
}
