use tare_format::recipe::Chunk;
use tare_store::header::NumberWidth;
use tare_store::pack::verify_pack;

use super::*;

/// A file of `count` chunks of `size` bytes that do not compress, and the plan for all of them.
fn sample(folder: &Path, count: u64, size: usize) -> Plan {
    let path = folder.join("weights.bin");
    let mut bytes = vec![0; size * count as usize];
    getrandom::fill(&mut bytes).unwrap();
    std::fs::write(&path, &bytes).unwrap();
    let wanted = |(start, chunk): (u64, &[u8])| Wanted {
        chunk: Chunk { digest: Blake3::of(chunk), length: size as u32 },
        start: start * size as u64,
        width: NumberWidth::One,
    };
    let chunks = (0..).zip(bytes.chunks(size)).map(wanted).collect();
    Plan { files: vec![FilePlan { path, chunks }] }
}

#[test]
fn packs_hold_what_the_plan_names_and_are_filled_up() {
    let folder = tempfile::tempdir().unwrap();
    let plan = sample(folder.path(), 33, 4 << 20);
    let mut packs = Vec::new();
    make_packs(&plan, &Codec::ALL, folder.path(), |pack| {
        let mut file = pack.file;
        file.seek(SeekFrom::Start(0)).unwrap();
        verify_pack(file, &pack.index, pack.digest).unwrap();
        packs.push((pack.index.chunks().len(), pack.raw_size));
        true
    })
    .unwrap();
    assert_eq!(packs, [(16, 64 << 20), (16, 64 << 20), (1, 4 << 20)]);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "packs have no names");
}

#[test]
fn a_file_that_changed_is_not_packed() {
    let folder = tempfile::tempdir().unwrap();
    let plan = sample(folder.path(), 3, 1000);
    let path = &plan.files[0].path;
    let mut bytes = std::fs::read(path).unwrap();
    bytes[1500] ^= 1;
    std::fs::write(path, &bytes).unwrap();
    let outcome = make_packs(&plan, &[], folder.path(), |_| panic!("nothing is to be sent"));
    assert!(matches!(outcome, Err(PublishError::Changed { .. })));
    std::fs::write(path, &bytes[..2500]).unwrap();
    assert!(make_packs(&plan, &[], folder.path(), |_| true).is_err());
}

#[test]
fn no_more_packs_are_made_than_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let plan = sample(folder.path(), 33, 4 << 20);
    let mut count = 0;
    make_packs(&plan, &[], folder.path(), |_| {
        count += 1;
        false
    })
    .unwrap();
    assert_eq!(count, 1);
}
