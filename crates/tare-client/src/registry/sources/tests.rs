use std::time::Duration;

use super::*;
use crate::registry::RegistryError;

fn url(name: &str) -> Url {
    format!("https://{name}.example/").parse().unwrap()
}

fn sources(mirrors: &[&str]) -> Sources {
    Sources::with_mirrors(url("origin"), mirrors.iter().map(|name| url(name)).collect())
}

fn order(sources: &Sources) -> Vec<String> {
    order_for(sources, false)
}

fn order_for(sources: &Sources, changes: bool) -> Vec<String> {
    let host = |site: &Arc<Site>| site.base().host_str().unwrap_or_default().to_owned();
    let hosts = sources.sites(changes).iter().map(host).collect::<Vec<_>>();
    hosts.iter().map(|host| host.trim_end_matches(".example").to_owned()).collect()
}

fn site(sources: &Sources, name: &str) -> Arc<Site> {
    sources.sites(false).into_iter().find(|site| *site.base() == url(name)).unwrap()
}

fn wrong(name: &str) -> RegistryError {
    let (what, problem) = ("`head`".to_owned(), "it is old".to_owned());
    RegistryError::Wrong { what, base: Box::new(url(name)), problem }
}

fn busy() -> RegistryError {
    RegistryError::Status { action: "send `head`".to_owned(), status: 503 }
}

#[test]
fn the_user_orders_and_the_origin_is_last_and_nobody_twice() {
    assert_eq!(order(&sources(&["b", "a", "b", "origin", "c"])), ["b", "a", "origin", "c"]);
    assert_eq!(order(&Sources::new(url("origin"))), ["origin"]);
}

#[test]
fn who_fails_goes_behind_until_it_serves_again() {
    let sources = sources(&["a", "b"]);
    let a = site(&sources, "a");
    sources.blame(&a, false, &busy(), &Progress::silent());
    assert_eq!(order(&sources), ["b", "origin", "a"]);
    a.served(10, Duration::from_secs(1));
    assert_eq!(order(&sources), ["a", "b", "origin"]);
}

#[test]
fn who_is_banned_is_last_and_who_is_foreign_is_gone() {
    let sources = sources(&["a", "b"]);
    sources.blame(&site(&sources, "a"), false, &wrong("a"), &Progress::silent());
    assert_eq!(order(&sources), ["b", "origin", "a"]);
    let foreign = RegistryError::Another {
        base: Box::new(url("b")),
        expected: crate::samples::registry(),
        found: crate::samples::registry(),
    };
    sources.blame(&site(&sources, "b"), false, &foreign, &Progress::silent());
    assert_eq!(order(&sources), ["origin", "a"]);
    let origin = site(&sources, "origin");
    assert!(sources.other_than(&origin).is_none(), "a banned one is nobody to turn to");
}

#[test]
fn hints_come_last_and_the_fastest_of_them_first() {
    let sources = sources(&["a"]);
    let hints = ["https://x.example", "http://open.example/", "https://localhost/", "no url"];
    let hints: Vec<String> =
        hints.iter().chain(&["https://y.example/"]).map(|url| (*url).to_owned()).collect();
    sources.hint(&url("origin"), &hints);
    assert_eq!(order(&sources), ["a", "origin", "x", "y"]);
    site(&sources, "y").served(1 << 20, Duration::from_secs(1));
    site(&sources, "x").served(1 << 20, Duration::from_secs(2));
    assert_eq!(order(&sources), ["a", "origin", "y", "x"]);
    for _ in 0..20 {
        site(&sources, "x").served(1 << 20, Duration::from_millis(100));
    }
    assert_eq!(order(&sources), ["a", "origin", "x", "y"], "the newest measurements count most");
}

#[test]
fn a_round_asks_everybody_briskly_and_then_those_that_were_busy_with_patience() {
    let (sources, progress) = (sources(&["a", "b"]), Progress::silent());
    let mut round = sources.round();
    let mut turns = Vec::new();
    while let Some(turn) = round.next() {
        turns.push((turn.site.base().clone(), turn.is_brisk));
        let is_b = *turn.site.base() == url("b");
        round.failed(&turn, if is_b { wrong("b") } else { busy() }, &progress);
    }
    let (a, b, origin) = (url("a"), url("b"), url("origin"));
    let brisk = [(a.clone(), true), (b, true), (origin.clone(), true)];
    assert_eq!(turns, [&brisk[..], &[(a, false), (origin, false)]].concat());
    assert_eq!(round.into_failures().len(), 3, "one for each place");
}

#[test]
fn who_is_behind_is_last_for_what_changes_and_as_before_for_the_rest() {
    let sources = sources(&["a"]);
    let mut round = sources.round_for(&ObjectKey::Notices);
    let turn = round.next().unwrap();
    round.failed(&turn, wrong("a"), &Progress::silent());
    assert_eq!(order_for(&sources, true), ["origin", "a"]);
    assert_eq!(order(&sources), ["a", "origin"]);
}
