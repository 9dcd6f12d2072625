//! Numbers as every text of the log writes them: decimal digits, no sign, no leading zero (spec/log.md).
//!
//! One number has one text, so a document that was parsed and printed again is the same bytes and has the same signature.

/// Reads a number, or gives `None` for any text that printing a number would not have made.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn one_number_has_one_text() {
        assert_eq!(parse("0"), Some(0));
        assert_eq!(parse("18446744073709551615"), Some(u64::MAX));
        for bad in ["", "00", "01", "+1", "-1", "1 ", "1_0", "0x1", "18446744073709551616", "١"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
