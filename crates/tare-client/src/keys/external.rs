//! A signer that is another program, which asks a device or a service: a smart card, an HSM, a KMS (S-19 to S-21).
//!
//! ```text
//! stdin    what is to be signed: for ECDSA the digest that goes with the curve, for Ed25519 the bytes themselves
//! stdout   the signature: DER for ECDSA, 64 bytes for Ed25519
//! stderr   what the program says to the person, as a question for a PIN
//! status   0, or nothing was signed
//! ```
//!
//! What comes back is checked with the public key before it is used, so a program that was set up wrongly is found here
//! and not by whoever installs.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use tare_sign::{PublicKey, Signer, SigningError};

use super::{KeyFileError, read_public};

/// The most bytes that are read of an answer. The largest signature has 139.
const MAX_ANSWER: u64 = 4096;

/// A program that signs, and the key that it signs with.
#[derive(Debug)]
pub struct ExternalSigner {
    program: PathBuf,
    arguments: Vec<String>,
    public: PublicKey,
}

/// Why a program did not sign.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("`{program}` cannot be started: {source}")]
    Start { program: String, source: io::Error },
    #[error("`{program}` cannot be talked to: {source}")]
    Talk { program: String, source: io::Error },
    #[error("`{program}` ended with {status}, expected exit status 0")]
    Status { program: String, status: ExitStatus },
    #[error(
        "`{program}` answered with {found} bytes that are no signature of this key, expected {expected}"
    )]
    Answer { program: String, found: usize, expected: &'static str },
}

impl ExternalSigner {
    /// A signer that runs `command` for each signature: the program and its arguments, between blanks, without a shell.
    /// `public_key` is the file with the public key in PEM.
    ///
    /// # Errors
    /// When `command` names no program, or there is no public key at `public_key`.
    pub fn new(command: &str, public_key: &Path) -> Result<Self, KeyFileError> {
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words.next().ok_or(KeyFileError::NoProgram)?;
        let public = read_public(public_key)?;
        Ok(Self { program: program.into(), arguments: words.collect(), public })
    }

    fn run(&self, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let program = || self.program.display().to_string();
        let talk = |source| Failure::Talk { program: program(), source };
        let input = self.public.algorithm().signer_input(bytes).into_owned();
        let started = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = started.map_err(|source| Failure::Start { program: program(), source })?;
        let (written, answer) = exchange(&mut child, input);
        let status = child.wait().map_err(talk)?;
        if !status.success() {
            return Err(Failure::Status { program: program(), status });
        }
        // A program may sign without reading to the end only if what it signed was right all the same.
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            return Err(talk(error));
        }
        let answer = answer.map_err(talk)?;
        if self.public.verifies(bytes, &answer) {
            return Ok(answer);
        }
        let expected = self.public.algorithm().signature_form();
        Err(Failure::Answer { program: program(), found: answer.len(), expected })
    }
}

impl Signer for ExternalSigner {
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.run(bytes)
            .map_err(|failure| SigningError { key: self.public.id(), reason: failure.to_string() })
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }
}

/// Writes on a thread of its own, so that a program that answers before it has read everything does not wait for us
/// while we wait for it.
fn exchange(child: &mut Child, input: Vec<u8>) -> (io::Result<()>, io::Result<Vec<u8>>) {
    let stdin = child.stdin.take();
    let writer = thread::spawn(move || match stdin {
        Some(mut stdin) => stdin.write_all(&input),
        None => Ok(()),
    });
    let mut answer = Vec::new();
    let read = match child.stdout.take() {
        Some(stdout) => stdout.take(MAX_ANSWER).read_to_end(&mut answer).map(|_| answer),
        None => Ok(answer),
    };
    let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the writer stopped")));
    (written, read)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;

    use tare_sign::KeyPair;

    use super::*;

    /// A folder with a key, its public half, and scripts that sign or do not.
    struct Desk(tempfile::TempDir);

    impl Desk {
        fn new(curve: &str) -> Self {
            let desk = Self(tempfile::tempdir().unwrap());
            let key = desk.file("key");
            run(&["genpkey", "-algorithm", "EC", "-pkeyopt", curve, "-out", &key]);
            run(&["pkey", "-in", &key, "-pubout", "-out", &desk.file("key.pub")]);
            desk
        }

        fn file(&self, name: &str) -> String {
            self.0.path().join(name).display().to_string()
        }

        fn signer(&self, script: &str) -> ExternalSigner {
            fs::write(self.0.path().join("sign.sh"), script).unwrap();
            let command = format!("sh {} {}", self.file("sign.sh"), self.file("key"));
            ExternalSigner::new(&command, Path::new(&self.file("key.pub"))).unwrap()
        }
    }

    fn run(arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    const SIGN: &str = "exec openssl pkeyutl -sign -inkey \"$1\" -in /dev/stdin";

    #[test]
    fn a_program_signs_the_digest_that_goes_with_the_curve() {
        for curve in ["P-256", "P-384", "P-521"] {
            let desk = Desk::new(&format!("ec_paramgen_curve:{curve}"));
            let signer = desk.signer(SIGN);
            let signature = signer.sign(b"statement").unwrap();
            let text = fs::read_to_string(desk.file("key")).unwrap();
            let own = KeyPair::from_pem(&text, None).unwrap();
            assert!(own.public_key().verifies(b"statement", &signature), "{curve}");
        }
    }

    #[test]
    fn a_program_that_does_not_sign_says_how_it_ended() {
        let desk = Desk::new("ec_paramgen_curve:P-256");
        let error = |script: &str| desk.signer(script).sign(b"statement").unwrap_err().to_string();
        assert!(error("exit 3").contains("ended with exit status: 3, expected exit status 0"));
        assert!(error("cat").contains("answered with 32 bytes that are no signature of this key"));
        assert!(error("exit 0").contains("answered with 0 bytes"));
        assert!(error("cat /dev/zero").contains("expected exit status 0"));
        let other = "openssl pkeyutl -sign -inkey \"$1\" -in \"$1\" 2>/dev/null || printf other";
        assert!(
            error(other).contains("no signature of this key, expected DER"),
            "{}",
            error(other)
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let desk = Desk::new("ec_paramgen_curve:P-256");
        let public = desk.file("key.pub");
        let missing = ExternalSigner::new("/nowhere/sign", Path::new(&public)).unwrap();
        let message = missing.sign(b"statement").unwrap_err().to_string();
        assert!(message.contains("`/nowhere/sign` cannot be started"), "{message}");
        let nothing = ExternalSigner::new("  ", Path::new(&public)).unwrap_err();
        assert!(matches!(nothing, KeyFileError::NoProgram));
    }
}
