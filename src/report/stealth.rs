//! The reports of `stealth`.

use serde::{Deserialize, Serialize};

use super::TransactionReport;

/// `stealth keys`: the public halves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StealthKeysReport {
    /// The origin in the text.
    pub origin: String,
    /// The chain id in it.
    pub chain_id: u64,
    /// The wallet.
    pub wallet: String,
    /// What is published: `st:eth:0x…`.
    pub meta_address: String,
    /// Its first half.
    pub spending_public_key: String,
    /// Its second half.
    pub viewing_public_key: String,
    /// Key files that were written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exported: Vec<String>,
}

/// `stealth set`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StealthSetReport {
    /// Whose record; `null` where none was set.
    pub name: Option<String>,
    /// Which.
    pub record: Option<String>,
    /// Its value, or what is registered.
    pub meta_address: String,
    /// The draft ENSIP's bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<String>,
    /// Transactions that register it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transactions: Vec<TransactionReport>,
    /// The file for a multisig.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe: Option<String>,
}

/// `stealth address`: a fresh address of a payee.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StealthAddressReport {
    /// The name whose record says the meta-address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The payee.
    pub meta_address: String,
    /// Where to pay to.
    pub address: String,
    /// What is to be announced.
    pub ephemeral_public_key: String,
    /// The same, one byte in hex.
    pub view_tag: String,
}
