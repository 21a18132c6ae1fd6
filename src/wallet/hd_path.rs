//! BIP-32 paths.

use std::fmt;
use std::str::FromStr;

use super::error::MnemonicError;

/// Longest path text that is read, and most levels.
const MAX_PATH: usize = 256;
const MAX_LEVELS: usize = 16;

/// A BIP-32 derivation path such as `m/44'/60'/0'/0/0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HdPath(String);

impl HdPath {
    /// Ethereum's path of account `index`: `m/44'/60'/0'/0/<index>`.
    ///
    /// # Errors
    /// [`MnemonicError::Path`] from 2³¹ on.
    pub fn ethereum(index: u32) -> Result<Self, MnemonicError> {
        format!("m/44'/60'/0'/0/{index}").parse()
    }
}

impl fmt::Display for HdPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HdPath {
    type Err = MnemonicError;

    fn from_str(text: &str) -> Result<Self, MnemonicError> {
        let level = |part: &str| {
            let digits = part.strip_suffix(['\'', 'h']).unwrap_or(part);
            !digits.is_empty()
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && digits.parse().is_ok_and(|index: u32| index < 1 << 31)
        };
        let levels = text.strip_prefix("m/").filter(|_| text.len() <= MAX_PATH);
        let good = levels.is_some_and(|levels| {
            levels.split('/').count() <= MAX_LEVELS && levels.split('/').all(level)
        });
        if good { Ok(Self(text.replace('h', "'"))) } else { Err(MnemonicError::Path(text.into())) }
    }
}
