//! Whether an event has an effect: every rule, asked in one place (E-18 to E-30).

use tare_format::Namespace;
use tare_format::advisory::Advisory;
use tare_format::event::{Event, EventBody, PageKey, Published};
use tare_format::registry::RegistryId;
use tare_sign::PublicKey;
use tare_tlog::hash::Hash;
use tare_tlog::map::Commitment;

use crate::namespace::NamespaceState;
use crate::package::PackageState;
use crate::page::{Content, Line};
use crate::signed::SignedBy;
use crate::states::States;

/// What an event does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It has the effect of its type.
    Effective,
    /// It stays in the log and changes nothing.
    Inert(Reason),
}

impl Judgement {
    /// Whether it has an effect.
    #[must_use]
    pub const fn is_effective(&self) -> bool {
        matches!(self, Self::Effective)
    }
}

/// Which rule an event breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Not strict JSON, or a field of its type is missing.
    #[error("it cannot be read")]
    Unreadable,
    /// A type that is not known here.
    #[error("its type is not known")]
    UnknownType,
    /// The leaf says another type than the payload.
    #[error("its leaf says another type")]
    OtherType,
    /// The line was redacted, and had no effect before.
    #[error("its line had no effect and was redacted")]
    RedactedInert,
    /// It is before the last batch.
    #[error("its time is before that of the last state")]
    TimeBack,
    /// It is not one that this page has.
    #[error("it does not belong on the page")]
    NotHere,
    /// The same bytes stand on the page already.
    #[error("the same line was there before")]
    Repeated,
    /// Nobody has claimed the namespace.
    #[error("nobody has claimed the namespace")]
    NoNamespace,
    /// The namespace, or one that cannot be told apart from it, is claimed.
    #[error("the namespace is claimed already")]
    NameTaken,
    /// It differs from the name that exists in case, `-`, `_` or `.`.
    #[error("the name exists in another spelling")]
    OtherSpelling,
    /// The login is the registry's, or empty.
    #[error("the login cannot be a user's")]
    ReservedLogin,
    /// Only an owner may do it.
    #[error("who did it was not an owner at the time")]
    NotOwner,
    /// Only the registry may do it.
    #[error("only the registry may do it")]
    NotRegistry,
    /// There is one owner left.
    #[error("the last owner stays")]
    LastOwner,
    /// There is one key left.
    #[error("the last key stays")]
    LastSigner,
    /// The key is none of those that can sign, or has another name.
    #[error("the key cannot be used")]
    BadKey,
    /// No key may sign yet.
    #[error("no key may sign for the package yet")]
    NoSigner,
    /// No accepted key signed it.
    #[error("no accepted key signed it")]
    NotSigned,
    /// A version has build metadata.
    #[error("a version has no build metadata")]
    BuildMetadata,
    /// The version was published before.
    #[error("the version was published before")]
    VersionExists,
    /// There is no such version.
    #[error("there is no such version")]
    NoVersion,
    /// There is no such package.
    #[error("there is no such package")]
    NoPackage,
    /// The version is withdrawn, which is for good.
    #[error("the version is withdrawn for good")]
    Withdrawn,
    /// It is so already.
    #[error("it changes nothing")]
    NoChange,
    /// The advisory breaks a rule of its document.
    #[error("the advisory breaks a rule of its document")]
    BadAdvisory,
    /// The advisory is not newer than the one that it would replace.
    #[error("the advisory is not newer than the one before")]
    NotNewer,
    /// The advisory does not name a package that the one before it names.
    #[error("the advisory drops a package that the one before named")]
    DropsPackage,
    /// There is no such takedown in force.
    #[error("there is no such takedown in force")]
    NoTakedown,
    /// The redaction names no line that is there.
    #[error("there is no such line to redact")]
    NoLine,
    /// The redaction leaves something else of the line than it said.
    #[error("what would be left does not fit the line")]
    OtherResidue,
    /// A root document comes one after the other, and the first is the one that the registry is named by.
    #[error("it is not the next root document")]
    RootVersion,
    /// The state is not that of the events before it.
    #[error("the state is not that of the events before it")]
    WrongState,
}

/// What a judgement rests on.
#[derive(Debug, Clone, Copy)]
pub struct Context<'c> {
    /// The registry whose log it is.
    pub registry: &'c RegistryId,
    /// What is current, as far as the event [needs](crate::needs) it.
    pub states: &'c States,
    /// The event's number.
    pub index: u64,
    /// Who signed the release; nobody for other events.
    pub signed: &'c SignedBy,
}

/// Judges one line of the log: whether its event has an effect.
///
/// It says nothing about whether the commitment of a `state` event is right: that takes the whole map, which
/// [`Replay`](crate::Replay) has.
#[must_use]
pub fn judge(line: &Line, context: &Context<'_>) -> Judgement {
    let outcome = match &line.content {
        Content::Event(event) => {
            context.check_event(event).and_then(|()| context.check_pages(line))
        }
        Content::Redacted(_) => context.check_pages(line),
    };
    match outcome {
        Ok(()) => Judgement::Effective,
        Err(reason) => Judgement::Inert(reason),
    }
}

impl Context<'_> {
    /// The rules that need more than one page.
    fn check_event(&self, event: &Event) -> Result<(), Reason> {
        if self.states.last_time.is_some_and(|last| event.time < last) {
            return Err(Reason::TimeBack);
        }
        match &event.body {
            EventBody::Namespace { owner, .. } => {
                is_one_of(event, |login| login == owner.as_str()).or(Err(Reason::NotOwner))
            }
            EventBody::Owner { namespace, .. } => {
                let namespace = self.states.namespace(namespace).ok_or(Reason::NoNamespace)?;
                is_one_of(event, |login| namespace.is_owned_by(login))
            }
            EventBody::Signer { package, key, .. } => {
                self.check_owner_or_registry(event, package)?;
                PublicKey::from_signer_key(key).map(drop).map_err(|_| Reason::BadKey)
            }
            EventBody::Publish(published) => self.check_publish(event, published),
            EventBody::Yank { package, .. }
            | EventBody::Unyank { package, .. }
            | EventBody::Withdraw { package, .. } => self.check_owner_or_registry(event, package),
            EventBody::Advisory { advisory } => self.check_advisory(event, advisory),
            EventBody::Root { version, sha256 } => {
                by_registry(event)?;
                let names_registry = RegistryId::of_root(sha256) == *self.registry;
                if *version != 1 || names_registry { Ok(()) } else { Err(Reason::RootVersion) }
            }
            EventBody::Takedown(_) => by_registry(event),
            EventBody::Restore { takedown: index, .. } | EventBody::Redact { index, .. } => {
                by_registry(event)?;
                if *index < self.index { Ok(()) } else { Err(Reason::NoLine) }
            }
            EventBody::State { depth, count, root, root_version } => {
                by_registry(event)?;
                if *root_version != self.states.notices.newest_root() {
                    return Err(Reason::RootVersion);
                }
                let commitment = Commitment::new(*depth, *count, Hash(*root.as_bytes()));
                commitment.map(drop).map_err(|_| Reason::WrongState)
            }
        }
    }

    /// The rules of each page that the line would stand on.
    fn check_pages(&self, line: &Line) -> Result<(), Reason> {
        for page in line.content.pages() {
            match page {
                PageKey::Package(name) => match self.states.package(&name) {
                    Some(package) => package.check(line)?,
                    None => PackageState::new(name).check(line)?,
                },
                PageKey::Namespace(name) => {
                    let Content::Event(event) = &line.content else {
                        return Err(Reason::NotHere);
                    };
                    let state = self.states.namespace(&name);
                    NamespaceState::check(state, &line.payload, event)?;
                }
                PageKey::Notices => self.states.notices.check(line)?,
            }
        }
        Ok(())
    }

    fn owners(&self, package: &tare_format::PackageName) -> Result<&NamespaceState, Reason> {
        let name = Namespace::from(package);
        let namespace = self.states.namespace(&name).ok_or(Reason::NoNamespace)?;
        if namespace.name == name { Ok(namespace) } else { Err(Reason::OtherSpelling) }
    }

    fn check_owner_or_registry(
        &self,
        event: &Event,
        package: &tare_format::PackageName,
    ) -> Result<(), Reason> {
        let namespace = self.owners(package)?;
        is_one_of(event, |login| namespace.is_owned_by(login))
    }

    /// The registry moderates and does not publish for others.
    fn check_publish(&self, event: &Event, published: &Published) -> Result<(), Reason> {
        if !self.owners(&published.package)?.is_owned_by(&event.by) {
            return Err(Reason::NotOwner);
        }
        let package = self.states.package(&published.package).ok_or(Reason::NoSigner)?;
        if package.signers.is_empty() {
            return Err(Reason::NoSigner);
        }
        let is_signed = self.signed.is_accepted_by(&package.signers);
        if is_signed { Ok(()) } else { Err(Reason::NotSigned) }
    }

    /// The registry warns of anything. An owner warns of what is the owner's, by name: a hash could be anybody's file.
    fn check_advisory(&self, event: &Event, advisory: &Advisory) -> Result<(), Reason> {
        advisory.check().map_err(|_| Reason::BadAdvisory)?;
        if event.is_by_registry() {
            return Ok(());
        }
        if !advisory.hashes.is_empty() {
            return Err(Reason::NotRegistry);
        }
        for package in &advisory.packages() {
            self.check_owner_or_registry(event, package)?;
        }
        Ok(())
    }
}

fn by_registry(event: &Event) -> Result<(), Reason> {
    if event.is_by_registry() { Ok(()) } else { Err(Reason::NotRegistry) }
}

/// Whether the registry did it, or somebody who may.
fn is_one_of(event: &Event, may: impl FnOnce(&str) -> bool) -> Result<(), Reason> {
    if event.is_by_registry() || may(&event.by) { Ok(()) } else { Err(Reason::NotOwner) }
}

#[cfg(test)]
mod tests;
