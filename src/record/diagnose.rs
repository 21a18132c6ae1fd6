//! Faults that trees signed by [deployed clients](crate::spec::deployed_client) are known for.

use super::{CoinType, RecordKey, Value, address};

impl Value {
    /// What a deployed client most likely did where `abi` is not the value of `key`: wrote a
    /// public key or an address (nostr, coin type 1237, above all) as a string. `None` where the
    /// bytes tell nothing.
    pub fn diagnose(key: &RecordKey, abi: &[u8]) -> Option<String> {
        if Self::strict(key, abi).is_ok() {
            return None;
        }
        if key.abi_types() == "address" && is_bytes_of_an_address(abi) {
            let reason = "it holds the address as bytes, where the resolver's call returns the \
                          type address; sign it again";
            return Some(reason.to_owned());
        }
        let text = as_text(abi)?;
        let is_address = |coin| address::parse(coin, &text).is_ok();
        let (written, again) = match key {
            RecordKey::Pubkey => ("a public key's x and y", "as x and y"),
            RecordKey::Address(coin) if is_address(*coin) => ("the address's bytes", "anew"),
            RecordKey::Interface(_) if is_address(CoinType::ETH) => ("the address", "anew"),
            _ => return None,
        };
        Some(format!(
            "it holds the text {text:?} in place of {written}, a fault of the deployed web \
             client; resolvers cannot read it: sign it {again}"
        ))
    }
}

/// The string in `abi`, if it is one of printable characters.
fn as_text(abi: &[u8]) -> Option<String> {
    let key = RecordKey::Name;
    match Value::strict(&key, abi).ok()? {
        Value::Name(text) if !text.is_empty() && !text.contains(char::is_control) => Some(text),
        _ => None,
    }
}

fn is_bytes_of_an_address(abi: &[u8]) -> bool {
    let decoded = Value::strict(&RecordKey::Zonehash, abi);
    matches!(decoded, Ok(Value::Zonehash(bytes)) if bytes.len() == 20)
}

#[cfg(test)]
mod tests {
    use alloy::sol_types::SolValue;
    use alloy_primitives::{Bytes, hex};

    use super::*;

    const NPUB: &str = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";

    fn error(record: &str, abi: &[u8]) -> String {
        Value::abi_decode(&RecordKey::parse(record).unwrap(), abi).unwrap_err().to_string()
    }

    #[test]
    fn values_written_as_strings_are_named() {
        let pubkey = format!("0x{}", "ab".repeat(64)).abi_encode();
        assert!(error("pubkey", &pubkey).contains("public key's x and y, a fault of the deployed"));
        let message = error("address/1237", &NPUB.to_owned().abi_encode());
        assert!(message.contains(NPUB) && message.contains("deployed web client"), "{message}");
        let eth = "0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c4";
        assert!(error("address/60", &eth.to_owned().abi_encode()).contains("deployed web client"));
        let bytes = Bytes::from(hex::decode(eth).unwrap()).abi_encode();
        assert!(error("address/60", &bytes).contains("as bytes"));
    }

    #[test]
    fn other_faults_are_not() {
        for abi in [vec![], vec![0; 32], "garbage".to_owned().abi_encode()] {
            let key = RecordKey::parse("address/1237").unwrap();
            assert_eq!(Value::diagnose(&key, &abi), None);
        }
        let good = Value::parse(&RecordKey::parse("address/1237").unwrap(), NPUB).unwrap();
        let key = RecordKey::parse("address/1237").unwrap();
        assert_eq!(Value::diagnose(&key, &good.abi_encode()), None);
    }
}
