//! One signature line of a note (spec/log.md W-2).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::{KeyName, NameError, VerifierKey};

const PREFIX: &str = "— ";

/// Who is said to have signed, and what they made. Its text is the signature line without the line feed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NoteSignature {
    name: KeyName,
    id: u32,
    bytes: Vec<u8>,
}

/// Why a text is not a signature line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureLineError {
    /// It does not have the parts of one.
    #[error("signature line has another form, expected `— name base64`")]
    Form,
    /// The name is no key name.
    #[error("signature line has a bad name")]
    Name {
        /// What is wrong with it.
        #[from]
        source: NameError,
    },
    /// The last part is not base64 with padding.
    #[error("signature by `{name}` is not standard base64 with padding")]
    Base64 {
        /// Who is said to have signed.
        name: KeyName,
    },
    /// There is no signature behind the key id.
    #[error("signature by `{name}` has {found} bytes, expected a key id and a signature")]
    Length {
        /// Who is said to have signed.
        name: KeyName,
        /// How many bytes there are.
        found: usize,
    },
}

impl NoteSignature {
    pub(crate) fn new(key: &VerifierKey, bytes: Vec<u8>) -> Self {
        Self { name: key.name().clone(), id: key.id(), bytes }
    }

    /// The name of the key that is said to have signed.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id of the key that is said to have signed.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// What follows the key id: the signature, in a cosignature with its time before it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether this key is said to have signed. It says nothing about whether it did.
    #[must_use]
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.id == key.id() && self.name == *key.name()
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.id.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.bytes);
        write!(f, "{PREFIX}{} {}", self.name, STANDARD.encode(bytes))
    }
}

impl FromStr for NoteSignature {
    type Err = SignatureLineError;

    fn from_str(line: &str) -> Result<Self, SignatureLineError> {
        let (name, encoded) = line
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once(' '))
            .ok_or(SignatureLineError::Form)?;
        let name: KeyName = name.parse()?;
        let Ok(bytes) = STANDARD.decode(encoded) else {
            return Err(SignatureLineError::Base64 { name });
        };
        match bytes.split_first_chunk() {
            Some((id, signature)) if !signature.is_empty() => {
                Ok(Self { name, id: u32::from_be_bytes(*id), bytes: signature.to_vec() })
            }
            _ => Err(SignatureLineError::Length { name, found: bytes.len() }),
        }
    }
}
