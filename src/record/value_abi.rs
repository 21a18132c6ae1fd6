//! The ABI form of values: what a resolver's call returns, and what a payload carries as
//! `result`.

use alloy::sol_types::{SolType, SolValue, sol_data};
use alloy_primitives::{Address, B256, Bytes, U256};

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
            Self::Abi { content_type, data } => {
                (U256::from(*content_type), Bytes::copy_from_slice(data)).abi_encode_params()
            }
            Self::Zonehash(bytes) | Self::Dns(bytes) => encode_bytes(bytes),
        }
    }

    /// The value of `key` in `abi`, which must be exactly what [`Value::abi_encode`] gives.
    ///
    /// # Errors
    /// Wrong length, bytes left over, padding that is not zero, text that is not UTF-8, or bytes
    /// that are no address of the coin or no contenthash.
    pub fn abi_decode(key: &RecordKey, abi: &[u8]) -> Result<Self, ValueError> {
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
            RecordKey::Abi(content_type) => {
                type Params = (sol_data::Uint<256>, sol_data::Bytes);
                let (found, data) = Params::abi_decode_params_validate(abi)
                    .map_err(|error| malformed(key, error.to_string()))?;
                if found != U256::from(*content_type) {
                    let reason = format!("it holds the content type {found}");
                    return Err(malformed(key, reason));
                }
                Self::Abi { content_type: *content_type, data: data.into() }
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
