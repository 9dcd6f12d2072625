use proptest::prelude::*;

use super::*;

/// A walk that stands before the bucket of `key`.
fn before_the_bucket(stored: &Stored, commitment: &Commitment, key: Key) -> (Walk, Hash) {
    let mut walk = Walk::new(commitment, key);
    for _ in 0..commitment.depth() {
        let Step::Fetch(name) = walk.next() else { panic!("walk ended early") };
        walk.feed(&stored.files[&name]).unwrap();
    }
    let Step::Fetch(name) = walk.next() else { panic!("bucket is empty") };
    (walk, name)
}

#[test]
fn exactly_what_is_there_is_found() {
    for count in [1, 64, 65, 1_000, 5_000] {
        let (commitment, stored) = Stored::build(rows(count));
        for number in (0..count).step_by(7) {
            assert_eq!(stored.walk(&commitment, key(number)), Ok(Some(value(number))));
            assert_eq!(stored.walk(&commitment, key(number + count)), Ok(None));
        }
    }
}

#[test]
fn a_bucket_with_a_row_left_out_proves_no_absence() {
    let (commitment, stored) = Stored::build(rows(1_000));
    let (mut walk, name) = before_the_bucket(&stored, &commitment, key(5));
    let row = [key(5).0, value(5).0].concat();
    let without: Vec<u8> =
        stored.files[&name].chunks(64).filter(|found| *found != row).flatten().copied().collect();
    let found = Hash::of(&without);
    assert_eq!(walk.feed(&without), Err(MapError::Hash { found, expected: name }));
    // An honest mirror can still be asked.
    walk.feed(&stored.files[&name]).unwrap();
    assert_eq!(walk.next(), Step::Found(value(5)));
    assert_eq!(walk.feed(&stored.files[&name]), Err(MapError::Finished));
}

#[test]
fn an_empty_or_foreign_answer_proves_no_absence() {
    let (commitment, stored) = Stored::build(rows(1_000));
    let (mut walk, name) = before_the_bucket(&stored, &commitment, key(5));
    let (_, other) = before_the_bucket(&stored, &commitment, key(6));
    assert_ne!(name, other);
    for answer in [&[][..], &stored.files[&other]] {
        assert!(matches!(walk.feed(answer), Err(MapError::Hash { .. })));
        assert_eq!(walk.next(), Step::Fetch(name));
    }
}

#[test]
fn a_file_of_an_impossible_length_is_not_hashed() {
    let (commitment, stored) = Stored::build(rows(1_000));
    let mut walk = Walk::new(&commitment, key(5));
    assert_eq!(walk.limit_bytes(), INNER_BYTES);
    for bytes in [0, 64, INNER_BYTES - 1, INNER_BYTES + 1] {
        assert!(matches!(walk.feed(&vec![0; bytes]), Err(MapError::Size { .. })));
    }
    let (mut walk, _) = before_the_bucket(&stored, &commitment, key(5));
    assert_eq!(walk.limit_bytes(), MAX_LEAF_BYTES);
    for bytes in [63, 65, MAX_LEAF_BYTES + 64] {
        assert!(matches!(walk.feed(&vec![0; bytes]), Err(MapError::Size { .. })));
    }
}

/// A walk through a map of one bucket that its maker filled against the rules.
fn through(bytes: &[u8], count: u64) -> Result<(), MapError> {
    let commitment = Commitment::new(0, count, Hash::of(bytes)).unwrap();
    Walk::new(&commitment, key(0)).feed(bytes)
}

#[test]
fn a_bucket_that_breaks_the_rules_is_refused_though_its_hash_is_right() {
    let row = |number: u8| [[number; 32], [1; 32]].concat();
    assert_eq!(through(&[row(1), row(2)].concat(), 2), Ok(()));
    for bytes in [[row(2), row(1)].concat(), [row(1), row(1)].concat()] {
        assert!(matches!(
            through(&bytes, 2),
            Err(MapError::Bucket { source: BucketError::Order { .. }, .. })
        ));
    }
    assert!(matches!(through(&row(1), 2), Err(MapError::Count { rows: 1, count: 2, .. })));
}

#[test]
fn a_row_of_another_bucket_is_refused() {
    let (commitment, stored) = Stored::build(rows(65));
    let (_, name) = before_the_bucket(&stored, &commitment, key(1));
    // The root names the bucket of key 1 in the place of every bucket.
    let root = name.0.repeat(FAN_OUT);
    let forged = Commitment::new(1, 65, Hash::of(&root)).unwrap();
    let stranger = (2..).map(key).find(|key| key.0[0] >> 2 != super::key(1).0[0] >> 2).unwrap();
    let mut walk = Walk::new(&forged, stranger);
    walk.feed(&root).unwrap();
    assert!(matches!(
        walk.feed(&stored.files[&name]),
        Err(MapError::Bucket { source: BucketError::Foreign { .. }, .. })
    ));
}

proptest! {
    #[test]
    fn random_files_neither_panic_nor_pass(count in 0_u64..1 << 40, bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        let root = if count == 0 { Commitment::EMPTY.root() } else { Hash([3; 32]) };
        let commitment = Commitment::new(depth_for(count), count, root).unwrap();
        let mut walk = Walk::new(&commitment, key(0));
        prop_assert!(walk.feed(&bytes).is_err());
    }

    #[test]
    fn random_files_under_their_own_hash_never_panic(count in 1_u64..200, bytes in prop::collection::vec(any::<[u8; 64]>(), 0..40)) {
        let bytes = bytes.concat();
        let commitment = Commitment::new(depth_for(count), count, Hash::of(&bytes)).unwrap();
        let mut walk = Walk::new(&commitment, key(0));
        if walk.feed(&bytes).is_ok() {
            prop_assert!(bytes.len() / 64 <= 64);
        }
    }
}
