//! What a registry may say on a page that its own log proves, and what is still refused.

use tare_format::event::{Change, Class, EventBody, Scope, SignatureRef, Takedown};
use tare_sign::{KeyPair, Signer as _, sign_release};
use tare_store::ObjectKey;

use super::*;
use crate::error::ClientError;
use crate::event::Progress;
use crate::head::tests::log::{NOW, TestLog};
use crate::home::Home;
use crate::registry::tests::{client, hasty};
use crate::samples::release_of;
use crate::transport::Settings;

/// A registry with `lab/lora@1.0.0`, which needs `lab/base@1.0.0`, and whatever is wrong with it.
struct Shelf {
    log: TestLog,
    key: KeyPair,
    published: Published,
}

impl Shelf {
    fn new() -> Self {
        let log = TestLog::new(0);
        let (key, document) =
            (KeyPair::generate().unwrap(), release_of(ID, &["lab/base@1.0.0"], &[]));
        let bytes = document.to_bytes().unwrap();
        let digest = Sha256::of(&bytes);
        let claim = Claim { release: document.id(), digest, registry: log.id() };
        let bundle = sign_release(&claim, &key).unwrap();
        let signature = SignatureRef { sha256: Sha256::of(&bundle), size: bundle.len() as u64 };
        log.set(&ObjectKey::Release(digest).path(), bytes);
        log.set(&ObjectKey::Signature(signature.sha256).path(), bundle);
        let needed = &document.dependencies[0];
        let published = Published {
            package: document.name.clone(),
            version: document.version.clone(),
            kind: document.kind,
            release: digest,
            release_size: 1,
            dependencies: vec![ReleaseDependency {
                name: needed.name.clone(),
                requirement: needed.requirement.clone(),
                relation: needed.relation,
                variant: None,
            }],
            variants: Vec::new(),
            default_variant: None,
            license: document.license.clone(),
            size: 1000,
            signatures: vec![signature],
        };
        Self { log, key, published }
    }

    fn signer(&self) -> SignerKey {
        signer(&self.key)
    }

    /// Logs the key and the release, and proves it as `demand` wants it.
    async fn prove(self, demand: Demand<'_>) -> Result<SignedRelease, TrustError> {
        let signer = self.signer();
        self.prove_by(signer, |_| {}, demand).await
    }

    async fn prove_by(
        mut self,
        key: SignerKey,
        more: impl FnOnce(&mut TestLog),
        demand: Demand<'_>,
    ) -> Result<SignedRelease, TrustError> {
        let package = self.published.package.clone();
        self.log.log(EventBody::Signer { package, key, change: Change::Add });
        self.log.log(EventBody::Publish(Box::new(self.published.clone())));
        more(&mut self.log);
        self.log.seal(NOW);
        let (home, site) = (tempfile::tempdir().unwrap(), self.log.serve());
        let (client, _) = client(&[&site], hasty(Settings::default()));
        let local = Local::open(Home::new(home.path())).unwrap();
        let now = jiff::Timestamp::from_second(NOW as i64).unwrap();
        let source = Source::new(&client, self.log.id(), local, now, false, Progress::silent());
        let id = ID.parse().unwrap();
        let proven = Prover::new(&source).prove(&id, demand).await;
        assert_eq!(proven.is_ok(), source.home().evidence(&self.published.release).exists());
        proven
    }
}

const ID: &str = "lab/lora@1.0.0";

fn signer(key: &KeyPair) -> SignerKey {
    let public = key.public_key();
    SignerKey { id: public.id().digest(), pem: public.to_pem() }
}

#[track_caller]
fn assert_refused(proven: Result<SignedRelease, TrustError>, code: &str) {
    let error = proven.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(!error.help().unwrap_or_default().contains("--"), "{:?}", error.help());
}

#[tokio::test]
async fn an_honest_release_is_proven() {
    let shelf = Shelf::new();
    let key = shelf.signer().id;
    let signed = shelf.prove(Demand::default()).await.unwrap();
    assert_eq!((signed.id().to_string().as_str(), signed.signers()), (ID, vec![key]));
}

#[tokio::test]
async fn a_release_without_its_signature_is_refused() {
    let mut unsigned = Shelf::new();
    unsigned.published.signatures.clear();
    assert_refused(unsigned.prove(Demand::default()).await, "E-UNSIGNED");
    let mut gone = Shelf::new();
    gone.published.signatures[0].sha256 = Sha256::of(b"another");
    assert_refused(gone.prove(Demand::default()).await, "E-SIGNATURE-MISSING");
}

#[tokio::test]
async fn keys_are_whom_their_names_say_and_none_but_them_may_sign() {
    let other = signer(&KeyPair::generate().unwrap());
    let proven = Shelf::new().prove_by(other, |_| {}, Demand::default()).await;
    assert_refused(proven, "E-SIGNATURE");
    let shelf = Shelf::new();
    let misnamed = SignerKey { id: Sha256::of(b"name"), ..shelf.signer() };
    assert_refused(shelf.prove_by(misnamed, |_| {}, Demand::default()).await, "E-KEY");
}

#[tokio::test]
async fn a_lock_is_kept_to() {
    let (digest, key) = (Sha256::of(b"locked"), Sha256::of(b"key"));
    let demand = Demand { digest: Some(&digest), ..Demand::default() };
    assert_refused(Shelf::new().prove(demand).await, "E-OTHER-RELEASE");
    let signers = [key];
    let demand = Demand { signers: Some(&signers), ..Demand::default() };
    let error = Shelf::new().prove(demand).await.unwrap_err();
    assert_eq!(error.code(), "E-SIGNER-CHANGED");
}

#[tokio::test]
async fn a_page_that_hides_what_the_document_says_is_refused() {
    let mut shelf = Shelf::new();
    shelf.published.dependencies.clear();
    assert_refused(shelf.prove(Demand::default()).await, "E-CONTRADICTION");
    let mut shelf = Shelf::new();
    shelf.published.variants = vec!["q4".parse().unwrap()];
    assert_refused(shelf.prove(Demand::default()).await, "E-CONTRADICTION");
}

#[tokio::test]
async fn what_is_withdrawn_or_taken_down_is_only_history() {
    let withdraw = |log: &mut TestLog| {
        let (package, version) = ("lab/lora".parse().unwrap(), "1.0.0".parse().unwrap());
        log.log(EventBody::Withdraw { package, version, reason: "consent".to_owned() });
    };
    let take_down = |log: &mut TestLog| {
        log.log(EventBody::Takedown(Box::new(Takedown {
            releases: vec![ID.parse().unwrap()],
            files: Vec::new(),
            class: Class::Court,
            scope: Scope::Global,
            deadline_hours: 24,
            notice: "N-7".to_owned(),
            appeal: None,
        })));
    };
    type Act<'a> = &'a dyn Fn(&mut TestLog);
    for (act, code) in [(&withdraw as Act<'_>, "E-WITHDRAWN"), (&take_down, "E-TAKEDOWN")] {
        let shelf = Shelf::new();
        let key = shelf.signer();
        assert_refused(shelf.prove_by(key, act, Demand::default()).await, code);
        let shelf = Shelf::new();
        let (key, demand) = (shelf.signer(), Demand { is_history: true, ..Demand::default() });
        shelf.prove_by(key, act, demand).await.unwrap();
    }
}

#[tokio::test]
async fn a_takedown_says_why_and_by_which_notice() {
    let error = TrustError::taken_down(&ID.parse().unwrap(), None, Some(12));
    assert!(error.to_string().ends_with("(event 12 of the log)"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Trust);
}
