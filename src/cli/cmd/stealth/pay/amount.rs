//! How much, of what.

use alloy_primitives::U256;
use alloy_primitives::utils::parse_units;
use namesys::chain::Rpc;
use namesys::chain::setup::ether;
use namesys::stealth::{Asset, token_of};

use crate::cli::error::CliError;

/// An amount, in the smallest unit of what is paid.
#[derive(Clone, Debug)]
pub struct Amount {
    pub asset: Asset,
    pub units: U256,
    /// In words.
    pub shown: String,
}

impl Amount {
    /// Reads it; a token is asked for its decimals.
    pub async fn read(text: &str, asset: Asset, rpc: &Rpc) -> Result<Self, CliError> {
        match asset {
            Asset::Ether => {
                let units = units(text, 18)?;
                Ok(Self { asset, units, shown: format!("{} ether", ether(units)) })
            }
            Asset::Token(contract) => {
                let token = token_of(&rpc.at(rpc.latest().await?.value), contract).await?;
                let units = units(text, token.decimals)?;
                let symbol = token.symbol.map(|symbol| format!(" {symbol:?}")).unwrap_or_default();
                let shown = format!("{text}{symbol} of the token {contract} ({units} units)");
                Ok(Self { asset, units, shown })
            }
        }
    }
}

fn units(text: &str, decimals: u8) -> Result<U256, CliError> {
    let wrong = |why: &str| {
        CliError::usage(format!("{text:?} is no amount: {why}"))
            .hint("an amount is a number with a point at most, such as 0.05")
    };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    if !is_number || !has_digit {
        return Err(wrong("it is no number"));
    }
    let behind = text.split_once('.').map_or("", |(_, behind)| behind);
    if behind.trim_end_matches('0').len() > usize::from(decimals) {
        return Err(wrong(&format!("there are {decimals} digits behind the point at most")));
    }
    let behind = behind.trim_end_matches('0');
    let plain = match text.split_once('.') {
        Some((before, _)) if behind.is_empty() => before.to_owned(),
        Some((before, _)) => format!("{before}.{behind}"),
        None => text.to_owned(),
    };
    let plain =
        if plain.is_empty() || plain.starts_with('.') { format!("0{plain}") } else { plain };
    let units = parse_units(&plain, decimals).map_err(|_| wrong("it is none of this unit"))?;
    match units.get_absolute() {
        zero if zero.is_zero() => Err(wrong("nothing would be paid")),
        units => Ok(units),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (text, decimals, expected) in [
            ("1", 18, 1_000_000_000_000_000_000_u64),
            ("0.5", 1, 5),
            (".5", 1, 5),
            ("0.50", 1, 5),
            ("7.", 0, 7),
            ("7.0", 0, 7),
            ("007", 2, 700),
            ("0.000001", 6, 1),
        ] {
            assert_eq!(units(text, decimals).unwrap(), U256::from(expected), "{text}");
        }
        for (text, decimals) in [
            ("", 18),
            (".", 18),
            ("0", 18),
            ("0.0", 6),
            ("-1", 18),
            ("1e3", 18),
            ("0x1", 18),
            ("1,5", 18),
            ("0.0.1", 18),
            ("0.05", 1),
            ("1.5", 0),
            (&"9".repeat(80), 18),
        ] {
            assert!(units(text, decimals).is_err(), "{text}");
        }
    }
}
