//! Names of accounts and channels: one namespace, since both become handles.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name, in characters.
pub const NAME_LEN_MAX: usize = 50;

/// The longest name of an actor elsewhere, in bytes.
pub const REMOTE_NAME_LEN_MAX: usize = 256;

/// Names nobody can take: the instance actor and addresses that would be mistaken for the server's.
const RESERVED: [&str; 4] = ["peertube", "kinora", "instance", "actor"];

/// A name that can stand before the `@` of a handle: `[a-z0-9._]`, 1 to 50 characters, beginning and ending
/// with a letter or digit (or `_`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty or longer than [`NAME_LEN_MAX`].
    #[error("a name has 1 to {NAME_LEN_MAX} characters")]
    Length,
    /// A character outside `[a-z0-9._]`, or a dot at an end.
    #[error("a name has only the letters a to z, digits, `_` and `.`, and no dot at its ends")]
    Characters,
    /// Kept for the server itself.
    #[error("this name is reserved")]
    Reserved,
}

impl Name {
    /// Checks a name as typed; capital letters are refused, not folded, so that a handle is always
    /// spelled as it is stored.
    ///
    /// # Errors
    /// [`NameError`] says which rule is broken.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() || text.len() > NAME_LEN_MAX {
            return Err(NameError::Length);
        }
        let allowed =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
        if !text.chars().all(allowed) || text.starts_with('.') || text.ends_with('.') {
            return Err(NameError::Characters);
        }
        if RESERVED.contains(&text) {
            return Err(NameError::Reserved);
        }
        Ok(Self(text.to_owned()))
    }

    /// Checks the name of an actor elsewhere: other servers have capital letters, dashes and longer names.
    ///
    /// # Errors
    /// [`NameError`] says which rule is broken.
    pub fn parse_remote(text: &str) -> Result<Self, NameError> {
        if text.is_empty() || text.len() > REMOTE_NAME_LEN_MAX {
            return Err(NameError::Length);
        }
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '~');
        if text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Characters)
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        // Whatever was stored was checked before.
        Self::parse_remote(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_lower_case_and_not_reserved() {
        assert!(Name::parse("root_channel").is_ok());
        assert!(Name::parse("a.b").is_ok());
        assert_eq!(Name::parse("peertube"), Err(NameError::Reserved));
        for bad in ["Bob", "é", "../x", "a b", ".a", "a.", "a\0", "a\u{202e}b"] {
            assert_eq!(Name::parse(bad), Err(NameError::Characters), "{bad:?}");
        }
        assert_eq!(Name::parse(""), Err(NameError::Length));
        assert_eq!(Name::parse(&"a".repeat(51)), Err(NameError::Length));
    }
}
