//! Other readers of tar list what we accept just as we do (A20).

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use super::*;

type Listed = Vec<(String, bool, Vec<u8>)>;

fn ours(packed: &[u8]) -> Listed {
    let entries = read(packed, &Limits::default()).unwrap();
    entries
        .into_iter()
        .map(|entry| (entry.path.to_string(), entry.executable, entry.content))
        .collect()
}

fn by_the_tar_crate(packed: &[u8]) -> Listed {
    let mut archive = tar::Archive::new(flate2::read::MultiGzDecoder::new(packed));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        assert!(entry.header().entry_type().is_file());
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        (path, entry.header().mode().unwrap() == 0o755, content)
    });
    entries.collect()
}

/// What Python's `tarfile` reads.
fn by_python(packed: &[u8]) -> Listed {
    const SCRIPT: &str = "import json, sys, tarfile\n\
        with tarfile.open(fileobj=sys.stdin.buffer, mode='r|gz') as archive:\n\
        \x20   files = [(m.name, m.mode == 0o755, list(archive.extractfile(m).read())) for m in archive]\n\
        json.dump(files, sys.stdout)";
    let mut python = Command::new("python3")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs the `python3` command");
    python.stdin.take().unwrap().write_all(packed).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "python could not read the archive");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn python_and_the_tar_crate_list_the_same_files() {
    let packed = write(&sample(), &Limits::default()).unwrap();
    assert_eq!(by_the_tar_crate(&packed), ours(&packed));
    assert_eq!(by_python(&packed), ours(&packed));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_tar_crate_lists_any_files_the_same(entries in entries()) {
        let packed = write(&entries, &Limits::default()).unwrap();
        prop_assert_eq!(by_the_tar_crate(&packed), ours(&packed));
    }
}
