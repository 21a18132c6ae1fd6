//! Nebulas: base58 of 0x19, the kind (0x57 an account, 0x58 a contract), a 20-byte hash, and four
//! bytes of SHA3-256. Stored without the checksum.

use sha3::{Digest, Sha3_256};

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const CODEC: Codec =
    Codec { parse, display, expected: "n1… or n2… (base58 with a checksum)", is_hex: false };

fn parse(text: &str) -> Result<Vec<u8>, Reason> {
    let bytes = super::base58::parse_unchecked(text, 26)?;
    let (body, checksum) = bytes.split_at(22);
    if Sha3_256::digest(body)[..4] != *checksum {
        return Err(CHECKSUM.into());
    }
    match is_address(body) {
        true => Ok(body.to_vec()),
        false => Err("it is neither of an account nor of a contract".into()),
    }
}

fn display(body: &[u8]) -> Option<String> {
    let checksum = Sha3_256::digest(body);
    is_address(body).then(|| bs58::encode([body, &checksum[..4]].concat()).into_string())
}

fn is_address(body: &[u8]) -> bool {
    matches!(body, [0x19, 0x57 | 0x58, hash @ ..] if hash.len() == 20)
}
