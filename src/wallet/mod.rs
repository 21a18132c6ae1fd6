//! Wallets: whatever can sign for an Ethereum account: the texts of this crate (EIP-191), typed
//! data (EIP-712), and transactions.
//!
//! A wallet sends its transactions itself, since not all hand out what they signed: one whose key
//! is here, or on a device, has a [`Node`] complete and broadcast them; one in a browser has nodes
//! of its own.
//!
//! The library never prompts: callers bring passwords, mnemonics and files. A wallet that
//! asks a person, on a device or in a browser, says so by [`Wallet::asks_a_person`].

pub mod device;
mod error;
mod external;
mod hd_path;
mod keystore;
mod local;
mod mnemonic;
mod node;
mod typed;

pub use error::{BrowserError, KeystoreError, MnemonicError, WalletError};
pub use external::ExternalWallet;
pub use hd_path::HdPath;
pub use keystore::{account_path, check_keystore, keystore_address, keystore_text, open_keystore};
pub use local::LocalWallet;
pub use mnemonic::{open_mnemonic, open_mnemonic_with};
pub use node::{Node, NodeError};
pub use typed::TypedData;

use alloy::rpc::types::TransactionRequest;
pub use alloy_primitives::Address;
use alloy_primitives::B256;
use async_trait::async_trait;

use crate::keys::SignerKey;
use crate::request::{Request, Signature};
use crate::secret::Secret;

/// An account that signs.
#[async_trait]
pub trait Wallet: Send + Sync {
    /// The account.
    fn address(&self) -> Address;

    /// Signs the exact text of `request` under EIP-191; `v` is 27 or 28.
    ///
    /// Secret because the signatures of SIGN 1 and 2 are key seeds; those of SIGN 3 and 4 are
    /// public, and whoever asked for them exposes them.
    async fn sign(&self, request: &Request<'_>) -> Result<Secret<Signature>, WalletError>;

    /// Signs typed data (EIP-712), whatever its domain: whoever asks has checked that.
    ///
    /// # Errors
    /// [`WalletError::NoTypedData`] where the wallet signs texts alone.
    async fn sign_typed(&self, _data: &TypedData) -> Result<Secret<Signature>, WalletError> {
        Err(WalletError::NoTypedData { wallet: self.address() })
    }

    /// Sends a transaction of this account: recipient, data and value, and with gas limit and
    /// fees where they are decided. Its hash, once it was handed to a node.
    ///
    /// # Errors
    /// [`WalletError::NoTransactions`] where the wallet signs texts alone;
    /// [`WalletError::Node`] and [`WalletError::NotSent`] when `node` fails.
    async fn send(
        &self,
        _transaction: TransactionRequest,
        _node: &dyn Node,
    ) -> Result<B256, WalletError> {
        Err(WalletError::NoTransactions { wallet: self.address() })
    }

    /// Whether each signature costs a person a confirmation.
    fn asks_a_person(&self) -> bool {
        false
    }

    /// The key itself where it is in memory: thousands of SIGN 3 can then be made in parallel.
    fn local_key(&self) -> Option<&SignerKey> {
        None
    }

    /// What it is, for people: kind, origin and address, never a secret.
    fn describe(&self) -> String;
}

/// Signs `request` and checks that the signature is `wallet`'s under EIP-191.
///
/// # Errors
/// [`WalletError::ForeignSignature`] when it recovers to another address, besides the wallet's
/// own errors.
pub async fn sign_checked(
    wallet: &dyn Wallet,
    request: &Request<'_>,
) -> Result<Secret<Signature>, WalletError> {
    let signature = wallet.sign(request).await?;
    check(wallet.address(), request, signature.expose())?;
    Ok(signature)
}

/// Signs `request` twice, checks both signatures and compares them: keys can only be derived from
/// a wallet that gives the same signature each time (RFC 6979).
///
/// # Errors
/// [`WalletError::NotDeterministic`] when they differ, besides those of [`sign_checked`].
pub async fn sign_twice(
    wallet: &dyn Wallet,
    request: &Request<'_>,
) -> Result<Secret<Signature>, WalletError> {
    let first = sign_checked(wallet, request).await?;
    let second = sign_checked(wallet, request).await?;
    if first.expose() == second.expose() {
        Ok(first)
    } else {
        Err(WalletError::NotDeterministic { wallet: wallet.address() })
    }
}

fn check(wallet: Address, request: &Request<'_>, signature: &Signature) -> Result<(), WalletError> {
    match request.recover(signature) {
        Ok(recovered) if recovered == wallet => Ok(()),
        Ok(recovered) => Err(WalletError::ForeignSignature { wallet, recovered }),
        Err(error) => Err(WalletError::Signature(error)),
    }
}

#[cfg(test)]
pub(crate) use typed::tests::example as example_of_typed_data;

#[cfg(test)]
mod contract_tests;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;
    use crate::ens::Name;
    use crate::secret::SecretString;

    const KEY: &str = "0x57b581c85e486de738b3464a77f84b5228aad1aad140d86eaf69ca241b954131";

    fn request(name: &Name) -> Request<'_> {
        let (signer, owner) = (Address::ZERO, Address::ZERO);
        Request::ApproveSigner { name, chain_id: 1, signer, owner }
    }

    /// Signs each time with another text appended, or always under the wrong scheme.
    struct Odd {
        key: SignerKey,
        calls: AtomicU8,
        raw_eth_sign: bool,
    }

    impl Odd {
        fn new(raw_eth_sign: bool) -> Self {
            let key = SignerKey::from_hex(&SecretString::new(KEY.into())).unwrap();
            Self { key, calls: AtomicU8::new(0), raw_eth_sign }
        }
    }

    #[async_trait]
    impl Wallet for Odd {
        fn address(&self) -> Address {
            self.key.address()
        }

        async fn sign(&self, request: &Request<'_>) -> Result<Secret<Signature>, WalletError> {
            let text = &request.to_string();
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            let signature = if self.raw_eth_sign {
                self.key.sign_digest(&alloy_primitives::keccak256(text))
            } else if call == 0 {
                self.key.sign_text(text)
            } else {
                // Another nonce for the same text, as a randomised signer gives it.
                randomised(&self.key, text)
            };
            Ok(Secret::new(signature))
        }

        fn describe(&self) -> String {
            "test wallet".into()
        }
    }

    /// A valid signature of `text` with the nonce 7, which RFC 6979 would not choose.
    fn randomised(key: &SignerKey, text: &str) -> Signature {
        use k256::elliptic_curve::{PrimeField, sec1::ToEncodedPoint};
        use k256::{ProjectivePoint, Scalar};
        let scalar =
            |bytes: &[u8]| Scalar::from_repr(<[u8; 32]>::try_from(bytes).unwrap().into()).unwrap();
        let nonce = Scalar::from(7u64);
        let point = (ProjectivePoint::GENERATOR * nonce).to_affine().to_encoded_point(true);
        let r = scalar(&point.as_bytes()[1..]);
        let z = scalar(crate::request::eip191_digest(text).as_slice());
        let s = nonce.invert().unwrap() * (z + r * scalar(key.scalar().expose()));
        let mut rsv = [0; 65];
        rsv[..32].copy_from_slice(&r.to_repr());
        for (s, flipped) in [(s, 0), (-s, 1)] {
            rsv[32..64].copy_from_slice(&s.to_repr());
            rsv[64] = 27 + ((point.as_bytes()[0] & 1) ^ flipped);
            if let Ok(signature) = Signature::from_rsv(rsv) {
                return signature;
            }
        }
        unreachable!("one of s and -s is low")
    }

    #[tokio::test]
    async fn a_deterministic_wallet_passes() {
        let wallet = LocalWallet::from_hex(&SecretString::new(KEY.into())).unwrap();
        let name = Name::parse("nick.eth").unwrap();
        let signature = sign_twice(&wallet, &request(&name)).await.unwrap();
        assert_eq!(request(&name).recover(signature.expose()), Ok(wallet.address()));
    }

    #[tokio::test]
    async fn signatures_that_differ_are_refused() {
        let wallet = Odd::new(false);
        let name = Name::parse("nick.eth").unwrap();
        let error = sign_twice(&wallet, &request(&name)).await.unwrap_err();
        assert!(matches!(error, WalletError::NotDeterministic { .. }), "{error}");
    }

    #[tokio::test]
    async fn raw_eth_sign_is_refused() {
        let name = Name::parse("nick.eth").unwrap();
        let error = sign_twice(&Odd::new(true), &request(&name)).await.unwrap_err();
        assert!(matches!(error, WalletError::ForeignSignature { .. }), "{error}");
        assert!(error.to_string().contains("eth_sign"), "{error}");
    }
}
