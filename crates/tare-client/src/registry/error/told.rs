//! What a stranger says of a failure, as it may be repeated.

use serde::Deserialize;

/// The most characters of what a stranger says that are repeated.
const MAX_TOLD: usize = 1000;

/// The reason and the event of the log, as far as the answer to a question for something that is gone tells them.
pub(super) fn takedown(body: &[u8]) -> (Option<String>, Option<u64>) {
    let told: Option<Takedowns> = serde_json::from_slice(body).ok();
    let told = told.and_then(|told| told.errors.into_iter().next()).unwrap_or_default();
    (told.detail.as_deref().map(plain), told.event)
}

/// A reason in the middle of a sentence.
pub(super) fn because(reason: Option<&str>, event: Option<u64>) -> String {
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let event = event.map(|event| format!(" (by event {event}, it says)")).unwrap_or_default();
    format!("{reason}{event}")
}

/// Text as it may stand on a terminal: of one line, of no great length, and without control characters.
pub(super) fn plain(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(MAX_TOLD).map(visible).collect()
}

#[derive(Deserialize)]
struct Takedowns {
    errors: Vec<Takedown>,
}

#[derive(Deserialize, Default)]
struct Takedown {
    detail: Option<String>,
    event: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_read_as_far_as_it_goes() {
        let body = br#"{"errors":[{"detail":"a\u001b[2J\nb","event":7},{"event":8}]}"#;
        assert_eq!(takedown(body), (Some("a [2J b".to_owned()), Some(7)));
        for body in ["", "<h1>Gone</h1>", r#"{"errors":[]}"#, r#"{"errors":[{"event":-1}]}"#] {
            assert_eq!(takedown(body.as_bytes()), (None, None), "{body}");
        }
        assert_eq!(plain(&"x".repeat(5000)).len(), MAX_TOLD);
    }
}
