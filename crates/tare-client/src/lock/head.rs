//! Under which head a lock was resolved (K-10).

use tare_format::lock::{Lock, LockedHead};

/// The heads of `lock`, which was resolved under `head`.
///
/// A lock that says nothing new keeps the heads of the old one, so that looking again changes no file. Where a merge
/// left two of one registry, the larger log wins.
#[must_use]
pub fn heads(old: Option<&Lock>, lock: &Lock, head: LockedHead) -> Vec<LockedHead> {
    let before = old.map(|old| old.heads.as_slice()).unwrap_or_default();
    let of_registry = before.iter().filter(|known| known.registry == head.registry);
    let newest = of_registry.max_by_key(|known| known.size);
    let is_same = old.is_some_and(|old| {
        let same = Lock { heads: Vec::new(), ..old.clone() };
        same == Lock { heads: Vec::new(), ..lock.clone() }
    });
    match newest {
        Some(newest) if is_same => vec![newest.clone()],
        _ => vec![head],
    }
}
