//! Reports of `invoice`.

use serde::{Deserialize, Serialize};

use super::TransactionReport;

/// `invoice key`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvoiceKeyReport {
    /// Whose key.
    pub name: String,
    /// The record that holds its public half.
    pub record: String,
    /// That half: 344 characters of base64.
    pub rsa: String,
    /// The file of the private key, where one was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// `invoice request`: what is wanted to be published.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvoiceRequestReport {
    /// Whose record.
    pub name: String,
    /// Which.
    pub record: String,
    /// Who is asked.
    pub payer: String,
    /// Who is to be paid.
    pub payee: String,
    /// Ether.
    pub amount: String,
}

/// `invoice show`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvoiceReport {
    /// Who published it, by a verified record; absent for a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who is asked.
    pub payer: String,
    /// Who is to be paid.
    pub payee: String,
    /// Ether.
    pub amount: String,
}

/// `invoice pay`: the invoice, and what was or would be sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvoicePayReport {
    /// The invoice.
    #[serde(flatten)]
    pub invoice: InvoiceReport,
    /// The payee's account.
    pub address: String,
    /// Wei.
    pub value: String,
    /// The chain.
    pub chain_id: u64,
    /// For a wallet elsewhere (ERC-681).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The transfer.
    pub transactions: Vec<TransactionReport>,
    /// The file for a multisig.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe: Option<String>,
}
