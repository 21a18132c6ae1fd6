//! How a command's transactions are sent, and what they may cost.

use std::path::PathBuf;

use alloy_primitives::U256;
use alloy_primitives::utils::parse_ether;
use clap::Args;

/// The limit, which holds under `--yes` too.
#[derive(Clone, Debug, Args)]
pub struct CostArgs {
    /// The most that all transactions of this command may come to, gas and what is sent along;
    /// it holds with --yes too
    #[arg(long, value_name = "ETHER", default_value = "0.05", value_parser = wei)]
    pub max_cost: U256,
}

/// Whether transactions are sent, or printed for a wallet elsewhere.
#[derive(Clone, Debug, Args)]
pub struct SendingArgs {
    /// Print targets and calldata for a wallet elsewhere, and send nothing
    #[arg(long)]
    pub calldata: bool,
    /// Write the transactions as a file of Safe's Transaction Builder, and send nothing
    #[arg(long, value_name = "FILE")]
    pub safe: Option<PathBuf>,
    /// Send without asking
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub cost: CostArgs,
    /// How long to wait until a transaction is mined, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub wait: u64,
}

impl SendingArgs {
    /// Whether they are sent from here.
    pub fn sends(&self) -> bool {
        !self.calldata && self.safe.is_none()
    }
}

/// An amount of ether, in wei.
fn wei(text: &str) -> Result<U256, String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let wei = parse_ether(text).ok().filter(|_| is_number && !text.is_empty());
    wei.ok_or_else(|| "an amount of ether is a number, such as 0.05".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        assert_eq!(wei("0.05"), Ok(U256::from(50_000_000_000_000_000_u64)));
        assert_eq!(wei("0"), Ok(U256::ZERO));
        assert_eq!(wei("2"), Ok(U256::from(2_000_000_000_000_000_000_u64)));
        for bad in ["", "-1", "1e3", "a", "0.0.1", "1 ether", "0x1"] {
            assert!(wei(bad).is_err(), "{bad}");
        }
    }
}
