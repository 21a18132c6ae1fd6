//! RIPEMD-160 (ISO/IEC 10118-3) of short messages: the checksum of EOSIO's keys.

/// Words of the message, in the order each of 80 steps takes them: left line, right line.
const WORDS: [[u8; 80]; 2] = [
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9,
        5, 2, 14, 11, 8, 3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12, 1, 9, 11, 10, 0, 8,
        12, 4, 13, 3, 7, 15, 14, 5, 6, 2, 4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13,
    ],
    [
        5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12, 6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8,
        12, 4, 9, 1, 2, 15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13, 8, 6, 4, 1, 3, 11,
        15, 0, 5, 12, 2, 13, 9, 7, 10, 14, 12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11,
    ],
];
/// How far each step rotates.
const SHIFTS: [[u8; 80]; 2] = [
    [
        11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8, 7, 6, 8, 13, 11, 9, 7, 15, 7, 12,
        15, 9, 11, 7, 13, 12, 11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5, 11, 12, 14,
        15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12, 9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11,
        8, 5, 6,
    ],
    [
        8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6, 9, 13, 15, 7, 12, 8, 9, 11, 7, 7,
        12, 7, 6, 15, 13, 11, 9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5, 15, 5, 8, 11,
        14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8, 8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13,
        11, 11,
    ],
];
const CONSTANTS: [[u32; 5]; 2] = [
    [0, 0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xa953_fd4e],
    [0x50a2_8be6, 0x5c4d_d124, 0x6d70_3ef3, 0x7a6d_76e9, 0],
];
const START: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

/// The longest message: one block with its padding.
const MAX_BYTES: usize = 55;

/// The digest; `None` for more than 55 bytes, which nothing here hashes.
pub(super) fn ripemd160(message: &[u8]) -> Option<[u8; 20]> {
    if message.len() > MAX_BYTES {
        return None;
    }
    let mut block = [0; 64];
    block[..message.len()].copy_from_slice(message);
    block[message.len()] = 0x80;
    block[56..].copy_from_slice(&(8 * message.len() as u64).to_le_bytes());
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let [left, right] = [line(&words, 0), line(&words, 1)];
    let mut digest = [0; 20];
    for (at, out) in digest.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let word =
            START[(at + 1) % 5].wrapping_add(left[(at + 2) % 5]).wrapping_add(right[(at + 3) % 5]);
        *out = word.to_le_bytes();
    }
    Some(digest)
}

/// One of the two lines of 80 steps; the right one takes the functions in reverse.
fn line(words: &[u32; 16], side: usize) -> [u32; 5] {
    let [mut a, mut b, mut c, mut d, mut e] = START;
    for step in 0..80 {
        let round = step / 16;
        let mixed = match if side == 0 { round } else { 4 - round } {
            0 => b ^ c ^ d,
            1 => (b & c) | (!b & d),
            2 => (b | !c) ^ d,
            3 => (b & d) | (c & !d),
            _ => b ^ (c | !d),
        };
        let sum = a
            .wrapping_add(mixed)
            .wrapping_add(words[usize::from(WORDS[side][step])])
            .wrapping_add(CONSTANTS[side][round]);
        let turned = sum.rotate_left(u32::from(SHIFTS[side][step])).wrapping_add(e);
        (a, b, c, d, e) = (e, turned, b, c.rotate_left(10), d);
    }
    [a, b, c, d, e]
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    /// From the paper of Dobbertin, Bosselaers and Preneel.
    #[test]
    fn published_digests() {
        for (message, digest) in [
            ("", "9c1185a5c5e9fc54612808977ee8f548b2258d31"),
            ("abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
            ("abcdefghijklmnopqrstuvwxyz", "f71c27109c692c1b56bbdceb5b9d2865b3708dbc"),
        ] {
            assert_eq!(hex::encode(ripemd160(message.as_bytes()).unwrap()), digest);
        }
        assert_eq!(ripemd160(&[0; 56]), None);
    }
}
