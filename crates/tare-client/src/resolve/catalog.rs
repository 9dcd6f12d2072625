//! The packages that one resolution has met, in the form the solver wants: numbered, and cut down to the versions
//! that may be chosen at all.
//!
//! The *candidates* of a package are its releases without the withdrawn, the yanked (unless locked, kept or not) and
//! those after the `as of` instant, by ascending version; the solver knows a version by its position among them. A *bucket* is a
//! run of candidates that are semver-compatible with each other (V-6).

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use pubgrub::VersionSet;
use semver::{Version, VersionReq};
use tare_format::PackageName;

use super::index::{Index, IndexError, Lookup, Package, Release, Standing};
use super::options::Options;
use super::selection::Selection;

/// A package's number.
pub(super) type Id = u32;

/// A package that was met.
pub(super) struct Entry {
    pub(super) name: PackageName,
    /// Absent when there is no such package, or when it is still to be fetched.
    pub(super) package: Option<Arc<Package>>,
    /// Positions in the package's releases.
    candidates: Vec<u32>,
    /// The candidates of each bucket, by ascending version.
    pub(super) buckets: Vec<Selection>,
    /// The candidates that the lock has and that are to be kept.
    pub(super) locked: Selection,
    /// The yanked candidates that the lock has and that may move: better than none, worse than any other.
    pub(super) last_resort: Selection,
    /// The candidate that a precise version names.
    pub(super) held: Selection,
    /// The candidates that a range may take: all but those that a precise version excludes.
    open: Selection,
    /// Whether the caller asked to update it.
    pub(super) updated: bool,
}

impl Entry {
    fn new(
        name: PackageName,
        package: Option<Arc<Package>>,
        locked: &[&Version],
        options: &Options,
    ) -> Self {
        let releases = package.as_ref().map_or([].as_slice(), |package| package.releases());
        let candidates: Vec<u32> = (0_u32..)
            .zip(releases)
            .filter(|(_, release)| {
                may_be_chosen(release, locked.contains(&&release.version), options)
            })
            .map(|(position, _)| position)
            .collect();
        let updated = options.names_for_update(&name);
        let none = Selection::empty;
        let mut entry = Self {
            name,
            package,
            candidates,
            buckets: Vec::new(),
            locked: none(),
            last_resort: none(),
            held: none(),
            open: none(),
            updated,
        };
        entry.buckets = entry.cut_into_buckets();
        if !locked.is_empty() {
            entry.place_lock(locked, options);
        }
        if let Some(held) = options.held(&entry.name) {
            entry.held = entry.positions(|version| version == held);
        }
        entry.open = match options.held(&entry.name) {
            None => Selection::of_range(0..entry.len()),
            Some(held) => {
                let elsewhere = |version: &Version| bucket_of(held) != bucket_of(version);
                entry.positions(|version| held == version || elsewhere(version))
            }
        };
        entry
    }

    /// How many candidates there are.
    pub(super) fn len(&self) -> u32 {
        self.candidates.len() as u32
    }

    /// The release at a position among the candidates.
    pub(super) fn release(&self, position: u32) -> Option<&Release> {
        let release = *self.candidates.get(position as usize)?;
        self.package.as_ref()?.releases().get(release as usize)
    }

    /// The version at a position among the candidates.
    pub(super) fn version(&self, position: u32) -> Option<&Version> {
        self.release(position).map(|release| &release.version)
    }

    /// The candidates that a range may take.
    pub(super) fn matching(&self, requirement: &VersionReq) -> Selection {
        self.matching_pin(requirement).intersection(&self.open)
    }

    /// The candidates that an exact pin may take: a precise version does not touch pins.
    pub(super) fn matching_pin(&self, requirement: &VersionReq) -> Selection {
        self.positions(|version| requirement.matches(version))
    }

    /// Which buckets these candidates lie in.
    pub(super) fn buckets_of(&self, candidates: &Selection) -> Selection {
        let touched = |bucket: &Selection| !candidates.is_disjoint(bucket);
        (0_u32..)
            .zip(&self.buckets)
            .filter(|(_, bucket)| touched(bucket))
            .map(|(position, _)| position)
            .collect()
    }

    fn place_lock(&mut self, locked: &[&Version], options: &Options) {
        let positions = self.positions(|version| locked.contains(&version));
        if options.lets_go(&self.name) {
            let is_yanked = |position: &u32| {
                let standing = self.release(*position).map(|one| one.standing(options.as_of));
                matches!(standing, Some(Standing::Yanked { .. }))
            };
            self.last_resort = positions.positions_from_top().filter(is_yanked).collect();
        } else {
            self.locked = positions;
        }
    }

    fn positions(&self, wanted: impl Fn(&Version) -> bool) -> Selection {
        (0..self.len()).filter(|position| self.version(*position).is_some_and(&wanted)).collect()
    }

    fn cut_into_buckets(&self) -> Vec<Selection> {
        let mut buckets = Vec::new();
        let mut start = 0;
        for position in 1..=self.len() {
            let ends =
                self.version(position - 1).map(bucket_of) != self.version(position).map(bucket_of);
            if ends {
                buckets.push(Selection::of_range(start..position));
                start = position;
            }
        }
        buckets
    }
}

/// What makes two versions compatible: the same major, or with major 0 the same minor, or with 0.0 the same patch.
pub(super) fn bucket_of(version: &Version) -> (u64, u64, u64) {
    match (version.major, version.minor, version.patch) {
        (0, 0, patch) => (0, 0, patch),
        (0, minor, _) => (0, minor, 0),
        (major, _, _) => (major, 0, 0),
    }
}

fn may_be_chosen(release: &Release, locked: bool, options: &Options) -> bool {
    // V-11: an instant hides what came later, even from a lock.
    let hidden = options.as_of.is_some_and(|instant| release.published > instant);
    !hidden
        && match release.standing(options.as_of) {
            Standing::Available => true,
            Standing::Yanked { .. } => locked,
            Standing::Withdrawn { .. } => false,
        }
}

/// All packages met so far.
pub(super) struct Catalog<'a> {
    index: &'a dyn Index,
    options: &'a Options,
    locked: HashMap<&'a PackageName, Vec<&'a Version>>,
    ids: RefCell<HashMap<PackageName, Id>>,
    entries: RefCell<Vec<Rc<Entry>>>,
    pending: RefCell<BTreeSet<PackageName>>,
}

impl<'a> Catalog<'a> {
    pub(super) fn new(index: &'a dyn Index, options: &'a Options) -> Self {
        Self {
            index,
            options,
            locked: options.locked_versions(),
            ids: RefCell::default(),
            entries: RefCell::default(),
            pending: RefCell::default(),
        }
    }

    pub(super) fn index(&self) -> &'a dyn Index {
        self.index
    }

    pub(super) fn options(&self) -> &'a Options {
        self.options
    }

    /// The number of a package, which is asked of the index when it is met for the first time.
    pub(super) fn id(&self, name: &PackageName) -> Result<Id, IndexError> {
        if let Some(id) = self.known(name) {
            return Ok(id);
        }
        let package = match self.index.package(name)? {
            Lookup::Found(package) => Some(package),
            Lookup::Absent => None,
            Lookup::Pending => {
                self.pending.borrow_mut().insert(name.clone());
                None
            }
        };
        let name_of_owner = package.as_ref().map_or(name, |package| package.name()).clone();
        let locked = self.locked.get(&name_of_owner).map_or([].as_slice(), Vec::as_slice);
        let entry = Entry::new(name_of_owner, package, locked, self.options);
        let mut ids = self.ids.borrow_mut();
        // Another spelling that folds to the same name is the same package.
        let id = ids.get(&entry.name).copied().unwrap_or_else(|| {
            let mut entries = self.entries.borrow_mut();
            let id = entries.len() as Id;
            ids.insert(entry.name.clone(), id);
            entries.push(Rc::new(entry));
            id
        });
        ids.insert(name.clone(), id);
        Ok(id)
    }

    /// The number of a package that was met.
    pub(super) fn known(&self, name: &PackageName) -> Option<Id> {
        self.ids.borrow().get(name).copied()
    }

    pub(super) fn entry(&self, id: Id) -> Rc<Entry> {
        Rc::clone(&self.entries.borrow()[id as usize])
    }

    /// The packages that the index could not answer for yet.
    pub(super) fn pending(&self) -> BTreeSet<PackageName> {
        self.pending.borrow().clone()
    }

    pub(super) fn is_pending(&self, name: &PackageName) -> bool {
        self.pending.borrow().contains(name)
    }

    /// Up to three existing names that look like `name`, the likeliest first.
    pub(super) fn similar_names(&self, name: &PackageName) -> Vec<PackageName> {
        let wanted = name.key();
        let mut near: Vec<(usize, PackageName)> = self
            .index
            .names()
            .into_iter()
            .map(|known| (distance(&wanted, &known.key()), known))
            .filter(|(distance, _)| *distance <= 2 + wanted.len() / 8)
            .collect();
        near.sort();
        near.into_iter().take(3).map(|(_, known)| known).collect()
    }
}

/// How far apart two names are; the same name in another namespace is near.
fn distance(wanted: &str, known: &str) -> usize {
    let name = |text: &str| text.rsplit('/').next().map(str::to_owned);
    if name(wanted) == name(known) { 2 } else { strsim::damerau_levenshtein(wanted, known) }
}
