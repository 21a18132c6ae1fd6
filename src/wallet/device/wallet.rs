//! The account of a device as a [`Wallet`].

use std::sync::{Arc, Mutex, PoisonError};

use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope, TypedTransaction};
use alloy::eips::Encodable2718;
use alloy::network::{Ethereum, NetworkTransactionBuilder, TransactionBuilder};
use alloy::rpc::types::TransactionRequest;
use alloy_primitives::{Address, B256, keccak256};
use async_trait::async_trait;

use super::{Device, DeviceClient, DeviceError, DeviceKind};
use crate::request::{Request, Signature, Step};
use crate::secret::Secret;
use crate::wallet::{HdPath, Node, TypedData, Wallet, WalletError};

/// An account of a Ledger or a Trezor. Every signature is confirmed on it.
#[derive(Clone, Debug)]
pub struct DeviceWallet {
    device: Device,
    path: Arc<HdPath>,
    address: Address,
    /// What the next transaction is for.
    explained: Arc<Mutex<Option<String>>>,
}

impl Device {
    /// The wallet at `path`.
    ///
    /// # Errors
    /// Those of the device.
    pub async fn wallet(&self, path: HdPath) -> Result<DeviceWallet, DeviceError> {
        let address = self.address(&path).await?;
        let (device, path) = (self.clone(), Arc::new(path));
        Ok(DeviceWallet { device, path, address, explained: Arc::default() })
    }
}

impl DeviceWallet {
    /// Whose device it is on.
    pub fn kind(&self) -> DeviceKind {
        self.device.kind()
    }

    /// Where the account is.
    pub fn path(&self) -> &HdPath {
        &self.path
    }

    /// What the next transaction is for, in words for the person at the device.
    pub fn explain(&self, what: &str) {
        *self.explained.lock().unwrap_or_else(PoisonError::into_inner) = Some(what.to_owned());
    }

    fn explained(&self) -> Option<String> {
        self.explained.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Has the device sign, once it is seen that it still is the same wallet: another passphrase,
    /// or another device, gives another address. Only a signature of `digest` by it counts.
    async fn signed(
        &self,
        digest: B256,
        sign: impl FnOnce(&mut dyn DeviceClient, &HdPath) -> Result<Secret<Signature>, DeviceError>
        + Send
        + 'static,
    ) -> Result<Secret<Signature>, WalletError> {
        let (path, expected, device) = (self.path.clone(), self.address, self.device.kind());
        let signature = self.device.ask(move |client| {
            let found = client.address(&path)?;
            if found != expected {
                return Err(DeviceError::OtherWallet { device, expected, found });
            }
            sign(client, &path)
        });
        let signature = signature.await?;
        match signature.expose().recover_digest(&digest) {
            Ok(recovered) if recovered == self.address => Ok(signature),
            Ok(recovered) => Err(WalletError::ForeignSignature { wallet: self.address, recovered }),
            Err(error) => Err(WalletError::Signature(error)),
        }
    }

    /// The EIP-2718 bytes of a complete transaction, signed.
    async fn sign_transaction(
        &self,
        transaction: TransactionRequest,
    ) -> Result<Vec<u8>, WalletError> {
        let transaction = unsigned(transaction)?;
        let digest = transaction.signature_hash();
        let to_sign = transaction.clone();
        let what = match self.explained() {
            Some(what) => format!("the transaction: {what}"),
            None => format!("the transaction number {} of the account", transaction.nonce),
        };
        let signature =
            self.signed(digest, move |client, path| client.sign_transaction(path, &to_sign, &what));
        let signature = signature.await?;
        let rsv = signature.expose().as_bytes();
        let signature =
            alloy_primitives::Signature::from_bytes_and_parity(&rsv[..64], rsv[64] == 28);
        Ok(TxEnvelope::from(transaction.into_signed(signature)).encoded_2718())
    }
}

/// The only kind that both devices take without being told what it is.
fn unsigned(transaction: TransactionRequest) -> Result<TxEip1559, WalletError> {
    let refused = |error: String| WalletError::Transaction(error);
    match NetworkTransactionBuilder::<Ethereum>::build_unsigned(transaction) {
        Ok(TypedTransaction::Eip1559(transaction)) => Ok(transaction),
        Ok(other) => Err(refused(format!(
            "a device signs those of EIP-1559, and this is of type {}",
            other.tx_type()
        ))),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// What a person confirms, and why.
fn words(request: &Request<'_>) -> String {
    let of = match request.name() {
        Some(name) => format!(" of {name}"),
        None => String::new(),
    };
    match request.step() {
        Step::Sign1 => format!("SIGN 1, which makes the IPNS key{of}"),
        Step::Sign2 => format!("SIGN 2, which makes the records signer{of}"),
        Step::Sign3 => format!("SIGN 3, the approval of the records signer{of}"),
        Step::Sign4 => format!("SIGN 4, a record{of}"),
        Step::Redirect => format!("the redirect{of}"),
        Step::Keypairs => format!("the text that makes the keys for this resolver{of}"),
        Step::ApproveData => format!("the approval of a data signer{of}"),
        Step::UpdateData => format!("a record{of}"),
        Step::Nostr => "the text that makes the nostr key".to_owned(),
        Step::StealthKeys => format!("the text that makes the stealth keys{of}"),
        Step::Encryption => format!("the text that makes the invoice key{of}"),
        Step::PostRecords => format!("the time of a posting{of}"),
    }
}

#[async_trait]
impl Wallet for DeviceWallet {
    fn address(&self) -> Address {
        self.address
    }

    async fn sign(&self, request: &Request<'_>) -> Result<Secret<Signature>, WalletError> {
        let (text, what) = (request.to_string(), words(request));
        let digest = crate::request::eip191_digest(&text);
        self.signed(digest, move |client, path| client.sign_text(path, &text, &what)).await
    }

    async fn sign_typed(&self, data: &TypedData) -> Result<Secret<Signature>, WalletError> {
        let (digest, data) = (data.digest(), data.clone());
        self.signed(digest, move |client, path| client.sign_typed(path, &data, "typed data")).await
    }

    async fn send(
        &self,
        transaction: TransactionRequest,
        node: &dyn Node,
    ) -> Result<B256, WalletError> {
        let filled = node.fill(transaction.with_from(self.address)).await;
        let raw = self.sign_transaction(filled.map_err(WalletError::Node)?).await?;
        let sent = node.broadcast(&raw).await;
        sent.map_err(|source| WalletError::NotSent { hash: keccak256(&raw), source })
    }

    fn asks_a_person(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        format!("{} account {} ({})", self.device.kind(), self.path, self.address)
    }
}
