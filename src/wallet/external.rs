//! The air-gapped wallet: signatures are made elsewhere and brought as files.

use std::collections::HashMap;

use alloy_primitives::Address;
use futures_util::future::{self, BoxFuture};

use super::{Wallet, WalletError, check};
use crate::request::Signature;
use crate::secret::Secret;

/// An account of which only the address is known, and signatures that it made elsewhere.
#[derive(Clone, Debug)]
pub struct ExternalWallet {
    address: Address,
    signatures: HashMap<String, Brought>,
}

#[derive(Clone, Debug)]
struct Brought {
    signature: Secret<Signature>,
    compared: bool,
}

impl ExternalWallet {
    /// The account `address`, as yet without signatures.
    pub fn new(address: Address) -> Self {
        Self { address, signatures: HashMap::new() }
    }

    /// Adds a signature of `text`. A second one for the same text is compared with the first.
    ///
    /// # Errors
    /// [`WalletError::ForeignSignature`] unless it recovers to the wallet under EIP-191;
    /// [`WalletError::NotDeterministic`] when it differs from the first.
    pub fn add(&mut self, text: &str, signature: Secret<Signature>) -> Result<(), WalletError> {
        check(self.address, text, signature.expose())?;
        match self.signatures.get_mut(text) {
            Some(first) if first.signature.expose() != signature.expose() => {
                return Err(WalletError::NotDeterministic { wallet: self.address });
            }
            Some(first) => first.compared = true,
            None => {
                let brought = Brought { signature, compared: false };
                self.signatures.insert(text.to_owned(), brought);
            }
        }
        Ok(())
    }

    /// Whether two equal signatures of `text` were brought. From one alone it cannot be seen
    /// that the wallet always signs the same.
    pub fn is_compared(&self, text: &str) -> bool {
        self.signatures.get(text).is_some_and(|brought| brought.compared)
    }
}

impl Wallet for ExternalWallet {
    fn address(&self) -> Address {
        self.address
    }

    fn sign_message<'a>(
        &'a self,
        text: &'a str,
    ) -> BoxFuture<'a, Result<Secret<Signature>, WalletError>> {
        let found = self.signatures.get(text).map(|brought| brought.signature.clone());
        Box::pin(future::ready(found.ok_or_else(|| WalletError::SignatureMissing {
            wallet: self.address,
            step: step_of(text),
            text: text.to_owned(),
        })))
    }

    fn describe(&self) -> String {
        format!("signatures made elsewhere ({})", self.address)
    }
}

/// Which request `text` is, by its first line: `sign-1` to `sign-4`.
pub fn step_of(text: &str) -> Option<&'static str> {
    match text.lines().next()? {
        "Requesting Signature To Generate IPNS Key" => Some("sign-1"),
        "Requesting Signature To Generate ENS Records Signer" => Some("sign-2"),
        "Requesting Signature To Approve ENS Records Signer" => Some("sign-3"),
        "Requesting Signature To Update ENS Record" => Some("sign-4"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SignerKey;
    use crate::request::{Caip10, Extradata, generate_ipns_key, generate_records_signer};
    use crate::secret::SecretString;
    use crate::wallet::sign_twice;

    fn texts_and_key() -> (String, String, SignerKey) {
        let key = SignerKey::from_hex(&SecretString::new("01".repeat(32))).unwrap();
        let extradata = Extradata::of_password(&SecretString::new(String::new()), key.address());
        let caip10 = Caip10::new(1, key.address());
        let sign1 = generate_ipns_key("nick.eth", extradata, &caip10);
        let sign2 = generate_records_signer("nick.eth", extradata, &caip10);
        (sign1, sign2, key)
    }

    #[tokio::test]
    async fn gives_back_what_was_brought_and_names_what_is_missing() {
        let (sign1, sign2, key) = texts_and_key();
        let mut wallet = ExternalWallet::new(key.address());
        wallet.add(&sign1, Secret::new(key.sign_text(&sign1))).unwrap();
        assert!(!wallet.is_compared(&sign1));
        let found = sign_twice(&wallet, &sign1).await.unwrap();
        assert!(*found.expose() == key.sign_text(&sign1));
        let error = sign_twice(&wallet, &sign2).await.unwrap_err();
        assert!(error.to_string().ends_with("was given for sign-2"), "{error}");
        wallet.add(&sign1, Secret::new(key.sign_text(&sign1))).unwrap();
        assert!(wallet.is_compared(&sign1));
    }

    #[test]
    fn signatures_of_another_text_scheme_or_key_are_refused() {
        let (sign1, sign2, key) = texts_and_key();
        let other = SignerKey::from_hex(&SecretString::new("02".repeat(32))).unwrap();
        let mut wallet = ExternalWallet::new(key.address());
        for foreign in [
            key.sign_text(&sign2),
            key.sign_digest(&alloy_primitives::keccak256(&sign1)),
            other.sign_text(&sign1),
        ] {
            let error = wallet.add(&sign1, Secret::new(foreign)).unwrap_err();
            assert!(matches!(
                error,
                WalletError::ForeignSignature { .. } | WalletError::Signature(_)
            ));
        }
    }

    #[test]
    fn steps_are_named() {
        let (sign1, sign2, _) = texts_and_key();
        assert_eq!((step_of(&sign1), step_of(&sign2)), (Some("sign-1"), Some("sign-2")));
        assert_eq!(step_of("Requesting"), None);
    }
}
