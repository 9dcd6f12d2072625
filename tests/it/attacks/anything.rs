//! Anything at all that is done to one file of a registry: what people get is what was published, or nothing, with a reason.
//!
//! Every kind of file is hit in every way each time; which file of its kind, and where, is up to chance. A failure names both.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use tare_format::Sha256;
use tempfile::TempDir;

use super::lies::{LORA, assert_kept_is_true, copy, digests, installed, reader};
use crate::shelf::Shelf;
use crate::support::{Answer, Evil, Outcome, Project};

/// Whoever is let down is told one of these: it cannot be had, there is no such thing, it is damaged, it is not to be trusted.
const TYPED: [i32; 4] = [3, 5, 6, 7];

/// Everything that a registry serves: the first part of the path, and the second where the first says too little.
const KINDS: [&str; 18] = [
    "checkpoint",
    "events",
    "head",
    "head.pending",
    "locations",
    "meta",
    "namespaces",
    "notices",
    "packages",
    "packs",
    "recipes",
    "registry.json",
    "releases",
    "root/1.note",
    "root/latest",
    "signatures",
    "state",
    "tile/entries",
];

/// What a mirror writes itself.
const OWN: [&str; 7] =
    ["checkpoint", "coverage", "head", "head.pending", "metrics", "registry.json", "status.json"];

type Tree = BTreeMap<PathBuf, Sha256>;

/// What is done to a file.
#[derive(Debug, Clone)]
enum Deed {
    Flip {
        at: Index,
        bit: u8,
    },
    Truncate {
        at: Index,
    },
    Extend {
        by: Vec<u8>,
    },
    /// It has the bytes of another file of the registry.
    Swap {
        with: Index,
    },
    /// It is as it was before the last things happened.
    Replay,
    Delete,
}

/// Each of them once, to some file of a kind.
fn deeds() -> impl Strategy<Value = Vec<(Index, Deed)>> {
    let index = any::<Index>;
    let file = move |deed: BoxedStrategy<Deed>| (index(), deed);
    vec![
        file((index(), 0..8_u8).prop_map(|(at, bit)| Deed::Flip { at, bit }).boxed()),
        file(index().prop_map(|at| Deed::Truncate { at }).boxed()),
        file(prop::collection::vec(any::<u8>(), 1..200).prop_map(|by| Deed::Extend { by }).boxed()),
        file(index().prop_map(|with| Deed::Swap { with }).boxed()),
        file(Just(Deed::Replay).boxed()),
        file(Just(Deed::Delete).boxed()),
    ]
}

/// A registry as it is, as it was before the newest version came, and what an honest install gives of both.
struct World {
    now: TempDir,
    before: TempDir,
    files: Vec<PathBuf>,
    /// What an honest install, an honest update and an honest mirror asked for.
    asked: BTreeSet<PathBuf>,
    newest: Tree,
    older: Tree,
}

impl World {
    fn new() -> Self {
        let shelf = Shelf::with_family();
        shelf.take_down("lab/web@1.0.0");
        let (now, before) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let public = shelf.registry.public("");
        copy(&public, before.path());
        shelf.lora(&shelf.publisher, "0.4.2").tare("publish").succeeds();
        let reason = ["yank", "lab/lora@0.4.1", "--reason", "superseded"];
        shelf.publisher.tare_with(&reason, "").succeeds();
        copy(&public, now.path());
        let files = digests(now.path()).into_keys();
        let files = files.map(|file| file.strip_prefix(now.path()).unwrap().to_owned()).collect();
        let sites = [&now, &before].map(|folder| Evil::honest(folder.path()));
        let [newest, older] = sites.each_ref().map(|site| {
            let (said, project) = newcomer(site);
            said.succeeds();
            installed(&project)
        });
        assert_ne!(newest, older);
        customer(&sites[1], &sites[0]).0.succeeds();
        mirror(&sites[0]).0.succeeds();
        let asked = sites[0].asked().into_iter();
        let asked = asked.map(|path| path.split(' ').next().unwrap().into()).collect();
        Self { now, before, files, asked, newest, older }
    }

    /// The files of each kind; of those that readers ask for only these, for nobody reads the partial tiles of last week.
    fn kinds(&self) -> BTreeMap<&str, Vec<&Path>> {
        let mut kinds = BTreeMap::<_, Vec<&Path>>::new();
        for file in &self.files {
            let path = file.to_str().unwrap();
            let is_of = |kind: &&str| path == *kind || path.starts_with(&format!("{kind}/"));
            let kind = KINDS.into_iter().find(is_of).unwrap_or("tile/0");
            kinds.entry(kind).or_default().push(file);
        }
        for files in kinds.values_mut() {
            if files.iter().any(|file| self.asked.contains(*file)) {
                files.retain(|file| self.asked.contains(*file));
            }
        }
        let missing: BTreeSet<&str> =
            KINDS.into_iter().filter(|kind| !kinds.contains_key(kind)).collect();
        assert!(missing.is_empty() && kinds.contains_key("tile/0"), "there is no {missing:?}");
        kinds
    }

    /// The file after the deed; none when it is gone.
    fn after(&self, file: &Path, deed: &Deed) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.now.path().join(file)).unwrap();
        match deed {
            Deed::Flip { at, bit } if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            Deed::Truncate { at } if !bytes.is_empty() => bytes.truncate(at.index(bytes.len())),
            Deed::Extend { by } => bytes.extend_from_slice(by),
            Deed::Swap { with } => {
                bytes = fs::read(self.now.path().join(with.get::<PathBuf>(&self.files))).unwrap();
            }
            Deed::Replay => return fs::read(self.before.path().join(file)).ok(),
            Deed::Delete => return None,
            Deed::Flip { .. } | Deed::Truncate { .. } => {}
        }
        Some(bytes)
    }

    /// A server of the registry with the deed done to one file of it.
    fn with(&self, file: &Path, deed: &Deed) -> Evil {
        let (target, forged) = (file.to_str().unwrap().to_owned(), self.after(file, deed));
        Evil::serve(self.now.path(), move |path, truth| {
            Answer::truth(if path == target { forged.clone() } else { truth })
        })
    }

    /// Whether somebody has what they should have, or nothing and a reason.
    fn judge(&self, file: &Path, deed: &Deed, said: &Outcome, project: &Project) {
        let (found, code) = (installed(project), said.code());
        let told = format!("{deed:?} of {}: {}", file.display(), said.stderr);
        if code == 0 {
            // An older head alone is no lie. Memory and freshness are what helps, and stories of their own.
            let is_older = file == "head" && matches!(deed, Deed::Replay) && found == self.older;
            assert!(found == self.newest || is_older, "{told}");
        } else {
            assert!(TYPED.contains(&code), "ended with {code} after {told}");
            assert!(said.stderr.contains("[E-"), "{told}");
            assert!(found.iter().all(|(path, digest)| self.newest.get(path) == Some(digest)));
        }
        assert_kept_is_true(project);
    }

    /// Does each deed to some file of each kind, and lets somebody meet it.
    fn each(&self, kinds: &[&str], meet: impl Fn(&Path, &Deed)) {
        for (kind, files) in self.kinds().into_iter().filter(|(kind, _)| kinds.contains(kind)) {
            let config = Config {
                cases: 1,
                max_shrink_iters: 0,
                failure_persistence: None,
                ..Config::default()
            };
            let meet_all = |deeds: Vec<(Index, Deed)>| {
                deeds.iter().for_each(|(file, deed)| meet(file.get::<&Path>(&files), deed));
                Ok(())
            };
            let ran = TestRunner::new(config).run(&deeds(), meet_all);
            ran.unwrap_or_else(|error| panic!("{kind}: {error}"));
        }
    }
}

/// Adds the registry and installs from it, with an empty home.
fn newcomer(origin: &Evil) -> (Outcome, Project) {
    let project = Project::new();
    project.write("Tare.toml", format!("[dependencies]\n{LORA}\n"));
    let added = project.tare(&format!("registry add main {}", origin.url()));
    if added.code() != 0 {
        return (added, project);
    }
    (project.tare("install"), project)
}

/// Installs with a home that knows an older head, and nothing else.
fn customer(before: &Evil, origin: &Evil) -> (Outcome, Project) {
    let project = reader(before, &[], LORA).project;
    project.tare("lock").succeeds();
    fs::remove_file(project.path().join("Tare.lock")).unwrap();
    (project.tare(&format!("install --registry {}", origin.url())), project)
}

/// Makes a mirror, in the folder `mirror`.
fn mirror(origin: &Evil) -> (Outcome, Project) {
    let operator = Project::new();
    let made = operator.tare(&format!("mirror init mirror --from {}", origin.url()));
    if made.code() != 0 {
        return (made, operator);
    }
    (operator.tare("mirror sync"), operator)
}

#[test]
fn whatever_is_done_to_one_file_a_newcomer_gets_the_same_or_nothing() {
    let world = World::new();
    world.each(&[&KINDS[..], &["tile/0"]].concat(), |file, deed| {
        let (said, project) = newcomer(&world.with(file, deed));
        world.judge(file, deed, &said, &project);
    });
}

/// Only who has seen an older head asks for tiles.
#[test]
fn whatever_is_done_to_one_file_who_knows_an_older_head_gets_the_same_or_nothing() {
    let world = World::new();
    let before = Evil::honest(world.before.path());
    world.each(&["head", "notices", "packages", "state", "tile/0"], |file, deed| {
        let (said, project) = customer(&before, &world.with(file, deed));
        world.judge(file, deed, &said, &project);
    });
}

/// Only a mirror reads entries and events.
#[test]
fn whatever_is_done_to_one_file_a_mirror_serves_the_same_or_nothing() {
    let world = World::new();
    let kinds = ["events", "head.pending", "namespaces", "packs", "packages", "tile/entries"];
    world.each(&kinds, |file, deed| {
        let (said, operator) = mirror(&world.with(file, deed));
        let told = format!("{deed:?} of {}: {}", file.display(), said.stderr);
        let mirror = operator.path().join("mirror");
        if said.code() != 0 {
            assert!(TYPED.contains(&said.code()), "ended with {} after {told}", said.code());
            assert!(!mirror.join("head").exists(), "{told}");
        }
        for (path, digest) in digests(&mirror) {
            let path = path.strip_prefix(&mirror).unwrap();
            let is_true = |folder: &TempDir| {
                let truth = fs::read(folder.path().join(path));
                truth.is_ok_and(|bytes| Sha256::of(&bytes) == digest)
            };
            let is_own = path.starts_with(".mirror") || OWN.iter().any(|own| path == *own);
            assert!(is_own || is_true(&world.now) || is_true(&world.before), "{path:?} {told}");
        }
    });
}
