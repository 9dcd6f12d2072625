//! Text with tones, made safe to print.
//!
//! Names, descriptions and messages come from registries and files that anybody may have written. A control character
//! in them could move the cursor, recolour the screen or hide what stands before it, and a bidirectional override could
//! show a name in another order than it has. So every piece is escaped here, in the one place that all output passes.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

/// What a piece of text is for. Colour only repeats what the words say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing special.
    Plain,
    /// Less important.
    Dim,
    /// A name.
    Name,
    /// Done, or allowed.
    Good,
    /// To be looked at.
    Warn,
    /// Wrong, or denied.
    Bad,
    /// Advice.
    Help,
}

impl Tone {
    fn style(self) -> Style {
        let bold = |color: AnsiColor| Style::new().bold().fg_color(Some(color.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Dim => Style::new().dimmed(),
            Self::Name => Style::new().bold(),
            Self::Good => bold(AnsiColor::Green),
            Self::Warn => bold(AnsiColor::Yellow),
            Self::Bad => bold(AnsiColor::Red),
            Self::Help => bold(AnsiColor::Cyan),
        }
    }
}

/// Pieces of text, each with a tone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text(Vec<(Tone, String)>);

impl Text {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds plain text.
    pub(crate) fn plain(self, text: impl Into<String>) -> Self {
        self.toned(Tone::Plain, text)
    }

    /// Adds less important text.
    pub(crate) fn dim(self, text: impl Into<String>) -> Self {
        self.toned(Tone::Dim, text)
    }

    /// Adds text of a tone.
    pub(crate) fn toned(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.0.push((tone, text.into()));
        self
    }

    /// Adds another text with its tones.
    pub(crate) fn join(mut self, other: &Self) -> Self {
        self.0.extend_from_slice(&other.0);
        self
    }

    /// How many columns it takes, for text of one column a character.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.chars().count()).sum()
    }

    /// The text with escape sequences for its tones. The terminal takes them out again where colour is not wanted.
    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        for (tone, text) in &self.0 {
            let style = tone.style();
            let _ = write!(out, "{style}{}{style:#}", escape(text));
        }
        out
    }
}

impl<S: Into<String>> From<S> for Text {
    fn from(text: S) -> Self {
        Self::new().plain(text)
    }
}

/// Text in which nothing can act on a terminal. Line feeds and tabs stay.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let acts = c.is_control() && !matches!(c, '\n' | '\t');
        let misleads = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if acts || misleads {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_instead() {
        assert_eq!(escape("a\u{1b}[2Jb\rc"), "a\\u{1b}[2Jb\\u{d}c");
        assert_eq!(escape("x\u{202e}gpj.exe\u{9b}"), "x\\u{202e}gpj.exe\\u{9b}");
        assert_eq!(escape("Grüße\n\tBär"), "Grüße\n\tBär");
    }

    #[test]
    fn tones_are_outside_of_the_text() {
        let text = Text::new().toned(Tone::Bad, "a\u{1b}[0m").plain("b");
        assert!(text.render().contains("a\\u{1b}[0m"));
        assert_eq!(text.width(), 6);
    }
}
