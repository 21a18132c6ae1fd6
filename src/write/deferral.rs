//! What a revert says of where a record is to be written.

use alloy_primitives::{Address, B256, Bytes, U256, hex};

use super::{Metadata, MetadataError, StorageKind, TypedWrite};

/// How often a revert may be wrapped in another.
pub const MAX_WRAPPED: usize = 4;

/// Where a record is to be written, as a resolver says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deferral {
    /// ENSIP-Y: a function of the resolver tells the rest.
    BySelector {
        /// What kind of storage.
        storage: StorageKind,
        /// Who called.
        sender: Address,
        /// The setter's arguments, without selector.
        call_data: Bytes,
        /// The function to be called.
        metadata: [u8; 4],
    },
    /// Updated EIP-5559: all of it is said.
    Inline {
        /// Who called.
        sender: Address,
        /// The setter's arguments, without selector.
        call_data: Bytes,
        /// Where.
        metadata: Metadata,
    },
    /// Draft 6 of EIP-5559: on another chain, with a proof that no text defines.
    WithProof {
        /// Who called, where it is said.
        sender: Option<Address>,
        /// The contract.
        contract: Address,
        /// Its chain.
        chain_id: u64,
        /// The proof.
        proof: B256,
    },
    /// An early form: a contract on another chain, or a URL, and no more.
    Early {
        /// Where.
        target: EarlyTarget,
    },
    /// The first EIP-5559: on another chain.
    LegacyL2 {
        /// The contract.
        contract: Address,
        /// Its chain.
        chain_id: u64,
    },
    /// The first EIP-5559: in a database, by a message that the wallet signs.
    LegacyDatabase(TypedWrite),
    /// ERC-7700: in a database.
    RoutedToDatabase {
        /// Where the records are posted to.
        url: String,
    },
    /// ERC-7700: on this chain, or another.
    Routed {
        /// The contract.
        contract: Address,
        /// Its chain; without one, the first layer, whichever that is.
        chain_id: Option<u64>,
        /// Whether the arguments come as in its own example.
        swapped: bool,
    },
    /// ERC-7700: on Solana.
    RoutedToSolana {
        /// The program.
        program: B256,
        /// The account.
        account: B256,
    },
    /// ERC-7884: on another chain.
    Onchain {
        /// The contract.
        contract: Address,
        /// Its chain.
        chain_id: u64,
    },
    /// ERC-7884: in a database, by a message that the wallet signs.
    Offchain(TypedWrite),
    /// ERC-7884: nowhere.
    NotSupported,
}

/// What an early form names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EarlyTarget {
    /// A contract on a chain.
    Contract(Address, u64),
    /// A URL.
    Url(String),
}

/// A deferral, and how it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What it says.
    pub deferral: Deferral,
    /// The first four bytes of the error.
    pub selector: [u8; 4],
    /// The error as Solidity declares it.
    pub signature: &'static str,
    /// How often it was wrapped in `ResolverError(bytes)`.
    pub wrapped: usize,
}

/// Why a revert that begins as a deferral is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeferralError {
    /// The arguments are not those of the error.
    #[error("{signature} (0x{}) is not followed by exactly its arguments", hex::encode(selector))]
    Malformed {
        /// The error.
        signature: &'static str,
        /// Its selector.
        selector: [u8; 4],
    },
    /// The metadata is none.
    #[error("{signature}: {source}")]
    Metadata {
        /// The error.
        signature: &'static str,
        /// What is wrong.
        source: MetadataError,
    },
    /// A chain id that does not fit 64 bits.
    #[error("{signature} names the chain {chain}, which is no chain id")]
    Chain {
        /// The error.
        signature: &'static str,
        /// As given.
        chain: U256,
    },
    /// Wrapped too often.
    #[error("the revert is wrapped in ResolverError more than {MAX_WRAPPED} times")]
    Deep,
}

impl Deferral {
    /// Who called, and the setter's arguments, where the error repeats them.
    pub fn call_data(&self) -> Option<(Address, &[u8])> {
        match self {
            Self::BySelector { sender, call_data, .. } | Self::Inline { sender, call_data, .. } => {
                Some((*sender, call_data))
            }
            _ => None,
        }
    }

    /// Whether another record with the deferral `other` goes the same way.
    pub fn goes_where(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::BySelector { storage, metadata, .. },
                Self::BySelector { storage: other, metadata: selector, .. },
            ) => (storage, metadata) == (other, selector),
            (Self::Inline { metadata, .. }, Self::Inline { metadata: other, .. }) => {
                metadata == other
            }
            (Self::Offchain(write), Self::Offchain(other))
            | (Self::LegacyDatabase(write), Self::LegacyDatabase(other)) => {
                write.post_url() == other.post_url()
            }
            _ => self == other,
        }
    }
}
