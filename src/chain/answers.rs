//! What contracts answered: the same call at the same block has the same answer, so that names
//! below one parent, and records of one name, are not asked for the same again.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy_primitives::{Address, B256, Bytes};
use lru::LruCache;

use super::answer::Answer;
use super::revert::Revert;

/// Answers kept of one node, those used last: at most 5 MB.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(1024).expect("1024 is not zero");
/// Longer calls are not kept, in bytes.
const MAX_CALL: usize = 1 << 10;
/// Longer answers are not kept, in bytes.
const MAX_ANSWER: usize = 4 << 10;

/// All that decides an answer.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    /// The hash of the block, so that a fork is another.
    pub block: B256,
    pub to: Address,
    pub data: Vec<u8>,
}

/// What a contract answered, and the node that said so.
type Said = Answer<Result<Bytes, Revert>>;

/// Answers of one node, or of the nodes that stand in for each other.
#[derive(Debug)]
pub(super) struct Answers(Mutex<LruCache<Call, Said>>);

impl Answers {
    pub fn get(&self, call: &Call) -> Option<Said> {
        self.answers().get(call).cloned()
    }

    /// Keeps an answer, unless it is long, or empty: what a node says that lacks the state.
    pub fn keep(&self, call: Call, answer: &Said) {
        let (Ok(said) | Err(Revert(said))) = &answer.value;
        if call.data.len() <= MAX_CALL && (1..=MAX_ANSWER).contains(&said.len()) {
            self.answers().put(call, answer.clone());
        }
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.answers().clear();
    }

    fn answers(&self) -> MutexGuard<'_, LruCache<Call, Said>> {
        // A thread that panicked left whole entries behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
