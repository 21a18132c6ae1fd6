//! Nano: `nano_` (once `xrb_`), a 32-byte key and five bytes of its BLAKE2b, reversed, in base32
//! with an alphabet of its own, four zero bits before the key.

use blake2::digest::consts::U5;
use blake2::{Blake2b, Digest};

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const CODEC: Codec =
    Codec { parse, display, expected: "nano_ and 60 characters", is_hex: false };

const ALPHABET: &[u8; 32] = b"13456789abcdefghijkmnopqrstuwxyz";
/// Characters of the key and of the checksum.
const KEY: usize = 52;
const CHECK: usize = 8;

fn parse(text: &str) -> Result<Vec<u8>, Reason> {
    let body = text.strip_prefix("nano_").or_else(|| text.strip_prefix("xrb_"));
    let body = body.ok_or("it does not begin with nano_")?;
    if body.len() != KEY + CHECK || !body.is_ascii() {
        return Err("60 characters belong after nano_".into());
    }
    let (key, check) = body.split_at(KEY);
    // 260 bits: a key with half a byte before it.
    let key = decode::<33>(key)?;
    let (pad, key) = key.split_at(1);
    if pad != [0] || decode::<5>(check)? != checksum(key) {
        return Err(CHECKSUM.into());
    }
    Ok(key.to_vec())
}

fn display(key: &[u8]) -> Option<String> {
    (key.len() == 32).then(|| format!("nano_{}{}", encode(key, KEY), encode(&checksum(key), CHECK)))
}

fn checksum(key: &[u8]) -> [u8; 5] {
    let mut hash: [u8; 5] = Blake2b::<U5>::digest(key).into();
    hash.reverse();
    hash
}

/// The bytes as one number, in so many digits of five bits.
fn encode(bytes: &[u8], digits: usize) -> String {
    let bit = |at: usize| bytes[bytes.len() - 1 - at / 8] >> (at % 8) & 1;
    let digit = |from: usize| {
        let bits = (from..from + 5).rev().filter(|at| at / 8 < bytes.len());
        bits.fold(0, |digit, at| digit << 1 | usize::from(bit(at)))
    };
    (0..digits).rev().map(|at| char::from(ALPHABET[digit(5 * at)])).collect()
}

fn decode<const LENGTH: usize>(text: &str) -> Result<[u8; LENGTH], Reason> {
    let mut bytes = [0; LENGTH];
    for (at, character) in text.bytes().rev().enumerate() {
        let digit = ALPHABET.iter().position(|known| *known == character);
        let digit = digit.ok_or_else(|| {
            Reason::from(format!("Nano's alphabet has no {:?}", char::from(character)))
        })?;
        for bit in (0..5).filter(|bit| digit >> bit & 1 == 1) {
            let place = 5 * at + bit;
            *bytes.iter_mut().rev().nth(place / 8).ok_or("it is too long")? |= 1 << (place % 8);
        }
    }
    Ok(bytes)
}
