//! PEM (RFC 7468): base64 between two lines that name its content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block of a PEM text.
pub(crate) struct Block<'a> {
    pub(crate) label: &'a str,
    /// Between the two lines: header lines of old formats, then base64.
    body: &'a str,
}

impl Block<'_> {
    /// The DER inside, or nothing when the body is not base64 alone.
    pub(crate) fn decode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut digits = Zeroizing::new(String::with_capacity(self.body.len()));
        digits.extend(self.body.split_ascii_whitespace());
        STANDARD.decode(digits.as_bytes()).ok().map(Zeroizing::new)
    }

    /// Whether the block has header lines, as formats older than PKCS#8 have when they are encrypted.
    pub(crate) fn has_headers(&self) -> bool {
        self.body.contains(':')
    }
}

/// The first block in `text` that is not about the parameters of a curve, which `openssl ecparam` writes before a key.
pub(crate) fn first_block(text: &str) -> Option<Block<'_>> {
    let mut rest = text;
    loop {
        let (_, start) = rest.split_once("-----BEGIN ")?;
        let (label, start) = start.split_once("-----")?;
        let (body, end) = start.split_once("-----END ")?;
        rest = end.strip_prefix(label)?.strip_prefix("-----")?;
        if label != "EC PARAMETERS" {
            return Some(Block { label, body });
        }
    }
}

/// The PEM text of `der`, with lines of 64 characters and a line feed at the end.
pub(crate) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let digits = Zeroizing::new(STANDARD.encode(der));
    // Nothing is moved while it grows, so no copy of a private key stays behind.
    let size = digits.len() + digits.len() / 64 + 2 * label.len() + 40;
    let mut text = Zeroizing::new(String::with_capacity(size));
    text.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.extend([line, "\n"]);
        rest = after;
    }
    text.extend(["-----END ", label, "-----\n"]);
    text
}
