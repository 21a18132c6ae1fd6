//! Payments to addresses that only their payee can tell: [stealth](crate::spec::stealth).
//!
//! | file | what it does | I/O |
//! | --- | --- | --- |
//! | `point` | [`PublicKey`]: a point of secp256k1, in 33 bytes | none |
//! | `meta` | [`MetaAddress`]: what a payee publishes | none |
//! | `keys` | [`StealthKeys`]: spending and viewing key, from a wallet signature | none |
//! | `address` | [`StealthAddress`]: a fresh address of a payee | none |
//! | `announcement` | [`Announcement`]: what a payer announces, read from a log | none |
//! | `look` | [`Viewer`]: which announcements are this payee's | none |
//! | `contracts` | [`Asset`], and the transactions that announce, pay, register and move | none |
//! | `pending` | [`PendingPayment`]: what is kept of a payment until it is mined | none |
//! | `state` | [`ScanState`]: how far the announcements were read, and what was found | none |
//! | `kept` | both as files below `.namesys` | files |
//! | `logs` | announcements and transfers, in bounded ranges | network |
//! | `evidence` | whether the chain shows a payment | network |
//! | `ask` | balances, what is registered, tokens, as the nodes say | network |

mod address;
mod announcement;
mod ask;
mod contracts;
mod evidence;
mod kept;
mod keys;
mod logs;
mod look;
mod meta;
mod pending;
mod point;
mod state;

pub use address::StealthAddress;
pub use announcement::{Announcement, Claim, ReadLog};
pub use ask::{ReadTokenError, Token, balance, mined_count, registered, token_balance, token_of};
pub use contracts::{
    ANNOUNCER, Asset, ETHER, MULTICALL3, REGISTRY, SCHEME, announce, metadata, pay_ether, register,
    transfer, transfer_ether,
};
pub use evidence::{Fate, Transfer, announced, announces, fate, paid_ether};
pub use kept::{KeptError, StealthFiles};
pub use keys::{OneTimeKeyError, StealthKeys};
pub use logs::{Range, read_announcements};
pub use look::{Look, Viewer};
pub use meta::{MetaAddress, MetaAddressError};
pub use pending::{EphemeralKey, PendingPayment, PendingPayments, Stage};
pub use point::{PublicKey, PublicKeyError, public_key_of};
pub use state::{Found, ScanState, Skipped, StateError};

#[cfg(test)]
mod tests;
