//! The air-gapped wallet: signatures are made elsewhere and brought as files.

use std::collections::HashMap;

use alloy_primitives::Address;
use async_trait::async_trait;

use super::{Wallet, WalletError, check};
use crate::request::{Request, Signature};
use crate::secret::Secret;

/// An account of which only the address is known, and signatures that it made elsewhere.
#[derive(Clone, Debug)]
pub struct ExternalWallet {
    address: Address,
    /// By the text that was signed.
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

    /// Adds a signature of `request`. A second one is compared with the first.
    ///
    /// # Errors
    /// [`WalletError::ForeignSignature`] unless it recovers to the wallet under EIP-191;
    /// [`WalletError::NotDeterministic`] when it differs from the first.
    pub fn add(
        &mut self,
        request: &Request<'_>,
        signature: Secret<Signature>,
    ) -> Result<(), WalletError> {
        check(self.address, request, signature.expose())?;
        match self.signatures.get_mut(&request.to_string()) {
            Some(first) if first.signature.expose() != signature.expose() => {
                return Err(WalletError::NotDeterministic { wallet: self.address });
            }
            Some(first) => first.compared = true,
            None => {
                let brought = Brought { signature, compared: false };
                self.signatures.insert(request.to_string(), brought);
            }
        }
        Ok(())
    }

    /// Whether two equal signatures of `request` were brought. From one alone it cannot be seen
    /// that the wallet always signs the same.
    pub fn is_compared(&self, request: &Request<'_>) -> bool {
        self.signatures.get(&request.to_string()).is_some_and(|brought| brought.compared)
    }
}

#[async_trait]
impl Wallet for ExternalWallet {
    fn address(&self) -> Address {
        self.address
    }

    async fn sign(&self, request: &Request<'_>) -> Result<Secret<Signature>, WalletError> {
        let found = self.signatures.get(&request.to_string());
        found.map(|brought| brought.signature.clone()).ok_or_else(|| {
            let name = request.name().cloned();
            WalletError::SignatureMissing { wallet: self.address, step: request.step(), name }
        })
    }

    fn describe(&self) -> String {
        format!("signatures made elsewhere ({})", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SignerKey;
    use crate::request::{Caip10, Extradata, Origin};
    use crate::secret::SecretString;
    use crate::wallet::sign_twice;

    fn requests_and_key() -> (Request<'static>, Request<'static>, SignerKey) {
        let key = SignerKey::from_hex(&SecretString::new("01".repeat(32))).unwrap();
        let extradata = Extradata::of_password(&SecretString::new(String::new()), key.address());
        let (origin, wallet) = (Origin::Wallet(key.address()), Caip10::new(1, key.address()));
        let sign1 = Request::GenerateIpnsKey { origin, extradata, wallet };
        let sign2 = Request::GenerateRecordsSigner { origin, extradata, wallet };
        (sign1, sign2, key)
    }

    #[tokio::test]
    async fn gives_back_what_was_brought_and_names_what_is_missing() {
        let (sign1, sign2, key) = requests_and_key();
        let mut wallet = ExternalWallet::new(key.address());
        wallet.add(&sign1, Secret::new(key.sign(&sign1))).unwrap();
        assert!(!wallet.is_compared(&sign1));
        let found = sign_twice(&wallet, &sign1).await.unwrap();
        assert!(*found.expose() == key.sign(&sign1));
        let error = sign_twice(&wallet, &sign2).await.unwrap_err();
        assert!(error.to_string().ends_with("was given for sign-2"), "{error}");
        wallet.add(&sign1, Secret::new(key.sign(&sign1))).unwrap();
        assert!(wallet.is_compared(&sign1));
    }

    #[test]
    fn signatures_of_another_text_scheme_or_key_are_refused() {
        let (sign1, sign2, key) = requests_and_key();
        let other = SignerKey::from_hex(&SecretString::new("02".repeat(32))).unwrap();
        let mut wallet = ExternalWallet::new(key.address());
        for foreign in [
            key.sign(&sign2),
            key.sign_digest(&alloy_primitives::keccak256(sign1.to_string())),
            other.sign(&sign1),
        ] {
            let error = wallet.add(&sign1, Secret::new(foreign)).unwrap_err();
            assert!(matches!(
                error,
                WalletError::ForeignSignature { .. } | WalletError::Signature(_)
            ));
        }
    }
}
