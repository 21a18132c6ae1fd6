//! So many requests in so much time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// Lets `count` requests through in any `window`; the others wait their turn, first come first.
#[derive(Debug)]
pub struct RateLimiter {
    count: usize,
    window: Duration,
    /// When the last `count` requests were let through, oldest first.
    passed: Mutex<VecDeque<Instant>>,
}

impl RateLimiter {
    /// `count` requests (at least one) in any `window`.
    pub fn new(count: usize, window: Duration) -> Self {
        Self { count: count.max(1), window, passed: Mutex::default() }
    }

    /// Returns when the next request may be sent.
    pub async fn acquire(&self) {
        // The lock is held while waiting: it is fair, so requests pass in the order they came.
        let mut passed = self.passed.lock().await;
        if passed.len() == self.count
            && let Some(oldest) = passed.pop_front()
        {
            sleep_until(oldest + self.window).await;
        }
        passed.push_back(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn never_more_than_the_count_in_any_window() {
        let window = Duration::from_millis(60);
        let limiter = RateLimiter::new(3, window);
        let mut times = Vec::new();
        for _ in 0..8 {
            limiter.acquire().await;
            times.push(Instant::now());
        }
        for pair in times.windows(4) {
            assert!(pair[3] - pair[0] >= window, "{times:?}");
        }
        assert!(times[2] - times[0] < window, "the first three are not held back: {times:?}");
    }
}
