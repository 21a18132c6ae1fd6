//! What decides how names are set up.

use std::path::PathBuf;

use alloy_primitives::{Address, U256};
use namesys::chain::setup::Clear;
use namesys::plan::PlannedTransaction;

/// How names are set up.
pub struct Terms {
    pub resolver: Option<Address>,
    pub set_resolver: bool,
    pub clear: Clear,
    pub chain_id: Option<u64>,
    /// In seconds.
    pub wait: u64,
    pub max_cost: U256,
    /// Sends without asking.
    pub yes: bool,
    /// Sends at all.
    pub sends: bool,
    pub safe: Option<PathBuf>,
    /// Whether what is signed here is to verify.
    pub checks_tree: bool,
    /// What a plan lists: nothing else is sent.
    pub planned: Option<Vec<PlannedTransaction>>,
}
