//! What a command's transactions may cost.

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
