//! One file per command: `Args` and `run`.

pub mod completions;
pub mod ipns;
pub mod key;
pub mod man;
pub mod revision;
