//! Tiles that lie, and documents that are made to break whoever reads them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tare_format::event::{Change, EventBody};
use tare_tlog::note::Note;
use tempfile::TempDir;

use super::forge::Forge;
use super::keys::Keys;
use super::lies::{fails, lying_about, reader};
use super::stage::Stage;
use crate::shelf::{Package, Shelf, noise};
use crate::support::{Answer, Evil};

const TINY: &str = "\"lab/tiny\" = \"1\"";

/// A registry with a package, and the key of its log.
struct Scene {
    keys: Keys,
    shelf: Shelf,
}

impl Scene {
    fn new() -> Self {
        let keys = Keys::without_witnesses();
        let shelf = keys.shelf(&keys.signed(&keys.document()));
        shelf.publish(&Package::model("lab/tiny", "1.0.0"), &[("w.bin", &noise(1, 5_000))]);
        Self { keys, shelf }
    }

    /// The log after 300 events, and after 700.
    fn logs(&self) -> (TempDir, TempDir) {
        let small = self.grown(&self.shelf.registry.public(""), 300);
        let large = self.grown(small.path(), 700);
        (small, large)
    }

    /// The log of a folder as it goes on, up to so many events.
    fn grown(&self, from: &Path, size: u64) -> TempDir {
        let mut forge = Forge::of(from, self.shelf.registry.app().id(), &self.keys.log);
        while forge.size() + 1 < size {
            let change = if forge.size().is_multiple_of(2) { Change::Add } else { Change::Remove };
            let (namespace, login) = ("lab".parse().unwrap(), "bob".to_owned());
            forge = forge.log("ann", EventBody::Owner { namespace, login, change });
        }
        forge.state().show(&[])
    }
}

/// A tile of which no hash is right, because a proof does not need each of them.
fn forge(tile: Vec<u8>) -> Vec<u8> {
    tile.iter().map(|byte| byte ^ 1).collect()
}

/// Every set of tiles that a proof needs, forged at once. Whatever is forged, the proof fails, nothing is kept of it, and it is
/// no fork: nobody signed it.
#[test]
fn no_set_of_forged_tiles_proves_anything() {
    let scene = Scene::new();
    let (small, large) = scene.logs();
    let stage = Stage::of(small.path());
    let customer = stage.customer(TINY);
    stage.show(large.path());
    let needed: Vec<String> = {
        let first = Evil::honest(small.path());
        let scout = reader(&first, &[], TINY);
        scout.project.tare("install").succeeds();
        let grown = Evil::honest(large.path());
        scout.project.tare(&format!("update --registry {}", grown.url())).succeeds();
        let tiles: BTreeSet<String> = grown.asked().into_iter().collect();
        tiles.into_iter().filter(|path| path.starts_with("tile/")).collect()
    };
    assert!((2..=5).contains(&needed.len()), "{needed:?}");
    let mask = Arc::new(Mutex::new(0_u32));
    let (forged, tiles) = (Arc::clone(&mask), needed.clone());
    let liar = Evil::serve(large.path(), move |path, file| {
        let number = tiles.iter().position(|tile| tile == path);
        let is_forged = number.is_some_and(|number| *forged.lock().unwrap() >> number & 1 == 1);
        Answer::truth(if is_forged { file.map(forge) } else { file })
    });
    let update = format!("update --registry {}", liar.url());
    for which in 1..1_u32 << needed.len() {
        *mask.lock().unwrap() = which;
        customer.refuses(&update, &["E-LOG", "do not prove"]);
    }
    assert!(customer.evidence().is_empty(), "nothing of this is a fork");
    *mask.lock().unwrap() = 0;
    customer.project.tare(&update).succeeds();
}

#[test]
fn forged_tiles_of_a_mirror_are_made_up_for_by_the_origin() {
    let scene = Scene::new();
    let (small, large) = scene.logs();
    let before = Evil::honest(small.path());
    for lie in [forge, |_| vec![0; 8192], |_| Vec::new()] {
        let victim = reader(&before, &[], TINY);
        victim.project.tare("install").succeeds();
        let mirror = lying_about(large.path(), "tile/", move |file| Answer::Bytes(lie(file)));
        let origin = Evil::honest(large.path());
        let update = format!("update --registry {}", origin.url());
        victim.project.with("TARE_MIRRORS", &mirror.url()).tare(&update).succeeds();
        assert!(origin.asked().iter().any(|path| path.starts_with("tile/")));
    }
}

/// Heads that are made to break a parser: each is refused, in no time, and nothing of it is kept.
#[test]
fn no_head_breaks_its_reader() {
    let scene = Scene::new();
    let public = scene.shelf.registry.public("");
    let head = fs::read_to_string(public.join("head")).unwrap();
    let index_line = head.lines().find(|line| line.starts_with("index ")).unwrap();
    let hash = format!("{}\n", "A".repeat(43) + "=");
    let with_index = |index: &str| head.replacen(index_line, &format!("index {index}"), 1);
    let heads = [
        with_index("9223372036854775807"),
        with_index("18446744073709551615"),
        with_index("18446744073709551616"),
        with_index("-1"),
        with_index("007"),
        head.replacen(index_line, &format!("{index_line}\n{}", hash.repeat(64)), 1),
        head.replacen(index_line, &format!("{index_line}\n{}", hash.repeat(5000)), 1),
        format!("{head}{}", "— x AAAA\n".repeat(10_000)),
        head.replace('\n', "\r\n"),
        head[..head.len() / 2].to_owned(),
        "\n".repeat(70_000),
        String::new(),
    ];
    for bad in heads {
        let bytes = bad.into_bytes();
        let origin = lying_about(&public, "head", move |_| Answer::Bytes(bytes.clone()));
        let victim = reader(&origin, &[], TINY);
        let begin = Instant::now();
        fails(&victim, "install", &[6, 7], &["E-"]);
        assert!(begin.elapsed() < Duration::from_secs(30));
    }
}

/// The log's own key does not make nonsense sensible.
#[test]
fn no_signed_size_breaks_its_reader() {
    let scene = Scene::new();
    let public = scene.shelf.registry.public("");
    let head = fs::read_to_string(public.join("head")).unwrap();
    let (proof, note) = head.split_once("hub.example/log1\n").unwrap();
    let size = note.lines().next().unwrap();
    let root = note.lines().nth(1).unwrap();
    let index = format!("index {}", size.parse::<u64>().unwrap() - 1);
    for (found, before) in [
        ("0", "0"),
        ("140737488355328", "140737488355327"),
        ("281474976710656", "281474976710655"),
        ("9223372036854775807", "9223372036854775806"),
        ("18446744073709551615", "18446744073709551614"),
        ("99999999999999999999", "99999999999999999998"),
    ] {
        let text = format!("hub.example/log1\n{found}\n{root}\n");
        let signed = Note::sign(text, &[&scene.keys.log]).unwrap().to_bytes();
        let proof = proof.replacen(&index, &format!("index {before}"), 1);
        let forged = [proof.into_bytes(), signed].concat();
        let origin = lying_about(&public, "head", move |_| Answer::Bytes(forged.clone()));
        let victim = reader(&origin, &[], TINY);
        victim.refuses_release("install", &["E-LOG"]);
    }
}

#[test]
fn no_root_document_breaks_its_reader() {
    let scene = Scene::new();
    let public = scene.shelf.registry.public("");
    let root = fs::read(public.join("root/1.note")).unwrap();
    let long = [&root[..], &b"x".repeat(64 << 10)].concat();
    let signatures = [&root[..], "— x AAAA\n".repeat(5000).as_bytes()].concat();
    for bad in [long, signatures, b"\n".repeat(65_537), Vec::new(), vec![0xff; 1000]] {
        let liar = lying_about(&public, "root/1.note", move |_| Answer::Bytes(bad.clone()));
        let victim = reader(&liar, &[], TINY);
        victim.refuses("install", &["E-ROOT"]);
    }
    for latest in ["0", "4294967296", "18446744073709551616", "-1", "", "two"] {
        let liar = lying_about(&public, "root/latest", |_| Answer::Bytes(latest.into()));
        let victim = reader(&liar, &[], TINY);
        // It is a hint, and the log knows better.
        victim.project.tare("install").succeeds();
    }
}
