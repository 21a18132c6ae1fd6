//! What tests that run the `namesys` binary share: a sandbox without the user's
//! home and environment, child processes that end, and a devnet.

#[allow(dead_code, reason = "not every test binary asks for all of it")]
pub mod database;
pub mod devnet;
pub mod process;
#[allow(dead_code, reason = "not every test binary asks for all of it")]
pub mod reports;
pub mod sandbox;
