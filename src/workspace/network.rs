//! Whose endpoints apply where nothing else says.

use std::fmt;
use std::str::FromStr;

use crate::toml::FromText;

/// Whose endpoints apply where nothing else says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// The public services.
    Mainnet,
    /// `namesys devnet` on 127.0.0.1:5559, and its chain where it runs with `--chain`.
    Devnet,
}

impl Network {
    /// Every one, by its word.
    pub const WORDS: [&'static str; 2] = ["mainnet", "devnet"];
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mainnet => "mainnet",
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
