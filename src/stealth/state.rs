//! How far announcements were read, and which were the payee's.

use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

use super::{Announcement, Look, MetaAddress, PublicKey, ReadLog, StealthAddress, Viewer};
use crate::json;

/// The version of the file.
const VERSION: u32 = 1;
/// So many blocks before the newest are read again the next time: until then a fork may replace
/// them. Two epochs of Ethereum, after which a block is final.
pub(super) const MARGIN: u64 = 64;

/// A payment that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// The address, whose key `stealth export` gives.
    pub address: Address,
    /// What leads to it.
    pub ephemeral_public_key: PublicKey,
    /// The view tag.
    pub view_tag: u8,
    /// The block of the announcement.
    pub block: u64,
    /// Its transaction.
    pub transaction: B256,
    /// Its place among the block's logs.
    pub index: u64,
    /// The contract of what the payer says was paid.
    pub asset: Option<Address>,
    /// How much the payer says, in its smallest unit.
    pub amount: Option<U256>,
}

impl Found {
    /// As [`Viewer::look`] tells it.
    fn new(to: StealthAddress, announcement: &Announcement) -> Self {
        let claim = announcement.claim();
        Self {
            address: to.address,
            ephemeral_public_key: to.ephemeral,
            view_tag: to.view_tag,
            block: announcement.block,
            transaction: announcement.transaction,
            index: announcement.index,
            asset: claim.map(|claim| claim.asset.contract()),
            amount: claim.map(|claim| claim.amount),
        }
    }
}

/// What was passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// No announcements, no point of the curve, or without a view tag.
    pub malformed: u64,
    /// Of other schemes.
    pub other_scheme: u64,
    /// Taken back with their block.
    pub removed: u64,
}

/// Why a kept state is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Not what this program writes.
    #[error("{0}")]
    Form(String),
    /// Of another chain, or of other keys.
    #[error("it is of another chain or of other keys")]
    Another,
}

/// How far the announcements of one chain were read with one payee's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanState {
    version: u32,
    /// The chain.
    pub chain_id: u64,
    /// The payee.
    pub payee: MetaAddress,
    /// The first block that was not read.
    pub next: u64,
    /// What was found, in the order of the chain.
    pub found: Vec<Found>,
}

impl ScanState {
    /// Nothing was read before `from`.
    pub fn new(chain_id: u64, payee: MetaAddress, from: u64) -> Self {
        Self { version: VERSION, chain_id, payee, next: from, found: Vec::new() }
    }

    /// Reads the file of a chain and a payee.
    ///
    /// # Errors
    /// [`StateError`]; it can be made again.
    pub fn parse(text: &str, chain_id: u64, payee: &MetaAddress) -> Result<Self, StateError> {
        let read: Self =
            json::from_str(text).map_err(|error| StateError::Form(error.to_string()))?;
        if read.version != VERSION {
            return Err(StateError::Form(format!("it is of version {}", read.version)));
        }
        match (read.chain_id, &read.payee) == (chain_id, payee) {
            true => Ok(read),
            false => Err(StateError::Another),
        }
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The block to go on at: a little before the last one, or `from` where that is given. What
    /// was found from there on is looked for again, for its blocks may be others by now.
    pub fn resume(&mut self, from: Option<u64>) -> u64 {
        let from = from.unwrap_or_else(|| self.next.saturating_sub(MARGIN));
        self.found.retain(|found| found.block < from);
        self.next = from;
        from
    }

    /// Takes the logs of the blocks up to `through`, in any order. How many announcements were
    /// looked at.
    pub fn take(
        &mut self,
        viewer: &Viewer,
        logs: &[alloy::rpc::types::Log],
        through: u64,
        skipped: &mut Skipped,
    ) -> u64 {
        let (from, mut looked) = (self.next, 0);
        for log in logs {
            let announcement = match Announcement::read(log) {
                ReadLog::Announcement(announcement) => announcement,
                ReadLog::OtherScheme => {
                    skipped.other_scheme += 1;
                    continue;
                }
                ReadLog::Removed => {
                    skipped.removed += 1;
                    continue;
                }
                ReadLog::Malformed => {
                    skipped.malformed += 1;
                    continue;
                }
            };
            // A node may answer more than it was asked for.
            if !(from..=through).contains(&announcement.block) {
                skipped.malformed += 1;
                continue;
            }
            looked += 1;
            match viewer.look(&announcement) {
                Look::Ours(to) => self.found.push(Found::new(to, &announcement)),
                Look::Others => {}
                Look::Malformed => skipped.malformed += 1,
            }
        }
        self.found.sort_by_key(|found| (found.block, found.index));
        self.found.dedup_by_key(|found| (found.block, found.index));
        self.next = through.saturating_add(1);
        looked
    }

    /// What leads to an address that was found.
    pub fn of(&self, address: Address) -> Option<&Found> {
        self.found.iter().find(|found| found.address == address)
    }
}
