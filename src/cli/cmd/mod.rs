//! One file per command, or one folder: `Args` and `run`.

pub mod apply;
pub mod approve;
pub mod clone;
pub mod complete;
pub mod completions;
#[cfg(feature = "devnet")]
pub mod demo;
#[cfg(feature = "devnet")]
pub mod devnet;
pub mod doctor;
pub mod export;
mod from_chain;
pub mod import;
pub mod init;
pub mod ipns;
pub mod key;
pub mod keygen;
pub mod list;
pub mod man;
pub mod name;
pub mod pack;
pub mod plan;
pub mod publish;
pub mod pull;
pub mod renew;
pub mod resolve;
pub mod revision;
pub mod rollback;
pub mod serve;
pub mod set;
pub mod setup;
pub mod sign;
pub mod status;
pub mod verify;
