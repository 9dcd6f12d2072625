use proptest::prelude::*;

use super::*;
use crate::mirror::amount::ByteSize;
use crate::mirror::candidate::samples::candidate;

fn now() -> Timestamp {
    "2026-11-25T00:00:00Z".parse().unwrap()
}

/// A release that needs others, `name requirement`.
fn needing(name: &str, version: &str, needs: &[(&str, &str)]) -> Candidate {
    let need =
        |(name, requirement): &(&str, &str)| (name.parse().unwrap(), requirement.parse().unwrap());
    Candidate { dependencies: needs.iter().map(need).collect(), ..candidate(name, version) }
}

fn including(pattern: &str) -> Filters {
    Filters { include: vec![pattern.parse().unwrap()], ..Filters::default() }
}

/// What is held, as `ns/name@version` or, with the archive only, `(ns/name@version)`.
fn held(filters: &Filters, candidates: &[Candidate]) -> Vec<String> {
    let selection = select(filters, candidates, now());
    let named = candidates.iter().filter_map(|candidate| {
        let wanted = selection.wanted.get(&candidate.release)?;
        Some(match wanted.level {
            Level::Contents => candidate.id.to_string(),
            Level::Meta => format!("({})", candidate.id),
        })
    });
    named.collect()
}

#[test]
fn what_is_needed_is_held_however_the_filters_judge_it() {
    let all = [
        needing("commons/app", "1.0.0", &[("lab/base", "^1")]),
        needing("lab/base", "1.0.0", &[("lab/words", "=2.0.0")]),
        needing("lab/base", "1.1.0", &[]),
        needing("lab/base", "2.0.0", &[]),
        needing("lab/words", "2.0.0", &[("commons/app", "1")]),
        needing("lab/other", "1.0.0", &[]),
    ];
    let filters = including("commons/*");
    assert_eq!(
        held(&filters, &all),
        ["commons/app@1.0.0", "lab/base@1.0.0", "lab/base@1.1.0", "lab/words@2.0.0"]
    );
    let selection = select(&filters, &all, now());
    assert_eq!(
        selection.left_out,
        [(Reason::NotIncluded, Count { releases: 2, bytes: 200 })].into()
    );
    let why = &selection.wanted[&all[4].release].why;
    assert_eq!(why.to_string(), "needed by lab/base@1.0.0");
}

#[test]
fn what_needs_something_forbidden_is_left_out_itself() {
    let mut base = candidate("lab/base", "1.0.0");
    let all = |base: &Candidate| [needing("lab/app", "1.0.0", &[("lab/base", "1")]), base.clone()];
    let named = Filters { exclude: vec!["lab/base".parse().unwrap()], ..Filters::default() };
    let out = select(&named, &all(&base), now()).left_out;
    let reasons: Vec<_> = out.keys().copied().collect();
    assert_eq!(reasons, [Reason::Excluded, Reason::DependencyExcluded]);
    base.license.weights = Some("CC-BY-NC-4.0".parse().unwrap());
    let free =
        Filters { license_class: vec![tare_license::Class::Permissive], ..Filters::default() };
    assert!(held(&free, &all(&base)).is_empty());
}

#[test]
fn what_is_gone_is_not_held_for_anybody() {
    let mut base = candidate("lab/base", "1.0.0");
    base.standing = Standing::TakenDown;
    let all = [needing("lab/app", "1.0.0", &[("lab/base", "1")]), base];
    assert_eq!(held(&Filters::default(), &all), ["lab/app@1.0.0"]);
}

#[test]
fn the_latest_are_counted_among_those_that_can_be_had() {
    let mut all: Vec<_> =
        ["1.0.0", "1.1.0", "1.2.0", "2.0.0"].map(|version| candidate("lab/m", version)).into();
    all[3].standing = Standing::Withdrawn;
    all.push(needing("commons/app", "1.0.0", &[("lab/m", "^1")]));
    let filters = Filters { latest: std::num::NonZeroU32::new(2), ..Filters::default() };
    assert_eq!(held(&filters, &all), ["lab/m@1.1.0", "lab/m@1.2.0", "commons/app@1.0.0"]);
    let left_out = select(&filters, &all, now()).left_out;
    assert_eq!(left_out[&Reason::Latest].releases, 1);
}

#[test]
fn a_cap_on_the_size_keeps_the_newest_and_never_a_part_of_what_is_needed() {
    let mut all = vec![
        needing("lab/old", "1.0.0", &[]),
        needing("lab/big", "1.0.0", &[("lab/base", "1")]),
        needing("lab/base", "1.0.0", &[]),
        needing("lab/new", "1.0.0", &[]),
    ];
    for (candidate, day) in all.iter_mut().zip([1, 4, 2, 3]) {
        candidate.at = format!("2026-11-0{day}T00:00:00Z").parse().unwrap();
    }
    all[2].size = 250;
    let filters = |bytes| Filters { max_size: Some(ByteSize(bytes)), ..Filters::default() };
    assert_eq!(held(&filters(350), &all), ["lab/big@1.0.0", "lab/base@1.0.0"]);
    assert_eq!(held(&filters(349), &all), ["lab/old@1.0.0", "lab/new@1.0.0"]);
    assert_eq!(select(&filters(349), &all, now()).left_out[&Reason::Size].bytes, 350);
}

#[test]
fn of_sources_the_archives_are_held_and_the_contents_when_asked_for() {
    let made = |name, sources: &[&str]| Candidate {
        lineage: sources.iter().map(|id| id.parse().unwrap()).collect(),
        ..candidate(name, "1.0.0")
    };
    let all = [
        made("commons/m", &["lab/text@1.0.0", "lab/gone@9.0.0"]),
        made("lab/text", &["lab/web@1.0.0"]),
        made("lab/web", &[]),
    ];
    let documents = including("commons/*");
    assert_eq!(held(&documents, &all), ["commons/m@1.0.0", "(lab/text@1.0.0)", "(lab/web@1.0.0)"]);
    let contents = Filters { with_lineage: true, ..documents };
    assert_eq!(held(&contents, &all).join(" "), "commons/m@1.0.0 lab/text@1.0.0 lab/web@1.0.0");
}

proptest! {
    /// Whatever the graph and the cap, nothing is held without everything it needs, and the cap holds.
    #[test]
    fn what_is_held_is_complete(
        needs in proptest::collection::vec((0..12_usize, 0..12_usize), 0..40),
        excluded in proptest::option::of(0..12_usize),
        most in 0..1500_u64,
    ) {
        let name = |at: usize| format!("lab/p{at}");
        let candidates: Vec<_> = (0..12)
            .map(|at| {
                let own = needs.iter().filter(|(from, _)| *from == at);
                let own: Vec<_> = own.map(|(_, to)| (name(*to), "1".to_owned())).collect();
                let own: Vec<_> = own.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                needing(&name(at), "1.0.0", &own)
            })
            .collect();
        let exclude = excluded.iter().map(|at| name(*at).parse().unwrap()).collect();
        let filters = Filters { exclude, max_size: Some(ByteSize(most)), ..Filters::default() };
        let selection = select(&filters, &candidates, now());
        prop_assert!(selection.held.bytes <= most);
        for (from, to) in needs {
            if selection.wanted.contains_key(&candidates[from].release) {
                prop_assert!(selection.wanted.contains_key(&candidates[to].release));
            }
        }
        let out: u64 = selection.left_out.values().map(|count| count.releases).sum();
        prop_assert_eq!(out + selection.held.releases, 12);
    }
}
