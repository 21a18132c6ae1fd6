//! Making a name use its records: what stands on chain, what is missing, and the transactions
//! that bring it about ([the resolver](crate::spec::resolver)).
//!
//! | file | what it does |
//! | --- | --- |
//! | `standing` | [`Standing`]: owner, resolver, recordhash, approval as they are now |
//! | `transaction` | [`SetupTransaction`]: one of them, and what it brings about |
//! | `plan` | [`Plan`]: the transactions that are missing, each in words |
//! | `cost` | [`Cost`]: what transactions come to, at most |
//! | `ether` | amounts, in words |
//! | `fees` | the price of gas, and what is none |
//! | `send` | simulates, estimates, has a wallet send, waits, and reads back |
//! | `signers` | who is to be approved on chain, and who no longer |
//! | `nonce` | [`Nonces`]: which number a transaction has |
//! | `outgoing` | the nodes as a wallet uses them: [`Node`](crate::wallet::Node) |
//! | `safe` | [`safe_batch`]: the same for a multisig, as a file of Safe's Transaction Builder |

mod cost;
mod error;
mod ether;
mod fees;
mod nonce;
mod outgoing;
mod plan;
mod safe;
mod send;
mod signers;
mod standing;
mod transaction;

pub use cost::{Cost, total};
pub use error::SetupError;
pub use ether::ether;
pub use nonce::Nonces;
pub use plan::{Plan, plan};
pub use safe::safe_batch;
pub use send::Sender;
pub use signers::{SignerChange, SignerStanding};
pub use standing::Standing;
pub use transaction::SetupTransaction;

use alloy_primitives::Address;

use crate::ens::Name;
use crate::recordhash::Recordhash;

/// What a name is to be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupRequest {
    /// The name whose records are meant. One that the registry does not have stands under its
    /// closest ancestor there, as the resolver takes it.
    pub name: Name,
    /// Who sends the transactions; without one, whoever owns the name.
    pub sender: Option<Address>,
    /// The records resolver; without one, the name's own where it is one, else the deployed one.
    pub resolver: Option<Address>,
    /// Whether the name is to have that resolver.
    pub set_resolver: bool,
    /// Where the records are.
    pub pointer: Option<Pointer>,
    /// What is to be empty.
    pub clear: Clear,
    /// Signers to be approved on chain, or no longer.
    pub signers: Vec<SignerChange>,
    /// Other names for which they are too, in the same transaction. One that has another owner, or
    /// another resolver, is left to a setup of its own.
    pub with: Vec<Name>,
}

/// What is to be empty on chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clear {
    /// The name's recordhash.
    pub recordhash: bool,
    /// The owner's ownerhash.
    pub ownerhash: bool,
}

/// A recordhash, and what it is set for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pointer {
    /// For the name.
    Recordhash(Recordhash),
    /// For every name of the owner that has none of its own (ownerhash).
    Ownerhash(Recordhash),
}
