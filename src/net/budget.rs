//! How long servers may fail one command in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

/// A server that has failed for so many times the patience with one answer is not asked again.
const OF_ONE: u32 = 10;
/// Nor is any that has just failed, once all have for so many times that.
const OF_ALL: u32 = 30;
/// Nor is anybody, once servers were waited for for so many times that.
const OF_TOTAL: u32 = 60;
/// What an answer may take without counting: many quick answers are no waiting.
const QUICK: Duration = Duration::from_secs(1);

/// How long servers may fail one command in all, and how long it waits for them in all. Clones
/// share it: one goes to every client of the command.
///
/// What counts is the time that failed attempts took since the last part of a body moved, and the
/// waits after them; attempts at once count once. An answer clears a server's own account. In all,
/// answers count too, without the first second of each. So work that makes progress may take as
/// long as it takes, and everything else ends.
#[derive(Clone, Debug)]
pub struct Budget {
    one: Duration,
    all: Duration,
    total: Duration,
    spent: Arc<Mutex<Spent>>,
}

#[derive(Debug, Default)]
struct Spent {
    /// What all bounds are raised by.
    granted: Duration,
    /// Waited for anybody, whatever came of it.
    total: Counted,
    all: Counted,
    servers: HashMap<String, Counted>,
}

/// Time, each moment once.
#[derive(Debug, Default)]
struct Counted {
    time: Duration,
    /// What came before is counted.
    until: Option<Instant>,
}

impl Counted {
    fn add(&mut self, began: Instant, ended: Instant) {
        let from = self.until.map_or(began, |until| until.max(began));
        self.time += ended.saturating_duration_since(from);
        self.until = Some(self.until.map_or(ended, |until| until.max(ended)));
    }
}

impl Budget {
    /// Of a command that waits for a silent server for `patience`.
    pub fn new(patience: Duration) -> Self {
        let [one, all, total] = [OF_ONE, OF_ALL, OF_TOTAL].map(|times| patience * times);
        Self { one, all, total, spent: Arc::default() }
    }

    /// Raises all bounds: somebody waits so long on purpose.
    pub fn grant(&self, wait: Duration) {
        self.lock().granted += wait;
    }

    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much longer the server of `url` may fail; none when it has failed for too long, or
    /// servers were waited for too long.
    pub(super) fn left(&self, url: &Url) -> Option<Duration> {
        let spent = self.lock();
        let left =
            |most: Duration, counted: &Counted| (most + spent.granted).saturating_sub(counted.time);
        let total = left(self.total, &spent.total);
        let left = match spent.servers.get(&server(url)) {
            None => total.min(self.one + spent.granted),
            Some(failing) => total.min(left(self.one, failing)).min(left(self.all, &spent.all)),
        };
        (!left.is_zero()).then_some(left)
    }

    /// How much longer anybody is waited for.
    pub(super) fn total_left(&self) -> Duration {
        let spent = self.lock();
        (self.total + spent.granted).saturating_sub(spent.total.time)
    }

    /// How long servers were waited for, once that is as long as they are.
    pub(super) fn is_over(&self) -> Option<Duration> {
        self.total_left().is_zero().then(|| self.lock().total.time)
    }

    /// Nothing came of the time from `began` to `now`.
    pub(super) fn failed(&self, url: &Url, began: Instant, now: Instant) {
        let mut spent = self.lock();
        spent.total.add(began, now);
        spent.all.add(began, now);
        spent.servers.entry(server(url)).or_default().add(began, now);
    }

    /// The server of `url` answered at `now` what it was asked at `began`.
    pub(super) fn answered(&self, url: &Url, began: Instant, now: Instant) {
        let mut spent = self.lock();
        spent.servers.remove(&server(url));
        let counts = began + QUICK;
        if counts < now {
            spent.total.add(counts, now);
        }
    }

    /// How long the server of `url` has failed.
    pub(super) fn failing(&self, url: &Url) -> Duration {
        self.lock().servers.get(&server(url)).map_or(Duration::ZERO, |failing| failing.time)
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
        budget.answered(&a, at(9), at(9));
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

    #[test]
    fn slow_answers_end_a_command_and_quick_ones_do_not() {
        let budget = Budget::new(Duration::from_secs(1));
        let url: Url = "http://a".parse().unwrap();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 0..1000 {
            budget.answered(&url, at(second), at(second + 1));
        }
        assert_eq!(budget.total_left(), Duration::from_secs(60));
        for turn in 0..29 {
            budget.answered(&url, at(1000 + 3 * turn), at(1003 + 3 * turn));
        }
        assert_eq!(budget.left(&url), Some(Duration::from_secs(2)));
        budget.failed(&url, at(2000), at(2002));
        assert_eq!((budget.left(&url), budget.is_over()), (None, Some(Duration::from_secs(60))));
        assert_eq!(budget.left(&"http://b".parse().unwrap()), None, "nor is anybody else");
        budget.grant(Duration::from_secs(5));
        assert_eq!(budget.left(&url), Some(Duration::from_secs(5)));
    }
}
