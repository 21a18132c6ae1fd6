//! Why the resolver accepts the records signer.

use std::fmt;
use std::str::FromStr;

/// Why the resolver accepts the records signer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApprovalMode {
    /// SIGN 3 by the wallet, one for each name, carried in every record file.
    #[default]
    Wallet,
    /// The owner approved the signer on chain: one approval for all names of a node.
    OnChain,
    /// The owner itself signs the records.
    Owner,
}

impl fmt::Display for ApprovalMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wallet => "wallet",
            Self::OnChain => "on-chain",
            Self::Owner => "owner",
        })
    }
}

/// The text names no approval mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not one of: wallet, on-chain, owner")]
pub struct UnknownApprovalMode(String);

impl FromStr for ApprovalMode {
    type Err = UnknownApprovalMode;

    fn from_str(text: &str) -> Result<Self, UnknownApprovalMode> {
        match text {
            "wallet" => Ok(Self::Wallet),
            "on-chain" => Ok(Self::OnChain),
            "owner" => Ok(Self::Owner),
            _ => Err(UnknownApprovalMode(text.to_owned())),
        }
    }
}
