//! How a contract refuses a call, in words.

use std::fmt;

use alloy::sol_types::SolError;
use alloy_primitives::{Bytes, U256, hex};

use super::contracts::calls;

/// More of a revert's own words is not shown, in characters.
const SHOWN: usize = 200;

/// A call that the contract did not let through, with the data it reverted with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revert(pub Bytes);

impl Revert {
    /// The reason of `InvalidRequest(string)`, by which the records resolver refuses a callback.
    pub fn invalid_request(&self) -> Option<String> {
        calls::InvalidRequest::abi_decode(&self.0).ok().map(|error| error.message)
    }
}

/// The error by name, with its message where it has one.
impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = &self.0;
        let named = |name: &str, message: &str| {
            let short: String = message.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
            format!("{name}({short:?})")
        };
        let text = if data.is_empty() {
            "it gives no reason".to_owned()
        } else if let Ok(error) = calls::InvalidRequest::abi_decode(data) {
            named("InvalidRequest", &error.message)
        } else if let Ok(error) = calls::NotAuthorised::abi_decode(data) {
            named("NotAuthorised", &error.message)
        } else if let Ok(error) = calls::InvalidSignature::abi_decode(data) {
            named("InvalidSignature", &error.message)
        } else if calls::PlsFundDevs::abi_decode(data).is_ok() {
            "PlsFundDevs(): less is sent than the fee that ownerhashFees() names".to_owned()
        } else if let Ok(error) = calls::NotOwner::abi_decode(data) {
            format!("NotOwner: {} does not own the name in the registry", error.sender)
        } else if let Ok(error) = calls::Unauthorised::abi_decode(data) {
            format!("Unauthorised: {} does not own the wrapped name", error.addr)
        } else if calls::OperationProhibited::abi_decode(data).is_ok() {
            "OperationProhibited: a fuse of the wrapped name forbids it".to_owned()
        } else if let Ok(error) = calls::Error::abi_decode(data) {
            named("Error", &error.message)
        } else if let Ok(error) = calls::Panic::abi_decode(data) {
            format!("Panic({:#x}): {}", error.code, panic_words(error.code))
        } else if let Ok(error) = calls::HttpError::abi_decode(data) {
            named(&format!("HttpError {}", error.status), &error.message)
        } else if let Ok(error) = calls::FeatureNotImplemented::abi_decode(data) {
            format!("FeatureNotImplemented({})", error.selector)
        } else {
            format!("it reverts with {}", hex::encode_prefixed(&data[..data.len().min(68)]))
        };
        f.write_str(&text)
    }
}

/// Why Solidity itself stopped.
fn panic_words(code: U256) -> &'static str {
    match u64::try_from(code) {
        Ok(0x01) => "an assertion failed",
        Ok(0x11) => "a number over- or underflowed",
        Ok(0x12) => "a division by zero",
        Ok(0x21) => "a number that names no case of an enum",
        Ok(0x22) => "bytes in storage that are encoded wrongly",
        Ok(0x31) => "something taken from an empty array",
        Ok(0x32) => "an index beyond the end of an array",
        Ok(0x41) => "more memory than there is",
        Ok(0x51) => "a call to no function",
        _ => "a code that Solidity does not name",
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, FixedBytes};

    use super::*;

    #[test]
    fn known_errors_are_put_into_words() {
        let text = |data: Vec<u8>| Revert(data.into()).to_string();
        let message = "NOT_APPROVED".to_owned();
        let shown = text(calls::NotAuthorised { message }.abi_encode());
        assert_eq!(shown, "NotAuthorised(\"NOT_APPROVED\")");
        let fee = text(calls::PlsFundDevs {}.abi_encode());
        assert!(fee.starts_with("PlsFundDevs()") && fee.contains("fee"), "{fee}");
        let sender = Address::repeat_byte(1);
        let node = Default::default();
        let owner = text(calls::NotOwner { node, sender }.abi_encode());
        assert!(owner.contains(&sender.to_string()), "{owner}");
        let wrapper = text(calls::Unauthorised { node, addr: sender }.abi_encode());
        assert!(wrapper.contains("wrapped"), "{wrapper}");
        let fuse = text(calls::OperationProhibited { node }.abi_encode());
        assert!(fuse.contains("fuse"), "{fuse}");
        let selector = FixedBytes([1, 2, 3, 4]);
        let feature = text(calls::FeatureNotImplemented { selector }.abi_encode());
        assert_eq!(feature, "FeatureNotImplemented(0x01020304)");
        let panic = text(calls::Panic { code: U256::from(0x11) }.abi_encode());
        assert_eq!(panic, "Panic(0x11): a number over- or underflowed");
        assert_eq!(text(Vec::new()), "it gives no reason");
        assert_eq!(text(vec![1, 2, 3, 4]), "it reverts with 0x01020304");
    }
}
