//! A Sigstore instance of our own, in this process: an authority that gives certificates, a log of certificates, a log of
//! signatures. It does everything right unless a test asks it to do one thing wrong, which real instances cannot be asked.

mod der;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tare_format::Sha256;
use tare_sign::sigstore::TrustRoot;

use der::{bits, boolean, context, integer, object, octets, sequence, set, text, time};

/// When everything of the kit happens, in seconds since 1970: 2026-06-01.
pub(super) const SIGNED: i64 = 1_780_272_000;
/// What is signed.
pub(super) const ARTIFACT: &[u8] = b"weights";
/// Who signs.
pub(super) const IDENTITY: &str = "https://git.example/org/repo/.ci/release.yml@refs/tags/v1";
/// Who says so.
pub(super) const ISSUER: &str = "https://git.example";

/// A key of the instance.
struct Key(EcdsaKeyPair);

impl Key {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec()
    }

    /// The SubjectPublicKeyInfo.
    fn spki(&self) -> Vec<u8> {
        let curve = sequence(&[object("1.2.840.10045.2.1"), object("1.2.840.10045.3.1.7")]);
        sequence(&[curve, bits(0, self.0.public_key().as_ref())])
    }

    fn id(&self) -> [u8; 32] {
        *Sha256::of(&self.spki()).as_bytes()
    }
}

/// The instance.
pub(super) struct Kit {
    authority: Key,
    certificate_log: Key,
    log: Key,
    /// The key of whoever signs, used once by the real ones.
    signer: Key,
}

/// What is to go otherwise than it should.
#[derive(Default, Clone)]
pub(super) struct Wrong {
    /// The log takes the entry this many seconds after the certificate was given.
    pub(super) seconds_late: i64,
    /// The log says so, and its promise is over another time.
    pub(super) promised_late: i64,
    /// The certificate is not in the log of certificates.
    pub(super) no_certificate_log: bool,
    /// The certificate is for something else than signing.
    pub(super) other_usage: bool,
    /// The log's entry is of this other statement.
    pub(super) logged: Option<Vec<u8>>,
    /// What the certificate says of the build, as the last part of an OID and a text.
    pub(super) claims: Vec<(u8, &'static str)>,
    /// Another artifact in the statement.
    pub(super) artifact: Option<&'static [u8]>,
}

impl Kit {
    pub(super) fn new() -> Self {
        let [authority, certificate_log, log, signer] = std::array::from_fn(|_| Key::new());
        Self { authority, certificate_log, log, signer }
    }

    /// The same instance with another authority under the same name.
    pub(super) fn with_other_authority(self) -> Self {
        Self { authority: Key::new(), ..self }
    }

    pub(super) fn root(&self, has_certificate_log: bool) -> TrustRoot {
        let valid = json!({ "start": "2026-01-01T00:00:00Z" });
        let log = |url: &str, key: &Key| {
            json!({
                "baseUrl": url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(key.spki()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": valid,
                },
                "logId": { "keyId": STANDARD.encode(key.id()) },
            })
        };
        let mut root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log("https://log.example", &self.log)],
            "certificateAuthorities": [{
                "subject": { "organization": "example", "commonName": "authority" },
                "uri": "https://authority.example",
                "certChain": { "certificates": [{ "rawBytes": STANDARD.encode(self.authority_certificate()) }] },
                "validFor": valid,
            }],
            "ctlogs": [log("https://certificates.example", &self.certificate_log)],
        });
        if !has_certificate_log {
            root["ctlogs"] = json!([]);
        }
        TrustRoot::parse(root.to_string().as_bytes()).unwrap()
    }

    /// A bundle over a statement about the artifact, with one thing wrong or none.
    pub(super) fn sign(&self, wrong: &Wrong) -> Value {
        let artifact = Sha256::of(wrong.artifact.unwrap_or(ARTIFACT)).hex();
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "name": "weights", "digest": { "sha256": artifact } }],
            "predicateType": "https://example.com/made/v1",
            "predicate": {},
        });
        let payload = statement.to_string().into_bytes();
        let kind = "application/vnd.in-toto+json";
        let start = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
        let signature = self.signer.sign(&[start.as_bytes(), &payload].concat());
        let certificate = self.certificate(wrong);
        let entry = self.entry(wrong, &payload, &signature, &certificate);
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": { "rawBytes": STANDARD.encode(certificate) },
                "tlogEntries": [entry],
            },
            "dsseEnvelope": {
                "payload": STANDARD.encode(payload),
                "payloadType": kind,
                "signatures": [{ "sig": STANDARD.encode(signature) }],
            },
        })
    }

    /// The entry of a log of one entry, with its promise, its proof and its checkpoint.
    fn entry(&self, wrong: &Wrong, payload: &[u8], signature: &[u8], certificate: &[u8]) -> Value {
        let payload = wrong.logged.as_deref().unwrap_or(payload);
        let pem = STANDARD.encode(certificate);
        let lines: Vec<&str> =
            pem.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let lines = lines.join("\n");
        let pem = format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n");
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": { "algorithm": "sha256", "value": "00".repeat(32) },
                "payloadHash": { "algorithm": "sha256", "value": Sha256::of(payload).hex() },
                "signatures": [{ "signature": STANDARD.encode(signature), "verifier": STANDARD.encode(pem) }],
            },
        });
        let body = body.to_string().into_bytes();
        let root = *Sha256::of(&[&[0], body.as_slice()].concat()).as_bytes();
        let at = SIGNED + wrong.seconds_late;
        let id: String = self.log.id().iter().map(|byte| format!("{byte:02x}")).collect();
        // Canonical JSON: the keys in the order of their letters.
        let promised = format!(
            r#"{{"body":"{}","integratedTime":{},"logID":"{id}","logIndex":7}}"#,
            STANDARD.encode(&body),
            at + wrong.promised_late,
        );
        json!({
            "logIndex": "7",
            "logId": { "keyId": STANDARD.encode(self.log.id()) },
            "kindVersion": { "kind": "dsse", "version": "0.0.1" },
            "integratedTime": at.to_string(),
            "inclusionPromise": {
                "signedEntryTimestamp": STANDARD.encode(self.log.sign(promised.as_bytes())),
            },
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": STANDARD.encode(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": { "envelope": self.checkpoint(&root) },
            },
            "canonicalizedBody": STANDARD.encode(&body),
        })
    }

    fn checkpoint(&self, root: &[u8]) -> String {
        let body = format!("log.example\n1\n{}\n", STANDARD.encode(root));
        let signature = [&self.log.id()[..4], &self.log.sign(body.as_bytes())].concat();
        format!("{body}\n— log.example {}\n", STANDARD.encode(signature))
    }

    fn authority_certificate(&self) -> Vec<u8> {
        let extensions = [
            extension("2.5.29.19", true, &sequence(&[boolean(true)])),
            extension("2.5.29.15", true, &bits(2, &[0x04])),
        ];
        let valid = (SIGNED - 86_400, SIGNED + 86_400 * 365);
        self.issue(&name("authority"), valid, &self.authority.spki(), &extensions)
    }

    /// The signer's certificate, which is valid for ten minutes.
    fn certificate(&self, wrong: &Wrong) -> Vec<u8> {
        let usage = if wrong.other_usage { "1.3.6.1.5.5.7.3.1" } else { "1.3.6.1.5.5.7.3.3" };
        let identity = der::tagged(0x86, IDENTITY.as_bytes());
        let mut extensions = vec![
            extension("2.5.29.15", true, &bits(7, &[0x80])),
            extension("2.5.29.37", false, &sequence(&[object(usage)])),
            extension("2.5.29.17", true, &sequence(&[identity])),
            extension("1.3.6.1.4.1.57264.1.8", false, &text(ISSUER)),
        ];
        extensions.extend(wrong.claims.iter().map(|(number, claim)| {
            extension(&format!("1.3.6.1.4.1.57264.1.{number}"), false, &text(claim))
        }));
        let valid = (SIGNED - 60, SIGNED + 540);
        if !wrong.no_certificate_log {
            let without =
                self.to_be_signed(&sequence(&[]), valid, &self.signer.spki(), &extensions);
            let logged = octets(&self.certificate_timestamp(&without));
            extensions.push(extension("1.3.6.1.4.1.11129.2.4.2", false, &logged));
        }
        self.issue(&sequence(&[]), valid, &self.signer.spki(), &extensions)
    }

    /// The promise of the log of certificates, as a list of one (RFC 6962, 3.3).
    fn certificate_timestamp(&self, certificate: &[u8]) -> Vec<u8> {
        let milliseconds = u64::try_from(SIGNED * 1000).unwrap().to_be_bytes();
        let size = u32::try_from(certificate.len()).unwrap().to_be_bytes();
        let authority = self.authority.id();
        let signed =
            [&[0, 0][..], &milliseconds, &[0, 1], &authority, &size[1..], certificate, &[0, 0]];
        let signature = self.certificate_log.sign(&signed.concat());
        let long = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
        let id = self.certificate_log.id();
        let promise =
            [&[0][..], &id, &milliseconds, &[0, 0], &[4, 3], &long(&signature), &signature]
                .concat();
        let item = [&long(&promise)[..], &promise].concat();
        [&long(&item)[..], &item].concat()
    }

    fn to_be_signed(
        &self,
        subject: &[u8],
        (from, until): (i64, i64),
        spki: &[u8],
        extensions: &[Vec<u8>],
    ) -> Vec<u8> {
        sequence(&[
            context(0, &integer(2)),
            integer(77),
            sequence(&[object(ECDSA_SHA256)]),
            name("authority"),
            sequence(&[time(from), time(until)]),
            subject.to_vec(),
            spki.to_vec(),
            context(3, &sequence(extensions)),
        ])
    }

    fn issue(
        &self,
        subject: &[u8],
        valid: (i64, i64),
        spki: &[u8],
        extensions: &[Vec<u8>],
    ) -> Vec<u8> {
        let body = self.to_be_signed(subject, valid, spki, extensions);
        let signature = self.authority.sign(&body);
        sequence(&[body, sequence(&[object(ECDSA_SHA256)]), bits(0, &signature)])
    }
}

const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";

fn name(common: &str) -> Vec<u8> {
    sequence(&[set(&[sequence(&[object("2.5.4.3"), text(common)])])])
}

fn extension(id: &str, is_critical: bool, value: &[u8]) -> Vec<u8> {
    match is_critical {
        true => sequence(&[object(id), boolean(true), octets(value)]),
        false => sequence(&[object(id), octets(value)]),
    }
}
