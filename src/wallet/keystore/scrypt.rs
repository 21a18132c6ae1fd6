//! scrypt (RFC 7914), for every r: the standard's own example of a keystore has r = 1 with n = 2¹⁸,
//! which libraries of today refuse. Whoever calls it has bounded its parameters.

use std::num::NonZeroU32;

use ring::pbkdf2;
use zeroize::{Zeroize, Zeroizing};

/// Words of a Salsa20 block.
const BLOCK: usize = 16;
type Block = [u32; BLOCK];

/// The cost: memory is 128·n·r bytes, time goes with n·r·p.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// A power of two.
    pub n: usize,
    /// Block size.
    pub r: usize,
    /// Parallelisation, here one after the other.
    pub p: usize,
}

pub(super) fn scrypt(password: &[u8], salt: &[u8], cost: Cost) -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new(vec![0; 128 * cost.r * cost.p]);
    pbkdf2(password, salt, NonZeroU32::MIN, &mut bytes);
    for part in bytes.chunks_mut(128 * cost.r) {
        let mut blocks = Zeroizing::new(vec![[0; BLOCK]; 2 * cost.r]);
        for (word, bytes) in blocks.as_flattened_mut().iter_mut().zip(part.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        mix_in_memory(&mut blocks, cost.n);
        for (word, bytes) in blocks.as_flattened().iter().zip(part.as_chunks_mut::<4>().0) {
            *bytes = word.to_le_bytes();
        }
    }
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2(password, &bytes, NonZeroU32::MIN, key.as_mut());
    key
}

/// PBKDF2 with HMAC-SHA-256.
pub(super) fn pbkdf2(password: &[u8], salt: &[u8], rounds: NonZeroU32, out: &mut [u8]) {
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, password, out);
}

/// ROMix: `n` states are kept, and taken up again in an order that the states themselves give.
fn mix_in_memory(blocks: &mut Vec<Block>, n: usize) {
    let width = blocks.len();
    let mut kept = Zeroizing::new(Vec::with_capacity(n * width));
    let mut mixed = Zeroizing::new(vec![[0; BLOCK]; width]);
    for _ in 0..n {
        kept.extend_from_slice(blocks);
        mix(blocks, &mut mixed);
        std::mem::swap(blocks, &mut *mixed);
    }
    for _ in 0..n {
        let at = width * (blocks[width - 1][0] as usize & (n - 1));
        for (block, other) in blocks.iter_mut().zip(&kept[at..at + width]) {
            exclusive_or(block, other);
        }
        mix(blocks, &mut mixed);
        std::mem::swap(blocks, &mut *mixed);
    }
}

/// BlockMix: each block through Salsa20/8 with the one before it; even ones first, then odd ones.
fn mix(blocks: &[Block], out: &mut [Block]) {
    let half = blocks.len() / 2;
    let mut state = blocks[blocks.len() - 1];
    for (at, block) in blocks.iter().enumerate() {
        exclusive_or(&mut state, block);
        salsa20_8(&mut state);
        out[at / 2 + half * (at % 2)] = state;
    }
    state.zeroize();
}

fn exclusive_or(block: &mut Block, other: &Block) {
    for (word, other) in block.iter_mut().zip(other) {
        *word ^= other;
    }
}

fn salsa20_8(block: &mut Block) {
    /// Columns, then rows: the place, the two that are added, and how far they are turned.
    const QUARTERS: [[usize; 4]; 8] = [
        [0, 4, 8, 12],
        [5, 9, 13, 1],
        [10, 14, 2, 6],
        [15, 3, 7, 11],
        [0, 1, 2, 3],
        [5, 6, 7, 4],
        [10, 11, 8, 9],
        [15, 12, 13, 14],
    ];
    let mut x = *block;
    for _ in 0..4 {
        for [a, b, c, d] in QUARTERS {
            x[b] ^= x[a].wrapping_add(x[d]).rotate_left(7);
            x[c] ^= x[b].wrapping_add(x[a]).rotate_left(9);
            x[d] ^= x[c].wrapping_add(x[b]).rotate_left(13);
            x[a] ^= x[d].wrapping_add(x[c]).rotate_left(18);
        }
    }
    for (word, mixed) in block.iter_mut().zip(x) {
        *word = word.wrapping_add(mixed);
    }
    x.zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    /// RFC 7914, section 12, of the 64 bytes the first 32.
    #[test]
    fn published_keys() {
        for (password, salt, n, r, p, key) in [
            ("", "", 16, 1, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"),
            (
                "password",
                "NaCl",
                1024,
                8,
                16,
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162",
            ),
        ] {
            let derived = scrypt(password.as_bytes(), salt.as_bytes(), Cost { n, r, p });
            assert_eq!(hex::encode(*derived), key);
        }
    }
}
