//! Flow: eight bytes of a linear code [64, 45, 7], so that two addresses differ in at least seven
//! bits. Addresses of other networks are no words of the code.

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const CODEC: Codec = Codec {
    parse,
    display: |bytes| {
        let address = u64::from_be_bytes(bytes.try_into().ok()?);
        is_code_word(address).then(|| format!("0x{address:016x}"))
    },
    expected: "0x and 16 hexadecimal digits",
    is_hex: true,
};

/// The columns of the parity-check matrix, the lowest bit's first; the first 19 are the unit
/// matrix.
const COLUMNS: [u32; 45] = [
    0x7328d, 0x6689a, 0x6112f, 0x6084b, 0x433fd, 0x42aab, 0x41951, 0x233ce, 0x22a81, 0x21948,
    0x1ef60, 0x1deca, 0x1c639, 0x1bdd8, 0x1a535, 0x194ac, 0x18c46, 0x1632b, 0x1529b, 0x14a43,
    0x13184, 0x12942, 0x118c1, 0x0f812, 0x0e027, 0x0d00e, 0x0c83c, 0x0b01d, 0x0a831, 0x0982b,
    0x07034, 0x0682a, 0x05819, 0x03807, 0x007d2, 0x00727, 0x0068e, 0x0067c, 0x0059d, 0x004eb,
    0x003b4, 0x0036a, 0x002d9, 0x001c7, 0x0003f,
];
const UNITS: usize = 64 - COLUMNS.len();

fn parse(text: &str) -> Result<Vec<u8>, Reason> {
    let bytes = super::plain::parse_hex(text, 8)?;
    let address = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    match is_code_word(address) {
        true => Ok(bytes),
        false => Err(format!("{CHECKSUM}; or it is of a test network").into()),
    }
}

/// Zero, which is one, is nobody's address.
fn is_code_word(address: u64) -> bool {
    let units = (address & ((1 << UNITS) - 1)) as u32;
    let set = COLUMNS.iter().enumerate().filter(|(at, _)| address >> (UNITS + at) & 1 == 1);
    address != 0 && set.fold(units, |parity, (_, column)| parity ^ column) == 0
}
