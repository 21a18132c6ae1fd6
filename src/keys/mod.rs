//! The two keys of a NameSys user: the IPNS key (ed25519) and the records signer (secp256k1),
//! how both follow from wallet signatures, and how they are kept in files; the nostr key.

mod derive;
pub mod file;
mod ipns;
mod ipns_forms;
mod leak;
mod nostr;
mod plan;
#[cfg(feature = "age")]
pub mod sealed;
mod signer;

pub use crate::multiformats::{IpnsName, IpnsNameError};
pub use derive::{Derivation, Identity, KeyPair, UnknownDerivation, ipns_seed, records_signer};
pub use ipns::IpnsKey;
pub use ipns_forms::IpnsKeyError;
pub use leak::{FoundKey, OwnKeys, private_key_in};
pub use nostr::{NostrKey, NostrKeyError, NostrPublicKey, NostrUsername};
pub use plan::{Compat, KeyPlan, Storage, UnknownChoice};
pub use signer::{SignerKey, SignerKeyError};
