//! A place that shows one folder now and another one later, as an origin does that was taken over; somebody who has seen it
//! before; and a mirror of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tare_format::Sha256;

use crate::shelf::files_below;
use crate::support::{Answer, Evil, Outcome, Project};

/// Files by their digests.
type Files = BTreeMap<PathBuf, Sha256>;

/// A file server whose folder changes.
pub(super) struct Stage {
    site: Evil,
    shown: Arc<Mutex<PathBuf>>,
}

impl Stage {
    /// Shows a folder.
    pub(super) fn of(folder: &Path) -> Self {
        let shown = Arc::new(Mutex::new(folder.to_owned()));
        let folder_now = Arc::clone(&shown);
        let site = Evil::serve(folder, move |path, _| {
            let file = folder_now.lock().unwrap().join(path);
            Answer::truth(fs::read(file).ok())
        });
        Self { site, shown }
    }

    /// Shows another folder from now on.
    pub(super) fn show(&self, folder: &Path) {
        folder.clone_into(&mut self.shown.lock().unwrap());
    }

    /// Where it is.
    pub(super) fn url(&self) -> String {
        self.site.url()
    }

    /// Somebody who knows the place as a registry, in a project with these dependencies, and has done nothing yet.
    pub(super) fn newcomer(&self, dependencies: &str) -> Victim {
        let project = Project::new();
        project.tare(&format!("registry add main {}", self.url())).succeeds();
        project.write("Tare.toml", format!("[dependencies]\n{dependencies}\n"));
        Victim { project }
    }

    /// Insists that somebody who has never heard of the registry is not made to know it.
    #[track_caller]
    pub(super) fn deters(&self, texts: &[&str]) {
        let victim = Victim { project: Project::new() };
        // A root document that follows from the registry's id is good whatever else is shown.
        let outcome = victim.project.tare(&format!("registry add main {}", self.url()));
        outcome.ends_with(7).says(texts);
        let kept = files_below(&victim.project.home());
        let is_root = |file: &PathBuf| file.ends_with("root.note") || file.ends_with("lock");
        assert!(kept.iter().all(is_root), "{kept:?}");
    }

    /// The same after a first install.
    pub(super) fn customer(&self, dependencies: &str) -> Victim {
        let victim = self.newcomer(dependencies);
        victim.project.tare("install").succeeds();
        victim
    }

    /// An operator with a mirror of the place that is up to date.
    pub(super) fn mirror(&self) -> Watcher {
        let operator = Project::new();
        operator.tare(&format!("mirror init mirror --from {}", self.url())).succeeds();
        let watcher = Watcher { operator };
        watcher.sync().succeeds();
        watcher
    }
}

/// Somebody who uses a registry.
pub(super) struct Victim {
    pub(super) project: Project,
}

impl Victim {
    /// Runs a command that has to refuse what it is shown, for reasons of trust and with these words; that keeps everything as
    /// it was, but for the evidence of a fork, and that advises nothing to get around it.
    #[track_caller]
    pub(super) fn refuses(&self, command: &str, texts: &[&str]) -> Outcome {
        self.refuses_keeping(command, texts, |_| true)
    }

    /// The same where the head is a good one and is kept, with the documents that hang from it; but the project stays as it
    /// was, and so does everything that could be installed.
    #[track_caller]
    pub(super) fn refuses_release(&self, command: &str, texts: &[&str]) -> Outcome {
        let home = self.project.home();
        let parts = [self.project.path().to_owned(), home.join("files"), home.join("releases")];
        self.refuses_keeping(command, texts, |file| parts.iter().any(|part| file.starts_with(part)))
    }

    #[track_caller]
    fn refuses_keeping(
        &self,
        command: &str,
        texts: &[&str],
        is_kept: impl Fn(&Path) -> bool,
    ) -> Outcome {
        let before = self.belongings();
        let outcome = self.project.tare(command).ends_with(7).says(texts);
        let mut changed = changed(&before, &self.belongings());
        changed.retain(|file| is_kept(file));
        assert!(changed.is_empty(), "`tare {command}` changed {changed:?}:\n{}", outcome.stderr);
        for bypass in ["--force", "--insecure", "--no-verify", "--allow", "--skip"] {
            assert!(!outcome.stderr.contains(bypass), "{}", outcome.stderr);
        }
        outcome
    }

    /// The texts that were written down as evidence of forks.
    pub(super) fn evidence(&self) -> Vec<String> {
        let files = files_below(&self.project.home());
        let found = files.iter().filter(|file| is_evidence(file));
        found.map(|file| fs::read_to_string(file).unwrap()).collect()
    }

    /// Every file of the project and the home by its digest; without evidence, and without the locks that hold nothing.
    fn belongings(&self) -> Files {
        let folders = [self.project.path().to_owned(), self.project.home()];
        let files = folders.iter().flat_map(|folder| files_below(folder));
        let kept = files.filter(|file| !is_evidence(file) && !file.ends_with("lock"));
        kept.map(|file| (file.clone(), digest(&file))).collect()
    }
}

/// The files that are not the same in both.
fn changed(before: &Files, after: &Files) -> Vec<PathBuf> {
    let differs = |path: &&PathBuf| before.get(*path) != after.get(*path);
    let all: BTreeSet<&PathBuf> = before.keys().chain(after.keys()).collect();
    all.into_iter().filter(differs).cloned().collect()
}

/// Links of an installed tree lead to files that are counted in the store.
fn digest(file: &Path) -> Sha256 {
    Sha256::of(&fs::read(file).unwrap_or_default())
}

fn is_evidence(file: &Path) -> bool {
    file.parent().is_some_and(|folder| folder.ends_with("forks"))
}

/// A mirror that replays a log before it cosigns.
pub(super) struct Watcher {
    operator: Project,
}

impl Watcher {
    /// Syncs.
    pub(super) fn sync(&self) -> Outcome {
        self.operator.tare("mirror sync")
    }

    /// Insists that a sync refuses what it is shown, cosigns nothing, and serves what it served before.
    #[track_caller]
    pub(super) fn refuses(&self, texts: &[&str]) -> Outcome {
        let before = self.served();
        let outcome = self.sync().ends_with(7).says(texts);
        let mut changed = changed(&before, &self.served());
        // It says of itself that it failed.
        changed.retain(|path| !path.ends_with("status.json") && !path.ends_with("metrics"));
        assert!(changed.is_empty(), "the sync changed {changed:?}:\n{}", outcome.stderr);
        outcome
    }

    /// What it serves, by digest.
    fn served(&self) -> Files {
        let folder = self.folder();
        let files = files_below(&folder).into_iter();
        let public = files.filter(|file| !file.starts_with(folder.join(".mirror")));
        public.map(|file| (file.clone(), digest(&file))).collect()
    }

    /// What it serves to others.
    pub(super) fn folder(&self) -> PathBuf {
        self.operator.path().join("mirror")
    }

    /// Whether it has cosigned the checkpoint of this folder.
    pub(super) fn cosigned(&self, folder: &Path) -> bool {
        let text = |folder: &Path| {
            let note = fs::read_to_string(folder.join("checkpoint")).unwrap();
            note.split_once("\n\n").unwrap().0.to_owned()
        };
        text(&self.folder()) == text(folder)
    }
}
