//! What tests that run the `namesys` binary share: a sandbox without the user's
//! home and environment, child processes that end, and a devnet.

pub mod devnet;
pub mod process;
pub mod sandbox;
