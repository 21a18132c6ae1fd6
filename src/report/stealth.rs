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

/// `stealth pay`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StealthPayReport {
    /// The name whose record says the meta-address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The payee.
    pub meta_address: String,
    /// Where it is paid to.
    pub address: String,
    /// What is announced.
    pub ephemeral_public_key: String,
    /// The same, one byte in hex.
    pub view_tag: String,
    /// The token's contract; `null` for ether.
    pub token: Option<String>,
    /// How much, in the smallest unit, in decimal.
    pub amount: String,
    /// How much, in words.
    pub shown: String,
    /// Whether it was begun by a command before.
    pub resumed: bool,
    /// Whether all of it is mined.
    pub paid: bool,
    /// What was missing, and what came of it.
    pub transactions: Vec<TransactionReport>,
    /// The file for a multisig.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe: Option<String>,
}

/// `stealth scan`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StealthScanReport {
    /// The chain.
    pub chain_id: u64,
    /// Whose payments.
    pub meta_address: String,
    /// The first block that was read.
    pub from_block: u64,
    /// The last.
    pub to_block: u64,
    /// Announcements of the scheme that were looked at.
    pub announcements: u64,
    /// What was passed over.
    pub skipped: SkippedReport,
    /// All that were found, by this scan and those before.
    pub payments: Vec<StealthPaymentReport>,
}

/// What a scan passed over.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SkippedReport {
    /// What is no announcement of the scheme.
    pub malformed: u64,
    /// Of other schemes.
    pub other_scheme: u64,
    /// Taken back with their block.
    pub removed: u64,
}

/// A payment that was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StealthPaymentReport {
    /// The address.
    pub address: String,
    /// What leads to it.
    pub ephemeral_public_key: String,
    /// The same, one byte in hex.
    pub view_tag: String,
    /// The block of the announcement.
    pub block: u64,
    /// Its transaction.
    pub transaction: String,
    /// What the payer says was paid: `ether`, or a token's contract.
    pub asset: Option<String>,
    /// How much the payer says, in the smallest unit, in decimal.
    pub amount: Option<String>,
    /// What is there, in wei, in decimal; `null` where nobody asked.
    pub balance: Option<String>,
    /// Of that token, in its smallest unit.
    pub token_balance: Option<String>,
}

/// `stealth sweep`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StealthSweepReport {
    /// The address.
    pub address: String,
    /// Where to.
    pub to: String,
    /// The token's contract; `null` for ether.
    pub token: Option<String>,
    /// The transaction.
    pub transactions: Vec<TransactionReport>,
}
