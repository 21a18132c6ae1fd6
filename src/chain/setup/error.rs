//! Why a name is not set up.

use alloy_primitives::{Address, B256, U256};

use super::ether::ether;
use crate::chain::{ChainError, Revert};
use crate::ens::Name;
use crate::wallet::{NodeError, WalletError};

/// Why a setup is refused, or does not come about.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The wallet did not sign.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// Neither the name nor a name above it is registered.
    #[error("{0} is not registered, nor is a name above it")]
    NotRegistered(Name),
    /// The contract given is no records resolver.
    #[error("{0} is not a records resolver (CCIP2) on this chain")]
    NoRecordsResolver(Address),
    /// The wallet may not do it.
    #[error("{sender} may not {what}: {name} belongs to {owner}")]
    NotOwner {
        /// Who would send.
        sender: Address,
        /// The name.
        name: Name,
        /// Its owner.
        owner: Address,
        /// Whether that is a contract, such as a multisig.
        owner_is_contract: bool,
        /// Which transaction.
        what: &'static str,
    },
    /// Nobody may.
    #[error(
        "the resolver of {name} stays {resolver}: its fuse CANNOT_SET_RESOLVER is burned in the \
         NameWrapper"
    )]
    ResolverLocked {
        /// The name.
        name: Name,
        /// Its resolver, for as long as it is wrapped.
        resolver: Address,
    },
    /// A transaction would revert.
    #[error("{description}: the contract would refuse it: {revert}")]
    Simulation {
        /// The transaction in words.
        description: String,
        /// Why.
        revert: Revert,
    },
    /// A price that no block of this chain suggests.
    #[error(
        "the node asks for a {what} of {said} wei for each unit of gas, but the base fee of its \
         newest block is {base} wei: that is no price of this chain now"
    )]
    FarFee {
        /// Base fee or tip.
        what: &'static str,
        /// What the node says.
        said: u128,
        /// The base fee of the block.
        base: u128,
    },
    /// They may come to more than the limit.
    #[error(
        "the transactions may cost up to {} ether, gas and what is sent along; the limit is {} \
         ether", ether(*needs), ether(*limit)
    )]
    TooDear {
        /// The most they may come to, in wei.
        needs: U256,
        /// The limit, in wei.
        limit: U256,
    },
    /// The wallet cannot pay.
    #[error("{sender} has {has} wei, the transactions may cost up to {needs} wei")]
    Funds {
        /// Who would send.
        sender: Address,
        /// What it has.
        has: U256,
        /// The most they may cost, gas included.
        needs: U256,
    },
    /// Others of the same wallet are not mined yet: they may be the same ones, sent before.
    #[error(
        "{count} transaction{} of {sender} {} not mined yet, perhaps what was sent before",
        if *count == 1 { "" } else { "s" },
        if *count == 1 { "is" } else { "are" }
    )]
    Pending {
        /// Who would send.
        sender: Address,
        /// How many.
        count: u64,
    },
    /// The number that a transaction has to have is not the next one of its sender.
    #[error(
        "the next transaction of {sender} is number {next}, and this one has to be number {nonce}: \
         {}",
        if nonce < next { "another one was mined in its place, or it was" }
        else { "those before it are not mined" }
    )]
    NonceTaken {
        /// Who would send.
        sender: Address,
        /// The one it has to have.
        nonce: u64,
        /// The next.
        next: u64,
    },
    /// It was handed to the nodes, which failed; it may have reached one of them.
    #[error("the transaction {hash} ({description}) may not have been sent: {source}")]
    NotSent {
        /// The transaction.
        hash: B256,
        /// In words.
        description: String,
        /// What the nodes did.
        source: NodeError,
    },
    /// It was not mined in time; it may be yet.
    #[error("the transaction {hash} ({description}) was not mined within {seconds} seconds")]
    NotMined {
        /// The transaction.
        hash: B256,
        /// In words.
        description: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// It was mined, and reverted.
    #[error("the transaction {hash} ({description}) was mined and reverted")]
    Reverted {
        /// The transaction.
        hash: B256,
        /// In words.
        description: String,
    },
    /// It was mined, and the chain says something else than was set.
    #[error("the transaction {hash} was mined, but {what} is now {found}, not {expected}")]
    NotReadBack {
        /// The transaction.
        hash: B256,
        /// What was read.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
}
