//! Velas: `V` and base58, of 33 digits, of an EVM address with four bytes of checksum: SHA-256 of
//! the hexadecimal text of SHA-256 of the address's. Stored is the whole text, `V` included, as the
//! number that base58 makes of it.

use alloy_primitives::hex;
use sha2::{Digest, Sha256};

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const CODEC: Codec = Codec {
    parse,
    display: |bytes| {
        let text = bs58::encode(bytes).into_string();
        parse(&text).is_ok().then_some(text)
    },
    expected: "V and 33 characters (base58 with a checksum)",
    is_hex: false,
};

const DIGITS: usize = 33;

fn parse(text: &str) -> Result<Vec<u8>, Reason> {
    let body = text.strip_prefix('V').ok_or("it does not begin with V")?;
    if body.len() != DIGITS {
        return Err("33 characters belong after V".into());
    }
    let stored = bs58::decode(text).into_vec().map_err(|_| "it is not base58")?;
    let number = bs58::decode(body).into_vec().map_err(|_| "it is not base58")?;
    // Digits that are zero at its beginning fill it up.
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let mut bytes = [0; 24];
    let from = (bytes.len() + zeros).checked_sub(number.len()).ok_or(CHECKSUM)?;
    bytes[from..].copy_from_slice(&number[zeros..]);
    let (address, checksum) = bytes.split_at(20);
    let hash = |text: &str| hex::encode(Sha256::digest(text.as_bytes()));
    match hash(&hash(&hex::encode(address)))[..8] == hex::encode(checksum) {
        true => Ok(stored),
        false => Err(CHECKSUM.into()),
    }
}
