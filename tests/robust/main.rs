//! What comes from outside is broken, hostile or cut short: bytes of every format, and faults of
//! the system at every step of every command.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod every_command;
#[path = "../support/faults.rs"]
mod faults;
mod fuzz;
#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "../support/process.rs"]
mod process;
mod seeds;
mod targets;
