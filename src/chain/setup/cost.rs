//! What transactions come to, at most.

use alloy_primitives::U256;

use super::SetupTransaction;

/// What one transaction may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The gas limit.
    pub gas: u64,
    /// At most so much for each unit, in wei (EIP-1559).
    pub max_fee_per_gas: u128,
    /// Of it to whoever makes the block.
    pub max_priority_fee_per_gas: u128,
}

impl Cost {
    /// The most it may come to, in wei, without the value sent.
    pub fn at_most(&self) -> U256 {
        U256::from(self.gas) * U256::from(self.max_fee_per_gas)
    }
}

/// The most that all of them may come to, in wei: what is sent along, and the gas of those whose
/// cost is known. What is more than a word holds stays the largest word: a node may say anything.
pub fn total(transactions: &[SetupTransaction], costs: &[Cost]) -> U256 {
    let values = transactions.iter().map(|transaction| transaction.value);
    values.chain(costs.iter().map(Cost::at_most)).fold(U256::ZERO, U256::saturating_add)
}
