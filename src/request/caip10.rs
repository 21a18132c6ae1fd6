//! CAIP-10 account identifiers of EVM chains.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::Address;

/// `eip155:<chain id>:<EIP-55 checksummed address>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caip10 {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The account.
    pub address: Address,
}

/// The text is not a CAIP-10 identifier of an EVM account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a CAIP-10 account: it has the form eip155:<chain id>:<checksummed address>")]
pub struct Caip10Error(String);

impl Caip10 {
    /// The account `address` on `chain_id`.
    pub fn new(chain_id: u64, address: Address) -> Self {
        Self { chain_id, address }
    }
}

impl fmt::Display for Caip10 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0; 42];
        let address = self.address.to_checksum_raw(&mut buffer, None);
        write!(f, "eip155:{}:{address}", self.chain_id)
    }
}

impl FromStr for Caip10 {
    type Err = Caip10Error;

    fn from_str(text: &str) -> Result<Self, Caip10Error> {
        let parse = || {
            let (chain_id, address) = text.strip_prefix("eip155:")?.split_once(':')?;
            let chain_id: u64 = chain_id.parse().ok()?;
            let address = Address::parse_checksummed(address, None).ok()?;
            let parsed = Self { chain_id, address };
            // Also refuses a chain id with leading zeros or a plus sign.
            (parsed.to_string() == text).then_some(parsed)
        };
        parse().ok_or_else(|| Caip10Error(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_refusals() {
        let text = "eip155:1:0xdA87a099a80fcE4778310474AaeB64b820c871a0";
        assert_eq!(text.parse::<Caip10>().unwrap().to_string(), text);
        for bad in [
            "eip155:1:0xda87a099a80fcE4778310474AaeB64b820c871a0",
            "eip155:01:0xdA87a099a80fcE4778310474AaeB64b820c871a0",
            "bip122:1:0xdA87a099a80fcE4778310474AaeB64b820c871a0",
            "0xdA87a099a80fcE4778310474AaeB64b820c871a0",
        ] {
            assert_eq!(bad.parse::<Caip10>(), Err(Caip10Error(bad.into())));
        }
    }
}
