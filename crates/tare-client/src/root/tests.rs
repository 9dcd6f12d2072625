use super::*;
use crate::error::{ClientError as _, ErrorKind};
use crate::head::tests::log::TestLog;
use crate::registry::tests::site::EvilSite;
use crate::registry::tests::{client, hasty};
use crate::transport::Settings;

fn ask(site: &EvilSite) -> RegistryClient {
    client(&[site], hasty(Settings::default())).0
}

#[tokio::test]
async fn the_id_vouches_for_the_first_document_and_each_for_the_next() {
    let mut log = TestLog::new(0);
    log.rotate().rotate();
    let site = log.serve();
    let client = ask(&site);
    let first = TrustedRoot::first(&client, &log.id()).await.unwrap();
    assert_eq!((first.version(), first.signers()), (1, vec!["ann"]));
    let second = first.next(&client).await.unwrap().unwrap();
    let third = second.next(&client).await.unwrap().unwrap();
    assert_eq!(third.version(), 3);
    assert_eq!(third.next(&client).await.unwrap(), None);
    assert_eq!(TrustedRoot::kept(third.bytes(), &log.id()), Some(third.clone()));
}

#[tokio::test]
async fn what_does_not_follow_from_the_id_is_refused() {
    let (log, other) = (TestLog::new(0), TestLog::new(1));
    let site = other.serve();
    let client = ask(&site);
    let error = TrustedRoot::first(&client, &log.id()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, "E-ROOT"));
    let text = crate::error::chain(&error).join(": ");
    assert!(text.contains(other.id().as_str()) && text.contains(log.id().as_str()), "{text}");
    let note = other.objects()["root/1.note"].clone();
    assert_eq!(TrustedRoot::kept(&note, &log.id()), None);
    let empty = log.serve_without(|path| path.starts_with("root/"));
    let error = TrustedRoot::first(&ask(&empty), &log.id()).await.unwrap_err();
    assert_eq!(error.code(), "E-ROOT");
}

#[tokio::test]
async fn a_skipped_or_unsigned_version_is_refused() {
    let mut log = TestLog::new(0);
    log.rotate().rotate();
    let objects = log.objects();
    let third = objects["root/3.note"].clone();
    let unsigned = String::from_utf8(objects["root/2.note"].clone()).unwrap();
    let unsigned = unsigned.replace("version 2", "version 2 ").into_bytes();
    for bad in [third, unsigned, b"not a note".to_vec(), Vec::new()] {
        log.set("root/2.note", bad);
        let site = log.serve();
        let client = ask(&site);
        let first = TrustedRoot::first(&client, &log.id()).await.unwrap();
        let error = first.next(&client).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, "E-ROOT"), "{error}");
    }
}
