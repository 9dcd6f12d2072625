use std::fs;
use std::path::{Path, PathBuf};

use tare_format::Sha256;
use tare_sign::{KeyPair, PublicKey, Signer as _};

use super::*;
use crate::error::{ClientError as _, ErrorKind};
use crate::event::Progress;

/// A folder with a model in it, and the key of its maker.
struct Desk {
    folder: tempfile::TempDir,
    key: KeyPair,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), key: KeyPair::generate().unwrap() };
        for (path, content) in [("a.txt", "one"), ("a/b.bin", "two"), ("empty", "")] {
            desk.write(path, content);
        }
        desk
    }

    fn model(&self) -> PathBuf {
        self.folder.path().join("tiny")
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.model().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn sign(&self, options: SignOptions) -> Result<ModelSignature, ModelError> {
        wait(sign(&self.model(), &options, &self.key, &Progress::silent()))
    }

    fn verify(&self, options: VerifyOptions) -> Result<ModelReport, ModelError> {
        check(&self.model(), options, self.key.public_key())
    }

    fn differences(&self) -> Vec<String> {
        let report = self.verify(VerifyOptions::default()).unwrap();
        report.differences.iter().map(ToString::to_string).collect()
    }
}

fn check(model: &Path, options: VerifyOptions, key: &PublicKey) -> Result<ModelReport, ModelError> {
    let keys = [key.clone()];
    wait(verify(model, &options, &ModelKeys(&keys), &Progress::silent()))
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

#[test]
fn a_model_that_was_signed_is_the_one_that_was_signed() {
    let desk = Desk::new();
    let made = desk.sign(SignOptions::default()).unwrap();
    assert_eq!((made.name.as_str(), made.files, made.bytes), ("tiny", 3, 6));
    assert!(made.path.ends_with("tiny/model.sig"));
    let report = desk.verify(VerifyOptions::default()).unwrap();
    assert_eq!((report.files, report.bytes, report.differences.len()), (3, 6, 0));
    assert!(report.left_out.is_empty());
    // Signing again signs the same: the signature does not cover itself.
    let again = desk.sign(SignOptions::default()).unwrap();
    assert_eq!((again.files, again.left_out.len()), (3, 0));
}

#[test]
fn every_file_that_differs_is_named() {
    let desk = Desk::new();
    desk.sign(SignOptions::default()).unwrap();
    desk.write("a.txt", "ONE");
    desk.write("new.py", "");
    fs::remove_file(desk.model().join("a/b.bin")).unwrap();
    let (found, expected) = (Sha256::of(b"ONE"), Sha256::of(b"one"));
    let changed = format!("`a.txt` is {found}, signed as {expected}");
    let said = [&*changed, "`a/b.bin` was signed and is missing", "`new.py` was not signed"];
    assert_eq!(desk.differences(), said);
}

#[test]
fn what_is_left_out_is_shown_and_what_git_keeps_is_left_out() {
    let desk = Desk::new();
    desk.write(".git/config", "x");
    desk.write("notes/today", "x");
    let ignored = vec![PathBuf::from("./notes/")];
    let made = desk.sign(SignOptions { ignored, ..SignOptions::default() }).unwrap();
    assert_eq!((made.files, made.left_out), (3, vec![".git".to_owned(), "notes".to_owned()]));
    desk.write("notes/more", "x");
    let report = desk.verify(VerifyOptions::default()).unwrap();
    assert_eq!((report.differences.len(), report.left_out.len()), (0, 2));

    let made = desk.sign(SignOptions { with_git: true, ..SignOptions::default() }).unwrap();
    assert_eq!((made.files, made.left_out.len()), (6, 0));
    desk.write(".git/config", "y");
    assert_eq!(desk.differences().len(), 1);
}

#[test]
fn paths_out_of_the_model_cannot_be_left_out() {
    let desk = Desk::new();
    for path in ["../x", "/etc", ".", ""] {
        let ignored = vec![PathBuf::from(path)];
        let error = desk.sign(SignOptions { ignored, ..SignOptions::default() }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{path}: {error}");
    }
}

#[test]
fn a_signature_may_lie_elsewhere_and_then_the_place_of_one_is_no_exception() {
    let desk = Desk::new();
    let elsewhere = desk.folder.path().join("tiny.sig");
    let signature = Some(elsewhere);
    desk.sign(SignOptions { signature: signature.clone(), ..SignOptions::default() }).unwrap();
    let options = VerifyOptions { signature, ..VerifyOptions::default() };
    assert!(desk.verify(options.clone()).unwrap().differences.is_empty());
    desk.write("model.sig", "other");
    assert_eq!(desk.verify(options.clone()).unwrap().differences.len(), 1);
    let ignored = vec![PathBuf::from("model.sig")];
    let report = desk.verify(VerifyOptions { ignored, ..options }).unwrap();
    assert_eq!((report.differences.len(), report.left_out.len()), (0, 1));
}

#[test]
fn a_model_may_be_one_file_and_be_called_otherwise_later() {
    let desk = Desk::new();
    let file = desk.model().join("a.txt");
    let options = SignOptions::default();
    let made = wait(sign(&file, &options, &desk.key, &Progress::silent())).unwrap();
    assert!(made.path.ends_with("tiny/a.txt.sig"));
    let renamed = desk.folder.path().join("b.txt");
    fs::rename(&file, &renamed).unwrap();
    let options = || VerifyOptions { signature: Some(made.path.clone()), ..Default::default() };
    let verify = || check(&renamed, options(), desk.key.public_key()).unwrap().differences;
    assert!(verify().is_empty());
    fs::write(&renamed, "ONE").unwrap();
    assert_eq!(verify()[0].path(), ".");
}

#[test]
fn nothing_is_read_before_the_signature_is_known_to_be_right() {
    let desk = Desk::new();
    let unsigned = desk.verify(VerifyOptions::default()).unwrap_err();
    assert_eq!((unsigned.code(), unsigned.kind()), ("E-MODEL-UNSIGNED", ErrorKind::Trust));
    desk.sign(SignOptions::default()).unwrap();
    let stranger = KeyPair::generate().unwrap();
    let error = check(&desk.model(), VerifyOptions::default(), stranger.public_key()).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("E-MODEL-SIGNATURE", ErrorKind::Trust));
    desk.write("model.sig", "{}");
    assert_eq!(desk.verify(VerifyOptions::default()).unwrap_err().code(), "E-MODEL-SIGNATURE");
}

#[test]
fn an_empty_folder_and_one_that_is_not_there_cannot_be_signed() {
    let desk = Desk::new();
    fs::remove_dir_all(desk.model()).unwrap();
    assert_eq!(desk.sign(SignOptions::default()).unwrap_err().kind(), ErrorKind::NotFound);
    fs::create_dir(desk.model()).unwrap();
    let error = desk.sign(SignOptions::default()).unwrap_err().to_string();
    assert!(error.ends_with("holds no file to sign"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_count_only_where_the_signature_says_so() {
    use std::os::unix::fs::symlink;
    let desk = Desk::new();
    symlink("a.txt", desk.model().join("link")).unwrap();
    let error = desk.sign(SignOptions::default()).unwrap_err();
    assert!(error.help().unwrap().contains("--allow-symlinks"));
    let follow = SignOptions { follow_links: true, ..SignOptions::default() };
    assert_eq!(desk.sign(follow).unwrap().files, 4);
    desk.write("a.txt", "ONE");
    assert_eq!(desk.differences().len(), 2);

    fs::remove_file(desk.model().join("link")).unwrap();
    desk.sign(SignOptions::default()).unwrap();
    symlink("a.txt", desk.model().join("link")).unwrap();
    let error = desk.verify(VerifyOptions::default()).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("E-MODEL-DIFFERS", ErrorKind::Trust));
}
