//! The price of gas: the block's own base fee, and the tips that are paid, by as many nodes as
//! must agree. What is far from the block's own is no price, whoever says it.

use std::fmt;

use alloy::eips::BlockNumberOrTag;
use alloy::providers::{Provider, RootProvider};

use super::SetupError;
use crate::chain::{BlockReader, ChainError, Rpc};

/// Blocks whose tips are looked at.
const BLOCKS: u64 = 10;
/// Which of the tips in a block.
const PERCENTILE: f64 = 20.0;
/// A block's base fee differs from the one before by an eighth at most (EIP-1559).
const MAX_BASE_RATIO: u128 = 2;
/// Tips are above the base fee when blocks are empty, but not by that much.
const MAX_TIP_RATIO: u128 = 10;
/// Whatever the base fee, such a tip is none of the high ones, in wei for each unit of gas.
const SMALL: u128 = 10_000_000_000;

/// Prices of one unit of gas, in wei.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fees {
    /// The base fee of the block itself.
    base: u128,
    /// That of the block after it, as the history of fees has it.
    next: u128,
    /// What others pay to whoever makes a block.
    pub(super) tip: u128,
}

impl Fees {
    /// What lets a transaction in although the base fee grows meanwhile.
    pub(super) fn max_fee_per_gas(&self) -> u128 {
        self.base.saturating_mul(2).saturating_add(self.tip)
    }

    /// Refuses prices that are far from the block's own.
    fn checked(self) -> Result<Self, SetupError> {
        let Self { base, next, tip } = self;
        let far = |what, said| Err(SetupError::FarFee { what, said, base });
        if next > base.saturating_mul(MAX_BASE_RATIO).saturating_add(SMALL) {
            return far("base fee", next);
        }
        if tip > base.saturating_mul(MAX_TIP_RATIO).max(SMALL) {
            return far("tip", tip);
        }
        Ok(self)
    }
}

/// Nodes need not count tips alike, but nearly so.
impl PartialEq for Fees {
    fn eq(&self, other: &Self) -> bool {
        let near = |one: u128, other: u128| one <= other.saturating_mul(2).max(SMALL);
        (self.base, self.next) == (other.base, other.next)
            && near(self.tip, other.tip)
            && near(other.tip, self.tip)
    }
}

impl fmt::Display for Fees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, next, tip } = self;
        write!(f, "base fee {base} wei, then {next} wei, tip {tip} wei")
    }
}

/// The price of gas now.
///
/// # Errors
/// [`SetupError::FarFee`]; when the chain cannot be asked, or knows no base fee (EIP-1559).
pub(super) async fn fees(rpc: &Rpc) -> Result<Fees, SetupError> {
    let fees = |at: BlockReader| async move { at.fees().await };
    rpc.at(rpc.latest().await?.value).agreed("its fees", fees).await?.value.checked()
}

impl BlockReader {
    async fn fees(&self) -> Result<Fees, ChainError> {
        let (what, at) = ("its fees", self.block_id());
        let newest = BlockNumberOrTag::Number(self.block().number);
        let block = |node: RootProvider| async move { node.get_block(at).await };
        let history = |node: RootProvider| async move {
            node.get_fee_history(BLOCKS, newest, &[PERCENTILE]).await
        };
        let block = self.question(what, block).await?;
        let history = self.question(what, history).await?;
        let base = block.and_then(|block| block.header.base_fee_per_gas);
        let (Some(base), Some(next)) = (base, history.base_fee_per_gas.last()) else {
            return Err(self.failed(what, "it knows no base fee of its newest block (EIP-1559)"));
        };
        let tips = history.reward.unwrap_or_default();
        let tip = middle(tips.iter().filter_map(|of| of.first().copied()).collect());
        Ok(Fees { base: base.into(), next: *next, tip })
    }
}

/// The tip in the middle of those that were paid; the least there is where none was.
fn middle(mut tips: Vec<u128>) -> u128 {
    tips.retain(|tip| *tip > 0);
    tips.sort_unstable();
    let upper = tips.get(tips.len() / 2).copied().unwrap_or(1);
    match tips.len() {
        count if count > 0 && count.is_multiple_of(2) => tips[count / 2 - 1].midpoint(upper),
        _ => upper,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GWEI: u128 = 1_000_000_000;

    #[test]
    fn prices_that_are_none() {
        let fees = |base: u128, next: u128, tip: u128| Fees { base, next, tip }.checked();
        for (base, next, tip) in [
            (GWEI, GWEI, 1),
            (0, 0, 1),
            (GWEI / 20, GWEI / 20, 2 * GWEI),
            (30 * GWEI, 33 * GWEI, 300 * GWEI),
        ] {
            let found = fees(base, next, tip).unwrap();
            assert_eq!(found.max_fee_per_gas(), 2 * base + tip);
        }
        for (next, tip) in [(GWEI, 11 * GWEI), (GWEI, u128::MAX), (u128::MAX, 1), (13 * GWEI, GWEI)]
        {
            let error = fees(GWEI, next, tip).unwrap_err();
            assert!(matches!(error, SetupError::FarFee { .. }), "{next} {tip}: {error}");
        }
    }

    #[test]
    fn the_tip_in_the_middle() {
        for (tips, expected) in [
            (vec![], 1),
            (vec![0, 0], 1),
            (vec![5, 0, 1, 3], 3),
            (vec![4, 2], 3),
            // Numbers that a node makes up.
            (vec![u128::MAX, u128::MAX], u128::MAX),
        ] {
            assert_eq!(middle(tips.clone()), expected, "{tips:?}");
        }
    }

    #[test]
    fn nodes_that_agree() {
        let fees = |base: u128, tip: u128| Fees { base, next: base, tip };
        assert_eq!(fees(50 * GWEI, GWEI), fees(50 * GWEI, 2 * GWEI));
        assert_eq!(fees(50 * GWEI, 20 * GWEI), fees(50 * GWEI, 39 * GWEI));
        assert_ne!(fees(50 * GWEI, 20 * GWEI), fees(50 * GWEI, 41 * GWEI));
        assert_ne!(fees(50 * GWEI, GWEI), fees(51 * GWEI, GWEI));
    }
}
