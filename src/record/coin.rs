//! Coin types: SLIP-44 numbers (ENSIP-9) and EVM chains (ENSIP-11).

use std::fmt;
use std::str::FromStr;

use super::coin_names::{COINS, EVM_CHAINS, IN_FULL};

/// ENSIP-11 sets this bit for the coin types of EVM chains.
const EVM_BIT: u64 = 0x8000_0000;

/// The coin type of an address record.
///
/// Displayed as its decimal number, which is what record types carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CoinType(u64);

/// Why a text is not a coin type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoinTypeError {
    /// Neither a number nor a known name.
    #[error(
        "the coin {0:?} is not known: give a name such as eth, btc, sol, base, an EVM chain as \
         eip155:<chain id>, or the SLIP-44 number"
    )]
    Unknown(String),
    /// A number that is not written canonically, or exceeds 64 bits.
    #[error("the coin type {0:?} is not a plain decimal number below 2^64")]
    Number(String),
    /// The chain id does not fit ENSIP-11.
    #[error("the chain id {0:?} has no coin type: ENSIP-11 covers 0 to 2147483647")]
    ChainId(String),
}

impl CoinType {
    /// Ether on Ethereum mainnet: its record has an ABI of its own.
    pub const ETH: Self = Self(60);

    /// The coin type `number`; every number is one, of which the unknown hold any bytes.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The coin type of an EVM chain: 60 for chain 1, else `0x80000000 | chain id` (ENSIP-11).
    ///
    /// # Errors
    /// [`CoinTypeError::ChainId`] from 2³¹ on.
    pub fn from_chain_id(chain_id: u64) -> Result<Self, CoinTypeError> {
        match chain_id {
            1 => Ok(Self::ETH),
            0..EVM_BIT => Ok(Self(EVM_BIT | chain_id)),
            _ => Err(CoinTypeError::ChainId(chain_id.to_string())),
        }
    }

    /// A number (`60`), a name in any case (`eth`, `BTC`, `base`, `bitcoin`), `eip155:<chain id>` or
    /// `evm:<chain id>`.
    ///
    /// # Errors
    /// Says what a coin may be called.
    pub fn parse(text: &str) -> Result<Self, CoinTypeError> {
        if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
            return decimal(text).map(Self).ok_or_else(|| CoinTypeError::Number(text.into()));
        }
        let lower = text.to_ascii_lowercase();
        if let Some(id) = lower.strip_prefix("eip155:").or_else(|| lower.strip_prefix("evm:")) {
            let id = decimal(id).ok_or_else(|| CoinTypeError::ChainId(id.into()))?;
            return Self::from_chain_id(id);
        }
        let coin = COINS.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        if let Some((number, _)) = coin {
            return Ok(Self(*number));
        }
        let chain = EVM_CHAINS.iter().find(|(_, name)| *name == lower);
        if let Some((id, _)) = chain {
            return Ok(Self(EVM_BIT | id));
        }
        let typed = lower.replace([' ', '-'], "");
        match IN_FULL.iter().find(|(full, _)| *full == typed) {
            Some((_, name)) => Self::parse(name),
            None => Err(CoinTypeError::Unknown(text.to_owned())),
        }
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The chain id of an ENSIP-11 coin type, and 1 for 60.
    pub fn chain_id(self) -> Option<u64> {
        match self.0 {
            60 => Some(1),
            EVM_BIT..=0xffff_ffff => Some(self.0 & !EVM_BIT),
            _ => None,
        }
    }

    /// The name ENS tools use, where there is one: `eth`, `btc`, `op`.
    pub fn name(self) -> Option<&'static str> {
        let coin = COINS.iter().find(|(number, _)| *number == self.0);
        let chain =
            || EVM_CHAINS.iter().find(|(id, _)| self.0 > 60 && self.chain_id() == Some(*id));
        coin.or_else(chain).map(|(_, name)| *name)
    }
}

/// A decimal number without sign or leading zeros.
pub(super) fn decimal<T: FromStr + fmt::Display>(text: &str) -> Option<T> {
    text.parse().ok().filter(|number: &T| number.to_string() == text)
}

impl FromStr for CoinType {
    type Err = CoinTypeError;

    fn from_str(text: &str) -> Result<Self, CoinTypeError> {
        Self::parse(text)
    }
}

impl fmt::Display for CoinType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_address_encoder_has_its_number() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/coins.json")).unwrap();
        let coins = file["coins"].as_array().unwrap();
        assert!(coins.len() > 100);
        for coin in coins {
            let (name, number) =
                (coin["name"].as_str().unwrap(), coin["coin_type"].as_u64().unwrap());
            for text in [name, &name.to_uppercase(), &name.to_lowercase(), &number.to_string()] {
                assert_eq!(CoinType::parse(text).unwrap().number(), number, "{text}");
            }
            assert_eq!(CoinType::from_number(number).name(), Some(name));
        }
    }

    #[test]
    fn evm_chains() {
        for (text, number) in [
            ("op", 0x8000_000a),
            ("base", 2_147_492_101),
            ("arb1", 2_147_525_809),
            ("polygon", 2_147_483_785),
            ("matic", 2_147_483_785),
            ("gnosis", 2_147_483_748),
            ("avaxc", 2_147_526_762),
            ("eip155:10", 2_147_483_658),
            ("evm:8453", 2_147_492_101),
            ("EIP155:1", 60),
            ("default", 0x8000_0000),
        ] {
            assert_eq!(CoinType::parse(text).unwrap().number(), number, "{text}");
        }
        assert_eq!(CoinType::parse("polygon").unwrap().name(), Some("matic"));
        assert_eq!(CoinType::parse("base").unwrap().chain_id(), Some(8453));
        assert_eq!(CoinType::from_number(0).chain_id(), None);
        assert_eq!(CoinType::from_number(1).name(), None);
        assert_eq!(CoinType::from_number(0x1_8000_000a).chain_id(), None);
    }

    #[test]
    fn names_that_people_type() {
        for (typed, number) in [
            ("bitcoin", 0),
            ("Bitcoin Cash", 145),
            ("ethereum", 60),
            ("solana", 501),
            ("base", 2_147_492_101),
            ("Ethereum-Classic", 0x8000_0000 + 61),
        ] {
            assert_eq!(CoinType::parse(typed).unwrap().number(), number, "{typed}");
        }
        // None hides a name of the tools, and each leads to one.
        for (full, name) in IN_FULL {
            assert!(COINS.iter().all(|(_, known)| !known.eq_ignore_ascii_case(full)), "{full}");
            assert!(EVM_CHAINS.iter().all(|(_, known)| known != full), "{full}");
            assert_eq!(CoinType::parse(full), CoinType::parse(name), "{full}");
        }
    }

    #[test]
    fn refusals() {
        assert_eq!(CoinType::parse("ethh"), Err(CoinTypeError::Unknown("ethh".into())));
        assert_eq!(CoinType::parse(""), Err(CoinTypeError::Unknown("".into())));
        assert_eq!(CoinType::parse("060"), Err(CoinTypeError::Number("060".into())));
        assert_eq!(CoinType::parse("+60"), Err(CoinTypeError::Unknown("+60".into())));
        let long = "18446744073709551616";
        assert_eq!(CoinType::parse(long), Err(CoinTypeError::Number(long.into())));
        for id in ["2147483648", "x", "", "01"] {
            let text = format!("eip155:{id}");
            assert_eq!(CoinType::parse(&text), Err(CoinTypeError::ChainId(id.into())));
        }
    }
}
