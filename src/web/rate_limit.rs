//! So many requests in so much time, for each who asks: a client's address, a name.

use std::collections::VecDeque;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

/// How many are remembered at once, those that asked last: whoever is forgotten is as new.
const MAX_KNOWN: NonZeroUsize = NonZeroUsize::new(1 << 16).expect("it is not zero");

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
pub(crate) struct RateLimiter<K: Eq + Hash> {
    limit: RateLimit,
    asked: Mutex<LruCache<K, VecDeque<Instant>>>,
}

impl<K: Eq + Hash> RateLimiter<K> {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self { limit, asked: Mutex::new(LruCache::new(MAX_KNOWN)) }
    }

    /// Counts a request of `who` at `now`.
    ///
    /// # Errors
    /// How long to wait; such a request is not counted.
    pub(crate) fn admit(&self, who: K, now: Instant) -> Result<(), Duration> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let times = asked.get_or_insert_mut(who, VecDeque::new);
        self.look(times, now)?;
        times.push_back(now);
        Ok(())
    }

    /// Whether one would be admitted, which is not counted yet.
    ///
    /// # Errors
    /// As [`admit`](Self::admit).
    #[cfg(feature = "gateway")]
    pub(crate) fn would_admit(&self, who: &K, now: Instant) -> Result<(), Duration> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.get_mut(who).map_or(Ok(()), |times| self.look(times, now))
    }

    fn look(&self, times: &mut VecDeque<Instant>, now: Instant) -> Result<(), Duration> {
        while times.front().is_some_and(|t| now.duration_since(*t) >= self.limit.window) {
            times.pop_front();
        }
        if times.len() >= self.limit.requests as usize {
            let oldest = times.front().map_or(Duration::ZERO, |t| now.duration_since(*t));
            return Err(self.limit.window.saturating_sub(oldest));
        }
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
    fn who_asked_last_is_remembered() {
        let window = Duration::from_secs(10);
        let limiter = RateLimiter::new(RateLimit { requests: 1, window });
        let start = Instant::now();
        for who in 0..=MAX_KNOWN.get() {
            limiter.admit(who, start).unwrap();
        }
        assert!(limiter.admit(MAX_KNOWN.get(), start).is_err());
        // Nobody is refused because of others.
        assert_eq!(limiter.admit(0, start), Ok(()));
    }
}
