//! Ardor: `ARDOR-`, and 13 digits of 5 bits with four of a Reed–Solomon code over GF(32), written
//! in another order. Stored are the 17 digits, a byte each.

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const CODEC: Codec =
    Codec { parse, display, expected: "ARDOR-XXXX-XXXX-XXXX-XXXXX", is_hex: false };

const PREFIX: &str = "ARDOR";
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Where each digit of the code is written; the reverse is the same.
const ORDER: [usize; 17] = [3, 2, 1, 0, 7, 6, 5, 4, 13, 14, 15, 16, 12, 8, 9, 10, 11];

fn parse(text: &str) -> Result<Vec<u8>, Reason> {
    let body = text.strip_prefix("ARDOR-").ok_or("it does not begin with ARDOR-")?;
    let mut digits = [0; 17];
    let characters: Vec<u8> = body.bytes().filter(|byte| *byte != b'-').collect();
    if characters.len() != digits.len() {
        return Err("17 characters belong after ARDOR-".into());
    }
    for (character, place) in characters.iter().zip(ORDER) {
        let digit = ALPHABET.iter().position(|known| known == character);
        let digit = digit.ok_or("it has a character that Ardor's alphabet has not")?;
        digits[place] = digit as u8;
    }
    match display(&digits) {
        Some(shown) if shown == text => Ok(digits.to_vec()),
        Some(_) => Err("its groups have 4, 4, 4 and 5 characters".into()),
        None => Err(CHECKSUM.into()),
    }
}

fn display(digits: &[u8]) -> Option<String> {
    let digits: &[u8; 17] = digits.try_into().ok()?;
    if digits.iter().any(|digit| *digit > 31) || !is_code(digits) {
        return None;
    }
    let text: String =
        ORDER.iter().map(|place| char::from(ALPHABET[usize::from(digits[*place])])).collect();
    Some(format!("{PREFIX}-{}-{}-{}-{}", &text[..4], &text[4..8], &text[8..12], &text[12..]))
}

/// Whether all four syndromes are zero: the code has 31 digits, of which 14 are never written.
fn is_code(digits: &[u8; 17]) -> bool {
    (1..5).all(|power| {
        let syndrome = digits.iter().enumerate().fold(0, |sum, (at, digit)| {
            let place = if at < 13 { at } else { at + 14 };
            let mut product = *digit;
            (0..power * place % 31).for_each(|_| product = doubled(product));
            sum ^ product
        });
        syndrome == 0
    })
}

/// Times x in GF(32) of x⁵ + x² + 1.
fn doubled(digit: u8) -> u8 {
    let twice = digit << 1;
    if twice & 0x20 == 0 { twice } else { twice ^ 0x25 }
}
