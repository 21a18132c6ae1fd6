//! AES-128 (FIPS 197) in counter mode (NIST SP 800-38A): what encrypts the key in a keystore. Nobody
//! but who runs this can time it, and each key decrypts two blocks.

use zeroize::{Zeroize, Zeroizing};

const ROUNDS: usize = 10;
const SBOX: [u8; 256] = substitution();

/// Times x in GF(2⁸) of x⁸ + x⁴ + x³ + x + 1.
const fn doubled(byte: u8) -> u8 {
    (byte << 1) ^ (if byte & 0x80 == 0 { 0 } else { 0x1b })
}

/// The inverse of each byte, turned and added to itself. Powers of 3 and of its inverse go through
/// all bytes.
const fn substitution() -> [u8; 256] {
    let mut table = [0; 256];
    let (mut power, mut inverse) = (1_u8, 1_u8);
    loop {
        power ^= doubled(power);
        inverse ^= inverse << 1;
        inverse ^= inverse << 2;
        inverse ^= inverse << 4;
        if inverse & 0x80 != 0 {
            inverse ^= 0x09;
        }
        let turned = inverse
            ^ inverse.rotate_left(1)
            ^ inverse.rotate_left(2)
            ^ inverse.rotate_left(3)
            ^ inverse.rotate_left(4);
        table[power as usize] = turned ^ 0x63;
        if power == 1 {
            break;
        }
    }
    table[0] = 0x63;
    table
}

/// Encrypts, which is to decrypt, `bytes` with the counter from `iv` on.
pub(super) fn counter_mode(key: &[u8; 16], iv: &[u8; 16], bytes: &mut [u8]) {
    let keys = expand(key);
    let mut counter = u128::from_be_bytes(*iv);
    for part in bytes.chunks_mut(16) {
        let mut stream = encrypt(&keys, counter.to_be_bytes());
        for (byte, mask) in part.iter_mut().zip(stream) {
            *byte ^= mask;
        }
        stream.zeroize();
        counter = counter.wrapping_add(1);
    }
}

fn expand(key: &[u8; 16]) -> Zeroizing<[[u8; 16]; ROUNDS + 1]> {
    let mut keys = Zeroizing::new([*key; ROUNDS + 1]);
    let mut constant = 1;
    for round in 1..=ROUNDS {
        let before = keys[round - 1];
        let mut word = [before[13], before[14], before[15], before[12]].map(substituted);
        word[0] ^= constant;
        constant = doubled(constant);
        for at in 0..16 {
            word[at % 4] ^= before[at];
            keys[round][at] = word[at % 4];
        }
    }
    keys
}

fn substituted(byte: u8) -> u8 {
    SBOX[usize::from(byte)]
}

fn encrypt(keys: &[[u8; 16]; ROUNDS + 1], block: [u8; 16]) -> [u8; 16] {
    let mut state = block;
    add(&mut state, &keys[0]);
    for (round, key) in keys.iter().enumerate().skip(1) {
        // Bytes are substituted, and each row is shifted by its number.
        let before = state;
        for (at, byte) in state.iter_mut().enumerate() {
            *byte = substituted(before[(at + 4 * (at % 4)) % 16]);
        }
        if round < ROUNDS {
            state.as_chunks_mut::<4>().0.iter_mut().for_each(mix_column);
        }
        add(&mut state, key);
    }
    state
}

fn mix_column(column: &mut [u8; 4]) {
    let all = column[0] ^ column[1] ^ column[2] ^ column[3];
    let before = *column;
    for (at, byte) in column.iter_mut().enumerate() {
        *byte ^= all ^ doubled(before[at] ^ before[(at + 1) % 4]);
    }
}

fn add(state: &mut [u8; 16], key: &[u8; 16]) {
    for (byte, other) in state.iter_mut().zip(key) {
        *byte ^= other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    /// FIPS 197, appendix C.1.
    #[test]
    fn a_block() {
        let key = std::array::from_fn(|at| at as u8);
        let block = std::array::from_fn(|at| 0x11 * at as u8);
        let encrypted = encrypt(&expand(&key), block);
        assert_eq!(hex::encode(encrypted), "69c4e0d86a7b0430d8cdb78070b4c55a");
    }

    /// NIST SP 800-38A, F.5.1, the first two blocks: the counter's end overflows into the next byte.
    #[test]
    fn a_counter() {
        let key = hex!("2b7e151628aed2a6abf7158809cf4f3c");
        let iv = hex!("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
        let mut bytes = hex!("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
        counter_mode(&key, &iv, &mut bytes);
        let encrypted = "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff";
        assert_eq!(hex::encode(bytes), encrypted);
    }
}
