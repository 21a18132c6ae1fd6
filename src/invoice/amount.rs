//! An amount of ether as an invoice has it.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::U256;

/// Digits after the point: a wei is 10⁻¹⁸ ether.
const DECIMALS: usize = 18;
/// Digits before it: more ether than there is.
const MAX_WHOLE: usize = 12;

/// An amount of ether, as it was written; never nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    text: String,
    wei: U256,
}

/// The text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Something but digits and one point between them.
    #[error("{0:?} is no amount of ether: digits, and a point where there are decimals, as 0.25")]
    Form(String),
    /// Below a wei.
    #[error("{0:?} has more than 18 decimals, and a wei is the 18th")]
    Decimals(String),
    /// More than there is.
    #[error("{0:?} is more ether than there is")]
    TooMuch(String),
    /// Nothing.
    #[error("{0:?} is nothing to pay")]
    Zero(String),
}

impl Amount {
    /// In wei.
    pub fn wei(&self) -> U256 {
        self.wei
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let quoted = || text.chars().take(60).collect::<String>();
        let (whole, part) = match text.split_once('.') {
            Some((whole, part)) => (whole, Some(part)),
            None => (text, None),
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !part.is_none_or(digits) {
            return Err(AmountError::Form(quoted()));
        }
        let part = part.unwrap_or_default();
        if part.len() > DECIMALS {
            return Err(AmountError::Decimals(quoted()));
        }
        if whole.len() > MAX_WHOLE {
            return Err(AmountError::TooMuch(quoted()));
        }
        let wei = format!("{whole}{part:0<DECIMALS$}").parse::<U256>();
        match wei.map_err(|_| AmountError::Form(quoted()))? {
            U256::ZERO => Err(AmountError::Zero(quoted())),
            wei => Ok(Self { text: text.to_owned(), wei }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Kind = fn(String) -> AmountError;

    #[test]
    fn what_is_an_amount() {
        for (text, wei) in [
            ("1", 1_000_000_000_000_000_000_u128),
            ("0.420", 420_000_000_000_000_000),
            ("007.5", 7_500_000_000_000_000_000),
            ("0.000000000000000001", 1),
            ("999999999999", 999_999_999_999_000_000_000_000_000_000),
        ] {
            let amount: Amount = text.parse().unwrap();
            assert_eq!((amount.wei(), amount.to_string().as_str()), (U256::from(wei), text));
        }
    }

    #[test]
    fn what_is_none() {
        use AmountError::{Decimals, Form, TooMuch, Zero};
        let kinds: [(Kind, &[&str]); 4] = [
            (
                Form,
                &[
                    "", ".", "1.", ".5", "1e3", "-1", "+1", " 1", "1 ", "1,5", "0x1", "1_0",
                    "1.2.3", "١",
                ],
            ),
            (Decimals, &["0.0000000000000000001", "1.1000000000000000000"]),
            (TooMuch, &["1000000000000", "0000000000001"]),
            (Zero, &["0", "0.0", "0.000000000000000000"]),
        ];
        for (kind, texts) in kinds {
            for text in texts {
                assert_eq!(text.parse::<Amount>(), Err(kind((*text).to_owned())), "{text}");
            }
        }
        let long = "1".repeat(5000) + "e";
        assert!(long.parse::<Amount>().unwrap_err().to_string().len() < 200);
    }
}
