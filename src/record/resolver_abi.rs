//! The resolver calls that ask for a record (ENSIP-1 to 11; [records](crate::spec::records)).

use alloy::sol_types::SolCall;
use alloy_primitives::{B256, FixedBytes, U256, keccak256};

use super::{CoinType, RecordKey, TextKey};
use crate::ens::Name;

mod calls {
    #![allow(missing_docs)]
    alloy::sol! {
        function text(bytes32 node, string key) returns (string);
        function contenthash(bytes32 node) returns (bytes);
        function pubkey(bytes32 node) returns (bytes32, bytes32);
        function name(bytes32 node) returns (string);
        function interfaceImplementer(bytes32 node, bytes4 id) returns (address);
        function ABI(bytes32 node, uint256 contentTypes) returns (uint256, bytes);
        function zonehash(bytes32 node) returns (bytes);
        function dnsRecord(bytes32 node, bytes32 nameHash, uint16 resource) returns (bytes);
        interface Eth {
            function addr(bytes32 node) returns (address);
        }
        interface Coin {
            function addr(bytes32 node, uint256 coinType) returns (bytes);
        }
    }
}

impl RecordKey {
    /// The calldata that asks a resolver for this record of `node`.
    ///
    /// Coin type 60 is asked as `addr(bytes32)`. A DNS record is asked with a zero name hash,
    /// for the deployed resolver takes the resource number alone; resolvers that keep RRsets of
    /// several names need [`RecordKey::resolver_call_of`].
    pub fn resolver_call(&self, node: B256) -> Vec<u8> {
        self.call(node, B256::ZERO)
    }

    /// As [`RecordKey::resolver_call`] for a name; a DNS record is asked with keccak256 of the
    /// name's DNS wire form (ENSIP-6).
    pub fn resolver_call_of(&self, name: &Name) -> Vec<u8> {
        self.call(name.node(), keccak256(name.dns()))
    }

    /// The record that calldata asks a resolver for, and the node: what [`RecordKey::resolver_call`]
    /// makes. `None` for any other call.
    pub fn from_resolver_call(call: &[u8]) -> Option<(B256, Self)> {
        let selector = *call.first_chunk::<4>()?;
        Some(match selector {
            calls::textCall::SELECTOR => {
                let calls::textCall { node, key } = calls::textCall::abi_decode(call).ok()?;
                (node, Self::Text(TextKey::parse(&key).ok()?))
            }
            calls::Eth::addrCall::SELECTOR => {
                let calls::Eth::addrCall { node } = calls::Eth::addrCall::abi_decode(call).ok()?;
                (node, Self::Address(CoinType::from_number(60)))
            }
            calls::Coin::addrCall::SELECTOR => {
                let calls::Coin::addrCall { node, coinType } =
                    calls::Coin::addrCall::abi_decode(call).ok()?;
                (node, Self::Address(CoinType::from_number(coinType.try_into().ok()?)))
            }
            calls::contenthashCall::SELECTOR => {
                (calls::contenthashCall::abi_decode(call).ok()?.node, Self::Contenthash)
            }
            calls::pubkeyCall::SELECTOR => {
                (calls::pubkeyCall::abi_decode(call).ok()?.node, Self::Pubkey)
            }
            calls::nameCall::SELECTOR => (calls::nameCall::abi_decode(call).ok()?.node, Self::Name),
            calls::interfaceImplementerCall::SELECTOR => {
                let calls::interfaceImplementerCall { node, id } =
                    calls::interfaceImplementerCall::abi_decode(call).ok()?;
                (node, Self::Interface(id.0))
            }
            calls::ABICall::SELECTOR => {
                let calls::ABICall { node, contentTypes } =
                    calls::ABICall::abi_decode(call).ok()?;
                (node, Self::Abi(contentTypes.try_into().ok()?))
            }
            calls::zonehashCall::SELECTOR => {
                (calls::zonehashCall::abi_decode(call).ok()?.node, Self::Zonehash)
            }
            calls::dnsRecordCall::SELECTOR => {
                let calls::dnsRecordCall { node, resource, .. } =
                    calls::dnsRecordCall::abi_decode(call).ok()?;
                (node, Self::Dns(resource))
            }
            _ => return None,
        })
    }

    fn call(&self, node: B256, name_hash: B256) -> Vec<u8> {
        match self {
            Self::Text(key) => calls::textCall { node, key: key.as_str().to_owned() }.abi_encode(),
            Self::Address(coin) if coin.number() == 60 => {
                calls::Eth::addrCall { node }.abi_encode()
            }
            Self::Address(coin) => {
                calls::Coin::addrCall { node, coinType: U256::from(coin.number()) }.abi_encode()
            }
            Self::Contenthash => calls::contenthashCall { node }.abi_encode(),
            Self::Pubkey => calls::pubkeyCall { node }.abi_encode(),
            Self::Name => calls::nameCall { node }.abi_encode(),
            Self::Interface(id) => {
                calls::interfaceImplementerCall { node, id: FixedBytes(*id) }.abi_encode()
            }
            Self::Abi(content_type) => {
                calls::ABICall { node, contentTypes: U256::from(*content_type) }.abi_encode()
            }
            Self::Zonehash => calls::zonehashCall { node }.abi_encode(),
            Self::Dns(resource) => {
                calls::dnsRecordCall { node, nameHash: name_hash, resource: *resource }.abi_encode()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;

    use super::*;

    #[test]
    fn selectors_and_arguments() {
        let node = B256::repeat_byte(0x11);
        for (key, selector, length) in [
            ("text/avatar", "59d1d43c", 4 + 32 * 4),
            ("address/60", "3b3b57de", 36),
            ("address/0", "f1cb7e06", 68),
            ("contenthash", "bc1c58d1", 36),
            ("pubkey", "c8690233", 36),
            ("name", "691f3431", 36),
            ("interface/0x01ffc9a7", "124a319c", 68),
            ("abi/1", "2203ab56", 68),
            ("dns/zonehash", "5c98042b", 36),
            ("dns/16", "a8fa5682", 100),
        ] {
            let call = RecordKey::parse(key).unwrap().resolver_call(node);
            assert_eq!(hex::encode(&call[..4]), selector, "{key}");
            assert_eq!(&call[4..36], node.as_slice(), "{key}");
            assert_eq!(call.len(), length, "{key}");
            let parsed = RecordKey::parse(key).unwrap();
            assert_eq!(RecordKey::from_resolver_call(&call), Some((node, parsed)), "{key}");
            assert_eq!(RecordKey::from_resolver_call(&call[..35]), None, "{key}");
        }
        let call = RecordKey::parse("address/2147483658").unwrap().resolver_call(node);
        assert_eq!(call[36..], U256::from(2_147_483_658u64).to_be_bytes::<32>());
        let name = Name::parse("nick.eth").unwrap();
        let call = RecordKey::Dns(16).resolver_call_of(&name);
        assert_eq!(call[36..68], keccak256(b"\x04nick\x03eth\x00")[..]);
    }
}
