//! An answer, and who gave it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::url::RpcUrl;

/// What was answered, and the nodes that said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// What.
    pub value: T,
    /// By whom.
    pub by: Witness,
}

impl<T> Answer<T> {
    /// The same nodes' answer, read as something else.
    pub fn map<U>(self, read: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { value: read(self.value), by: self.by }
    }
}

/// The nodes behind an answer, each once: mostly one; those that answered parts of it, where one
/// stood in for another; or, with a quorum, those that say the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness(Vec<RpcUrl>);

impl Witness {
    /// Adds nodes.
    pub(super) fn add(&mut self, nodes: impl IntoIterator<Item = RpcUrl>) {
        for node in nodes {
            if !self.0.contains(&node) {
                self.0.push(node);
            }
        }
    }
}

impl From<RpcUrl> for Witness {
    fn from(node: RpcUrl) -> Self {
        Self(vec![node])
    }
}

impl IntoIterator for Witness {
    type Item = RpcUrl;
    type IntoIter = std::vec::IntoIter<RpcUrl>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Scheme, host and port of each.
impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, node) in self.0.iter().enumerate() {
            write!(f, "{}{node}", if number == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// Who has answered the requests of one question so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Mutex<Witness>>);

impl Heard {
    pub(super) fn add(&self, nodes: impl IntoIterator<Item = RpcUrl>) {
        // A thread that panicked left a whole list behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(nodes);
    }

    pub(super) fn witness(&self) -> Witness {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
