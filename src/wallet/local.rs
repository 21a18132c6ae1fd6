//! Wallets whose key is in memory, wherever it came from.

use alloy_primitives::Address;
use futures_util::future::{self, BoxFuture};

use super::{Wallet, WalletError};
use crate::keys::{SignerKey, SignerKeyError};
use crate::request::Signature;
use crate::secret::{Secret, SecretString};

/// A private key held in memory. Signs deterministically (RFC 6979).
#[derive(Clone, Debug)]
pub struct LocalWallet {
    key: SignerKey,
    source: String,
}

impl LocalWallet {
    /// The account of `key`; `source` says what it came from (`private key`, `keystore <path>`).
    pub fn new(key: SignerKey, source: impl Into<String>) -> Self {
        Self { key, source: source.into() }
    }

    /// From a private key of 64 hexadecimal digits, `0x` and surrounding white space allowed.
    ///
    /// # Errors
    /// As [`SignerKeyError`] says; the text is not quoted.
    pub fn from_hex(text: &SecretString) -> Result<Self, SignerKeyError> {
        Ok(Self::new(SignerKey::from_hex(text)?, "private key"))
    }

    /// The key.
    pub fn key(&self) -> &SignerKey {
        &self.key
    }
}

impl Wallet for LocalWallet {
    fn address(&self) -> Address {
        self.key.address()
    }

    fn sign_message<'a>(
        &'a self,
        text: &'a str,
    ) -> BoxFuture<'a, Result<Secret<Signature>, WalletError>> {
        Box::pin(future::ready(Ok(Secret::new(self.key.sign_text(text)))))
    }

    fn local_key(&self) -> Option<&SignerKey> {
        Some(&self.key)
    }

    fn describe(&self) -> String {
        format!("{} ({})", self.source, self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn signs_the_vectors_byte_for_byte() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/requests.json")).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert!(cases.len() > 3);
        for case in cases {
            let text = |field: &str| case[field].as_str().unwrap();
            let key = SecretString::new(text("wallet_private_key").into());
            let wallet = LocalWallet::from_hex(&key).unwrap();
            assert_eq!(wallet.address().to_string(), text("wallet"));
            for step in ["sign1", "sign2", "sign3"] {
                let signature = wallet.sign_message(text(step)).await.unwrap();
                let hex = format!("{:x}", signature.expose());
                assert_eq!(hex, text(&format!("{step}_signature")), "{step}");
            }
        }
    }

    #[test]
    fn what_is_not_a_key_is_refused_and_not_quoted() {
        for bad in ["", "0x12", "zz", &"0".repeat(64), &"f".repeat(64)] {
            let error = LocalWallet::from_hex(&SecretString::new(bad.into())).unwrap_err();
            assert!(bad.is_empty() || !error.to_string().contains(bad), "{error}");
        }
    }

    #[test]
    fn the_description_has_the_address_and_no_key() {
        let key = SecretString::new("01".repeat(32));
        let wallet = LocalWallet::from_hex(&key).unwrap();
        let shown = format!("{} {wallet:?}", wallet.describe());
        assert!(shown.contains("0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1"), "{shown}");
        assert!(!shown.contains("01010101"), "{shown}");
    }
}
