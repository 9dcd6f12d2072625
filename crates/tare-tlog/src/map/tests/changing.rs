use proptest::prelude::*;

use super::*;

#[test]
fn a_plan_is_one_bucket_and_the_nodes_above_it() {
    let needs = plan(2, [&key(7)]);
    assert_eq!(needs.buckets, [Prefix::of(&key(7), 2)]);
    assert_eq!(needs.inner, [Prefix::of(&key(7), 1), Prefix::ROOT]);
    assert_eq!(plan(2, []), Needs::default());
    assert_eq!(plan(0, [&key(7), &key(8)]).buckets, [Prefix::ROOT]);
}

#[test]
fn a_rewritten_map_of_depth_two_is_the_rebuilt_one() {
    let (old, stored) = Stored::build(rows(5_000));
    let mut changes: BTreeMap<Key, Option<Value>> =
        (4_990..5_020).map(|number| (key(number), Some(value(number + 1)))).collect();
    changes.extend((0..40).map(|number| (key(number), None)));
    let new = stored.rewrite(&old, &changes).unwrap();

    let mut rows = stored.rows;
    for (key, value) in &changes {
        match value {
            Some(value) => rows.insert(*key, *value),
            None => rows.remove(key),
        };
    }
    let (expected, rebuilt) = Stored::build(rows);
    assert_eq!((new.commitment, new.count), (Some(expected), 4_980));
    let files = new.nodes.iter().filter(|node| !node.bytes.is_empty());
    files.for_each(|node| assert_eq!(rebuilt.files.get(&node.hash), Some(&node.bytes)));
    assert_eq!(new.nodes.last().map(|node| node.prefix), Some(Prefix::ROOT));
}

#[test]
fn changes_that_change_nothing_write_nothing() {
    let (old, stored) = Stored::build(rows(100));
    for changes in [BTreeMap::new(), BTreeMap::from([(key(1), Some(value(1))), (key(100), None)])] {
        let new = stored.rewrite(&old, &changes).unwrap();
        assert_eq!(new, Rewritten { count: 100, commitment: Some(old), nodes: Vec::new() });
    }
}

#[test]
fn a_map_that_outgrows_its_depth_is_to_be_rebuilt() {
    let (old, stored) = Stored::build(rows(64));
    let new = stored.rewrite(&old, &BTreeMap::from([(key(64), Some(value(64)))])).unwrap();
    assert_eq!(new, Rewritten { count: 65, commitment: None, nodes: Vec::new() });
    let (old, stored) = Stored::build(rows(65));
    let new = stored.rewrite(&old, &BTreeMap::from([(key(64), None)])).unwrap();
    assert_eq!(new.commitment, None);
}

#[test]
fn a_database_that_disagrees_with_itself_is_found() {
    let (old, stored) = Stored::build(rows(5_000));
    let changes = BTreeMap::from([(key(7), Some(value(8)))]);
    let mut rows = stored.clone();
    rows.rows.remove(&key(7));
    let prefix = Prefix::of(&key(7), 2);
    assert!(matches!(
        rows.rewrite(&old, &changes),
        Err(RewriteError::Mismatch { prefix: found, .. }) if found == prefix
    ));
    let mut nodes = stored.clone();
    let prefix = Prefix::of(&key(7), 1);
    nodes.children.remove(&prefix);
    assert_eq!(nodes.rewrite(&old, &changes), Err(RewriteError::Missing { prefix }));
    let mut nodes = stored;
    nodes.children.insert(Prefix::ROOT, [old.root(); FAN_OUT]);
    assert!(matches!(nodes.rewrite(&old, &changes), Err(RewriteError::Mismatch { .. })));
}

#[test]
fn a_bucket_has_a_limit() {
    // Keys that share their first bytes: what somebody would do who wants readers to refuse the map.
    let key = |number: u32| {
        let mut key = [7; 32];
        key[28..].copy_from_slice(&number.to_be_bytes());
        Key(key)
    };
    let limit = u32::try_from(MAX_LEAF_BYTES / 64).unwrap();
    let mut map = MemoryMap::new();
    for number in 0..limit {
        map.insert(key(number), value(1));
    }
    let full = map.commitment().unwrap();
    map.insert(key(limit), value(1));
    assert!(matches!(map.commitment(), Err(BuildError::Bucket(BucketError::Full { .. }))));
    map.remove(&key(limit));
    assert_eq!(map.commitment(), Ok(full));
}

#[test]
fn a_map_in_memory_hands_out_what_is_new() {
    let mut map = MemoryMap::new();
    for (key, value) in rows(5_000) {
        map.insert(key, value);
    }
    let (expected, stored) = Stored::build(rows(5_000));
    assert_eq!(map.commitment(), Ok(expected));
    let all: HashMap<Hash, Vec<u8>> =
        map.nodes().unwrap().map(|node| (node.hash, node.bytes)).collect();
    assert_eq!(all, stored.files);
    map.insert(key(3), value(4));
    let mut new = Vec::new();
    let commitment = map.settle(|node| new.push(node)).unwrap();
    let levels: Vec<u8> = new.iter().map(|node| node.prefix.level()).collect();
    assert_eq!(levels, [2, 1, 0]);
    assert_eq!(new[2].hash, commitment.root());
}

/// Sets or removes one of a few keys, so that keys are hit again.
fn change() -> impl Strategy<Value = (Key, Option<Value>)> {
    (0_u64..150, prop::option::weighted(0.7, 0_u64..3))
        .prop_map(|(number, set)| (key(number), set.map(value)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_map_is_the_same_however_it_came_about(
        batches in prop::collection::vec(prop::collection::vec(change(), 0..60), 1..8)
    ) {
        let mut memory = MemoryMap::new();
        let (mut commitment, mut stored) = Stored::build(BTreeMap::new());
        for batch in batches {
            let changes: BTreeMap<Key, Option<Value>> = batch.into_iter().collect();
            let rewritten = stored.rewrite(&commitment, &changes).unwrap();
            let mut rows = stored.rows.clone();
            for (key, value) in &changes {
                let before = match value {
                    Some(value) => (rows.insert(*key, *value), memory.insert(*key, *value)),
                    None => (rows.remove(key), memory.remove(key)),
                };
                prop_assert_eq!(before.0, before.1);
            }
            let (built, rebuilt) = Stored::build(rows);
            prop_assert_eq!(rewritten.count, built.count());
            let depth_changed = built.depth() != commitment.depth();
            prop_assert_eq!(rewritten.commitment, (!depth_changed).then_some(built));
            for node in rewritten.nodes.iter().filter(|node| !node.bytes.is_empty()) {
                prop_assert_eq!(rebuilt.files.get(&node.hash), Some(&node.bytes));
            }
            prop_assert_eq!(memory.commitment(), Ok(built));
            (commitment, stored) = (built, rebuilt);
        }
    }
}
