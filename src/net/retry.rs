//! When and how soon a request is sent again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// How often and how soon a request is repeated: after a failed connection, and after 429, 500,
/// 502, 503 and 504.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Attempts at most, the first included.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles from attempt to attempt.
    pub base: Duration,
    /// The longest wait. A server that asks for more (`Retry-After`) is not waited for.
    pub max_wait: Duration,
    /// No attempt begins later than this after the first.
    pub total: Duration,
    /// As `total`, after a failed connection: shorter, for a server that is not there should be
    /// said soon.
    pub total_connect: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            base: Duration::from_millis(500),
            max_wait: Duration::from_secs(60),
            total: Duration::from_secs(120),
            total_connect: Duration::from_secs(2),
        }
    }
}

impl RetryPolicy {
    /// One attempt and no more.
    pub fn none() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The wait before attempt number `attempt` (the second is 2): between half and the whole of
    /// `base` doubled each time, or, when the server asked, what it asked and up to a tenth more.
    /// `None` when that is more than `max_wait`.
    pub(super) fn wait(&self, attempt: u32, asked: Option<Duration>) -> Option<Duration> {
        let jitter = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        match asked {
            Some(asked) if asked > self.max_wait => None,
            Some(asked) => Some(asked.mul_f64(1.0 + jitter / 10.0)),
            None => {
                let doubled = self.base.saturating_mul(1 << attempt.saturating_sub(2).min(16));
                Some(doubled.min(self.max_wait).mul_f64((1.0 + jitter) / 2.0))
            }
        }
    }
}

/// Whether a status says that the same request may succeed later.
pub(super) fn is_transient(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// The wait a `Retry-After` header asks for: seconds, or a date (RFC 9110 §10.2.3).
pub(super) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(header)?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

/// A date as HTTP writes it (RFC 9110 §5.6.7).
pub(super) fn http_date(header: &str) -> Option<Timestamp> {
    Some(rfc2822::parse(header.trim()).ok()?.timestamp())
}

/// Told to the observer before each wait.
#[derive(Clone, Debug)]
pub struct RetryEvent {
    /// The address, as [`shown`](super::shown) shows it.
    pub url: String,
    /// Why: a status or what failed, in a few words.
    pub reason: String,
    /// How long until the next attempt.
    pub wait: Duration,
    /// The number of the next attempt.
    pub attempt: u32,
    /// Attempts at most.
    pub attempts: u32,
}

impl fmt::Display for RetryEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}, waiting {:.1} s (attempt {} of {})",
            self.url,
            self.reason,
            self.wait.as_secs_f64(),
            self.attempt,
            self.attempts
        )
    }
}

/// Called before each wait, so that a person sees why nothing happens.
pub type RetryObserver = Arc<dyn Fn(&RetryEvent) + Send + Sync>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_in_both_forms() {
        let now: Timestamp = "2015-10-21T07:27:58Z".parse().unwrap();
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_secs(2)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        let policy = RetryPolicy { max_wait: Duration::from_secs(3), ..RetryPolicy::default() };
        for (attempt, most) in [(2, 500), (3, 1000), (4, 2000), (5, 3000), (60, 3000)] {
            let wait = policy.wait(attempt, None).unwrap().as_millis();
            assert!(wait >= most / 2 && wait <= most, "attempt {attempt}: {wait} ms");
        }
        let asked = policy.wait(2, Some(Duration::from_secs(2))).unwrap();
        assert!(asked >= Duration::from_secs(2) && asked <= Duration::from_millis(2200));
        assert_eq!(policy.wait(2, Some(Duration::from_secs(4))), None);
    }
}
