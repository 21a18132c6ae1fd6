//! Primes of 1024 bits, found as the deployed client's library finds them: the same stream gives
//! the same primes.

use k256::elliptic_curve::bigint::U1024;
use k256::elliptic_curve::bigint::modular::runtime_mod::{DynResidue, DynResidueParams};
use zeroize::{Zeroize, Zeroizing};

use super::arc4::Arc4;

/// Bits of a prime.
const BITS: usize = 1024;
/// Bytes drawn for a candidate: one more, which is dropped.
const DRAWN: usize = BITS / 8 + 1;
/// How many primes there are below 1000; the count of bases to draw from.
const SMALL: usize = 168;
/// The primes below 1000.
const SMALL_PRIMES: [u16; SMALL] = small_primes();

const fn small_primes() -> [u16; SMALL] {
    let (mut primes, mut count, mut number) = ([0; SMALL], 0, 2_u16);
    while number < 1000 {
        let (mut at, mut is_prime) = (0, true);
        while at < count {
            if number.is_multiple_of(primes[at]) {
                is_prime = false;
            }
            at += 1;
        }
        if is_prime {
            primes[count] = number;
            count += 1;
        }
        number += 1;
    }
    primes
}

/// The next prime p of `stream` with gcd(p − 1, 3) = 1.
pub fn next(stream: &mut Arc4) -> Zeroizing<U1024> {
    loop {
        let number = probable(stream);
        // It is none of their multiples, so 1 or 2 remains of it.
        if remainder(&number, 3) == 2 && is_probably_prime(&number, 10, stream) {
            return number;
        }
    }
}

/// A number that passes the test once.
fn probable(stream: &mut Arc4) -> Zeroizing<U1024> {
    let mut bytes = Zeroizing::new([0_u8; DRAWN]);
    bytes.iter_mut().for_each(|byte| *byte = stream.byte());
    let mut number = Zeroizing::new(U1024::from_be_slice(&bytes[1..]));
    let top = U1024::ONE.shl_vartime(BITS - 1);
    *number |= top;
    *number |= U1024::ONE;
    while !is_probably_prime(&number, 1, stream) {
        let next = number.wrapping_add(&U1024::from_u8(2));
        // What no longer fits into 1024 bits loses 2^1023 and keeps 2^1024 − 2^1023.
        *number = if next < *number { next | top } else { next };
    }
    number
}

/// What remains of `number` after a division by a small one.
pub fn remainder(number: &U1024, divisor: u16) -> u16 {
    let divisor = u128::from(divisor);
    let step = |rest: u128, word: &u64| ((rest << 64) | u128::from(*word)) % divisor;
    let rest = number.as_words().iter().rev().fold(0, step);
    u16::try_from(rest).unwrap_or_default()
}

/// Trial division by the odd primes below 1000, then Miller–Rabin with `(rounds + 1) / 2` bases,
/// each drawn from the stream as it is needed.
fn is_probably_prime(number: &U1024, rounds: u8, stream: &mut Arc4) -> bool {
    if SMALL_PRIMES[1..].iter().any(|prime| remainder(number, *prime) == 0) {
        return false;
    }
    // `number` is odd.
    let minus_1 = Zeroizing::new(number.wrapping_sub(&U1024::ONE));
    let twos = minus_1.trailing_zeros();
    let odd = Zeroizing::new(minus_1.shr_vartime(twos));
    let modulus = DynResidueParams::new(number);
    (0..rounds.div_ceil(2)).all(|_| {
        let base = SMALL_PRIMES[usize::from(stream.below(168))];
        let base = DynResidue::new(&U1024::from_u16(base), modulus);
        let mut power = base.pow(&odd);
        let (one, last) = (U1024::ONE, &*minus_1);
        let mut value = power.retrieve();
        if value == one || value == *last {
            return true;
        }
        for _ in 1..twos {
            power = power.square();
            value = power.retrieve();
            if value == *last {
                return true;
            }
            if value == one {
                break;
            }
        }
        value.zeroize();
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretString;

    #[test]
    fn the_small_primes_are_all_there() {
        assert_eq!((SMALL_PRIMES[0], SMALL_PRIMES[1], SMALL_PRIMES[167]), (2, 3, 997));
    }

    #[test]
    fn what_is_prime_and_what_is_not() {
        let mut stream = Arc4::new(&SecretString::new("x".into()));
        // 2^521 − 1 and 2^607 − 1 are prime, 2^523 − 1 is not, and has no small divisor.
        let mersenne = |bits| U1024::ONE.shl_vartime(bits).wrapping_sub(&U1024::ONE);
        assert!(is_probably_prime(&mersenne(521), 10, &mut stream));
        assert!(is_probably_prime(&mersenne(607), 10, &mut stream));
        assert!(!is_probably_prime(&mersenne(523), 10, &mut stream));
        assert_eq!(remainder(&mersenne(10), 11), 0);
    }
}
