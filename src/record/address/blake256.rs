//! BLAKE-256, the SHA-3 candidate with 14 rounds (not BLAKE2), of short messages: Decred's
//! checksum.

const CONSTANTS: [u32; 16] = [
    0x243f_6a88,
    0x85a3_08d3,
    0x1319_8a2e,
    0x0370_7344,
    0xa409_3822,
    0x299f_31d0,
    0x082e_fa98,
    0xec4e_6c89,
    0x4528_21e6,
    0x38d0_1377,
    0xbe54_66cf,
    0x34e9_0c6c,
    0xc0ac_29b7,
    0xc97c_50dd,
    0x3f84_d5b5,
    0xb547_0917,
];
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];
const PERMUTATIONS: [[u8; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
/// Columns, then diagonals.
const LANES: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

/// The longest message: one block with its padding.
const MAX_BYTES: usize = 54;

/// The digest without salt; `None` for more than 54 bytes, which nothing here hashes.
pub(super) fn blake256(message: &[u8]) -> Option<[u8; 32]> {
    if message.len() > MAX_BYTES {
        return None;
    }
    let bits = 8 * message.len() as u64;
    let mut block = [0; 64];
    block[..message.len()].copy_from_slice(message);
    block[message.len()] = 0x80;
    block[55] |= 1;
    block[56..].copy_from_slice(&bits.to_be_bytes());
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let mut state = [0; 16];
    state[..8].copy_from_slice(&START);
    state[8..].copy_from_slice(&CONSTANTS[..8]);
    // The counter of bits; its upper word is zero.
    state[12] ^= bits as u32;
    state[13] ^= bits as u32;
    for round in 0..14 {
        let order = &PERMUTATIONS[round % 10];
        for (lane, pair) in LANES.iter().zip(order.as_chunks::<2>().0) {
            mix(&mut state, *lane, &words, pair.map(usize::from));
        }
    }
    let mut digest = [0; 32];
    for (at, out) in digest.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *out = (START[at] ^ state[at] ^ state[at + 8]).to_be_bytes();
    }
    Some(digest)
}

fn mix(v: &mut [u32; 16], [a, b, c, d]: [usize; 4], words: &[u32; 16], [j, k]: [usize; 2]) {
    for (word, constant, [first, second]) in [(j, k, [16, 12]), (k, j, [8, 7])] {
        v[a] = v[a].wrapping_add(v[b]).wrapping_add(words[word] ^ CONSTANTS[constant]);
        v[d] = (v[d] ^ v[a]).rotate_right(first);
        v[c] = v[c].wrapping_add(v[d]);
        v[b] = (v[b] ^ v[c]).rotate_right(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    /// From the submission to the SHA-3 competition: no byte, and one that is zero.
    #[test]
    fn published_digests() {
        for (message, digest) in [
            (&[][..], "716f6e863f744b9ac22c97ec7b76ea5f5908bc5b2f67c61510bfc4751384ea7a"),
            (&[0], "0ce8d4ef4dd7cd8d62dfded9d4edb0a774ae6a41929a74da23109e8f11139c87"),
        ] {
            assert_eq!(hex::encode(blake256(message).unwrap()), digest);
        }
        assert_eq!(blake256(&[0; 55]), None);
    }
}
