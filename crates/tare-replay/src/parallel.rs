//! One function over many things, on all cores. The answers are in the order of the things, so nothing depends on how many
//! cores there are.

use std::thread;

/// Fewer things than this are not worth a thread.
const WORTH_A_THREAD: usize = 64;

/// What `f` gives for each of `items`.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = items.len().div_ceil(cores).max(WORTH_A_THREAD);
    if items.len() <= share {
        return items.iter().map(f).collect();
    }
    let f = &f;
    thread::scope(|scope| {
        let shares = items.chunks(share);
        let threads: Vec<_> =
            shares.map(|share| scope.spawn(|| share.iter().map(f).collect::<Vec<R>>())).collect();
        let parts = threads.into_iter().map(|thread| match thread.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        parts.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_in_the_order_of_the_things() {
        for count in [0, 1, WORTH_A_THREAD, WORTH_A_THREAD + 1, 10_000] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(map(&items, |item| item * 2), (0..count).map(|i| i * 2).collect::<Vec<_>>());
        }
    }
}
