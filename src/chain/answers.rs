//! What contracts answered: the same call at the same block has the same answer, so that names
//! below one parent, and records of one name, are not asked for the same again.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy_primitives::{Address, B256, Bytes};
use lru::LruCache;

use super::view::Revert;

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

/// Answers of one node, or of the nodes that stand in for each other.
#[derive(Debug)]
pub(super) struct Answers(Mutex<LruCache<Call, Result<Bytes, Revert>>>);

impl Answers {
    pub fn get(&self, call: &Call) -> Option<Result<Bytes, Revert>> {
        self.answers().get(call).cloned()
    }

    /// Keeps an answer, unless it is long, or empty: what a node says that lacks the state.
    pub fn keep(&self, call: Call, answer: &Result<Bytes, Revert>) {
        let (Ok(said) | Err(Revert(said))) = answer;
        if call.data.len() <= MAX_CALL && (1..=MAX_ANSWER).contains(&said.len()) {
            self.answers().put(call, answer.clone());
        }
    }

    fn answers(&self) -> MutexGuard<'_, LruCache<Call, Result<Bytes, Revert>>> {
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
mod tests {
    use super::*;

    fn call(block: u8, to: u8, data: &[u8]) -> Call {
        Call { block: B256::repeat_byte(block), to: Address::repeat_byte(to), data: data.to_vec() }
    }

    #[test]
    fn an_answer_is_of_its_call_at_its_block() {
        let (answers, said) = (Answers::default(), Ok(Bytes::from_static(b"an owner")));
        answers.keep(call(1, 1, b"owner"), &said);
        assert_eq!(answers.get(&call(1, 1, b"owner")), Some(said));
        for other in [call(2, 1, b"owner"), call(1, 2, b"owner"), call(1, 1, b"other")] {
            assert_eq!(answers.get(&other), None, "{other:?}");
        }
    }

    #[test]
    fn what_may_be_a_fault_or_is_long_is_asked_again() {
        let answers = Answers::default();
        let long = vec![1; MAX_ANSWER + 1];
        for said in [Vec::new(), long] {
            answers.keep(call(1, 1, b"a"), &Ok(said.clone().into()));
            answers.keep(call(1, 1, b"b"), &Err(Revert(said.into())));
        }
        answers.keep(call(1, 1, &[0; MAX_CALL + 1]), &Ok(Bytes::from_static(b"x")));
        assert_eq!(answers.answers().len(), 0);
        for number in 0..CAPACITY.get() as u32 + 10 {
            answers.keep(call(1, 1, &number.to_be_bytes()), &Err(Revert(vec![1].into())));
        }
        assert_eq!(answers.answers().len(), CAPACITY.get());
    }
}
