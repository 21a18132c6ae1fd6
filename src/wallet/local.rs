//! Wallets whose key is in memory, wherever it came from.

use alloy::eips::Encodable2718;
use alloy::network::{Ethereum, EthereumWallet, NetworkTransactionBuilder, TransactionBuilder};
use alloy::rpc::types::TransactionRequest;
use alloy::signers::local::PrivateKeySigner;
use alloy_primitives::{Address, B256, keccak256};
use async_trait::async_trait;

use super::{Node, TypedData, Wallet, WalletError};
use crate::keys::{SignerKey, SignerKeyError};
use crate::request::{Request, Signature};
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

    /// In a word what it came from: `private-key`, `mnemonic` or `keystore`.
    pub fn kind(&self) -> &'static str {
        match self.source.split(' ').next() {
            Some("mnemonic") => "mnemonic",
            Some("keystore") => "keystore",
            _ => "private-key",
        }
    }

    /// The key.
    pub fn key(&self) -> &SignerKey {
        &self.key
    }

    /// The EIP-2718 bytes of a complete transaction, signed.
    async fn sign_transaction(
        &self,
        transaction: TransactionRequest,
    ) -> Result<Vec<u8>, WalletError> {
        let refused = |error: &dyn std::fmt::Display| WalletError::Transaction(error.to_string());
        let scalar = self.key.scalar();
        let signer = PrivateKeySigner::from_bytes(&B256::from(*scalar.expose()))
            .map_err(|error| refused(&error))?;
        let wallet = EthereumWallet::from(signer);
        let built = NetworkTransactionBuilder::<Ethereum>::build(transaction, &wallet).await;
        Ok(built.map_err(|error| refused(&error))?.encoded_2718())
    }
}

#[async_trait]
impl Wallet for LocalWallet {
    fn address(&self) -> Address {
        self.key.address()
    }

    async fn sign(&self, request: &Request<'_>) -> Result<Secret<Signature>, WalletError> {
        Ok(Secret::new(self.key.sign(request)))
    }

    async fn sign_typed(&self, data: &TypedData) -> Result<Secret<Signature>, WalletError> {
        Ok(Secret::new(self.key.sign_digest(&data.digest())))
    }

    async fn send(
        &self,
        transaction: TransactionRequest,
        node: &dyn Node,
    ) -> Result<B256, WalletError> {
        let filled = node.fill(transaction.with_from(self.address())).await;
        let raw = self.sign_transaction(filled.map_err(WalletError::Node)?).await?;
        let sent = node.broadcast(&raw).await;
        sent.map_err(|source| WalletError::NotSent { hash: keccak256(&raw), source })
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
