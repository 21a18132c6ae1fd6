//! One file per command: `Args` and `run`.

pub mod air_gap;
pub mod approve;
pub mod completions;
#[cfg(feature = "devnet")]
pub mod demo;
#[cfg(feature = "devnet")]
pub mod devnet;
pub mod doctor;
pub mod fan_out;
pub mod import;
pub mod init;
pub mod ipns;
pub mod key;
pub mod keygen;
pub mod list;
pub mod man;
pub mod pack;
pub mod publish;
pub mod publish_https;
mod publish_report;
pub mod resolve;
pub mod resolve_chain;
pub mod resolve_report;
pub mod revision;
pub mod serve;
pub mod set;
pub mod setup;
pub mod sign;
pub mod status;
mod status_chain;
mod status_sites;
pub mod upkeep;
pub mod verify;
