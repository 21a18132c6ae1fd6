//! A normalised ENS name.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::B256;

use super::namehash;

/// The longest label, in bytes: one DNS wire length byte, and one file name on common systems.
const MAX_LABEL_BYTES: usize = 255;

/// An ENS name in ENSIP-15 normal form, one label or more, any top-level domain.
///
/// It cannot be constructed otherwise than normalised; parsing maps what ENSIP-15 maps
/// (`Vitalik.eth` becomes `vitalik.eth`) and refuses what it refuses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a text is not an ENS name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("the name is empty")]
    Empty,
    /// A label is empty: two dots in a row, or a dot at an end.
    #[error("the name {name:?} has an empty label: labels are separated by single dots")]
    EmptyLabel {
        /// The whole name as given.
        name: String,
    },
    /// ENSIP-15 refuses a label.
    #[error("the label {label:?} of {name:?} is not valid in ENS: {reason}")]
    InvalidLabel {
        /// The whole name as given.
        name: String,
        /// The offending label as given.
        label: String,
        /// ENSIP-15's reason.
        reason: String,
    },
    /// A label does not fit the DNS wire form, whose length is one byte.
    #[error("the label {label:?} has {bytes} bytes; at most {MAX_LABEL_BYTES} can be resolved")]
    LabelTooLong {
        /// The normalised label.
        label: String,
        /// Its length in bytes of UTF-8.
        bytes: usize,
    },
    /// The text is a valid name, but not in normal form (only [`Name::from_normalized`]).
    #[error("the name {name:?} is not normalised; its normal form is {normalized:?}")]
    NotNormalized {
        /// The name as given.
        name: String,
        /// Its ENSIP-15 normal form.
        normalized: String,
    },
}

impl Name {
    /// Normalises `input` by ENSIP-15.
    ///
    /// # Errors
    /// Names the label that ENSIP-15 refuses, that is empty, or longer than 255 bytes.
    pub fn parse(input: &str) -> Result<Self, NameError> {
        if input.is_empty() {
            return Err(NameError::Empty);
        }
        if is_plain(input) {
            return Self::checked(input.to_owned());
        }
        match ens_normalize::ens_normalize(input) {
            Ok(normalized) => Self::checked(normalized),
            Err(error) => Err(explain(input, &error.to_string())),
        }
    }

    /// Takes `input` only if it already is in normal form.
    ///
    /// # Errors
    /// As [`Name::parse`], and [`NameError::NotNormalized`].
    pub fn from_normalized(input: &str) -> Result<Self, NameError> {
        let name = Self::parse(input)?;
        if name.0 == input {
            Ok(name)
        } else {
            Err(NameError::NotNormalized { name: input.to_owned(), normalized: name.0 })
        }
    }

    fn checked(normalized: String) -> Result<Self, NameError> {
        for label in normalized.split('.') {
            if label.is_empty() {
                return Err(NameError::EmptyLabel { name: normalized });
            }
            if label.len() > MAX_LABEL_BYTES {
                return Err(NameError::LabelTooLong {
                    label: label.to_owned(),
                    bytes: label.len(),
                });
            }
        }
        Ok(Self(normalized))
    }

    /// The normal form, labels separated by dots.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The labels, leftmost (deepest) first.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// EIP-137 namehash.
    pub fn node(&self) -> B256 {
        namehash::namehash(&self.0)
    }

    /// The name without its leftmost label; `None` for a top-level domain.
    pub fn parent(&self) -> Option<Self> {
        self.0.split_once('.').map(|(_, parent)| Self(parent.to_owned()))
    }

    /// Whether `self` is `other` or lies anywhere below it.
    pub fn is_or_is_under(&self, other: &Self) -> bool {
        self == other || self.0.strip_suffix(&other.0).is_some_and(|prefix| prefix.ends_with('.'))
    }
}

/// Lower-case ASCII letters, digits and single dots: ENSIP-15 leaves such a name as it is, and
/// this skips the 3.5 MB of Unicode tables. A hyphen or underscore takes the full way, for
/// their positions matter.
fn is_plain(input: &str) -> bool {
    input.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.')
}

/// The reason without the direction marks that the library puts after each character it quotes.
fn plain(message: &str) -> String {
    message.replace('\u{200e}', "")
}

fn explain(input: &str, message: &str) -> NameError {
    for label in input.split('.') {
        if label.is_empty() {
            return NameError::EmptyLabel { name: input.to_owned() };
        }
        if let Err(error) = ens_normalize::ens_normalize(label) {
            return NameError::InvalidLabel {
                name: input.to_owned(),
                label: label.to_owned(),
                reason: plain(error.message()),
            };
        }
    }
    NameError::InvalidLabel {
        name: input.to_owned(),
        label: input.to_owned(),
        reason: plain(message),
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(input: &str) -> Result<Self, NameError> {
        Self::parse(input)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// In normal form alone.
impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: String = serde::Deserialize::deserialize(deserializer)?;
        Self::from_normalized(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offending_label_is_named() {
        let error = Name::parse("ok.no good.eth").unwrap_err();
        assert!(
            matches!(&error, NameError::InvalidLabel { label, .. } if label == "no good"),
            "{error}"
        );
        assert!(matches!(Name::parse("a..eth"), Err(NameError::EmptyLabel { .. })));
        assert!(matches!(Name::parse(".eth"), Err(NameError::EmptyLabel { .. })));
        assert!(matches!(Name::parse("eth."), Err(NameError::EmptyLabel { .. })));
        assert_eq!(Name::parse(""), Err(NameError::Empty));
        let long = format!("{}.eth", "a".repeat(256));
        assert!(matches!(Name::parse(&long), Err(NameError::LabelTooLong { bytes: 256, .. })));
    }

    #[test]
    fn normal_form_is_required_where_asked() {
        assert!(Name::from_normalized("vitalik.eth").is_ok());
        assert!(matches!(
            Name::from_normalized("Vitalik.eth"),
            Err(NameError::NotNormalized { normalized, .. }) if normalized == "vitalik.eth"
        ));
    }

    #[test]
    fn subnames() {
        let parent = Name::parse("nick.eth").unwrap();
        assert!(Name::parse("a.b.nick.eth").unwrap().is_or_is_under(&parent));
        assert!(parent.is_or_is_under(&parent));
        assert!(!Name::parse("xnick.eth").unwrap().is_or_is_under(&parent));
        assert_eq!(parent.parent().unwrap().as_str(), "eth");
        assert_eq!(parent.parent().unwrap().parent(), None);
    }
}
