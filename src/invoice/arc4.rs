//! The random numbers that the deployed client's library derives a key from: RC4, read as that
//! library reads it. It is no source of randomness for anything else.

use zeroize::Zeroize;

use crate::secret::SecretString;

/// The first bytes of the stream, which are dropped.
const DROPPED: usize = 256;
const TWO_52: f64 = 4_503_599_627_370_496.0;
const TWO_53: f64 = 9_007_199_254_740_992.0;

/// An RC4 stream under a secret text.
pub struct Arc4 {
    state: [u8; 256],
    i: u8,
    j: u8,
}

impl Arc4 {
    /// Keyed with the characters of `key`, which are ASCII and at most 256.
    pub fn new(key: &SecretString) -> Self {
        let key = key.expose().as_bytes();
        let mut state: [u8; 256] = std::array::from_fn(|at| at.to_le_bytes()[0]);
        let mut j = 0_u8;
        for i in 0..256 {
            j = j.wrapping_add(state[i]).wrapping_add(key[i % key.len()]);
            state.swap(i, usize::from(j));
        }
        let mut stream = Self { state, i: 0, j: 0 };
        for _ in 0..DROPPED {
            stream.draw();
        }
        stream
    }

    fn draw(&mut self) -> u8 {
        self.i = self.i.wrapping_add(1);
        let at = usize::from(self.i);
        self.j = self.j.wrapping_add(self.state[at]);
        self.state.swap(at, usize::from(self.j));
        let sum = self.state[at].wrapping_add(self.state[usize::from(self.j)]);
        self.state[usize::from(sum)]
    }

    /// A number in 0..1. Every step is exact in doubles.
    fn random(&mut self) -> f64 {
        let mut n = (0..6).fold(0.0, |n, _| n * 256.0 + f64::from(self.draw()));
        let (mut d, mut x) = (281_474_976_710_656.0, 0_u8);
        while n < TWO_52 {
            n = (n + f64::from(x)) * 256.0;
            d *= 256.0;
            x = self.draw();
        }
        while n >= TWO_53 {
            n /= 2.0;
            d /= 2.0;
            x >>= 1;
        }
        (n + f64::from(x)) / d
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u8) -> u8 {
        // It lies in 0..bound, so nothing but the fraction is cut.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..bound")]
        let number = (self.random() * f64::from(bound)).floor() as u8;
        number
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..256")]
        let byte = (self.random() * 256.0).floor() as u8;
        byte
    }
}

impl Drop for Arc4 {
    fn drop(&mut self) {
        self.state.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6229, the key 0102030405: 16 bytes at offset 256.
    #[test]
    fn the_stream_is_rc4() {
        let mut stream = Arc4::new(&SecretString::new("\u{1}\u{2}\u{3}\u{4}\u{5}".into()));
        let bytes: [u8; 16] = std::array::from_fn(|_| stream.draw());
        assert_eq!(alloy_primitives::hex::encode(bytes), "1cfcf62b03eddb641d77dfcf7f8d8c93");
    }
}
