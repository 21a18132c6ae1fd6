//! How long servers may fail one command in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

/// A server that has failed for so many times the patience with one answer is not asked again.
const OF_ONE: u32 = 10;
/// Nor is any that has just failed, once all have for so many times that.
const OF_ALL: u32 = 30;

/// How long servers may fail one command in all. Clones share it: one goes to every client of
/// the command.
///
/// What counts is the time that failed attempts took, and the waits after them; attempts at once
/// count once. An answer clears a server's own account. So work that makes progress may take as
/// long as it takes, and work that makes none ends.
#[derive(Clone, Debug)]
pub struct Budget {
    one: Duration,
    all: Duration,
    spent: Arc<Mutex<Spent>>,
}

#[derive(Debug, Default)]
struct Spent {
    all: Failing,
    servers: HashMap<String, Failing>,
}

/// Time spent on what failed.
#[derive(Debug, Default)]
struct Failing {
    time: Duration,
    /// What came before is counted.
    until: Option<Instant>,
}

impl Failing {
    fn add(&mut self, began: Instant, ended: Instant) {
        let from = self.until.map_or(began, |until| until.max(began));
        self.time += ended.saturating_duration_since(from);
        self.until = Some(ended);
    }
}

impl Budget {
    /// Of a command that waits for a silent server for `patience`.
    pub fn new(patience: Duration) -> Self {
        let (one, all) = (patience * OF_ONE, patience * OF_ALL);
        Self { one, all, spent: Arc::default() }
    }

    /// How much longer the server of `url` may fail; none when it has failed for too long.
    pub(super) fn left(&self, url: &Url) -> Option<Duration> {
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let left = match spent.servers.get(&server(url)) {
            None => self.one,
            Some(failing) => {
                let all = self.all.saturating_sub(spent.all.time);
                self.one.saturating_sub(failing.time).min(all)
            }
        };
        (!left.is_zero()).then_some(left)
    }

    /// Nothing came of the time from `began` to `now`.
    pub(super) fn failed(&self, url: &Url, began: Instant, now: Instant) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.all.add(began, now);
        spent.servers.entry(server(url)).or_default().add(began, now);
    }

    /// The server of `url` answered.
    pub(super) fn answered(&self, url: &Url) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.servers.remove(&server(url));
    }

    /// How long the server of `url` has failed.
    pub(super) fn failing(&self, url: &Url) -> Duration {
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.servers.get(&server(url)).map_or(Duration::ZERO, |failing| failing.time)
    }
}

fn server(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_add_up_and_answers_clear_them() {
        let budget = Budget::new(Duration::from_secs(1));
        let [a, b, c] = ["http://a", "http://b/x?y", "http://c"].map(|url| url.parse().unwrap());
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(budget.left(&a), Some(Duration::from_secs(10)));
        budget.failed(&a, at(0), at(9));
        assert_eq!(budget.left(&a), Some(Duration::from_secs(1)));
        budget.answered(&a);
        assert_eq!(budget.left(&a), Some(Duration::from_secs(10)));
        budget.failed(&a, at(9), at(19));
        budget.failed(&b, at(19), at(29));
        assert_eq!((budget.left(&a), budget.left(&b)), (None, None));
        // At once with b, which counts once: 29 s in all.
        budget.failed(&c, at(28), at(29));
        assert_eq!(budget.left(&c), Some(Duration::from_secs(1)));
        budget.failed(&c, at(29), at(30));
        assert_eq!(budget.left(&c), None, "nobody that fails is asked after 30 s");
        assert!(budget.left(&"http://d".parse().unwrap()).is_some(), "who has not failed, is");
        assert_eq!(budget.failing(&c), Duration::from_secs(2));
    }
}
