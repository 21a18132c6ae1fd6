//! So many requests in so much time, for each who asks: a client's address, a name.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many are remembered at once; with more, all that have been quiet are forgotten.
const MAX_KNOWN: usize = 4096;

/// At most `requests` in any `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// How many requests.
    pub requests: u32,
    /// In how much time.
    pub window: Duration,
}

impl Default for RateLimit {
    /// w3name's: 30 requests in 10 seconds.
    fn default() -> Self {
        Self { requests: 30, window: Duration::from_secs(10) }
    }
}

/// Remembers when each asked.
#[derive(Debug)]
pub(crate) struct RateLimiter<K> {
    limit: RateLimit,
    asked: Mutex<HashMap<K, VecDeque<Instant>>>,
}

impl<K: Eq + Hash> RateLimiter<K> {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self { limit, asked: Mutex::default() }
    }

    /// Counts a request of `who` at `now`.
    ///
    /// # Errors
    /// How long to wait; such a request is not counted.
    pub(crate) fn admit(&self, who: K, now: Instant) -> Result<(), Duration> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= MAX_KNOWN && !asked.contains_key(&who) {
            asked.retain(|_, times| {
                times.back().is_some_and(|last| now.duration_since(*last) < self.limit.window)
            });
            if asked.len() >= MAX_KNOWN {
                return Err(self.limit.window);
            }
        }
        let times = asked.entry(who).or_default();
        while times.front().is_some_and(|t| now.duration_since(*t) >= self.limit.window) {
            times.pop_front();
        }
        if times.len() >= self.limit.requests as usize {
            let oldest = times.front().map_or(Duration::ZERO, |t| now.duration_since(*t));
            return Err(self.limit.window.saturating_sub(oldest));
        }
        times.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn a_window_slides() {
        let window = Duration::from_secs(10);
        let limiter = RateLimiter::new(RateLimit { requests: 2, window });
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(limiter.admit(here, at(0)), Ok(()));
        assert_eq!(limiter.admit(here, at(4)), Ok(()));
        assert_eq!(limiter.admit(here, at(5)), Err(Duration::from_secs(5)));
        assert_eq!(limiter.admit(there, at(5)), Ok(()));
        assert_eq!(limiter.admit(here, at(10)), Ok(()));
        assert_eq!(limiter.admit(here, at(10)), Err(Duration::from_secs(4)));
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = RateLimiter::new(RateLimit::default());
        let start = Instant::now();
        let address = |n: u32| IpAddr::from(n.to_be_bytes());
        for n in 0..MAX_KNOWN as u32 {
            limiter.admit(address(n), start).unwrap();
        }
        assert!(limiter.admit(address(u32::MAX), start).is_err());
        assert_eq!(limiter.admit(address(u32::MAX), start + Duration::from_secs(11)), Ok(()));
    }
}
