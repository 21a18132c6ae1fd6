//! Monero and the coins made like it: a varint that names the network, two public keys, and four
//! bytes of Keccak-256, in base58 by blocks of eight bytes.

use alloy_primitives::keccak256;

use super::codec::CHECKSUM;
use super::reason::Reason;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BLOCK: usize = 8;
/// Characters of a block of so many bytes.
const CHARACTERS: [usize; BLOCK + 1] = [0, 2, 3, 5, 6, 7, 9, 10, 11];

/// One network's addresses: what they begin with and how long the rest is.
pub(super) struct Tag {
    /// The varint.
    pub bytes: &'static [u8],
    /// Two keys have 64 bytes; a payment id adds eight.
    pub length: usize,
}

/// Which parts of an address are stored.
#[derive(Clone, Copy)]
pub(super) enum Stored {
    /// All of it, its checksum included.
    Whole,
    /// Without the checksum.
    Unchecked,
    /// The keys alone.
    Keys,
}

pub(super) fn parse(text: &str, tags: &[Tag], stored: Stored) -> Result<Vec<u8>, Reason> {
    let bytes = decode(text)?;
    let (body, checksum) = bytes.split_last_chunk::<4>().ok_or("it is too short")?;
    if keccak256(body)[..4] != *checksum {
        return Err(CHECKSUM.into());
    }
    let tag = tags
        .iter()
        .find(|tag| body.strip_prefix(tag.bytes).is_some_and(|rest| rest.len() == tag.length));
    let tag = tag.ok_or("it is of another network, or of another coin")?;
    Ok(match stored {
        Stored::Whole => bytes,
        Stored::Unchecked => body.to_vec(),
        Stored::Keys => body[tag.bytes.len()..].to_vec(),
    })
}

pub(super) fn display(bytes: &[u8], tags: &[Tag], stored: Stored) -> Option<String> {
    let body = match stored {
        Stored::Whole => bytes.split_last_chunk::<4>()?.0.to_vec(),
        Stored::Unchecked => bytes.to_vec(),
        Stored::Keys => [tags.first()?.bytes, bytes].concat(),
    };
    let checksum = keccak256(&body);
    let whole = [&body, &checksum[..4]].concat();
    // Of bytes that hold their checksum it must be the right one.
    let right = !matches!(stored, Stored::Whole) || whole == bytes;
    right.then(|| encode(&whole))
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3 / 2);
    for block in bytes.chunks(BLOCK) {
        let mut number = block.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let mut characters = vec![b'1'; CHARACTERS[block.len()]];
        for character in characters.iter_mut().rev() {
            *character = ALPHABET[(number % 58) as usize];
            number /= 58;
        }
        text.extend(characters.into_iter().map(char::from));
    }
    text
}

fn decode(text: &str) -> Result<Vec<u8>, Reason> {
    let mut bytes = Vec::with_capacity(text.len());
    for block in text.as_bytes().chunks(CHARACTERS[BLOCK]) {
        let length = CHARACTERS.iter().position(|characters| *characters == block.len());
        let length = length.ok_or("characters are missing at its end")?;
        let mut number = 0_u128;
        for character in block {
            let digit = ALPHABET.iter().position(|known| known == character);
            let digit = digit.ok_or("it has a character that base58 has not")?;
            number = number * 58 + digit as u128;
        }
        // A block of 11 characters can hold more than eight bytes.
        if number >> (8 * length) != 0 {
            return Err(CHECKSUM.into());
        }
        bytes.extend_from_slice(&number.to_be_bytes()[16 - length..]);
    }
    Ok(bytes)
}
