//! Errors of the embedded network and its chain.

use namesys::devnet::DevnetError;
use namesys::devnet::chain::{AnvilError, ChainError};
use namesys::report::ErrorKind;

use super::error::{CliError, Exit};

impl From<DevnetError> for CliError {
    fn from(error: DevnetError) -> Self {
        let kind = match &error {
            DevnetError::Listen { .. } => ErrorKind::Listen,
            _ => ErrorKind::Io,
        };
        Self::of(Exit::Failed, kind, &error)
    }
}

impl From<ChainError> for CliError {
    fn from(error: ChainError) -> Self {
        let (kind, hint) = match &error {
            ChainError::Listen { .. } => {
                (ErrorKind::Listen, Some("--chain-port 0 takes a free one"))
            }
            ChainError::Anvil(AnvilError::Fetch { .. } | AnvilError::Cache { .. }) => (
                ErrorKind::Anvil,
                Some("run it again, or install foundry and name its anvil with ANVIL"),
            ),
            ChainError::Anvil(_) => (ErrorKind::Anvil, None),
            _ => (ErrorKind::Chain, None),
        };
        Self { hint: hint.map(str::to_owned), ..Self::of(Exit::Failed, kind, &error) }
    }
}
