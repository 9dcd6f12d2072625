//! Bytes that are not what they should be. From a mirror they cost a little time; from the only place there is they are named,
//! and leave nothing behind.

use std::fs;

use super::lies::{
    LORA, OBJECTS, assert_kept_is_true, fails, flipped, installed, lying_about, reader,
};
use crate::shelf::{Package, Shelf, noise, replace};
use crate::support::{Answer, Evil};

#[test]
fn whatever_a_mirror_swaps_the_origin_has_it() {
    let shelf = Shelf::with_family();
    let public = shelf.registry.public("");
    let origin = Evil::honest(&public);
    let honest = reader(&origin, &[], LORA);
    honest.project.tare("install").succeeds();
    let expected = installed(&honest.project);
    let changing = ["head", "packages/", "state/", "locations/"];
    for prefix in OBJECTS.into_iter().chain(changing) {
        let mirror = lying_about(&public, prefix, |file| Answer::Bytes(flipped(file)));
        let victim = reader(&origin, &[&mirror], LORA);
        let said = victim.project.tare("install").succeeds();
        said.says(&["warning", &mirror.url()]);
        assert_eq!(installed(&victim.project), expected, "{prefix}");
        assert_kept_is_true(&victim.project);
    }
}

#[test]
fn whatever_the_only_place_swaps_is_named() {
    let shelf = Shelf::with_family();
    for (prefix, code, name) in [
        ("packs/", 6, "E-CHUNK"),
        ("locations/", 6, "E-"),
        ("releases/", 6, "E-DIGEST"),
        ("meta/", 6, "E-DIGEST"),
        ("recipes/", 6, "E-DIGEST"),
        ("signatures/", 6, "E-DIGEST"),
        ("head", 7, "E-LOG"),
        ("packages/", 7, "E-STATE"),
        ("state/", 7, "E-STATE"),
    ] {
        let origin =
            lying_about(&shelf.registry.public(""), prefix, |file| Answer::Bytes(flipped(file)));
        let victim = reader(&origin, &[], LORA);
        fails(&victim, "install", &[code], &[name]);
        assert!(installed(&victim.project).is_empty(), "{prefix}");
    }
}

/// A signer that was dropped, a signature that was dropped, and other digests are all one thing to the head: another page.
#[test]
fn a_page_that_was_changed_in_any_way_is_not_the_one_that_the_head_proves() {
    let zeros = "0".repeat(64);
    let other_digest = |page: &str, before: &str| {
        let (head, rest) = page.split_once(before).unwrap();
        format!("{head}{before}{zeros}{}", &rest[64..])
    };
    let without = |page: &str, begin: &str| {
        let (before, rest) = page.split_once(begin).unwrap();
        let (_, after) = rest.split_once(']').unwrap();
        format!("{before}{begin}]{after}")
    };
    let forgeries: [&dyn Fn(&str) -> String; 4] = [
        &|page| other_digest(page, "\"release\":\"sha256:"),
        &|page| other_digest(page, "\"id\":\"sha256:"),
        &|page| without(page, "\"signatures\":["),
        &|page| without(page, "\"dependencies\":["),
    ];
    let shelf = Shelf::with_family();
    let page = fs::read_to_string(shelf.page("lab/lora")).unwrap();
    for forgery in forgeries {
        let forged = forgery(&page);
        assert_ne!(page, forged, "the forgery changes nothing");
        let origin = lying_about(&shelf.registry.public(""), "packages/lab/lora", move |_| {
            Answer::Bytes(forged.clone().into_bytes())
        });
        let victim = reader(&origin, &[], LORA);
        let said = ["E-STATE", "packages/lab/lora", "expected", "found"];
        victim.refuses_release("install", &said);
    }
}

#[test]
fn only_the_part_of_a_pack_that_is_wrong_is_fetched_again() {
    let shelf = Shelf::empty();
    shelf.publish(&Package::model("lab/large", "1.0.0"), &[("w.bin", &noise(4, 4_000_000))]);
    let public = shelf.registry.public("");
    let size = fs::metadata(shelf.object("packs", 3_000_000)).unwrap().len();
    let mirror = lying_about(&public, "packs/", |file| Answer::Bytes(flipped(file)));
    let origin = Evil::honest(&public);
    let victim = reader(&origin, &[&mirror], "\"lab/large\" = \"1\"");
    victim.project.tare("install").succeeds().says(&[&mirror.url()]);
    let asked = origin.asked();
    let packs = asked.iter().filter(|path| path.starts_with("packs/"));
    let bytes = packs.map(|path| {
        let (first, last) = path.split_once(' ').unwrap().1.split_once('-').unwrap();
        last.parse::<u64>().unwrap() + 1 - first.parse::<u64>().unwrap()
    });
    let bytes: u64 = bytes.sum();
    // What came before the wrong chunk, in the middle of the pack, stays.
    assert!(bytes > 0 && bytes < size / 2 + 300_000, "{bytes} of {size} came again: {asked:?}");
}

#[test]
fn a_pack_that_is_cut_short_or_gone_is_named() {
    let shelf = Shelf::with_family();
    let pack = shelf.object("packs", 200_000);
    let name = pack.file_name().unwrap().to_str().unwrap();
    let bytes = fs::read(&pack).unwrap();
    for cut in [true, false] {
        if cut {
            replace(&pack, &bytes[..bytes.len() / 2]);
        } else {
            fs::remove_file(&pack).unwrap();
        }
        let origin = Evil::honest(&shelf.registry.public(""));
        let victim = reader(&origin, &[], LORA);
        fails(&victim, "install", &[6], &[name]);

        // What arrived before stays, and the next attempt needs only the rest.
        let _ = fs::remove_file(&pack);
        fs::write(&pack, &bytes).unwrap();
        victim.project.tare("install").succeeds();
        victim.project.tare("verify").succeeds();
    }
}

#[test]
fn a_signature_that_is_gone_is_refused() {
    let shelf = Shelf::with_family();
    let origin = lying_about(&shelf.registry.public(""), "signatures/", |_| {
        Answer::Status(404, "not found")
    });
    let victim = reader(&origin, &[], LORA);
    victim.refuses_release("install", &["E-SIGNATURE-MISSING"]);
}
