//! Types for values that must not leak: zeroized on drop, redacted in `Debug`, without
//! `Display` and without `Serialize`. And secrets that stand where they do not belong: told by their
//! form, and [hidden](redaction) wherever something is told.

mod form;
mod forms;
pub mod redaction;

pub use form::SecretForm;
pub use forms::{in_place_of_a_name, is_key_pair, is_or_holds};

use std::fmt;

use zeroize::Zeroize;

/// A value that is wiped when dropped and never printed.
///
/// Reading it takes an explicit [`expose`](Secret::expose), so every use can be found by name.
pub struct Secret<T: Zeroize>(T);

/// 32 secret bytes: an ed25519 seed or a secp256k1 scalar, big-endian.
pub type Secret32 = Secret<[u8; 32]>;
/// A secret text: a password, a mnemonic.
pub type SecretString = Secret<String>;
/// Secret bytes of any length: an encoded key, a SIGN 1 or SIGN 2 signature.
pub type SecretBytes = Secret<Vec<u8>>;

impl<T: Zeroize> Secret<T> {
    /// Takes ownership of `value`. Copies the caller made before are the caller's to wipe.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_value() {
        let secret = SecretString::new("hunter2".into());
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
        assert_eq!(secret.expose(), "hunter2");
    }
}
