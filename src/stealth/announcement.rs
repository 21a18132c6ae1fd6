//! What payers announce, as a node's logs have it. Anybody announces anything.

use alloy::rpc::types::Log;
use alloy::sol_types::SolEvent;
use alloy_primitives::{Address, B256, Bytes, U256};

use super::contracts::calls;
use super::{ANNOUNCER, Asset, SCHEME};

/// An announcement of this scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The address that is said to be paid.
    pub address: Address,
    /// Who announces; behind a multicall, that.
    pub caller: Address,
    /// The ephemeral public key, as it was announced.
    pub ephemeral: Bytes,
    /// The view tag, and what else the payer says.
    pub metadata: Bytes,
    /// The block it is in.
    pub block: u64,
    /// The transaction.
    pub transaction: B256,
    /// Its place among the block's logs.
    pub index: u64,
}

/// What a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadLog {
    /// An announcement.
    Announcement(Announcement),
    /// One of another scheme.
    OtherScheme,
    /// Taken back, with its block.
    Removed,
    /// None that can be read, or not where it should be.
    Malformed,
}

/// What a payer says was paid. Nothing verifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What.
    pub asset: Asset,
    /// How much, in its smallest unit.
    pub amount: U256,
}

impl Announcement {
    /// Reads a log.
    pub fn read(log: &Log) -> ReadLog {
        if log.removed {
            return ReadLog::Removed;
        }
        let place = (log.block_number, log.transaction_hash, log.log_index);
        let (Some(block), Some(transaction), Some(index)) = place else {
            return ReadLog::Malformed;
        };
        if log.address() != ANNOUNCER {
            return ReadLog::Malformed;
        }
        let Ok(event) = calls::Announcement::decode_log(&log.inner) else {
            return ReadLog::Malformed;
        };
        if event.schemeId != SCHEME {
            return ReadLog::OtherScheme;
        }
        let calls::Announcement { stealthAddress, caller, ephemeralPubKey, metadata, .. } =
            event.data;
        ReadLog::Announcement(Self {
            address: stealthAddress,
            caller,
            ephemeral: ephemeralPubKey,
            metadata,
            block,
            transaction,
            index,
        })
    }

    /// What the payer says was paid, in the form that ERC-5564 recommends.
    pub fn claim(&self) -> Option<Claim> {
        let rest = self.metadata.get(1..)?;
        let function = rest.get(..4)?;
        let asset = Asset::of_contract(Address::from_slice(rest.get(4..24)?));
        let amount = U256::from_be_slice(rest.get(24..56)?);
        (function == asset.function()).then_some(Claim { asset, amount })
    }
}
