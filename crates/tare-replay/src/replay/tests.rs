use proptest::prelude::*;
use tare_format::event::{BY_REGISTRY, Change, Class, Event, EventBody, LeafEntry};

use super::*;
use crate::samples::*;

fn published() -> Log {
    let mut log = Log::start();
    log.push("ann", publish("lab/a@1.0.0", 0));
    log
}

fn from_scratch(log: &Log) -> MemoryPages {
    log.replay_from(0, MemoryPages::new()).1.finish().unwrap().0
}

fn reasons(log: &Log) -> Vec<Reason> {
    let (outcomes, _) = log.replay_from(0, MemoryPages::new());
    let reason = |outcome: Outcome| match outcome.judgement {
        Judgement::Effective => None,
        Judgement::Inert(reason) => Some(reason),
    };
    outcomes.into_iter().filter_map(reason).collect()
}

#[test]
fn a_page_has_the_effective_lines_verbatim() {
    let mut log = published();
    log.push("bob", yank("lab/a@1.0.0"));
    log.push("ann", yank("lab/a@1.0.0"));
    let page = log.pages.get(&PageKey::Package(name("lab/a"))).unwrap().unwrap();
    let expected = [&log.lines[4], &log.lines[6], &log.lines[10]].map(|line| format!("{line}\n"));
    assert_eq!(String::from_utf8(page).unwrap(), expected.concat());
    assert_eq!(reasons(&log), [Reason::NotOwner]);
}

#[test]
fn junk_has_no_effect_and_does_not_stop_the_log() {
    let mut log = published();
    let good = log.event("ann", yank("lab/a@1.0.0")).to_line().unwrap();
    let before = log.pages.clone();
    log.push_line("yank", "not even JSON");
    log.push_line("star", r#"{"type":"star","package":"lab/a"}"#);
    log.push_line("withdraw", &good);
    log.push_line("yank", &good.replacen('{', r#"{"by":"ann","#, 1));
    log.push_line("yank", "-");
    log.push_line("yank", &format!("{good}\r"));
    assert_eq!(log.pages, before);
    use Reason::*;
    let expected = [Unreadable, UnknownType, OtherType, Unreadable, Unreadable, Unreadable];
    assert_eq!(reasons(&log), expected);
}

#[test]
fn a_leaf_that_is_none_has_no_effect_either() {
    let mut log = published();
    log.lines.push("anything".to_owned());
    log.entries.push(b"garbage".to_vec());
    assert_eq!(reasons(&log), [Reason::Unreadable]);
}

#[test]
fn a_line_that_is_not_the_leafs_is_an_error() {
    let mut log = published();
    let last = log.last();
    log.lines[last].push(' ');
    let mut replay = Replay::new(
        registry(),
        MemoryPages::new(),
        MemoryMap::new(),
        Start::default(),
        Redactions::new(),
    );
    let outcome = log
        .entries
        .iter()
        .zip(&log.lines)
        .find_map(|(entry, line)| replay.push(entry, line, &mut bundles()).err());
    assert!(
        matches!(outcome, Some(ReplayError::OtherPayload { index, .. }) if index == last as u64)
    );
}

#[test]
fn a_forged_redaction_is_an_error() {
    let mut log = published();
    let line = log.last();
    let text = std::mem::replace(&mut log.lines[line], "-".to_owned());
    let check = |log: &Log| {
        let ahead = Redactions::scan(log.lines.iter().map(String::as_str));
        let start = Start::default();
        let mut replay =
            Replay::new(registry(), MemoryPages::new(), MemoryMap::new(), start, ahead);
        let lines = log.entries.iter().zip(&log.lines);
        let error = lines.map(|(entry, line)| replay.push(entry, line, &mut bundles()));
        error.filter_map(Result::err).next()
    };
    let index = line as u64;
    assert!(matches!(check(&log), Some(ReplayError::Forged { index: at, .. }) if at == index));
    // Nobody but the registry redacts, and what is left is of the line's type.
    let payload = Sha256::of(text.as_bytes());
    let (package, version) = (name("lab/a"), "1.0.0".parse().unwrap());
    let right = Residue::Publish { package: package.clone(), version };
    let wrong = Residue::Yank { package, version: "1.0.0".parse().unwrap() };
    for (by, residue) in [("ann", right), (BY_REGISTRY, wrong)] {
        let mut forged = log.clone();
        let body = EventBody::Redact { index, payload, class: Class::Pii, residue };
        let text = forged.event(by, body).to_line().unwrap();
        forged.entries.push(LeafEntry::of("redact", &text).to_bytes());
        forged.lines.push(text);
        assert!(matches!(check(&forged), Some(ReplayError::Forged { .. })));
    }
}

#[test]
fn a_wrong_state_is_reported_and_fatal_only_at_the_end() {
    let mut log = published();
    let commitment =
        EventBody::State { depth: 0, count: 3, root: Sha256::of(b"wrong"), root_version: 1 };
    let text = log.event(BY_REGISTRY, commitment).to_line().unwrap();
    log.entries.push(LeafEntry::of("state", &text).to_bytes());
    log.lines.push(text);
    let (outcomes, replay) = log.replay_from(0, MemoryPages::new());
    assert!(matches!(outcomes.last().unwrap().state, Some(StateCheck::Wrong { .. })));
    assert!(matches!(replay.finish(), Err(ReplayError::WrongState { .. })));
    log.push("ann", yank("lab/a@1.0.0"));
    assert_eq!(reasons(&log), [Reason::WrongState]);
    assert_eq!(from_scratch(&log), log.pages);
}

#[test]
fn a_log_that_ends_without_a_state_is_not_finished() {
    let mut log = published();
    log.lines.pop();
    log.entries.pop();
    let error = log.replay_from(0, MemoryPages::new()).1.finish().err().unwrap();
    assert_eq!(error.to_string(), "the first 7 events do not end in a state that can be checked");
}

#[test]
fn bundles_of_inert_releases_are_not_asked_for() {
    let mut log = published();
    let EventBody::Publish(mut stolen) = publish("lab/a@2.0.0", 0) else { panic!() };
    stolen.signatures[0].sha256 = Sha256::of(b"nowhere");
    let body = EventBody::Publish(stolen);
    log.push_line("publish", &log.event("bob", body.clone()).to_line().unwrap());
    assert_eq!(reasons(&log), [Reason::NotOwner]);
    let text = log.event("ann", body).to_line().unwrap();
    let start = Start { size: log.lines.len() as u64, last_time: log.states.last_time };
    let map = log.pages.to_map();
    let mut replay = Replay::new(registry(), log.pages.clone(), map, start, Redactions::new());
    let entry = LeafEntry::of("publish", &text).to_bytes();
    let error = replay.push(&entry, &text, &mut bundles()).unwrap_err();
    assert!(matches!(error, ReplayError::Bundle { .. }), "{error}");
}

#[test]
fn a_redaction_hides_states_until_it_comes() {
    let mut log = published();
    let line = log.last();
    log.push("ann", yank("lab/a@1.0.0"));
    log.redact(line);
    let (outcomes, replay) = log.replay_from(0, MemoryPages::new());
    let hidden: Vec<u64> = outcomes
        .iter()
        .filter(|outcome| outcome.state == Some(StateCheck::Hidden))
        .map(|outcome| outcome.index)
        .collect();
    assert_eq!(hidden, [7, 9]);
    assert_eq!(replay.finish().unwrap().0, log.pages);
}

#[test]
fn lines_without_effect_can_be_redacted_too() {
    let mut log = published();
    log.push_line("insult", r#"{"type":"insult","text":"a name and an address"}"#);
    assert_eq!(log.redact(log.last()), Judgement::Effective);
    assert_eq!(reasons(&log), [Reason::RedactedInert]);
    assert_eq!(from_scratch(&log), log.pages);
}

/// One step of a generated log: what is done to which release, by whom; or the redaction of an earlier line.
#[derive(Debug, Clone)]
enum Step {
    Do(&'static str, EventBody),
    Redact(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let by = prop::sample::select(vec!["ann", "ann", "ann", "bob", BY_REGISTRY]);
    let release = prop::sample::select(vec![
        "lab/a@1.0.0",
        "lab/a@1.1.0",
        "lab/A@1.0.0",
        "lab/b@1.0.0",
        "own/c@1.0.0",
    ]);
    let body = (release, 0..12_u8, 0..2_usize).prop_map(|(release, what, number)| {
        let package = release.split('@').next().unwrap_or_default();
        let change = if what % 2 == 0 { Change::Add } else { Change::Remove };
        match what {
            0 | 1 => signer(package, number, change),
            2..=4 => publish(release, number),
            5 => yank(release),
            6 => unyank(release),
            7 => withdraw(release),
            8 => advisory(number as u32, u32::from(what) + 1, &["lab/a", "lab/b"]),
            9 => takedown(&[release, "lab/a@1.0.0"]),
            10 => owner("lab", "bob", change),
            _ => claim("own", "bob"),
        }
    });
    prop_oneof![
        4 => (by, body).prop_map(|(by, body)| Step::Do(by, body)),
        1 => any::<prop::sample::Index>().prop_map(Step::Redact),
    ]
}

/// The log, and its pages after each step.
fn run(steps: Vec<Step>) -> (Log, Vec<(usize, MemoryPages)>) {
    let mut log = Log::start();
    let mut past = vec![(log.lines.len(), log.pages.clone())];
    for step in steps {
        match step {
            Step::Do(by, body) => {
                log.push(by, body);
            }
            Step::Redact(which) => {
                let index = which.index(log.lines.len());
                let event = Event::from_line(&log.lines[index]).ok().flatten();
                let residue = event.as_ref().and_then(Residue::of);
                // What the registry would do: it redacts what its rules let it redact.
                let is_possible = residue.is_some_and(|residue| {
                    log.judge(BY_REGISTRY, log.redaction(index, residue)).is_effective()
                });
                if is_possible {
                    log.redact(index);
                }
            }
        }
        past.push((log.lines.len(), log.pages.clone()));
    }
    (log, past)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whoever begins later, with the pages of an earlier time that still have what was redacted since, ends in the same
    /// pages as whoever begins at nothing and never saw those lines.
    #[test]
    fn every_beginning_ends_in_the_same_pages(steps in prop::collection::vec(step(), 1..24), from in any::<prop::sample::Index>()) {
        let (log, past) = run(steps);
        prop_assert_eq!(&from_scratch(&log), &log.pages);
        let (size, pages) = past[from.index(past.len())].clone();
        let (resumed, _, _) = log.replay_from(size, pages).1.finish().unwrap();
        prop_assert_eq!(&resumed, &log.pages);
    }

    /// What was kept up event by event is what the pages say.
    #[test]
    fn states_are_those_of_the_pages(steps in prop::collection::vec(step(), 1..24)) {
        let (log, _) = run(steps);
        let (pages, _, kept) = log.replay_from(0, MemoryPages::new()).1.finish().unwrap();
        let read = states_of(&pages);
        prop_assert_eq!(&kept.notices, &read.notices);
        for package in ["lab/a", "lab/b", "own/c"].map(name) {
            prop_assert_eq!(kept.package(&package), read.package(&package));
        }
        prop_assert_eq!(kept.namespace(&"lab".parse().unwrap()), read.namespace(&"lab".parse().unwrap()));
    }

    #[test]
    fn any_lines_are_judged_without_a_panic(lines in prop::collection::vec("[ -~]{0,60}", 0..12)) {
        let ahead = Redactions::scan(lines.iter().map(String::as_str));
        let mut replay = Replay::new(registry(), MemoryPages::new(), MemoryMap::new(), Start::default(), ahead);
        for line in &lines {
            let entry = LeafEntry::of("publish", line).to_bytes();
            prop_assert!(!replay.push(&entry, line, &mut bundles()).unwrap().judgement.is_effective());
        }
    }
}

#[test]
fn a_run_of_entries_is_judged_as_one_by_one() {
    let mut log = published();
    log.push("ann", signer("lab/b", 1, Change::Add));
    // A right signature of a key that is another package's; then one that is accepted, and then is not.
    log.push("ann", publish("lab/a@1.1.0", 1));
    log.push("ann", publish("lab/b@1.0.0", 1));
    log.push("ann", signer("lab/b", 2, Change::Add));
    log.push("ann", signer("lab/b", 1, Change::Remove));
    log.push("ann", publish("lab/b@1.1.0", 1));
    log.push_line("publish", "no event");
    log.push("eve", publish("lab/a@1.2.0", 0));
    log.redact(5);
    let (expected, one_by_one) = log.replay_from(0, MemoryPages::new());

    let ahead = Redactions::scan(log.lines.iter().map(String::as_str));
    let (map, begin) = (MemoryMap::new(), Start::default());
    let mut replay = Replay::new(registry(), MemoryPages::new(), map, begin, ahead);
    let entries = log.entries.iter().zip(&log.lines).map(|(leaf, line)| Entry { leaf, line });
    let entries: Vec<Entry<'_>> = entries.collect();
    let mut outcomes = Vec::new();
    let mut bundles = crate::Bundles::new(bundle);
    replay.push_all(&entries, &mut bundles, |outcome, _| outcomes.push(outcome)).unwrap();
    assert_eq!(outcomes, expected);
    assert_eq!(replay.finish().unwrap().0, one_by_one.finish().unwrap().0);
}
