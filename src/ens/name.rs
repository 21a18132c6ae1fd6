//! A normalised ENS name.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::B256;

use super::namehash::{self, hash_of};
use crate::secret;

/// The longest label that stands as it is in the DNS wire form, whose length is one byte.
pub(super) const MAX_LABEL_BYTES: usize = 255;

/// The most labels of a name in a tree: with `.well-known` and the record type they are fewer
/// folders than readers follow, and no DNS name has more.
const MAX_LABELS: usize = 127;

/// The longest name in a tree, in bytes: of a path's 4,096 the workspace and the record need some.
const MAX_NAME_BYTES: usize = 3072;

/// An ENS name in ENSIP-15 normal form, one label or more, any top-level domain.
///
/// It cannot be constructed otherwise than normalised; parsing maps what ENSIP-15 maps
/// (`Vitalik.eth` becomes `vitalik.eth`) and refuses what it refuses. A label of which only the
/// hash is known is written `[<64 hexadecimal digits>]`, as ENS clients do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a text is not an ENS name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("the name is empty")]
    Empty,
    /// A secret where a name belongs; it is not quoted.
    #[error("this is {0}, and not a name")]
    Secret(&'static str),
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
    /// A label is no name of a folder (only [`Name::check_folder`]).
    #[error(
        "the label {label:?} has {bytes} bytes: its records stand in a folder of that name, which \
         has at most {MAX_LABEL_BYTES}; such a name can be resolved, not published"
    )]
    LabelTooLong {
        /// The label's beginning.
        label: String,
        /// Its length in bytes of UTF-8.
        bytes: usize,
    },
    /// Only the hash of a label is known (only [`Name::check_folder`]).
    #[error("{label} is the hash of a label: records are published under the label itself")]
    HashedLabel {
        /// The label.
        label: String,
    },
    /// More labels than folders are followed (only [`Name::check_folder`]).
    #[error(
        "{name:?} has {labels} labels, which would be folders in each other: records are \
         published of names of at most {MAX_LABELS}"
    )]
    TooManyLabels {
        /// The name's beginning.
        name: String,
        /// How many it has.
        labels: usize,
    },
    /// Its folder has a longer path than systems take (only [`Name::check_folder`]).
    #[error("{name:?} has {bytes} bytes: a path so long cannot be written; {MAX_NAME_BYTES} can")]
    NameTooLong {
        /// The name's beginning.
        name: String,
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
    /// Names the label that ENSIP-15 refuses, or that is empty. What can only be a key is not taken
    /// for a name, which would be shown and published.
    pub fn parse(input: &str) -> Result<Self, NameError> {
        if input.is_empty() {
            return Err(NameError::Empty);
        }
        if let Some(what) = secret::in_place_of_a_name(input) {
            return Err(NameError::Secret(what));
        }
        if is_plain(input) {
            // It is its normal form, and was looked at just now.
            return Self::with_labels(input.to_owned());
        }
        if input.contains('[') {
            let labels: Result<Vec<String>, NameError> =
                input.split('.').map(|label| hashed_or_normal(input, label)).collect();
            return Self::checked(labels?.join("."));
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
        // Also what normalisation makes of a text.
        if let Some(what) = secret::in_place_of_a_name(&normalized) {
            return Err(NameError::Secret(what));
        }
        Self::with_labels(normalized)
    }

    fn with_labels(normalized: String) -> Result<Self, NameError> {
        for label in normalized.split('.') {
            if label.is_empty() {
                return Err(NameError::EmptyLabel { name: normalized });
            }
        }
        Ok(Self(normalized))
    }

    /// Whether its records have a place in a tree of folders.
    ///
    /// # Errors
    /// A label that is no name of a folder, or more of them than are followed when the tree is
    /// read.
    pub fn check_folder(&self) -> Result<(), NameError> {
        for label in self.labels() {
            if label.len() > MAX_LABEL_BYTES {
                return Err(NameError::LabelTooLong { label: begin(label), bytes: label.len() });
            }
            if hash_of(label).is_some() {
                return Err(NameError::HashedLabel { label: label.to_owned() });
            }
        }
        match (self.labels().count(), self.0.len()) {
            (labels, _) if labels > MAX_LABELS => {
                Err(NameError::TooManyLabels { name: begin(&self.0), labels })
            }
            (_, bytes) if bytes > MAX_NAME_BYTES => {
                Err(NameError::NameTooLong { name: begin(&self.0), bytes })
            }
            _ => Ok(()),
        }
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

fn hashed_or_normal(input: &str, label: &str) -> Result<String, NameError> {
    if hash_of(label).is_some() {
        return Ok(label.to_ascii_lowercase());
    }
    ens_normalize::ens_normalize(label).map_err(|error| NameError::InvalidLabel {
        name: input.to_owned(),
        label: label.to_owned(),
        reason: plain(error.message()),
    })
}

/// What an error quotes of a long text.
fn begin(text: &str) -> String {
    match text.chars().count() {
        0..=60 => text.to_owned(),
        _ => text.chars().take(40).chain(['…']).collect(),
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
    use alloy_primitives::hex;

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
        let half = Name::parse(&format!("[{}].no good.eth", "ab".repeat(32)));
        assert!(matches!(half, Err(NameError::InvalidLabel { label, .. }) if label == "no good"));
        assert!(Name::parse("[ab].eth").is_err());
    }

    #[test]
    fn what_can_be_resolved_and_not_published() {
        let refused = |name: &str| Name::parse(name).unwrap().check_folder();
        let long = format!("{}.eth", "a".repeat(256));
        assert!(matches!(refused(&long), Err(NameError::LabelTooLong { bytes: 256, .. })));
        assert_eq!(refused(&long[1..]), Ok(()));
        let hashed = format!("[{}].eth", "AB".repeat(32));
        assert!(matches!(refused(&hashed), Err(NameError::HashedLabel { .. })));
        let deep = |labels| vec!["a"; labels].join(".");
        assert_eq!(refused(&deep(127)), Ok(()));
        assert!(matches!(refused(&deep(128)), Err(NameError::TooManyLabels { labels: 128, .. })));
        let wide = vec!["a".repeat(200); 16].join(".");
        assert!(matches!(refused(&wide), Err(NameError::NameTooLong { bytes: 3215, .. })));
    }

    #[test]
    fn a_label_written_by_its_hash_is_that_label() {
        let hash = alloy_primitives::keccak256("nick");
        let hashed = Name::parse(&format!("[{}].eth", hex::encode(hash))).unwrap();
        assert_eq!(hashed.node(), Name::parse("nick.eth").unwrap().node());
        assert_eq!(hashed.dns()[0], 66);
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
