//! Writing to whatever a resolver names: the reverts by which it says where a record is to be
//! written ([deferrals](Deferral)), and what each of them asks for ([write](crate::spec::write)).
//!
//! A file uses those above it in this list.
//!
//! | file | what it does |
//! | --- | --- |
//! | `abi` | the errors as Solidity has them |
//! | `profile` | [`Profile`]: whose texts, keys and bodies apply |
//! | `metadata` | [`Metadata`]: gateway, signer and key that a handler names |
//! | `typed` | [`TypedWrite`]: messages that the wallet signs under EIP-712, and their bodies |
//! | `deferral` | [`Deferral`]: what a revert says |
//! | `errors` | each error of `abi`, read strictly |
//! | `decode` | [`Deferral::decode`]: a revert, also wrapped |
//! | `explain` | where a deferral leads and what is to be checked, in words |
//! | `keys` | [`WriteKeys`]: the keys and texts of a profile |
//! | `ask` | [`ask`]: what a resolver does with a setter, and its metadata |
//! | `database` | [`post`]: to a gateway, and what it answers |
//! | `version` | [`ask_version`]: what was published last, as an endpoint tells it |

mod abi;
mod ask;
mod database;
mod decode;
mod deferral;
mod errors;
mod explain;
mod keys;
mod metadata;
#[cfg(test)]
mod peer_tests;
mod profile;
#[cfg(test)]
mod tests;
mod typed;
#[cfg(test)]
mod typed_tests;
mod version;

pub use ask::{AskError, Asked, ask, metadata, read_contract};
pub use database::{Arrival, PostFailure, Posted, gateway_url, is_loopback, post};
pub use deferral::{Decoded, Deferral, DeferralError, EarlyTarget, MAX_WRAPPED};
pub use explain::Target;
pub use keys::{Spice, WriteKeys, WriteKeysError};
pub use metadata::{Metadata, MetadataError, StorageKind};
pub use profile::{Profile, UnknownProfile};
pub use typed::{AskedFor, TypedError, TypedWrite, operation_handler_call};
pub use version::{VersionQuery, ask_version, version_told};
