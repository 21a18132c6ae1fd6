//! One file per command: `Args` and `run`.

pub mod air_gap;
pub mod approve;
pub mod completions;
pub mod demo;
pub mod devnet;
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
pub mod resolve;
pub mod revision;
pub mod serve;
pub mod set;
pub mod sign;
pub mod status;
pub mod upkeep;
pub mod verify;
