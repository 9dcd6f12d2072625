//! Takedowns: what they name goes, before anything else is done (Z-10).
//!
//! Objects that only what was taken down needs are deleted. A chunk goes only when no release that stays needs it, so a pack
//! goes only if something in it is needed by what was taken down alone. It goes with the locations that point into it, and
//! what others need of it is fetched again from where the origin packed it anew. The origin knows of more releases than a
//! mirror holds: what it still names once it has obeyed itself was needed by one of them, and may come back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tare_format::limits::Limits;
use tare_format::location::Location;
use tare_format::release::FileClass;
use tare_format::{Blake3, Sha256};
use tare_replay::{KnownTakedown, NoticesState};
use tare_store::ObjectKey;

use super::MirrorError;
use super::candidate::{Candidate, Standing};
use super::contents::document;
use super::folder::Folder;
use super::inventory::Inventory;
use super::select::Level;
use super::status::TakedownStatus;

/// What a mirror does about takedowns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Obedience<'a> {
    pub(super) folder: &'a Folder,
    pub(super) inventory: &'a Inventory,
}

/// A takedown that is to be obeyed.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) status: TakedownStatus,
    /// The releases that go, by document.
    releases: BTreeSet<Sha256>,
    /// The files that go.
    files: BTreeSet<Sha256>,
}

/// The takedowns in force, and those that were taken back. `index_of` knows the numbers of lines that are new; what was
/// entered before keeps its number. A takedown whose line is redacted is obeyed at once.
pub(super) fn orders(
    notices: &NoticesState,
    known: &[TakedownStatus],
    index_of: &BTreeMap<Sha256, u64>,
    candidates: &[Candidate],
    now: Timestamp,
) -> (Vec<Order>, Vec<Sha256>) {
    let order = |taken: &KnownTakedown| {
        let earlier = known.iter().find(|status| status.payload == taken.payload);
        let status = earlier.cloned().unwrap_or_else(|| status(taken, index_of, now));
        let releases = candidates.iter().filter(|known| taken.releases.contains(&known.id));
        let files = taken.takedown.iter().flat_map(|takedown| takedown.files.iter().copied());
        Order {
            status,
            releases: releases.map(|known| known.release).collect(),
            files: files.collect(),
        }
    };
    let in_force: Vec<Order> = notices.takedowns_in_force().map(order).collect();
    let is_gone = |status: &&TakedownStatus| {
        in_force.iter().all(|order| order.status.payload != status.payload)
    };
    let restored = known.iter().filter(is_gone).map(|status| status.payload).collect();
    (in_force, restored)
}

fn status(
    taken: &KnownTakedown,
    index_of: &BTreeMap<Sha256, u64>,
    now: Timestamp,
) -> TakedownStatus {
    let hours = taken.takedown.as_ref().map_or(0, |takedown| takedown.deadline_hours);
    let at = taken.at.unwrap_or(now);
    let deadline = at.checked_add(SignedDuration::from_hours(hours.into())).unwrap_or(at);
    TakedownStatus {
        index: index_of.get(&taken.payload).copied().unwrap_or_default(),
        payload: taken.payload,
        class: taken.takedown.as_ref().map_or("other", |takedown| takedown.class.as_str()).into(),
        deadline,
        obeyed: None,
    }
}

impl Order {
    /// Whether it is still to be obeyed.
    pub(super) const fn is_open(&self) -> bool {
        self.status.obeyed.is_none()
    }

    /// The releases that go.
    pub(super) const fn releases(&self) -> &BTreeSet<Sha256> {
        &self.releases
    }
}

impl Obedience<'_> {
    /// Obeys one takedown. Gives how many objects were deleted.
    pub(super) async fn obey(
        &self,
        order: &Order,
        candidates: &[(Candidate, Option<Level>)],
        now: Timestamp,
    ) -> Result<u64, MirrorError> {
        let spared = self.spared(order, candidates)?;
        let condemned = self.condemned(order, &spared, candidates)?;
        let mut targets = BTreeSet::new();
        for release in &order.releases {
            targets.extend(self.inventory.needs(release).await?);
            targets.extend(own_objects(self.folder, release)?);
        }
        let mut change = self.inventory.change().await?;
        change.put_takedown(&order.status).await?;
        change.commit().await?;
        // First, while the locations of what goes still say where its chunks lie.
        let mut deleted = self.delete_shared_packs(&condemned, order).await?;
        let mut change = self.inventory.change().await?;
        for release in &order.releases {
            change.hold(release, None, &[]).await?;
        }
        change.commit().await?;
        targets.retain(|path| !spared.contains(path));
        targets.extend(self.single_files(&order.files, &order.releases, candidates).await?);
        deleted += self.delete_unneeded().await?;
        self.forbid(&targets, order, now).await?;
        Ok(deleted)
    }

    /// Takes back what a takedown forbade: releases that are held without something of it are completed anew.
    pub(super) async fn restore(
        &self,
        takedown: &Sha256,
        candidates: &[(Candidate, Option<Level>)],
    ) -> Result<(), MirrorError> {
        let freed = self.inventory.tombstones_of(takedown).await?;
        let mut change = self.inventory.change().await?;
        for (candidate, _) in candidates.iter().filter(|(_, level)| level.is_some()) {
            let own = own_objects(self.folder, &candidate.release)?;
            if own.iter().any(|path| freed.contains(path)) {
                change.reopen(&candidate.release).await?;
            }
        }
        change.remove_takedown(takedown).await?;
        Ok(change.commit().await?)
    }

    /// What releases that were not taken down name, whether the mirror holds them or not: it stays.
    fn spared(
        &self,
        order: &Order,
        candidates: &[(Candidate, Option<Level>)],
    ) -> Result<BTreeSet<String>, MirrorError> {
        let mut spared = BTreeSet::new();
        for (candidate, _) in candidates {
            let stays = candidate.standing != Standing::TakenDown;
            if stays && !order.releases.contains(&candidate.release) {
                spared.extend(own_objects(self.folder, &candidate.release)?);
            }
        }
        Ok(spared)
    }

    /// Where the chunks of what goes lie, as far as its locations are here.
    fn condemned(
        &self,
        order: &Order,
        spared: &BTreeSet<String>,
        candidates: &[(Candidate, Option<Level>)],
    ) -> Result<Condemned, MirrorError> {
        let mut condemned = Condemned::default();
        for (candidate, _) in candidates {
            let is_taken = order.releases.contains(&candidate.release);
            if !is_taken && order.files.is_empty() {
                continue;
            }
            for file in document(self.folder, &candidate.release)?.files {
                let Some(recipe) = file.recipe.filter(|_| file.class == FileClass::Data) else {
                    continue;
                };
                let path = ObjectKey::Location(recipe).path();
                let goes = is_taken && !spared.contains(&path);
                if !goes && !order.files.contains(&file.sha256) {
                    continue;
                }
                if let Some(location) = self.location(&path)? {
                    condemned.add(&location);
                    condemned.locations.insert(path);
                }
            }
        }
        Ok(condemned)
    }

    /// Takes single files out of every release that has them. Gives the objects that they were made of.
    async fn single_files(
        &self,
        files: &BTreeSet<Sha256>,
        taken: &BTreeSet<Sha256>,
        candidates: &[(Candidate, Option<Level>)],
    ) -> Result<BTreeSet<String>, MirrorError> {
        let mut targets = BTreeSet::new();
        if files.is_empty() {
            return Ok(targets);
        }
        for (candidate, level) in candidates {
            let document = document(self.folder, &candidate.release)?;
            let named = document.files.iter().filter(|file| files.contains(&file.sha256));
            let mut own = BTreeSet::new();
            for file in named {
                match file.recipe.filter(|_| file.class == FileClass::Data) {
                    Some(recipe) => own.extend(self.objects_of(recipe)?),
                    None => drop(own.insert(ObjectKey::Meta(document.meta.sha256).path())),
                }
            }
            if own.is_empty() {
                continue;
            }
            if level.is_some() && !taken.contains(&candidate.release) {
                let mut needs = self.inventory.needs(&candidate.release).await?;
                // Packs stay among the needs, so that it is looked at what else they hold.
                needs.retain(|path| !own.contains(path) || path.starts_with("packs/"));
                let mut change = self.inventory.change().await?;
                change.hold(&candidate.release, None, &needs).await?;
                change.commit().await?;
            }
            targets.extend(own);
        }
        Ok(targets)
    }

    /// The objects that a data file is made of, as far as they are here.
    fn objects_of(&self, recipe: Blake3) -> Result<Vec<String>, MirrorError> {
        let place = ObjectKey::Location(recipe).path();
        let mut objects = vec![ObjectKey::Recipe(recipe).path(), place.clone()];
        objects.extend(self.location(&place)?.iter().flat_map(|location| {
            location.packs().iter().map(|pack| ObjectKey::Pack(*pack).path()).collect::<Vec<_>>()
        }));
        Ok(objects)
    }

    /// Deletes every object that no release needs.
    pub(super) async fn delete_unneeded(&self) -> Result<u64, MirrorError> {
        let mut change = self.inventory.change().await?;
        let unneeded = change.unneeded().await?;
        for (path, _) in &unneeded {
            // The file first: an entry without its file would be found by nobody, a file without an entry is served on.
            self.folder.remove(path)?;
            change.remove_object(path).await?;
        }
        change.commit().await?;
        Ok(unneeded.len() as u64)
    }

    /// Deletes the packs that hold something which only what goes needs, and what points into them.
    async fn delete_shared_packs(
        &self,
        condemned: &Condemned,
        order: &Order,
    ) -> Result<u64, MirrorError> {
        let mut deleted = 0;
        for (pack, offsets) in &condemned.packs {
            let path = ObjectKey::Pack(*pack).path();
            let mut users = self.inventory.needed_by(&path).await?;
            users.retain(|user| !order.releases.contains(user));
            let places = self.places(pack, &users, &condemned.locations)?;
            if offsets.is_subset(&places.offsets) || !self.inventory.has(&path).await? {
                continue;
            }
            let mut change = self.inventory.change().await?;
            for gone in places.locations.iter().chain([&path]) {
                self.folder.remove(gone)?;
                change.remove_object(gone).await?;
                deleted += 1;
            }
            for release in &users {
                change.reopen(release).await?;
            }
            change.put_tombstone(&path, &order.status.payload).await?;
            change.commit().await?;
        }
        Ok(deleted)
    }

    /// Where releases that stay have chunks in a pack, and by which locations; those of `without` go.
    fn places(
        &self,
        pack: &Blake3,
        users: &[Sha256],
        without: &BTreeSet<String>,
    ) -> Result<Places, MirrorError> {
        let mut places = Places::default();
        for release in users {
            let document = document(self.folder, release)?;
            for recipe in document.files.iter().filter_map(|file| file.recipe) {
                let path = ObjectKey::Location(recipe).path();
                if without.contains(&path) {
                    continue;
                }
                let Some(location) = self.location(&path)? else { continue };
                let number = location.packs().iter().position(|known| known == pack);
                let Some(number) = number.and_then(|number| u32::try_from(number).ok()) else {
                    continue;
                };
                for place in location.places().iter().filter(|place| place.pack == number) {
                    places.offsets.insert(place.offset);
                    places.locations.insert(path.clone());
                }
            }
        }
        Ok(places)
    }

    fn location(&self, path: &str) -> Result<Option<Location>, MirrorError> {
        let bytes = self.folder.read(path, Limits::default().recipe_size)?;
        Ok(bytes.and_then(|bytes| Location::from_bytes(&bytes).ok()))
    }

    /// Enters that what is gone now may not come back, and that the takedown is obeyed.
    async fn forbid(
        &self,
        targets: &BTreeSet<String>,
        order: &Order,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        let mut gone = Vec::new();
        for path in targets {
            if !self.inventory.has(path).await? {
                gone.push(path);
            }
        }
        let mut change = self.inventory.change().await?;
        for path in gone {
            change.put_tombstone(path, &order.status.payload).await?;
        }
        let status = TakedownStatus { obeyed: Some(now), ..order.status.clone() };
        change.put_takedown(&status).await?;
        Ok(change.commit().await?)
    }
}

/// Where chunks lie in a pack that releases need.
#[derive(Default)]
struct Places {
    /// In bytes from the pack's beginning.
    offsets: BTreeSet<u64>,
    locations: BTreeSet<String>,
}

/// Where chunks lie that a takedown names, whoever else needs them.
#[derive(Default)]
struct Condemned {
    /// Offsets in bytes by pack.
    packs: BTreeMap<Blake3, BTreeSet<u64>>,
    /// The locations that go.
    locations: BTreeSet<String>,
}

impl Condemned {
    fn add(&mut self, location: &Location) {
        for place in location.places() {
            let number = usize::try_from(place.pack).ok();
            if let Some(pack) = number.and_then(|number| location.packs().get(number)) {
                self.packs.entry(*pack).or_default().insert(place.offset);
            }
        }
    }
}

/// The objects that a release names itself, wherever its chunks lie.
fn own_objects(folder: &Folder, release: &Sha256) -> Result<Vec<String>, MirrorError> {
    let document = document(folder, release)?;
    let mut objects = vec![ObjectKey::Meta(document.meta.sha256).path()];
    for recipe in document.files.iter().filter_map(|file| file.recipe) {
        objects.push(ObjectKey::Recipe(recipe).path());
        objects.push(ObjectKey::Location(recipe).path());
    }
    Ok(objects)
}
