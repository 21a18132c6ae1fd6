//! The requests of a wallet in the words of EIP-1193: what its methods are called, and what they take.

use alloy::network::TransactionBuilder;
use alloy::rpc::types::TransactionRequest;
use alloy_primitives::{Address, B256, hex};
use async_trait::async_trait;
use serde_json::{Value, json};

use super::state::Call;
use super::{BrowserWallet, words};
use crate::request::{Request, Signature};
use crate::secret::Secret;
use crate::wallet::{BrowserError, Node, TypedData, Wallet, WalletError};

#[async_trait]
impl Wallet for BrowserWallet {
    fn address(&self) -> Address {
        self.0.account
    }

    async fn sign(&self, request: &Request<'_>) -> Result<Secret<Signature>, WalletError> {
        let text = request.to_string();
        let words = words::of_request(request, self.0.desk.shared.was_asked(&text));
        let params = json!([hex::encode_prefixed(&text), self.0.account.to_string()]);
        let call = Call { method: "personal_sign", params, chain: None };
        self.ask(words, text, call, |answer| {
            self.signature(answer, |signature| request.recover(signature))
        })
        .await
    }

    async fn sign_typed(&self, data: &TypedData) -> Result<Secret<Signature>, WalletError> {
        let chain = data.json()["domain"]["chainId"].as_u64().map(|id| self.chain(id));
        let params = json!([self.0.account.to_string(), data.json().to_string()]);
        let call = Call { method: "eth_signTypedData_v4", params, chain };
        let words = words::of_typed(self.explained());
        self.ask(words, format!("{:#}", data.json()), call, |answer| {
            self.signature(answer, |signature| signature.recover_digest(&data.digest()))
        })
        .await
    }

    /// The wallet has nodes of its own. The nonce stays as it was found: where a page is closed in
    /// the middle and the same is asked again, one of both can be mined at most.
    async fn send(
        &self,
        transaction: TransactionRequest,
        node: &dyn Node,
    ) -> Result<B256, WalletError> {
        let transaction = node.fill(transaction.with_from(self.0.account)).await;
        let transaction = transaction.map_err(WalletError::Node)?;
        let id = transaction
            .chain_id
            .ok_or_else(|| WalletError::Transaction("its chain is not known".to_owned()))?;
        let params = parameters(&transaction)?;
        let text = shown(&transaction, id);
        let call = Call {
            method: "eth_sendTransaction",
            params: json!([params]),
            chain: Some(self.chain(id)),
        };
        let words = words::of_transaction(self.explained());
        let what = words.title.clone();
        self.ask(words, text, call, |answer| {
            answer.expose().trim().parse().map_err(|_| {
                let why = "its wallet answered with something that is no transaction's hash";
                BrowserError::Unusable { what, why: why.to_owned() }.into()
            })
        })
        .await
    }

    fn asks_a_person(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        format!("a wallet in the browser ({})", self.0.account)
    }
}

/// A transaction as wallets take it: what is called `input` elsewhere is `data`, the one name that
/// all of them know. MetaMask leaves out what it does not know, and would send an empty call.
fn parameters(transaction: &TransactionRequest) -> Result<Value, WalletError> {
    let params = serde_json::to_value(transaction);
    let mut params = params.map_err(|error| WalletError::Transaction(error.to_string()))?;
    if let Some(fields) = params.as_object_mut()
        && let Some(input) = fields.remove("input")
    {
        fields.insert("data".to_owned(), input);
    }
    Ok(params)
}

/// A transaction, as a person compares it with what the wallet shows.
fn shown(transaction: &TransactionRequest, chain: u64) -> String {
    let to = transaction.to.and_then(|to| to.to().copied());
    let to = to.map_or_else(|| "a new contract".to_owned(), |to| to.to_string());
    let value = transaction.value.unwrap_or_default();
    let data = transaction.input.input().cloned().unwrap_or_default();
    format!("Chain: {chain}\nTo: {to}\nValue: {value} wei\nData: {data}")
}
