//! What error messages show of texts that came from outside.

/// Enough of a text to recognise it. Characters that a terminal would obey or hide are written out.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(80).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn nothing_reaches_a_terminal_as_a_command() {
        assert_eq!(excerpt("log \u{9b}2J\u{7f}\u{202e}"), "log \\u{9b}2J\\u{7f}\\u{202e}");
        assert_eq!(excerpt(&"ä".repeat(100)), "ä".repeat(80));
    }
}
