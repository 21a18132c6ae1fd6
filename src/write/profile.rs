//! Whose texts, keys and bodies apply.

use std::fmt;
use std::str::FromStr;

/// A set of texts, keys and bodies that a handler asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// ENSIP-Y: SIGN 1 to 4, as everywhere else in this crate.
    EnsipY,
    /// The updated EIP-5559 by its own texts throughout. Its record text holds the value itself,
    /// which no contract can rebuild.
    Eip5559,
    /// ENSIP-19: the keys of the updated EIP-5559, with SIGN 3 and SIGN 4.
    Ensip19,
    /// ERC-7700.
    Erc7700,
}

/// The text names no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a profile: ensip-y, eip5559, ensip19 or erc7700")]
pub struct UnknownProfile(String);

impl Profile {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::EnsipY, Self::Eip5559, Self::Ensip19, Self::Erc7700];

    /// Whether approvals and records are SIGN 3 and SIGN 4, which a contract can rebuild.
    pub fn has_deployed_texts(self) -> bool {
        matches!(self, Self::EnsipY | Self::Ensip19)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EnsipY => "ensip-y",
            Self::Eip5559 => "eip5559",
            Self::Ensip19 => "ensip19",
            Self::Erc7700 => "erc7700",
        })
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        let found = Self::ALL.into_iter().find(|profile| profile.to_string() == text);
        found.ok_or_else(|| UnknownProfile(text.to_owned()))
    }
}
