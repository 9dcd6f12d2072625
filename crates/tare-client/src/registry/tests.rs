//! Reading from several places, against real sockets: one is evil, one is good, and the answer is right.

pub(crate) mod site;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tare_format::registry::RegistryId;
use tare_format::{Blake3, Sha256};
use tare_store::{LogPath, ObjectKey};

use super::*;
use crate::error::{ClientError as _, ErrorKind};
use crate::event::{Event, Listener, Progress};
use crate::transport::Settings;
use site::{Answer, Asked, EvilSite, Objects};

const DOCUMENT: &[u8] = b"what its name says";
const CAP: u64 = 1 << 20;

/// Keeps the warnings.
#[derive(Default)]
pub(crate) struct Warnings(Mutex<Vec<String>>);

impl Listener for Warnings {
    fn hear(&self, event: &Event<'_>) {
        if let Event::Warning(text) = event {
            self.0.lock().unwrap().push((*text).to_owned());
        }
    }
}

impl Warnings {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Settings under which what would take a minute takes a moment.
pub(crate) fn hasty(settings: Settings) -> Settings {
    Settings {
        first_delay: Duration::from_millis(1),
        idle_timeout: Duration::from_millis(300),
        stall_timeout: Duration::from_millis(100),
        attempts: 2,
        ..settings
    }
}

/// A client of `sites`: mirrors, and the origin last.
pub(crate) fn client(sites: &[&EvilSite], settings: Settings) -> (RegistryClient, Arc<Warnings>) {
    let warnings = Arc::new(Warnings::default());
    let progress = Progress::new(Arc::<Warnings>::clone(&warnings));
    let transport = Arc::new(Transport::new(settings, progress).unwrap());
    let (origin, mirrors) = sites.split_last().unwrap();
    let id = Some(crate::samples::registry());
    let client = RegistryClient::new(transport, origin.url(), id, Tokens::default());
    (client.with_mirrors(mirrors.iter().map(|site| site.url()).collect()), warnings)
}

fn key() -> ObjectKey {
    ObjectKey::Signature(Sha256::of(DOCUMENT))
}

fn objects() -> Objects {
    [(key().path(), DOCUMENT.to_vec())].into()
}

/// What a client makes of an evil mirror before a good origin.
async fn beside_a_good_one(
    evil: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> (Result<Bytes, RegistryError>, Vec<String>, EvilSite, EvilSite) {
    let (evil, good) = (EvilSite::start(&objects(), evil), EvilSite::honest(&objects()));
    let (client, warnings) = client(&[&evil, &good], hasty(Settings::default()));
    let read = client.signature(&Sha256::of(DOCUMENT)).await;
    (read, warnings.all(), evil, good)
}

#[tokio::test]
async fn whatever_a_mirror_does_the_next_place_is_asked() {
    let answers: [fn() -> Answer; 9] = [
        || Answer::Status(500, "down"),
        || Answer::Status(404, "not here"),
        || Answer::Status(401, "who are you"),
        || Answer::Status(410, "gone"),
        || Answer::Status(451, "not in this country"),
        || Answer::Stall(5),
        || Answer::Break(5),
        || Answer::Endless,
        || Answer::Encoded("gzip"),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let (read, _, evil, good) = beside_a_good_one(move |_| answer()).await;
        assert_eq!(&read.unwrap()[..], DOCUMENT, "answer {number}");
        assert_eq!(evil.asked("signatures").len(), 1, "answer {number}: a brisk attempt is one");
        assert_eq!(good.asked("signatures").len(), 1, "answer {number}");
    }
}

#[tokio::test]
async fn wrong_bytes_ban_a_mirror_and_are_told_once() {
    let evil = EvilSite::start(&objects(), |_| Answer::Bytes(b"something else".to_vec()));
    let good = EvilSite::honest(&objects());
    let (client, warnings) = client(&[&evil, &good], hasty(Settings::default()));
    for _ in 0..3 {
        assert_eq!(&client.signature(&Sha256::of(DOCUMENT)).await.unwrap()[..], DOCUMENT);
    }
    assert_eq!((evil.asked("signatures").len(), good.asked("signatures").len()), (1, 3));
    let [warning] = &warnings.all()[..] else { panic!("{:?}", warnings.all()) };
    for part in [evil.url().as_str(), &Sha256::of(DOCUMENT).to_string(), "found"] {
        assert!(warning.contains(part), "{warning}");
    }
}

#[tokio::test]
async fn a_mirror_of_another_registry_is_never_asked_again() {
    let other = RegistryId::of_root(&Sha256::of(b"other"));
    let mut theirs = Objects::new();
    theirs.insert("registry.json".to_owned(), format!(r#"{{"id":"{other}"}}"#).into_bytes());
    let (evil, good) = (EvilSite::honest(&theirs), EvilSite::honest(&objects()));
    let (client, warnings) = client(&[&evil, &good], hasty(Settings::default()));
    for _ in 0..2 {
        assert_eq!(&client.signature(&Sha256::of(DOCUMENT)).await.unwrap()[..], DOCUMENT);
    }
    let missing = Sha256::of(b"nowhere");
    assert_eq!(client.signature(&missing).await.unwrap_err().code(), "E-NOT-FOUND");
    assert_eq!(evil.asked("").len(), 2, "once for the object, once for its id");
    assert!(warnings.all()[0].contains(other.as_str()), "{:?}", warnings.all());
}

#[tokio::test]
async fn when_nobody_has_it_the_error_names_what_each_did() {
    let evil = EvilSite::start(&objects(), |_| Answer::Bytes(b"no".to_vec()));
    let away = EvilSite::start(&objects(), |_| Answer::Status(503, "\x1b[31mred"));
    let lacking = EvilSite::honest(&Objects::new());
    let (client, _) = client(&[&evil, &away, &lacking], hasty(Settings::default()));
    let error = client.signature(&Sha256::of(DOCUMENT)).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("E-DIGEST", ErrorKind::Integrity));
    let said = error.to_string();
    for site in [&evil, &away, &lacking] {
        assert!(said.contains(site.url().as_str()), "{said}");
    }
    assert!(said.contains("503") && !said.contains('\x1b'), "{said}");
    assert_eq!(away.asked("signatures").len(), 3, "once briskly, twice with patience");
}

const TAKEDOWN: &str =
    r#"{"errors":[{"code":"taken-down","detail":"court order 7\u001b[2J","event":4711}]}"#;

#[tokio::test]
async fn that_contents_were_taken_down_is_told_as_somebodys_word() {
    let origin = EvilSite::start(&objects(), |_| Answer::Status(451, TAKEDOWN));
    let lacking = EvilSite::honest(&Objects::new());
    let (client, _) = client(&[&lacking, &origin], hasty(Settings::default()));
    let contents = [
        ObjectKey::Meta(Sha256::of(DOCUMENT)),
        ObjectKey::Recipe(Blake3::of(DOCUMENT)),
        ObjectKey::Location(Blake3::of(DOCUMENT)),
        ObjectKey::Pack(Blake3::of(DOCUMENT)),
    ];
    for key in contents {
        let error = client.fetch_object(&key, CAP).await.unwrap_err();
        assert_eq!((error.code(), error.kind()), ("E-GONE", ErrorKind::NotFound));
        let said = error.to_string();
        for part in ["451", "court order 7", "4711, it says", "no takedown that was verified says"]
        {
            assert!(said.contains(part) && !said.contains('\x1b'), "{said}");
        }
    }
}

#[tokio::test]
async fn nothing_but_contents_is_ever_taken_down() {
    let origin = EvilSite::start(&objects(), |asked| match asked.path.as_str() {
        "head" => Answer::Status(451, TAKEDOWN),
        _ => Answer::Status(410, TAKEDOWN),
    });
    let (client, _) = client(&[&origin], hasty(Settings::default()));
    let digest = Sha256::of(DOCUMENT);
    for key in [
        ObjectKey::Head,
        ObjectKey::Root(2),
        ObjectKey::Notices,
        ObjectKey::Package("lab/a".parse().unwrap()),
        ObjectKey::State(digest),
        ObjectKey::Tile(0, LogPath::new(0, 1).unwrap()),
        ObjectKey::Release(digest),
        ObjectKey::Signature(digest),
    ] {
        assert!(client.fetch_object(&key, CAP).await.unwrap().is_none(), "{key}");
    }
    assert_eq!(client.release(&digest).await.unwrap_err().code(), "E-NOT-FOUND");
    assert_eq!(client.descriptor().await.unwrap_err().code(), "E-NO-REGISTRY");
}

#[tokio::test]
async fn a_reason_that_does_not_fit_the_status_is_none() {
    for status in [400, 403, 500] {
        let origin = EvilSite::start(&objects(), move |_| Answer::Status(status, TAKEDOWN));
        let (client, _) = client(&[&origin], hasty(Settings::default()));
        let error = client.fetch_object(&key(), CAP).await.unwrap_err();
        assert_eq!(error.code(), "E-REGISTRY-ANSWER", "{error}");
    }
}

#[tokio::test]
async fn only_the_origin_or_everybody_can_say_that_there_is_nothing() {
    let (nothing, away) =
        (EvilSite::honest(&Objects::new()), EvilSite::start(&objects(), |_| Answer::Stall(0)));
    let settings = || hasty(Settings::default());
    let (to_nothing, _) = client(&[&away, &nothing], settings());
    assert!(to_nothing.fetch_object(&key(), CAP).await.unwrap().is_none());
    let (to_away, _) = client(&[&nothing, &away], settings());
    let error = to_away.fetch_object(&key(), CAP).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error}");
}

#[tokio::test]
async fn what_a_check_refuses_is_asked_of_the_next() {
    let evil = EvilSite::start(&objects(), |_| Answer::Bytes(b"an old head".to_vec()));
    let good = EvilSite::honest(&objects());
    let (client, warnings) = client(&[&evil, &good], hasty(Settings::default()));
    let check = |bytes: &Bytes| match &bytes[..] {
        DOCUMENT => Ok(()),
        found => Err(format!("expected another head, found {} bytes", found.len())),
    };
    let found = client.fetch_verified(&key(), CAP, check).await.unwrap().unwrap();
    assert_eq!(&found[..], DOCUMENT);
    assert!(warnings.all()[0].contains("found 11 bytes"), "{:?}", warnings.all());
    let error = client.fetch_verified(&key(), CAP, |_| Err("never".to_owned())).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("E-WRONG-BYTES", ErrorKind::Integrity));
}

#[tokio::test]
async fn every_place_is_heard_and_one_that_stalls_holds_up_nobody() {
    let stalled = EvilSite::start(&objects(), |_| Answer::Stall(3));
    let (good, nothing) = (EvilSite::honest(&objects()), EvilSite::honest(&Objects::new()));
    let (client, _) = client(&[&stalled, &nothing, &good], hasty(Settings::default()));
    let answers = client.every_source(&key(), CAP).await;
    let bases: Vec<_> = answers.iter().map(|(base, _)| base.clone()).collect();
    assert_eq!(bases, [stalled.url(), nothing.url(), good.url()]);
    assert_eq!(answers[0].1.as_ref().unwrap_err().kind(), ErrorKind::Network);
    assert!(answers[1].1.as_ref().unwrap().is_none());
    assert_eq!(&answers[2].1.as_ref().unwrap().as_ref().unwrap()[..], DOCUMENT);
}

#[tokio::test]
async fn a_place_that_is_too_slow_is_left_although_it_is_never_still() {
    let slow = EvilSite::start(&objects(), |_| Answer::Stall(10));
    let good = EvilSite::honest(&objects());
    let settings = Settings {
        throughput_window: Duration::from_millis(50),
        stall_timeout: Duration::from_secs(600),
        ..hasty(Settings::default())
    };
    let (client, _) = client(&[&slow, &good], settings);
    assert_eq!(&client.signature(&Sha256::of(DOCUMENT)).await.unwrap()[..], DOCUMENT);
}

#[tokio::test]
async fn a_small_document_of_a_sole_place_has_an_end() {
    let slow = EvilSite::start(&objects(), |_| Answer::Stall(10));
    let settings = Settings {
        document_deadline: Duration::from_millis(50),
        idle_timeout: Duration::from_secs(600),
        ..Settings::default()
    };
    let (client, _) = client(&[&slow], settings);
    let error = client.fetch_object(&key(), CAP).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("E-TIMEOUT", ErrorKind::Network));
    assert_eq!(slow.asked("").len(), 1);
}

#[tokio::test]
async fn no_encoding_is_asked_for_and_no_token_is_sent_to_a_mirror() {
    let (mirror, origin) = (EvilSite::honest(&Objects::new()), EvilSite::honest(&objects()));
    let (mut client, _) = client(&[&mirror, &origin], hasty(Settings::default()));
    client.tokens.set(Origin::of(&mirror.url()), Token::new("tare_secret").unwrap());
    client.tokens.set(Origin::of(&origin.url()), Token::new("tare_secret").unwrap());
    client.signature(&Sha256::of(DOCUMENT)).await.unwrap();
    for asked in mirror.asked("").iter().chain(&origin.asked("")) {
        let head = asked.head.to_lowercase();
        assert!(!head.contains("authorization") && !head.contains("accept-encoding"), "{head}");
    }
}

#[tokio::test]
async fn a_registry_that_refuses_to_say_what_it_is_is_no_missing_registry() {
    for (status, code) in
        [(404, "E-NO-REGISTRY"), (401, "E-REGISTRY-ANSWER"), (500, "E-REGISTRY-ANSWER")]
    {
        let origin = EvilSite::start(&objects(), move |_| Answer::Status(status, "<h1>\x1b[2J"));
        let (client, _) = client(&[&origin], hasty(Settings::default()));
        let error = client.descriptor().await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(!error.to_string().contains('\x1b'));
    }
}
