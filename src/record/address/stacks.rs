//! Stacks: `S`, a version, and c32 (Crockford's base32 of one number) of a 20-byte hash and four
//! bytes of double SHA-256. Stored are hash and checksum.

use sha2::{Digest, Sha256};

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const CODEC: Codec = Codec { parse, display, expected: "SP… or SM…", is_hex: false };

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letter and version: of a key hash and of a script hash.
const VERSIONS: [(char, u8); 2] = [('P', 22), ('M', 20)];
const LENGTH: usize = 24;

fn parse(text: &str) -> Result<Vec<u8>, Reason> {
    // As Crockford reads what is alike.
    let text = text.to_ascii_uppercase().replace('O', "0").replace(['L', 'I'], "1");
    let mut rest = text.strip_prefix('S').ok_or("it does not begin with S")?.chars();
    let letter = rest.next().unwrap_or_default();
    let version = VERSIONS.iter().find(|(known, _)| *known == letter);
    let (_, version) = version.ok_or("it is of another network")?;
    let bytes = decode(rest.as_str())?;
    match bytes[20..] == checksum(*version, &bytes[..20]) {
        true => Ok(bytes.to_vec()),
        false => Err(CHECKSUM.into()),
    }
}

fn display(bytes: &[u8]) -> Option<String> {
    let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
    let is = |(_, version): &&(char, u8)| bytes[20..] == checksum(*version, &bytes[..20]);
    let (letter, _) = VERSIONS.iter().find(is)?;
    Some(format!("S{letter}{}", encode(bytes)))
}

fn checksum(version: u8, hash: &[u8]) -> [u8; 4] {
    let twice: [u8; 32] = Sha256::digest(Sha256::digest([&[version], hash].concat())).into();
    [twice[0], twice[1], twice[2], twice[3]]
}

/// The digits without leading zeros, and a zero for each byte that is zero at the beginning.
fn encode(bytes: &[u8; LENGTH]) -> String {
    let bit = |at: usize| bytes[LENGTH - 1 - at / 8] >> (at % 8) & 1;
    let digit = |from: usize| {
        let bits = (from..from + 5).rev().filter(|at| at / 8 < LENGTH);
        bits.fold(0, |digit, at| digit << 1 | usize::from(bit(at)))
    };
    let digits = (0..(8 * LENGTH).div_ceil(5)).rev().map(|at| digit(5 * at));
    let digits = digits.skip_while(|digit| *digit == 0);
    let zeros = bytes.iter().take_while(|byte| **byte == 0).map(|_| 0);
    zeros.chain(digits).map(|digit| char::from(ALPHABET[digit])).collect()
}

fn decode(text: &str) -> Result<[u8; LENGTH], Reason> {
    let mut bytes = [0; LENGTH];
    for (at, character) in text.bytes().rev().enumerate() {
        let digit = ALPHABET.iter().position(|known| *known == character);
        let digit = digit.ok_or_else(|| {
            Reason::from(format!("c32 has no character {:?}", char::from(character)))
        })?;
        for bit in (0..5).filter(|bit| digit >> bit & 1 == 1) {
            let place = 5 * at + bit;
            *bytes.iter_mut().rev().nth(place / 8).ok_or("it is too long")? |= 1 << (place % 8);
        }
    }
    // Another number of zeros is another address. Some write all 39 digits.
    match encode(&bytes) == text || text.len() == (8 * LENGTH).div_ceil(5) {
        true => Ok(bytes),
        false => Err("its length is wrong".into()),
    }
}
