//! Whose endpoints apply where nothing else says.

use std::fmt;
use std::str::FromStr;

use crate::toml::FromText;

/// Whose endpoints apply where nothing else says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// The public services.
    Mainnet,
    /// The public services, with the chain Sepolia.
    Sepolia,
    /// `namesys devnet` on 127.0.0.1:5559, and its chain where it runs with `--chain`.
    Devnet,
}

impl Network {
    /// Every one, by its word.
    pub const WORDS: [&'static str; 3] = ["mainnet", "sepolia", "devnet"];

    /// The id of its chain, where it has one for all; of mainnet none, for other chains use its
    /// services too.
    pub fn chain_id(self) -> Option<u64> {
        match self {
            Self::Sepolia => Some(11_155_111),
            Self::Mainnet | Self::Devnet => None,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mainnet => "mainnet",
            Self::Sepolia => "sepolia",
            Self::Devnet => "devnet",
        })
    }
}

/// The text names no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not one of: {words}", words = Network::WORDS.join(", "))]
pub struct UnknownNetwork(String);

impl FromStr for Network {
    type Err = UnknownNetwork;

    fn from_str(text: &str) -> Result<Self, UnknownNetwork> {
        match text {
            "mainnet" => Ok(Self::Mainnet),
            "sepolia" => Ok(Self::Sepolia),
            "devnet" => Ok(Self::Devnet),
            _ => Err(UnknownNetwork(text.to_owned())),
        }
    }
}

impl FromText for Network {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: UnknownNetwork| error.to_string())
    }
}
