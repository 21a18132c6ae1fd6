//! Wallets whose key is in memory, wherever it came from.

use alloy::eips::Encodable2718;
use alloy::network::{Ethereum, EthereumWallet, NetworkTransactionBuilder};
use alloy::rpc::types::TransactionRequest;
use alloy::signers::local::PrivateKeySigner;
use alloy_primitives::{Address, B256, Bytes};
use async_trait::async_trait;

use super::{Wallet, WalletError};
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

    /// The key.
    pub fn key(&self) -> &SignerKey {
        &self.key
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

    async fn sign_transaction(
        &self,
        transaction: TransactionRequest,
    ) -> Result<Bytes, WalletError> {
        let refused = |error: &dyn std::fmt::Display| WalletError::Transaction(error.to_string());
        let scalar = self.key.scalar();
        let signer = PrivateKeySigner::from_bytes(&B256::from(*scalar.expose()))
            .map_err(|error| refused(&error))?;
        let wallet = EthereumWallet::from(signer);
        let built = NetworkTransactionBuilder::<Ethereum>::build(transaction, &wallet).await;
        Ok(built.map_err(|error| refused(&error))?.encoded_2718().into())
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

    /// EIP-1559's own fields, recovered from what was signed.
    #[tokio::test]
    async fn signs_transactions_and_names_what_they_lack() {
        use alloy::consensus::TxEnvelope;
        use alloy::consensus::transaction::SignerRecoverable;
        use alloy::eips::Decodable2718;
        use alloy::network::TransactionBuilder;
        let wallet = LocalWallet::from_hex(&SecretString::new("01".repeat(32))).unwrap();
        let request = TransactionRequest::default().with_to(Address::repeat_byte(2));
        let error = wallet.sign_transaction(request.clone()).await.unwrap_err();
        assert!(error.to_string().contains("nonce"), "{error}");
        let request = request.with_nonce(7).with_chain_id(1).with_gas_limit(21_000);
        let request = request.with_max_fee_per_gas(3).with_max_priority_fee_per_gas(2);
        let bytes = wallet.sign_transaction(request).await.unwrap();
        let signed = TxEnvelope::decode_2718(&mut &bytes[..]).unwrap();
        assert!(signed.is_eip1559());
        assert_eq!(signed.recover_signer().unwrap(), wallet.address());

        let elsewhere = crate::wallet::ExternalWallet::new(wallet.address());
        let error = elsewhere.sign_transaction(TransactionRequest::default()).await.unwrap_err();
        assert!(matches!(error, WalletError::NoTransactions { .. }), "{error}");
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
