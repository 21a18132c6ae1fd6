//! The chain at one block, by the word of as many nodes as must agree.

use std::fmt;
use std::future::Future;

use futures_util::future::join_all;

use super::answer::Answer;
use super::contracts::Contracts;
use super::error::ChainError;
use super::quorum::agreement;
use super::reader::BlockReader;
use super::rpc::{Block, Rpc, Whom};

/// The chain at one block.
#[derive(Clone, Debug)]
pub struct ChainView {
    rpc: Rpc,
    block: Block,
}

impl Rpc {
    /// Everything at `block`.
    pub fn at(&self, block: Block) -> ChainView {
        ChainView { rpc: self.clone(), block }
    }
}

impl ChainView {
    /// The block.
    pub fn block(&self) -> Block {
        self.block
    }

    /// The contracts.
    pub fn contracts(&self) -> &Contracts {
        self.rpc.contracts()
    }

    /// What `question` finds: of the first node that answers, or, with a quorum, on every node,
    /// of which so many must find the same.
    ///
    /// # Errors
    /// [`ChainError::Disagreement`] names the answers when too few are the same; else those of
    /// `question`.
    pub async fn agreed<T, F, R>(&self, what: &str, question: F) -> Result<Answer<T>, ChainError>
    where
        T: PartialEq + fmt::Display,
        F: Fn(BlockReader) -> R,
        R: Future<Output = Result<T, ChainError>>,
    {
        let reader = |whom| BlockReader::new(self.rpc.clone(), whom, self.block);
        if self.rpc.quorum() == 1 {
            let any = reader(Whom::Any);
            let value = question(any.clone()).await?;
            return Ok(Answer { value, by: any.heard() });
        }
        let asked = self.rpc.each().map(|(whom, node)| {
            let answer = question(reader(whom));
            async move { (node, answer.await) }
        });
        agreement(what, self.rpc.quorum(), join_all(asked).await)
    }
}
