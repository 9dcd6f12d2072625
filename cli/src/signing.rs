//! Who signs: the flags that choose a key or a program that signs, and from them to a signer.

use std::path::{Path, PathBuf};

use tare_client::config::SigningProgram;
use tare_client::keys::{self, ExternalSigner, KeyError, KeyFileError, PublicKey, Signer};

use crate::context::Context;
use crate::error::CommandError;
use crate::password;

/// What to sign with.
#[derive(Debug, clap::Args)]
pub(crate) struct SigningArgs {
    /// The key to sign with, instead of TARE_KEY or the one that `tare keygen` made
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Instead of a key file, a program that signs, for a card, an HSM or a KMS: it reads a digest from its standard
    /// input and writes a signature in DER to its standard output
    #[arg(long, value_name = "COMMAND", requires = "public_key", conflicts_with = "key")]
    signer: Option<String>,
    /// The public key that `--signer` signs with, in PEM
    #[arg(long, value_name = "FILE", requires = "signer")]
    public_key: Option<PathBuf>,
}

/// Where signatures come from.
enum Choice {
    Key {
        path: PathBuf,
        /// Whether somebody named it.
        named: bool,
    },
    Program(SigningProgram),
}

impl SigningArgs {
    /// The signer. A key that is encrypted needs its password now.
    ///
    /// # Errors
    /// When there is no key, or it cannot be opened.
    pub(crate) fn open(&self, context: &Context) -> Result<Box<dyn Signer>, CommandError> {
        match self.choose(context)? {
            Choice::Key { path, .. } => {
                let pair = keys::open(&path, || password::of_key(&path, context))?;
                Ok(Box::new(pair))
            }
            Choice::Program(SigningProgram { command, public_key }) => {
                Ok(Box::new(ExternalSigner::new(&command, &public_key)?))
            }
        }
    }

    /// The key that would sign, as far as it can be known without asking anybody: opened where that needs no password or
    /// the environment has it, else by its public half.
    ///
    /// # Errors
    /// When a key that was named is missing or no key.
    pub(crate) fn look(&self, context: &Context) -> Result<Option<PublicKey>, CommandError> {
        let (path, named) = match self.choose(context)? {
            Choice::Key { path, named } => (path, named),
            Choice::Program(program) => return Ok(Some(keys::read_public(&program.public_key)?)),
        };
        let warn = |what: &str| {
            context.terminal.warn(format!("no key was checked: {what}"));
            Ok(None)
        };
        // Read before the key is opened, because the two fail in different ways.
        let password = password::from_environment(context)?;
        match keys::open(&path, || Ok::<_, KeyFileError>(password)) {
            Ok(pair) => Ok(Some(pair.public_key().clone())),
            Err(KeyFileError::Missing { .. }) if !named => {
                warn("there is none yet, and publishing needs one; make it with `tare keygen`")
            }
            Err(KeyFileError::Key { source: KeyError::PassphraseMissing, .. }) => {
                match keys::read_public(&keys::public_path(&path)) {
                    Ok(public) => Ok(Some(public)),
                    Err(_) => warn("it is encrypted; set TARE_KEY_PASSWORD to have it checked"),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    fn choose(&self, context: &Context) -> Result<Choice, CommandError> {
        if let (Some(command), Some(public_key)) = (&self.signer, &self.public_key) {
            let public_key = context.resolve(public_key);
            return Ok(Choice::Program(SigningProgram { command: command.clone(), public_key }));
        }
        let path = self.key.as_deref().or_else(|| context.env.get("TARE_KEY").map(Path::new));
        if let Some(path) = path {
            return Ok(Choice::Key { path: context.resolve(path), named: true });
        }
        if let Some(program) = context.config()?.signing_program() {
            return Ok(Choice::Program(program.clone()));
        }
        Ok(Choice::Key { path: keys::default_path(context.home()), named: false })
    }
}
