//! Logs, in bounded ranges of blocks.

use alloy::providers::{Provider, RootProvider};
use alloy::rpc::types::{Filter, Log};
use alloy::sol_types::SolEvent;
use alloy_primitives::{Address, B256};

use super::ask::Fact;
use super::contracts::calls;
use super::{ANNOUNCER, SCHEME};
use crate::chain::{ChainError, Rpc};

/// Blocks that are asked for at first, and at most.
const BLOCKS: (u64, u64) = (10_000, 640_000);
/// With fewer logs than that the next range is larger.
const FEW: usize = 2_000;

/// How many blocks are asked for at a time. A node that refuses a range, for its width or for what
/// is in it, is asked for half of it.
#[derive(Clone, Copy, Debug)]
pub struct Range(u64);

impl Default for Range {
    fn default() -> Self {
        Self(BLOCKS.0)
    }
}

impl Range {
    /// The logs of `filter` in the blocks from `from` on, at most up to `to`, and up to which they
    /// are. Where it is `agreed`, by as many nodes as must agree.
    async fn read(
        &mut self,
        rpc: &Rpc,
        (what, filter): (&str, &Filter),
        (from, to): (u64, u64),
        agreed: bool,
    ) -> Result<(Vec<Log>, u64), ChainError> {
        loop {
            let through = from.saturating_add(self.0 - 1).min(to);
            let filter = filter.clone().from_block(from).to_block(through);
            let what = format!("{what} of blocks {from} to {through}");
            let filter = &filter;
            let logs = |node: RootProvider| async move {
                let logs = node.get_logs(filter).await?;
                Ok(Fact(logs.into_iter().map(comparable).collect::<Vec<_>>()))
            };
            // What is refused for its size is not asked for again in the same size.
            let rpc = rpc.without_retries();
            let answer = match agreed {
                true => rpc.agreed(&what, logs).await,
                false => rpc.ask(&what, logs).await,
            };
            match answer {
                Ok(answer) => {
                    let Fact(logs) = answer.value;
                    if logs.len() < FEW {
                        self.0 = (self.0 * 2).min(BLOCKS.1);
                    }
                    return Ok((logs, through));
                }
                Err(error) => {
                    // It fails at anything.
                    rpc.latest().await?;
                    if through == from {
                        return Err(error);
                    }
                    self.0 = (through - from).div_ceil(2).max(1);
                }
            }
        }
    }
}

/// As all nodes have it: some say the time of its block too.
pub(super) fn comparable(log: Log) -> Log {
    Log { block_timestamp: None, ..log }
}

/// All logs of a filter in the blocks from `from` to `to`, by as many nodes as must agree.
async fn all(
    rpc: &Rpc,
    asked: (&str, &Filter),
    mut from: u64,
    to: u64,
) -> Result<Vec<Log>, ChainError> {
    let (mut range, mut found) = (Range::default(), Vec::new());
    while from <= to {
        let (logs, through) = range.read(rpc, asked, (from, to), true).await?;
        found.extend(logs);
        from = through.saturating_add(1);
    }
    Ok(found)
}

fn of_scheme() -> Filter {
    Filter::new()
        .address(ANNOUNCER)
        .event_signature(calls::Announcement::SIGNATURE_HASH)
        .topic1(B256::from(SCHEME))
}

/// The announcements in the blocks from `from` on, at most up to `to`, and up to which they are.
///
/// # Errors
/// When the nodes refuse even a single block, or cannot be asked at all.
pub async fn read_announcements(
    rpc: &Rpc,
    range: &mut Range,
    from: u64,
    to: u64,
) -> Result<(Vec<Log>, u64), ChainError> {
    range.read(rpc, ("the announcements", &of_scheme()), (from, to), false).await
}

/// The announcements of one address, in the blocks from `from` to `to`.
pub(super) async fn announcements_of(
    rpc: &Rpc,
    address: Address,
    from: u64,
    to: u64,
) -> Result<Vec<Log>, ChainError> {
    let filter = of_scheme().topic2(address.into_word());
    all(rpc, ("the announcement of a payment", &filter), from, to).await
}

/// The transfers of a token to one address, in the blocks from `from` to `to`.
pub(super) async fn transfers_to(
    rpc: &Rpc,
    (token, address): (Address, Address),
    from: u64,
    to: u64,
) -> Result<Vec<Log>, ChainError> {
    let filter = Filter::new()
        .address(token)
        .event_signature(calls::Transfer::SIGNATURE_HASH)
        .topic2(address.into_word());
    all(rpc, ("the transfer of a token", &filter), from, to).await
}
