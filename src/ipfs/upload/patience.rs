//! How long a service is asked whether it has pinned.

use std::time::Duration;

/// How long a service is asked whether it has pinned what it was told to.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The wait between the first questions; it doubles up to `longest`.
    pub first: Duration,
    /// The longest wait between two questions.
    pub longest: Duration,
    /// No question is asked later than this after the first.
    pub total: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(10),
            total: Duration::from_secs(120),
        }
    }
}

impl Patience {
    /// The waits between questions, which end when the total would be passed.
    pub(super) fn waits(self) -> impl Iterator<Item = Duration> {
        let mut next = self.first;
        let mut left = self.total;
        std::iter::from_fn(move || {
            let wait = next.min(self.longest).max(Duration::from_millis(1));
            left = left.checked_sub(wait)?;
            next = wait.saturating_mul(2);
            Some(wait)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        let seconds = |first, longest, total| {
            let patience = Patience {
                first: Duration::from_secs(first),
                longest: Duration::from_secs(longest),
                total: Duration::from_secs(total),
            };
            patience.waits().map(|wait| wait.as_secs()).collect::<Vec<_>>()
        };
        assert_eq!(seconds(1, 4, 16), [1, 2, 4, 4, 4]);
        assert_eq!(seconds(3, 4, 2), [0; 0]);
        assert_eq!(Patience { first: Duration::ZERO, ..Patience::default() }.waits().count(), 24);
    }
}
