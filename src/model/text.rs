//! Words that people type: bounded, and without characters that hide or reorder others.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Text of `MIN` to `MAX` characters, trimmed, without NUL and other control characters (line feeds and tabs
/// may stay), without the bidirectional overrides that make text read other than it is stored, and without spaces that
/// have no width. Text of nothing that can be seen is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// A video's title: 3 to 120 characters.
pub type Title = Text<3, 120>;
/// A video's description, markdown: up to 10,000 characters.
pub type Description = Text<0, 10_000>;
/// How to support a creator, markdown: up to 1,000 characters.
pub type Support = Text<0, 1_000>;
/// A display name: 1 to 120 characters.
pub type DisplayName = Text<1, 120>;
/// What an account or channel says of itself: up to 1,000 characters.
pub type About = Text<0, 1_000>;
/// A tag: 2 to 30 characters.
pub type Tag = Text<2, 30>;
/// Why someone asks for an account, or why a moderator answers so: up to 3,000 characters.
pub type Reason = Text<2, 3_000>;

/// Why text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Fewer or more characters than allowed.
    #[error("should have {min} to {max} characters, has {has}")]
    Length {
        /// The fewest characters.
        min: usize,
        /// The most characters.
        max: usize,
        /// What was given.
        has: usize,
    },
}

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// Cleans and measures what was typed.
    ///
    /// # Errors
    /// [`TextError::Length`] if what is left is too short or too long.
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        // Hostile input may be megabytes long: count before copying.
        let seen = if raw.chars().any(|c| kept(c) && is_seen(c)) { raw.trim() } else { "" };
        let has = seen.chars().filter(|c| kept(*c)).count();
        if has < MIN || has > MAX {
            return Err(TextError::Length { min: MIN, max: MAX, has });
        }
        Ok(Self(seen.chars().filter(|c| kept(*c)).collect()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Control characters, bidirectional overrides (U+202A–202E, U+2066–2069) and what is only there to be overlooked (U+200B,
/// U+2060–2064, U+FEFF) are dropped; right-to-left text and its marks stay, as does what joins letters and emoji.
fn kept(c: char) -> bool {
    let reorders = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let hides = matches!(c, '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}');
    let breaks_lines = matches!(c, '\n' | '\t');
    !reorders && !hides && (breaks_lines || !c.is_control())
}

/// True if a character can be seen by itself: not a space, a joiner, a mark of direction, a selector or a filler.
fn is_seen(c: char) -> bool {
    let unseen = matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200C}'..='\u{200F}' | '\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}'
    );
    !unseen && !c.is_whitespace()
}

impl<const MIN: usize, const MAX: usize> fmt::Display for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_loses_what_hides() {
        assert_eq!(Title::parse("  a\0b\u{202e}c 🎬 ").unwrap().as_str(), "abc 🎬");
        assert_eq!(Title::parse("سلام").unwrap().as_str(), "سلام");
    }

    #[test]
    fn text_that_cannot_be_seen_is_empty() {
        assert_eq!(DisplayName::parse("a\u{200b}n\u{feff}a").unwrap().as_str(), "ana");
        for unseen in ["\u{200d}\u{200d}", "\u{3164}", "\u{2800} \u{200e}", "\u{200b}"] {
            assert!(DisplayName::parse(unseen).is_err(), "{unseen:?}");
            assert_eq!(Description::parse(unseen).unwrap().as_str(), "");
        }
        let family = "👨\u{200d}👩\u{200d}👧";
        assert_eq!(DisplayName::parse(family).unwrap().as_str(), family);
    }

    #[test]
    fn text_is_measured_in_characters() {
        assert!(Title::parse(&"é".repeat(120)).is_ok());
        assert_eq!(
            Title::parse(&"x".repeat(121)),
            Err(TextError::Length { min: 3, max: 120, has: 121 })
        );
        assert!(Description::parse(&"x".repeat(10 << 20)).is_err());
    }
}
