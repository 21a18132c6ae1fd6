//! Tests that need Rust alone, in one binary: the library over a real network, the `namesys`
//! binary in a sandbox, and names against the reference.

#![allow(clippy::unwrap_used)]

#[path = "../support/gateway.rs"]
mod gateway;
#[path = "../support/proxy.rs"]
mod proxy;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/tree.rs"]
mod tree;
#[path = "../support/workspace.rs"]
mod workspace;

mod ahead;
mod browser;
mod clone;
mod credentials;
mod database;
mod database_hostile;
mod delta;
mod devices;
mod doctor;
mod everyday;
mod faults;
mod forgotten;
mod forms;
mod index;
mod losses;
mod names;
mod namesys_backend;
mod network;
mod plan;
mod plan_database;
mod publish;
mod publish_database;
mod published_keys;
mod pull;
mod pull_guards;
mod remember;
mod reports;
mod rotate;
mod secrets;
mod series;
mod serve;
mod settings;
mod sources;
mod strangers;
mod targets;
mod terminal;
mod timed;
mod traces;
#[cfg(target_os = "linux")]
mod typed;
mod upkeep;
mod vectors;
#[cfg(target_os = "linux")]
mod wallets;
