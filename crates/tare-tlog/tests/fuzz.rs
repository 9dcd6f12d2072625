//! The fuzz targets of `tests/fuzz` on a stable toolchain: over the vectors, and over the vectors damaged at random.

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read has failed")]

use std::fs;

use proptest::prelude::*;

#[path = "../../../tests/fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is the root of a crate elsewhere")]
mod targets;

const TARGETS: [fn(&[u8]); 6] = [
    targets::note,
    targets::checkpoint,
    targets::policy,
    targets::root,
    targets::tlog_proof,
    targets::key,
];

/// Every vector, and the parts of it that are documents of their own.
fn seeds() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/log");
    let mut seeds = Vec::new();
    for part in ["good", "bad"] {
        for entry in fs::read_dir(format!("{folder}/{part}")).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let end = text.rfind("\n\n").map_or(text.len(), |end| end + 1);
            seeds.push(text.as_bytes()[..end].to_vec());
            seeds.push(
                format!("c2sp.org/tlog-proof@v1\nextra AA==\nindex 0\n\n{text}").into_bytes(),
            );
            seeds.push(bytes);
        }
    }
    let policy = |line: &&str| {
        ["witness", "group", "quorum", "log"].iter().any(|word| line.starts_with(word))
    };
    let root = fs::read_to_string(format!("{folder}/good/root-1.note")).unwrap();
    seeds.push(root.lines().filter(policy).collect::<Vec<_>>().join("\n").into_bytes());
    let keys = fs::read_to_string(format!("{folder}/keys")).unwrap();
    seeds.extend(keys.lines().map(|key| key.as_bytes().to_vec()));
    seeds
}

/// One change to some bytes. Places are fractions of the length, so that they fit every seed.
#[derive(Debug, Clone)]
enum Damage {
    Replace(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
}

impl Damage {
    fn apply(self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        let run = |at: prop::sample::Index, run: usize| {
            let at = at.index(length);
            at..(at + run).min(length)
        };
        match self {
            Self::Replace(at, new) => bytes[at.index(length)] = new,
            Self::Insert(at, new) => bytes.insert(at.index(length), new),
            Self::Remove(at, count) => drop(bytes.drain(run(at, count))),
            Self::Repeat(at, count) => bytes.extend_from_within(run(at, count)),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let telling = prop::sample::select(b"\n\n \t+=-#0A\x00\xff".to_vec());
    let new = prop_oneof![telling, any::<u8>()].boxed();
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), new.clone()).prop_map(|(at, new)| Damage::Replace(at, new)),
        (at(), new).prop_map(|(at, new)| Damage::Insert(at, new)),
        (at(), 1..200_usize).prop_map(|(at, count)| Damage::Remove(at, count)),
        (at(), 1..200_usize).prop_map(|(at, count)| Damage::Repeat(at, count)),
    ]
}

#[test]
fn every_target_takes_every_vector() {
    for seed in seeds() {
        TARGETS.iter().for_each(|target| target(&seed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn every_target_takes_damaged_vectors(
        seed in prop::sample::select(seeds()),
        damage in prop::collection::vec(damage(), 0..6),
        target in 0..TARGETS.len(),
    ) {
        let mut bytes = seed;
        damage.into_iter().for_each(|damage| damage.apply(&mut bytes));
        TARGETS[target](&bytes);
    }

    #[test]
    fn every_target_takes_any_bytes(bytes: Vec<u8>) {
        TARGETS.iter().for_each(|target| target(&bytes));
    }
}
