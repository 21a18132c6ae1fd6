//! CAIP-10 account identifiers of EVM chains ([identities](crate::spec::identities)).

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

/// The text is not an EVM address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressFormError {
    /// Not `0x` and 40 digits.
    #[error("an address is 0x and 40 hexadecimal digits")]
    Form,
    /// Mixed case that is not EIP-55's.
    #[error("its checksum is wrong; meant may be {0}")]
    Checksum(Address),
}

/// Parses an EVM address: in one case it is accepted as it is, in mixed case only with its
/// EIP-55 checksum.
///
/// # Errors
/// [`AddressFormError`], to be shown beside the text.
pub fn parse_address(text: &str) -> Result<Address, AddressFormError> {
    let digits = text.strip_prefix("0x").ok_or(AddressFormError::Form)?;
    let parsed: Address = text.parse().map_err(|_| AddressFormError::Form)?;
    let mixed = digits.bytes().any(|byte| byte.is_ascii_lowercase())
        && digits.bytes().any(|byte| byte.is_ascii_uppercase());
    if mixed && Address::parse_checksummed(text, None).is_err() {
        return Err(AddressFormError::Checksum(parsed));
    }
    Ok(parsed)
}

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

    #[test]
    fn addresses_in_one_case_or_with_their_checksum() {
        let right: Address = "0xdA87a099a80fcE4778310474AaeB64b820c871a0".parse().unwrap();
        let text = right.to_string();
        for good in [text.clone(), text.to_lowercase(), text.to_uppercase().replace("0X", "0x")] {
            assert_eq!(parse_address(&good), Ok(right));
        }
        let wrong = text.replace("dA87", "DA87");
        assert_eq!(parse_address(&wrong), Err(AddressFormError::Checksum(right)));
        for bad in ["", "0x", "nick.eth", "0x12", &text[2..], &format!("{text}0")] {
            assert_eq!(parse_address(bad), Err(AddressFormError::Form), "{bad}");
        }
    }
}
