//! Decred: base58 of two bytes of version, a 20-byte hash, and four bytes of its double BLAKE-256.
//! Stored is all of it.

use super::blake256::blake256;
use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const CODEC: Codec = Codec {
    parse,
    display,
    expected: "Ds…, Dc…, De… or DS… (base58 with a checksum)",
    is_hex: false,
};

/// Of a key hash (secp256k1, Ed25519, Schnorr) and of a script hash.
const VERSIONS: [[u8; 2]; 4] = [[0x07, 0x3f], [0x07, 0x1f], [0x07, 0x01], [0x07, 0x1a]];

fn parse(text: &str) -> Result<Vec<u8>, Reason> {
    let bytes = super::base58::parse_unchecked(text, 26)?;
    check(&bytes).map(|()| bytes)
}

fn display(bytes: &[u8]) -> Option<String> {
    check(bytes).ok().map(|()| bs58::encode(bytes).into_string())
}

fn check(bytes: &[u8]) -> Result<(), Reason> {
    let (payload, checksum) = bytes.split_last_chunk::<4>().ok_or("it is too short")?;
    let hash = blake256(payload).and_then(|once| blake256(&once));
    if hash.is_none_or(|hash| hash[..4] != *checksum) {
        return Err(CHECKSUM.into());
    }
    match payload {
        [first, second, hash @ ..] if hash.len() == 20 && VERSIONS.contains(&[*first, *second]) => {
            Ok(())
        }
        _ => Err("it is of another network, or a key in full, which no wallet pays".into()),
    }
}
