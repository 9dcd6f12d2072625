use proptest::prelude::*;

use crate::note::tests::CHECKPOINT;

use super::*;

/// That entry 2 of 7 is in the tree of the vectors.
fn vector() -> String {
    format!(
        "c2sp.org/tlog-proof@v1
extra ZTI=
index 2
1b21ihkXOmoBEd8/H2LbqgDkQiHg8JtHSJgSoBDNUxQ=
cY+gNp10dQmbxstDJ+OCOklyKF+SvUmXGlg8nwj/to0=
9fNP4FejGK1lmZw0+Msnd3fjNkUp/nARcLCQjQMUxEI=

{CHECKPOINT}"
    )
}

#[test]
fn the_vector_is_read_and_printed() {
    let proof = TlogProof::parse(vector().as_bytes()).unwrap();
    assert_eq!((proof.extra.as_deref(), proof.index), (Some(&b"e2"[..]), 2));
    assert_eq!(proof.hashes.len(), 3);
    assert_eq!(proof.checkpoint.to_bytes(), CHECKPOINT.as_bytes());
    assert_eq!(proof.to_bytes().unwrap(), vector().as_bytes());
}

#[test]
fn extra_and_hashes_may_be_absent() {
    for text in [
        format!("{FIRST_LINE}\nindex 0\n\n{CHECKPOINT}"),
        format!("{FIRST_LINE}\nextra \nindex 0\n\n{CHECKPOINT}"),
    ] {
        let proof = TlogProof::parse(text.as_bytes()).unwrap();
        assert_eq!(proof.to_bytes().unwrap(), text.as_bytes());
    }
}

#[test]
fn bytes_of_other_forms_are_refused() {
    let hash = "1b21ihkXOmoBEd8/H2LbqgDkQiHg8JtHSJgSoBDNUxQ=\n";
    let with = |lines: &str| format!("{FIRST_LINE}\n{lines}\n{CHECKPOINT}");
    for (text, expected) in [
        (String::new(), TlogProofError::NoCheckpoint),
        (vector().replace("\n\n", "\n"), TlogProofError::NoCheckpoint),
        (vector().replace("@v1", "@v2"), TlogProofError::FirstLine),
        (with(""), TlogProofError::Index),
        (with("index 01\n"), TlogProofError::Index),
        (with("index 281474976710656\n"), TlogProofError::Index),
        (with("index 2\r\n"), TlogProofError::Index),
        (with("Index 2\n"), TlogProofError::Index),
        (with("extra e\nindex 2\n"), TlogProofError::Extra),
        (with("extra ZTI=\nextra ZTI=\nindex 2\n"), TlogProofError::Index),
        (with(&format!("index 2\n{}", hash.repeat(64))), TlogProofError::Hashes { found: 64 }),
        (format!("{FIRST_LINE}\nindex 2\n\nunsigned\n"), NoteError::Unsigned.into()),
        (format!("{FIRST_LINE}\nindex 2\n\n"), NoteError::Unsigned.into()),
        (" ".repeat(MAX_PROOF + 1), TlogProofError::Size { found: MAX_PROOF + 1 }),
    ] {
        assert_eq!(TlogProof::parse(text.as_bytes()), Err(expected), "{text:.60}");
    }
    let error = TlogProof::parse(with(&format!("index 2\n{hash}x\n")).as_bytes()).unwrap_err();
    assert!(matches!(error, TlogProofError::Hash { number: 2, .. }));
    assert_eq!(TlogProof::parse(b"\xff"), Err(TlogProofError::Utf8 { at: 0 }));
}

#[test]
fn what_could_not_be_read_is_not_printed() {
    let good = TlogProof::parse(vector().as_bytes()).unwrap();
    let index = TlogProof { index: MAX_TREE_SIZE, ..good.clone() };
    assert_eq!(index.to_bytes(), Err(TlogProofError::Index));
    let hashes = TlogProof { hashes: vec![Hash([0; 32]); 64], ..good.clone() };
    assert_eq!(hashes.to_bytes(), Err(TlogProofError::Hashes { found: 64 }));
    let extra = TlogProof { extra: Some(vec![0; MAX_PROOF]), ..good };
    assert!(matches!(extra.to_bytes(), Err(TlogProofError::Size { .. })));
}

proptest! {
    #[test]
    fn any_proof_is_read_back(
        extra: Option<Vec<u8>>,
        index in 0..MAX_TREE_SIZE,
        hashes in prop::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..=MAX_HASHES),
    ) {
        let checkpoint = Note::parse(CHECKPOINT.as_bytes()).unwrap();
        let proof = TlogProof { extra, index, hashes, checkpoint };
        prop_assert_eq!(TlogProof::parse(&proof.to_bytes().unwrap()), Ok(proof));
    }

    #[test]
    fn what_parses_prints_the_same(at in 0_usize..900, new: u8, bytes: Vec<u8>) {
        let mut changed = vector().into_bytes();
        if let Some(byte) = changed.get_mut(at) {
            *byte = new;
        }
        for bytes in [changed, bytes] {
            if let Ok(proof) = TlogProof::parse(&bytes) {
                prop_assert_eq!(proof.to_bytes().unwrap(), bytes);
            }
        }
    }
}
