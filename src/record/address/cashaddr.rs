//! CashAddr, the address form of Bitcoin Cash: its own checksum over Bech32's alphabet.

use bech32::primitives::checksum::{Checksum, Engine};
use bech32::{ByteIterExt, Fe32, Fe32IterExt};

use super::codec::CHECKSUM;
use super::reason::Reason;

const PREFIX: &str = "bitcoincash";

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Key,
    Script,
}

/// The 40-bit BCH code of the CashAddr specification.
enum CashAddr {}

impl Checksum for CashAddr {
    type MidstateRepr = u64;
    const CODE_LENGTH: usize = 1023;
    const CHECKSUM_LENGTH: usize = 8;
    const GENERATOR_SH: [u64; 5] =
        [0x98_f2bc_8e61, 0x79_b76d_99e2, 0xf3_3e5f_b3c4, 0xae_2eab_e2a8, 0x1e_4f43_e470];
    const TARGET_RESIDUE: u64 = 1;
}

/// The kind and the 20-byte hash.
pub(super) fn parse(text: &str) -> Result<(Kind, Vec<u8>), Reason> {
    let lower = text.to_ascii_lowercase();
    if lower != text && text.to_ascii_uppercase() != text {
        return Err("it mixes upper and lower case".into());
    }
    let body = match lower.split_once(':') {
        Some((PREFIX, body)) => body,
        Some((other, _)) => {
            return Err(format!("it begins with {other:?}, where {PREFIX:?} belongs").into());
        }
        None => &lower,
    };
    let digits: Vec<Fe32> = body
        .chars()
        .map(|c| Fe32::from_char(c).map_err(|_| format!("CashAddr has no character {c:?}").into()))
        .collect::<Result<_, Reason>>()?;
    let mut engine = engine();
    digits.iter().for_each(|digit| engine.input_fe(*digit));
    if digits.len() <= 8 || *engine.residue() != CashAddr::TARGET_RESIDUE {
        return Err(CHECKSUM.into());
    }
    let bytes: Vec<u8> = digits[..digits.len() - 8].iter().copied().fes_to_bytes().collect();
    let kind = match bytes.first() {
        Some(0) => Kind::Key,
        Some(8) => Kind::Script,
        _ => return Err("it is neither of a key hash nor of a 20-byte script hash".into()),
    };
    let hash = bytes[1..].to_vec();
    // Also refuses a wrong length and padding that is not zero.
    if hash.len() != 20 || !display(kind, &hash).ends_with(body) {
        return Err("its length or padding is wrong".into());
    }
    Ok((kind, hash))
}

/// With prefix, in lower case.
pub(super) fn display(kind: Kind, hash: &[u8]) -> String {
    let version = match kind {
        Kind::Key => 0,
        Kind::Script => 8,
    };
    let mut engine = engine();
    let mut text = format!("{PREFIX}:");
    for digit in [&[version], hash].concat().iter().copied().bytes_to_fes() {
        engine.input_fe(digit);
        text.push(digit.to_char());
    }
    engine.input_target_residue();
    for at in (0..8).rev() {
        let digit = (engine.residue() >> (5 * at)) & 31;
        let digit = Fe32::try_from(digit).expect("a digit of five bits is below 32");
        text.push(digit.to_char());
    }
    text
}

/// With the prefix, of which the low five bits of each letter count, and its end fed in.
fn engine() -> Engine<CashAddr> {
    let mut engine = Engine::new();
    for byte in PREFIX.bytes().map(|letter| letter & 31).chain([0]) {
        engine.input_fe(Fe32::try_from(byte).expect("the prefix was masked to five bits"));
    }
    engine
}
