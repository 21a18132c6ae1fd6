//! Keys of text records.

use std::fmt;

use crate::secret::{self, SecretForm};

/// The longest key in bytes: with `.json` it is a file name of 255.
const MAX_BYTES: usize = 250;

/// What clients replace in the URLs of gateways.
const VARIABLES: [&str; 2] = ["{data}", "{sender}"];

/// The key of a text record, safe as a file name and in a URL that is not percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextKey(String);

/// Why a text cannot be the key of a text record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextKeyError {
    /// The key is empty.
    #[error("the text key is empty: give one such as avatar, email, com.github")]
    Empty,
    /// A character that would end or change the path.
    #[error(
        "the text key {key:?} contains {character:?}: a resolver asks for <key>.json in a URL \
         without percent-encoding, where / \\ ? # % and control characters mean something else"
    )]
    Character {
        /// The key as given.
        key: String,
        /// The first offending character.
        character: char,
    },
    /// `{data}` or `{sender}`: every client puts something else in its place (EIP-3668).
    #[error(
        "the text key {key:?} contains {variable}, which clients replace in the URL they ask \
         (EIP-3668): such a record cannot be fetched"
    )]
    Variable {
        /// The key as given.
        key: String,
        /// Which of the two.
        variable: &'static str,
    },
    /// A secret where a key belongs: the key is part of a public address. It is not quoted.
    #[error("the text key is {0}: a key such as avatar belongs there")]
    Secret(SecretForm),
    /// `.` or `..`: folders, not files.
    #[error("the text key {0:?} names a folder, not a record")]
    Dots(String),
    /// Too long for a file name.
    #[error(
        "the text key {key:?} has {bytes} bytes; with .json at most {MAX_BYTES} fit a file name"
    )]
    TooLong {
        /// The key as given.
        key: String,
        /// Its length in bytes of UTF-8.
        bytes: usize,
    },
}

impl TextKey {
    /// Checks `key`.
    ///
    /// # Errors
    /// Empty; `/ \ ? # %` or a control character; `{data}` or `{sender}`; `.` or `..`; more than
    /// 250 bytes.
    pub fn parse(key: &str) -> Result<Self, TextKeyError> {
        if key.is_empty() {
            return Err(TextKeyError::Empty);
        }
        if let Some(form) = secret::is_or_holds(key) {
            return Err(TextKeyError::Secret(form));
        }
        let unsafe_in_path = |c: char| matches!(c, '/' | '\\' | '?' | '#' | '%') || c.is_control();
        if let Some(character) = key.chars().find(|c| unsafe_in_path(*c)) {
            return Err(TextKeyError::Character { key: key.to_owned(), character });
        }
        if let Some(variable) = VARIABLES.into_iter().find(|variable| key.contains(variable)) {
            return Err(TextKeyError::Variable { key: key.to_owned(), variable });
        }
        if matches!(key, "." | "..") {
            return Err(TextKeyError::Dots(key.to_owned()));
        }
        if key.len() > MAX_BYTES {
            return Err(TextKeyError::TooLong { key: key.to_owned(), bytes: key.len() });
        }
        Ok(Self(key.to_owned()))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_keys_only() {
        for key in ["avatar", "com.github", "a b", "ключ", "...", ".hidden", "vnd.x:y"] {
            assert_eq!(TextKey::parse(key).unwrap().as_str(), key);
        }
        assert_eq!(TextKey::parse(""), Err(TextKeyError::Empty));
        for character in ['/', '\\', '?', '#', '%', '\n', '\t', '\0', '\u{7f}', '\u{85}'] {
            let key = format!("a{character}b");
            assert_eq!(
                TextKey::parse(&key),
                Err(TextKeyError::Character { key: key.clone(), character })
            );
        }
        for (key, variable) in [("{data}", "{data}"), ("a{sender}b", "{sender}")] {
            let refused = TextKeyError::Variable { key: key.into(), variable };
            assert_eq!(TextKey::parse(key), Err(refused));
        }
        assert!(TextKey::parse("{datum}").is_ok());
        for key in [".", ".."] {
            assert_eq!(TextKey::parse(key), Err(TextKeyError::Dots(key.into())));
        }
        assert!(TextKey::parse(&"a".repeat(250)).is_ok());
        let key = "é".repeat(126);
        assert_eq!(
            TextKey::parse(&key),
            Err(TextKeyError::TooLong { key: key.clone(), bytes: 252 })
        );
    }
}
