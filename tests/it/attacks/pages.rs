//! What is true and not current, or current and not of this head: yanks, takedowns and versions that somebody hides.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::keys::Keys;
use super::lies::{copy, fails, installed, lying_about, reader};
use crate::shelf::{Package, Shelf, files_below, noise};
use crate::support::{Answer, Evil};

const TINY: &str = "\"lab/tiny\" = \"1\"";

fn tiny(shelf: &Shelf, version: &str) {
    let weights = noise(u64::from(version.as_bytes()[2]), 9_000);
    shelf.publish(&Package::model("lab/tiny", version), &[("w.bin", &weights)]);
}

/// A registry with `lab/tiny@1.0.0`, what it served then, and what happened since.
struct Past {
    shelf: Shelf,
    before: TempDir,
}

impl Past {
    fn of(happens: impl FnOnce(&Shelf)) -> Self {
        let shelf = Shelf::empty();
        tiny(&shelf, "1.0.0");
        let before = TempDir::new().unwrap();
        copy(&shelf.registry.public(""), before.path());
        happens(&shelf);
        Self { shelf, before }
    }

    /// A server that has one part as it was before, and everything else as it is now.
    fn mixed(&self, part: &'static str) -> Evil {
        self.mixed_from(&self.shelf.registry.public(""), self.before.path(), part)
    }

    /// A server that has one part as it is now, and everything else as it was before.
    fn early(&self, part: &'static str) -> Evil {
        self.mixed_from(self.before.path(), &self.shelf.registry.public(""), part)
    }

    fn mixed_from(&self, most: &Path, rest: &Path, part: &'static str) -> Evil {
        let rest = rest.to_owned();
        Evil::serve(most, move |path, file| {
            let other = path.starts_with(part).then(|| fs::read(rest.join(path)).ok());
            Answer::truth(other.unwrap_or(file))
        })
    }
}

fn yank(shelf: &Shelf) {
    tiny(shelf, "1.1.0");
    shelf.publisher.tare_with(&["yank", "lab/tiny@1.1.0", "--reason", "broken"], "").succeeds();
}

#[test]
fn a_yank_or_a_version_is_not_hidden_by_an_older_page() {
    for happens in [yank, |shelf: &Shelf| tiny(shelf, "1.1.0")] {
        let past = Past::of(happens);
        let origin = past.mixed("packages/");
        let said = ["E-STATE", "packages/lab/tiny", "expected", "found"];
        reader(&origin, &[], TINY).refuses_release("install", &said);
    }
}

#[test]
fn a_yank_is_not_hidden_by_cutting_the_page() {
    let past = Past::of(yank);
    for lines in [1, 2] {
        let origin =
            lying_about(&past.shelf.registry.public(""), "packages/lab/tiny", move |page| {
                let page = String::from_utf8(page).unwrap();
                let kept: Vec<&str> = page.split_inclusive('\n').collect();
                Answer::Bytes(kept[..kept.len() - lines].concat().into_bytes())
            });
        reader(&origin, &[], TINY).refuses_release("install", &["E-STATE", "packages/lab/tiny"]);
    }
}

/// Warns of every version of `lab/tiny`.
fn warn(shelf: &Shelf) {
    let ann = &shelf.publisher;
    let token = shelf.registry.token("ann", &["security:lab/*"]);
    shelf.registry.log_in(ann, &token);
    ann.write(
        "advisory.toml",
        "id = \"x_TARE-2026-1\"\nmodified = \"2026-01-02T00:00:00Z\"\npublished = \"2026-01-01T00:00:00Z\"\n\
         summary = \"It leaks.\"\nkind = \"backdoor\"\naction = \"block\"\nseverity = \"high\"\npropagates = \"none\"\n\
         confidence = \"confirmed\"\n[[affected]]\npackage = \"lab/tiny\"\nversions = \"all\"\n",
    );
    ann.tare("advisory publish advisory.toml").succeeds();
}

#[test]
fn a_takedown_or_an_advisory_is_not_hidden_by_older_notices_or_none() {
    for happens in [warn, |shelf: &Shelf| shelf.take_down("lab/tiny@1.0.0")] {
        let past = Past::of(happens);
        let public = past.shelf.registry.public("");
        let absent = lying_about(&public, "notices", |_| Answer::Status(404, "not found"));
        let early = Evil::honest(past.before.path());
        for liar in [past.mixed("notices"), absent] {
            let victim = reader(&early, &[], TINY);
            victim.project.tare("lock").succeeds();
            let command = format!("install --registry {}", liar.url());
            fails(&victim, &command, &[7], &["E-STATE", "notices"]);
        }
    }
}

#[test]
fn a_row_of_the_state_is_not_dropped() {
    let shelf = Shelf::empty();
    tiny(&shelf, "1.0.0");
    let public = shelf.registry.public("");
    let dropped = |node: Vec<u8>| Answer::Bytes(node[..node.len() - 64].to_vec());
    let lies: [fn(Vec<u8>) -> Answer; 4] = [
        dropped,
        |_| Answer::Bytes(Vec::new()),
        |_| Answer::Status(404, "not found"),
        |_| Answer::Status(410, "gone"),
    ];
    for lie in lies {
        let origin = lying_about(&public, "state/", lie);
        reader(&origin, &[], TINY).refuses_release("install", &["`packages/lab/tiny`"]);
    }
}

#[test]
fn the_page_of_another_package_and_an_empty_one_are_not_this_one() {
    let shelf = Shelf::with_family();
    let base = fs::read(shelf.page("lab/base")).unwrap();
    for instead in [base, Vec::new(), b"\n".to_vec(), b"<html>Please log in</html>".to_vec()] {
        let origin = lying_about(&shelf.registry.public(""), "packages/lab/web", move |_| {
            Answer::Bytes(instead.clone())
        });
        let victim = reader(&origin, &[], "\"lab/web\" = \"1\"");
        victim.refuses_release("install", &["E-STATE", "packages/lab/web"]);
    }
}

#[test]
fn lines_behind_what_is_proven_are_not_read() {
    let past = Past::of(|shelf| tiny(shelf, "1.1.0"));
    let other = fs::read(past.shelf.page("lab/tiny")).unwrap();
    let behind: [&[u8]; 4] =
        [&other, b"{\"type\":\"publish\"}\n", b"\x00\xff\xfe not text", b"no line feed"];
    for more in behind {
        let more = more.to_vec();
        let origin = lying_about(&past.shelf.registry.public(""), "packages/", move |mut page| {
            page.extend_from_slice(&more);
            Answer::Bytes(page)
        });
        let victim = reader(&origin, &[], TINY);
        victim.project.tare("install").succeeds().says(&["lab/tiny@1.1.0"]);
        for page in files_below(&victim.project.home().join("cache")) {
            let is_page = page.ends_with("tiny.page");
            assert!(
                !is_page || fs::read(page).unwrap().ends_with(&other),
                "only what is proven is kept"
            );
        }
    }
}

#[test]
fn a_newer_page_under_an_older_head_shows_what_the_head_knows() {
    let past = Past::of(|shelf| tiny(shelf, "1.1.0"));
    let origin = past.early("packages/");
    let victim = reader(&origin, &[], TINY);
    victim.project.tare("install").succeeds().says(&["Installed lab/tiny@1.0.0"]);
    assert!(!victim.project.read("Tare.lock").contains("1.1.0"));
}

#[test]
fn a_newer_head_with_everything_else_as_it_was_proves_nothing() {
    let past = Past::of(|shelf| tiny(shelf, "1.1.0"));
    let origin = past.early("head");
    reader(&origin, &[], TINY).refuses_release("install", &["`packages/lab/tiny`"]);
}

#[test]
fn an_older_copy_of_everything_takes_nobody_back() {
    let past = Past::of(|shelf| ["1.1.0", "1.2.0", "1.3.0"].iter().for_each(|it| tiny(shelf, it)));
    let origin = Evil::honest(&past.shelf.registry.public(""));
    let victim = reader(&origin, &[], TINY);
    victim.project.tare("install").succeeds();
    let (lock, before) = (victim.project.read("Tare.lock"), installed(&victim.project));
    let head = kept_head(&victim.project.home());
    let older = Evil::honest(past.before.path());
    let update = format!("update --registry {}", older.url());
    // The old copy lacks the tiles that would prove that what was seen continues it.
    let said = victim.project.tare(&update);
    assert!([0, 7].contains(&said.code()), "{}", said.stderr);
    assert_eq!(victim.project.read("Tare.lock"), lock, "{}", said.stderr);
    assert_eq!(installed(&victim.project), before);
    assert_eq!(kept_head(&victim.project.home()), head);
}

fn kept_head(home: &Path) -> Vec<u8> {
    let files = files_below(&home.join("registries"));
    let head = files.iter().find(|file| file.ends_with("head")).unwrap();
    fs::read(head).unwrap()
}

/// Somebody who owns every byte of the origin, and not the key of its log.
#[test]
fn everything_but_the_signed_head_can_be_replaced_and_nothing_is_believed() {
    let keys = Keys::without_witnesses();
    let root = keys.signed(&keys.document());
    let (true_one, forged) = (keys.shelf(&root), keys.shelf(&root));
    tiny(&true_one, "1.0.0");
    forged.publish(&Package::model("lab/tiny", "1.0.0"), &[("w.bin", &noise(99, 9_000))]);
    let public = true_one.registry.public("");
    for kept in [&["head"][..], &["head", "state/"], &["head", "state/", "packages/", "releases/"]]
    {
        let (kept, public) = (kept.to_vec(), public.clone());
        let hacked = Evil::serve(&forged.registry.public(""), move |path, file| {
            let is_kept = kept.iter().any(|prefix| path.starts_with(prefix));
            Answer::truth(if is_kept { fs::read(public.join(path)).ok() } else { file })
        });
        let victim = reader(&hacked, &[], TINY);
        fails(&victim, "install", &[6, 7], &["E-"]);
        assert!(installed(&victim.project).is_empty());
    }
}
