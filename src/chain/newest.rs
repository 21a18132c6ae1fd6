//! The newest block, by the word of as many nodes as must agree.
//!
//! Everything is read at it, so a node that lies about it alone would have the others say truly
//! who owned a name long ago.

use alloy::eips::BlockId;
use alloy::providers::Provider;
use futures_util::future::join_all;

use super::answer::Answer;
use super::error::{ChainError, Reason};
use super::quorum::agreement;
use super::rpc::{Block, Rpc, Whom};

/// What is asked for, in errors.
const NEWEST: &str = "its newest block";
/// As many nodes as must agree may see the newest block so far apart, in blocks: nodes lag by
/// seconds, and on mainnet this is 20 minutes.
const APART: u64 = 100;
/// Blocks before the newest that are tried where nodes saw different ones: forks are short.
const FORK: u64 = 2;

impl Rpc {
    /// The newest block; with a quorum, the newest that so many nodes have, and have alike.
    ///
    /// # Errors
    /// When too few nodes answer, or they do not agree.
    pub async fn latest(&self) -> Result<Answer<Block>, ChainError> {
        if self.quorum() == 1 {
            return self.block(Whom::Any, BlockId::latest()).await;
        }
        let reached = self.reached().await?;
        let mut tried: Vec<u64> = Vec::new();
        let mut first = None;
        for number in
            reached.iter().flat_map(|reached| reached.saturating_sub(FORK)..=*reached).rev()
        {
            if tried.contains(&number) {
                continue;
            }
            tried.push(number);
            match self.agreed_block(number).await {
                Err(error @ (ChainError::Disagreement { .. } | ChainError::LostBlock { .. })) => {
                    first.get_or_insert(error);
                }
                // An answer, or nodes that fail whatever they are asked.
                Ok(block) => return Ok(block),
                Err(error) => return Err(first.unwrap_or(error)),
            }
        }
        Err(first.unwrap_or(ChainError::NoRpc))
    }

    /// The highest number that as many nodes have reached as must agree, the last, and those that
    /// others of them have reached: one that claims more, or less, changes nothing, and where it is
    /// one of so many, the others are further behind.
    async fn reached(&self) -> Result<Vec<u64>, ChainError> {
        let number = |(whom, node)| async move {
            let asked = self
                .ask_of(whom, NEWEST, |node| async move { node.get_block_number().await })
                .await;
            (node, asked.map(|number| number.value))
        };
        let asked = join_all(self.each().map(number)).await;
        let mut numbers: Vec<u64> =
            asked.iter().filter_map(|(_, number)| number.as_ref().ok().copied()).collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        let Some(&newest) = numbers.get(self.quorum() - 1) else {
            let failed = asked.into_iter().filter_map(|(_, number)| number.err());
            return Err(ChainError::of_each(NEWEST, failed));
        };
        let near = numbers.iter().filter(|number| number.abs_diff(newest) <= APART).count();
        if near >= self.quorum() {
            numbers.retain(|number| *number <= newest && newest - number <= APART);
            numbers.reverse();
            return Ok(numbers);
        }
        let answers = asked.into_iter().map(|(node, number)| Reason {
            node: node.to_string(),
            said: match number {
                Ok(number) => format!("block {number}"),
                Err(error) => error.of_one_node(),
            },
        });
        Err(ChainError::Disagreement { what: NEWEST.to_owned(), answers: answers.collect() })
    }

    async fn agreed_block(&self, number: u64) -> Result<Answer<Block>, ChainError> {
        let asked = self.each().map(|(whom, node)| async move {
            let block = self.block(whom, BlockId::number(number)).await;
            (node, block.map(|block| block.value))
        });
        agreement(NEWEST, self.quorum(), join_all(asked).await)
    }

    /// A block; a node that answers with another one than was asked for is not believed.
    async fn block(&self, whom: Whom, id: BlockId) -> Result<Answer<Block>, ChainError> {
        let asked = self.ask_of(whom, NEWEST, |node| async move { node.get_block(id).await });
        let Answer { value: found, by } = asked.await?;
        let wanted = id.as_u64();
        let reason = |said: String| vec![Reason { node: by.to_string(), said }];
        let what = NEWEST.to_owned();
        let Some(found) = found else {
            let reasons = reason("it has no such block".to_owned());
            return Err(match wanted {
                Some(_) => ChainError::LostBlock { what, reasons },
                None => ChainError::Rpc { what, reasons },
            });
        };
        let header = &found.header;
        let (number, hash, timestamp) = (header.number, header.hash, header.timestamp);
        if let Some(wanted) = wanted.filter(|wanted| *wanted != number) {
            let said = format!("asked for block {wanted}, it gives block {number}");
            return Err(ChainError::Rpc { what, reasons: reason(said) });
        }
        Ok(Answer { value: Block { number, hash, timestamp }, by })
    }
}
