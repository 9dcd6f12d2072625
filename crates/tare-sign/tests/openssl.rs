//! Keys and signatures go back and forth between us and the `openssl` command.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::Command;

use tare_format::Sha256;
use tare_sign::statement::pre_authentication_encoding;
use tare_sign::{
    Bundle, Claim, KeyError, KeyPair, PublicKey, Signer as _, sign_release, verify_release,
};

fn claim() -> Claim {
    Claim {
        release: "commons/tiny-chat@1.2.0".parse().unwrap(),
        digest: Sha256::of(b"release document"),
        registry: "tr1-000102030405060708090a0b0c0d0e0f".parse().unwrap(),
    }
}

/// A folder in which `openssl` runs. Where there is no such command the test fails: a peer that is not asked agrees with
/// everything.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs `openssl` with these arguments, separated by blanks, and gives its output.
    #[track_caller]
    fn run(&self, arguments: &str) -> Vec<u8> {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(self.path())
            .output()
            .expect("this test needs the `openssl` command");
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {talk}");
        output.stdout
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }
}

#[test]
fn openssl_verifies_what_we_sign() {
    let bench = Bench::new();
    let key = KeyPair::generate().unwrap();
    let bundle = Bundle::parse(&sign_release(&claim(), &key).unwrap()).unwrap();
    bench.write("key.pub", key.public_key().to_pem());
    bench.write("statement", pre_authentication_encoding(&bundle.payload));
    bench.write("signature", &bundle.signature);
    bench.run("dgst -sha256 -verify key.pub -signature signature statement");
}

#[test]
fn we_verify_what_openssl_signs() {
    let bench = Bench::new();
    bench.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out key");
    bench.run("pkey -in key -pubout -out key.pub");
    let key = PublicKey::from_pem(&bench.read("key.pub")).unwrap();
    let payload = claim().to_statement();
    bench.write("statement", pre_authentication_encoding(&payload));
    bench.run("dgst -sha384 -sign key -out signature statement");
    let signature = fs::read(bench.path().join("signature")).unwrap();
    let bundle = Bundle { hint: key.hint().to_owned(), payload, signature }.to_json();
    verify_release(&[bundle], &claim(), &[key]).unwrap();
}

#[test]
fn openssl_decrypts_the_keys_that_we_encrypt() {
    let bench = Bench::new();
    let key = KeyPair::generate().unwrap();
    bench.write("key", &*key.to_encrypted_pem("correct horse").unwrap());
    bench.write("passphrase", "correct horse\n");
    bench.run("pkey -in key -passin file:passphrase -pubout -out key.pub");
    assert_eq!(bench.read("key.pub"), key.public_key().to_pem());
}

#[test]
fn we_read_every_kind_of_key_that_openssl_makes() {
    let bench = Bench::new();
    bench.write("passphrase", "correct horse\n");
    for make in [
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out key",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out key",
        "genpkey -algorithm ED25519 -out key",
        "ecparam -name prime256v1 -genkey -out key",
        "ecparam -name secp384r1 -genkey -noout -out key",
        "ecparam -name secp521r1 -genkey -noout -out key",
    ] {
        bench.run(make);
        bench.run("pkey -in key -pubout -out key.pub");
        let plain = KeyPair::from_pem(&bench.read("key"), None).unwrap();
        assert_eq!(plain.public_key().to_pem(), bench.read("key.pub"), "{make}");
        let bundle = sign_release(&claim(), &plain).unwrap();
        verify_release(&[bundle], &claim(), &[plain.public_key().clone()]).unwrap();

        for cost in ["-v2 aes-256-cbc", "-v2 aes-128-cbc -v2prf hmacWithSHA512", "-scrypt"] {
            bench.run(&format!("pkcs8 -topk8 -in key -out locked {cost} -passout file:passphrase"));
            let locked = KeyPair::from_pem(&bench.read("locked"), Some("correct horse")).unwrap();
            assert_eq!(locked.public_key(), plain.public_key(), "{make} {cost}");
        }
    }
}

#[test]
fn keys_of_other_kinds_are_refused_by_name() {
    let bench = Bench::new();
    let error = |make: &str| {
        bench.run(make);
        KeyPair::from_pem(&bench.read("key"), Some("correct horse")).unwrap_err()
    };
    assert_eq!(
        error("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key"),
        KeyError::Rsa
    );
    bench.run("pkey -in key -pubout -out key.pub");
    let public = PublicKey::from_pem(&bench.read("key.pub")).unwrap_err().to_string();
    assert!(public.contains("RSA keys are not supported"), "{public}");
    assert_eq!(error("genpkey -algorithm X25519 -out key"), KeyError::Unsupported);
    assert_eq!(error("ecparam -name secp256k1 -genkey -noout -out key"), KeyError::Unsupported);

    bench.write("passphrase", "correct horse\n");
    bench.run("genpkey -algorithm ED25519 -out plain");
    let weak = "pkcs8 -topk8 -in plain -out key -v2 des3 -passout file:passphrase";
    assert!(matches!(error(weak), KeyError::Encryption { .. }));
    let slow =
        "pkcs8 -topk8 -in plain -out key -v2 aes-256-cbc -iter 10000001 -passout file:passphrase";
    assert!(matches!(error(slow), KeyError::Encryption { .. }));
}
