//! Why nothing came of asking for blocks.

use crate::ipfs::OverBudget;

/// Why a gateway, or a node, did not help.
pub(super) enum Obstacle {
    /// It says that there is no such thing.
    NotFound,
    /// It serves no blocks.
    Incapable(String),
    /// It sends more at once than is read.
    TooLong,
    /// It failed.
    Failed(String),
    /// Nobody listens there: a node of one's own that does not run.
    Absent(String),
    /// What it serves is not what was asked for: another hash.
    Wrong(String),
    /// There is more than is read, at whatever gateway.
    Over(String),
    /// It has sent as much as is taken of one gateway, of use or not.
    Spent(String),
}

impl From<OverBudget> for Obstacle {
    fn from(error: OverBudget) -> Self {
        Self::Over(error.to_string())
    }
}
