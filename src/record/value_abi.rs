//! The ABI form of values: what a resolver's call returns, and what a payload carries as
//! `result`.

use alloy::sol_types::{SolType, SolValue, sol_data};
use alloy_primitives::{Address, B256, Bytes, U256};

use super::value::is_one_of;
use super::{Contenthash, RecordKey, Value, ValueError, address};

impl RecordKey {
    /// The ABI types of the value, comma-separated.
    pub fn abi_types(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Name => "string",
            Self::Address(coin) if coin.number() == 60 => "address",
            Self::Interface(_) => "address",
            Self::Address(_) | Self::Contenthash | Self::Zonehash | Self::Dns(_) => "bytes",
            Self::Pubkey => "bytes32, bytes32",
            Self::Abi(_) => "uint256, bytes",
        }
    }
}

impl Value {
    /// `abi.encode(…)` of the value, as the resolver's call for the record returns it.
    pub fn abi_encode(&self) -> Vec<u8> {
        match self {
            Self::Text(text) | Self::Name(text) => text.abi_encode(),
            Self::Address { coin, bytes } if coin.number() == 60 && bytes.len() == 20 => {
                Address::from_slice(bytes).abi_encode()
            }
            Self::Address { bytes, .. } => encode_bytes(bytes),
            Self::Contenthash(contenthash) => encode_bytes(contenthash.as_bytes()),
            Self::Pubkey { x, y } => (*x, *y).abi_encode_params(),
            Self::Interface(address) => address.abi_encode(),
            Self::Abi { content_type, data, .. } => {
                (U256::from(*content_type), Bytes::copy_from_slice(data)).abi_encode_params()
            }
            Self::Zonehash(bytes) | Self::Dns(bytes) => encode_bytes(bytes),
        }
    }

    /// The value of `key` in `abi`, which must be exactly what [`Value::abi_encode`] gives.
    ///
    /// # Errors
    /// Wrong length, bytes left over, padding that is not zero, text that is not UTF-8, or bytes
    /// that are no address of the coin or no contenthash. A fault that deployed clients are known
    /// for is named (see [`Value::diagnose`]).
    pub fn abi_decode(key: &RecordKey, abi: &[u8]) -> Result<Self, ValueError> {
        Self::strict(key, abi).map_err(|error| match Self::diagnose(key, abi) {
            Some(reason) => malformed(key, reason),
            None => error,
        })
    }

    pub(super) fn strict(key: &RecordKey, abi: &[u8]) -> Result<Self, ValueError> {
        let value = match key {
            RecordKey::Text(_) => Self::Text(utf8(key, abi)?),
            RecordKey::Name => Self::Name(utf8(key, abi)?),
            RecordKey::Address(coin) if coin.number() == 60 => {
                let address = decode::<sol_data::Address>(key, abi)?;
                Self::Address { coin: *coin, bytes: address.to_vec() }
            }
            RecordKey::Address(coin) => {
                let bytes = decode::<sol_data::Bytes>(key, abi)?;
                address::check_bytes(*coin, &bytes)?;
                Self::Address { coin: *coin, bytes: bytes.into() }
            }
            RecordKey::Contenthash => {
                let bytes = decode::<sol_data::Bytes>(key, abi)?;
                Self::Contenthash(Contenthash::from_bytes(&bytes)?)
            }
            RecordKey::Pubkey => {
                type Words = (sol_data::FixedBytes<32>, sol_data::FixedBytes<32>);
                let (x, y): (B256, B256) = Words::abi_decode_params_validate(abi)
                    .map_err(|error| malformed(key, error.to_string()))?;
                Self::Pubkey { x, y }
            }
            RecordKey::Interface(_) => Self::Interface(decode::<sol_data::Address>(key, abi)?),
            RecordKey::Abi(types) => {
                type Params = (sol_data::Uint<256>, sol_data::Bytes);
                let (found, data) = Params::abi_decode_params_validate(abi)
                    .map_err(|error| malformed(key, error.to_string()))?;
                let one = u64::try_from(found).ok().filter(|one| is_one_of(*types, *one));
                let content_type = one
                    .ok_or_else(|| malformed(key, format!("it holds the content type {found}")))?;
                Self::Abi { types: *types, content_type, data: data.into() }
            }
            RecordKey::Zonehash => Self::Zonehash(decode::<sol_data::Bytes>(key, abi)?.into()),
            RecordKey::Dns(_) => Self::Dns(decode::<sol_data::Bytes>(key, abi)?.into()),
        };
        if value.abi_encode() == abi {
            Ok(value)
        } else {
            let reason = "its layout is not the one of abi.encode, or bytes follow it";
            Err(malformed(key, reason.to_owned()))
        }
    }
}

fn encode_bytes(bytes: &[u8]) -> Vec<u8> {
    Bytes::copy_from_slice(bytes).abi_encode()
}

fn decode<T: SolType>(key: &RecordKey, abi: &[u8]) -> Result<T::RustType, ValueError> {
    T::abi_decode_validate(abi).map_err(|error| malformed(key, error.to_string()))
}

/// Decoded as bytes first: the decoder of strings replaces what is not UTF-8.
fn utf8(key: &RecordKey, abi: &[u8]) -> Result<String, ValueError> {
    let bytes = decode::<sol_data::Bytes>(key, abi)?;
    String::from_utf8(bytes.into()).map_err(|error| malformed(key, error.to_string()))
}

fn malformed(key: &RecordKey, reason: String) -> ValueError {
    ValueError::Abi { record: key.to_string(), types: key.abi_types(), reason }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> RecordKey {
        RecordKey::parse(text).unwrap()
    }

    #[test]
    fn vectors_both_ways() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/records.json")).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let record_type = case["record_type"].as_str().unwrap();
            let key = RecordKey::parse_canonical(record_type).unwrap();
            let path = case["path"].as_str().unwrap();
            assert!(path.ends_with(&format!("/{}", key.file_name())), "{path}");
            let types: Vec<_> =
                case["abi_types"].as_array().unwrap().iter().map(|t| t.as_str().unwrap()).collect();
            assert_eq!(types.join(", "), key.abi_types());

            let given = &case["value"];
            let field = |name: &str| given[name].as_str().unwrap();
            let value = match &key {
                RecordKey::Pubkey => Value::pubkey_from_xy(field("x"), field("y")),
                RecordKey::Abi(_) => Value::parse(&key, field("data")),
                _ => Value::parse(&key, given.as_str().unwrap()),
            }
            .unwrap();
            let result = hex::decode(case["result"].as_str().unwrap()).unwrap();
            assert_eq!(value.abi_encode(), result, "{record_type}");
            assert_eq!(Value::abi_decode(&key, &result).unwrap(), value);
            assert_eq!(Value::parse(&key, &value.to_string()).unwrap(), value);
            // CIDv0 becomes CIDv1; everything else is shown as it was given.
            if let Some(text) = given.as_str().filter(|text| !text.contains("/Qm")) {
                assert_eq!(value.to_string(), text);
            }
        }
    }

    #[test]
    fn nothing_but_the_canonical_abi_is_taken() {
        for (key, text) in samples() {
            let abi = Value::parse(&key, text).unwrap().abi_encode();
            let refused = |abi: &[u8], what: &str| {
                let error = Value::abi_decode(&key, abi).expect_err(&format!("{key} {what}"));
                assert!(error.to_string().starts_with("the value of "), "{error}");
            };
            refused(&[], "empty");
            refused(&abi[..abi.len() - 1], "short by a byte");
            refused(&abi[..abi.len() - 32], "short by a word");
            refused(&[abi.as_slice(), &[0]].concat(), "long by a byte");
            refused(&[abi.as_slice(), &[0; 32]].concat(), "long by a word");
            if key != RecordKey::Pubkey {
                let mut high = abi.clone();
                high[0] = 1;
                refused(&high, "dirty first word");
                if abi.len() > 32 {
                    let mut padded = abi.clone();
                    *padded.last_mut().unwrap() = 1;
                    refused(&padded, "dirty padding");
                }
            }
        }
        let error = Value::abi_decode(&key("text/a"), &encode_bytes(&[0xff])).unwrap_err();
        assert!(error.to_string().contains("utf-8"), "{error}");
        let abi = Value::parse(&key("abi/2"), "0x00").unwrap().abi_encode();
        let error = Value::abi_decode(&key("abi/1"), &abi).unwrap_err();
        assert!(error.to_string().contains("content type 2"), "{error}");
        for (mask, abi) in [("abi/13", &abi), ("abi/15", &0u64.abi_encode())] {
            Value::abi_decode(&key(mask), abi).unwrap_err();
        }
        let both = Value::parse(&key("abi/15"), "2:0x00").unwrap();
        assert_eq!(Value::abi_decode(&key("abi/15"), &abi).unwrap(), both);
        let three = (U256::from(3), Bytes::new()).abi_encode_params();
        assert!(Value::abi_decode(&key("abi/15"), &three).is_err(), "3 is two types");
        // A length that does not fit, and one that claims 2^64 bytes.
        let mut huge = encode_bytes(&[1]);
        huge[32..64].fill(0xff);
        assert!(Value::abi_decode(&key("dns/1"), &huge).is_err());
    }

    fn samples() -> Vec<(RecordKey, &'static str)> {
        [
            ("text/avatar", "x"),
            ("address/60", "0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c4"),
            ("address/op", "0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c4"),
            ("address/btc", "1FfmbHfnpaZjKFvyi1okTjJJusN455paPH"),
            ("contenthash", "ar://ys32Pt8uC7TrVxHdOLByOspfPEq2LO63wREHQIM9SJQ"),
            (
                "pubkey",
                "0x0101010101010101010101010101010101010101010101010101010101010101\
                 0202020202020202020202020202020202020202020202020202020202020202",
            ),
            ("name", "nick.eth"),
            ("interface/0x01ffc9a7", "0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c4"),
            ("abi/1", "0x5b5d"),
            ("abi/15", "2:0x5b5d"),
            ("dns/zonehash", "0x010203"),
            ("dns/16", "0x00"),
        ]
        .map(|(record, text)| (key(record), text))
        .to_vec()
    }

    #[test]
    fn empty_values_say_that_there_is_none() {
        for record in ["address/0", "address/999999", "contenthash", "dns/zonehash", "abi/1"] {
            let value = Value::parse(&key(record), "0x").unwrap();
            assert_eq!(Value::abi_decode(&key(record), &value.abi_encode()).unwrap(), value);
            assert_eq!(value.to_string(), "0x");
        }
        assert!(Value::parse(&key("address/60"), "0x").is_err());
    }

    proptest! {
        #[test]
        fn text_round_trips(text in ".{0,200}") {
            let key = key("text/a");
            let value = Value::parse(&key, &text).unwrap();
            prop_assert_eq!(value.to_string(), text);
            prop_assert_eq!(Value::abi_decode(&key, &value.abi_encode()).unwrap(), value);
        }

        #[test]
        fn bytes_round_trip(data in prop::collection::vec(any::<u8>(), 0..200), exponent in 0u32..64) {
            for record in ["dns/zonehash", "dns/1", "address/999999"].map(str::to_owned)
                .into_iter().chain([format!("abi/{}", 1u64 << exponent)]) {
                let key = key(&record);
                let value = Value::parse(&key, &hex::encode_prefixed(&data)).unwrap();
                prop_assert_eq!(&Value::parse(&key, &value.to_string()).unwrap(), &value);
                prop_assert_eq!(Value::abi_decode(&key, &value.abi_encode()).unwrap(), value);
            }
        }

        #[test]
        fn what_decodes_encodes_to_the_same(index in 0usize..12, at in any::<prop::sample::Index>(), byte: u8) {
            let (key, text) = samples().swap_remove(index);
            let mut abi = Value::parse(&key, text).unwrap().abi_encode();
            let at = at.index(abi.len());
            abi[at] = byte;
            if let Ok(value) = Value::abi_decode(&key, &abi) {
                prop_assert_eq!(value.abi_encode(), abi);
            }
        }

        #[test]
        fn no_bytes_panic(index in 0usize..12, abi in prop::collection::vec(any::<u8>(), 0..200)) {
            let (key, _) = samples().swap_remove(index);
            let _ = Value::abi_decode(&key, &abi);
        }
    }
}
