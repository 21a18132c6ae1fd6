//! The resolver calls that set a record (ENSIP-1 to 11), as ordinary resolvers have them.

use alloy::sol_types::SolCall;
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};

use super::{CoinType, RecordKey, Value};

mod calls {
    #![allow(missing_docs)]
    alloy::sol! {
        function setText(bytes32 node, string key, string value);
        function setContenthash(bytes32 node, bytes hash);
        function setPubkey(bytes32 node, bytes32 x, bytes32 y);
        function setName(bytes32 node, string name);
        function setInterface(bytes32 node, bytes4 id, address implementer);
        function setABI(bytes32 node, uint256 contentType, bytes data);
        function setZonehash(bytes32 node, bytes hash);
        function setDNSRecords(bytes32 node, bytes data);
        function multicall(bytes[] data) returns (bytes[]);
        interface Eth {
            function setAddr(bytes32 node, address addr);
        }
        interface Coin {
            function setAddr(bytes32 node, uint256 coinType, bytes addr);
        }
    }
}

/// The calldata that gives `node` this value of the record `key`: for coin type 60
/// `setAddr(bytes32,address)`, for every other `setAddr(bytes32,uint256,bytes)`. `None` where the
/// value is not one of that record.
pub fn setter_call(node: B256, key: &RecordKey, value: &Value) -> Option<Vec<u8>> {
    let bytes = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
    Some(match (key, value) {
        (RecordKey::Text(key), Value::Text(text)) => {
            let (key, value) = (key.as_str().to_owned(), text.clone());
            calls::setTextCall { node, key, value }.abi_encode()
        }
        (RecordKey::Address(CoinType::ETH), Value::Address { bytes, .. }) if bytes.len() == 20 => {
            calls::Eth::setAddrCall { node, addr: Address::from_slice(bytes) }.abi_encode()
        }
        (RecordKey::Address(coin), Value::Address { bytes, .. }) => {
            coin_setter_call(node, *coin, bytes)
        }
        (RecordKey::Contenthash, Value::Contenthash(hash)) => {
            calls::setContenthashCall { node, hash: bytes(hash.as_bytes()) }.abi_encode()
        }
        (RecordKey::Pubkey, Value::Pubkey { x, y }) => {
            calls::setPubkeyCall { node, x: *x, y: *y }.abi_encode()
        }
        (RecordKey::Name, Value::Name(name)) => {
            calls::setNameCall { node, name: name.clone() }.abi_encode()
        }
        (RecordKey::Interface(id), Value::Interface(implementer)) => {
            let (id, implementer) = (FixedBytes(*id), *implementer);
            calls::setInterfaceCall { node, id, implementer }.abi_encode()
        }
        (RecordKey::Abi(_), Value::Abi { content_type, data, .. }) => {
            let (content_type, data) = (U256::from(*content_type), bytes(data));
            calls::setABICall { node, contentType: content_type, data }.abi_encode()
        }
        (RecordKey::Zonehash, Value::Zonehash(hash)) => {
            calls::setZonehashCall { node, hash: bytes(hash) }.abi_encode()
        }
        (RecordKey::Dns(_), Value::Dns(data)) => {
            calls::setDNSRecordsCall { node, data: bytes(data) }.abi_encode()
        }
        _ => return None,
    })
}

/// The calldata of `setAddr(bytes32,uint256,bytes)`, which takes every coin, 60 too.
pub fn coin_setter_call(node: B256, coin: CoinType, bytes: &[u8]) -> Vec<u8> {
    let (coin_type, addr) = (U256::from(coin.number()), Bytes::copy_from_slice(bytes));
    calls::Coin::setAddrCall { node, coinType: coin_type, addr }.abi_encode()
}

/// The calldata of `multicall(bytes[])`: several setters in one transaction.
pub fn multicall(calls: &[Vec<u8>]) -> Vec<u8> {
    let data = calls.iter().map(|call| Bytes::copy_from_slice(call)).collect();
    calls::multicallCall { data }.abi_encode()
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;

    use super::*;

    #[test]
    fn calldata_as_viem_and_ethers_have_it() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/write/setters.json")).unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 14);
        for case in cases {
            let arg = |at: usize| case["args"][at].as_str().unwrap();
            let node: B256 = arg(0).parse().unwrap();
            let function = case["function"].as_str().unwrap();
            let (record, value) = match function {
                "setText(bytes32,string,string)" => (format!("text/{}", arg(1)), arg(2)),
                "setAddr(bytes32,address)" => ("address/60".into(), arg(1)),
                "setAddr(bytes32,uint256,bytes)" => (format!("address/{}", arg(1)), arg(2)),
                "setContenthash(bytes32,bytes)" => ("contenthash".into(), arg(1)),
                "setPubkey(bytes32,bytes32,bytes32)" => ("pubkey".into(), ""),
                "setName(bytes32,string)" => ("name".into(), arg(1)),
                "setInterface(bytes32,bytes4,address)" => (format!("interface/{}", arg(1)), arg(2)),
                "setABI(bytes32,uint256,bytes)" => (format!("abi/{}", arg(1)), arg(2)),
                "setZonehash(bytes32,bytes)" => ("dns/zonehash".into(), arg(1)),
                "setDNSRecords(bytes32,bytes)" => ("dns/1".into(), arg(1)),
                other => panic!("{other}"),
            };
            let key = RecordKey::parse(&record).unwrap();
            let call = match (&key, function) {
                (RecordKey::Address(coin), "setAddr(bytes32,uint256,bytes)") => {
                    coin_setter_call(node, *coin, &hex::decode(value).unwrap())
                }
                (RecordKey::Pubkey, _) => {
                    let value = Value::pubkey_from_xy(arg(1), arg(2)).unwrap();
                    setter_call(node, &key, &value).unwrap()
                }
                (RecordKey::Contenthash, _) => {
                    let bytes = hex::decode(value).unwrap();
                    let hash = crate::record::Contenthash::from_bytes(&bytes).unwrap();
                    setter_call(node, &key, &Value::Contenthash(hash)).unwrap()
                }
                _ => setter_call(node, &key, &Value::parse(&key, value).unwrap()).unwrap(),
            };
            assert_eq!(hex::encode_prefixed(call), case["calldata"].as_str().unwrap(), "{record}");
        }
    }

    #[test]
    fn a_value_of_another_record_has_no_setter() {
        let (text, name) = (RecordKey::parse("text/a").unwrap(), RecordKey::Name);
        assert_eq!(setter_call(B256::ZERO, &name, &Value::Text("a".into())), None);
        assert_eq!(setter_call(B256::ZERO, &text, &Value::Name("a.eth".into())), None);
    }

    #[test]
    fn several_in_one() {
        let call = multicall(&[vec![1, 2], vec![3]]);
        assert_eq!(call[..4], [0xac, 0x96, 0x50, 0xd8]);
        assert_eq!(calls::multicallCall::abi_decode(&call).unwrap().data.len(), 2);
    }
}
