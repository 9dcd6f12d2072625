//! Random bytes, passed in, so that a test can fix salts, ids and tokens.

use std::io;

/// Where random bytes come from.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with bytes that nobody can guess.
    ///
    /// # Errors
    /// When the source fails; then nothing may be made from `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// `N` random bytes.
///
/// # Errors
/// When the source fails.
pub fn random<const N: usize>(entropy: &dyn Entropy) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// The operating system's source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(io::Error::from)
    }
}
