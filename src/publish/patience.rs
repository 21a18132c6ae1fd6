//! How long to look for what was published.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The longest wait between two rounds.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// How long to look for what was published.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// At most so long.
    pub limit: Duration,
    /// Between two rounds of asking; it grows by half each time, to half a minute.
    pub every: Duration,
}

/// Rounds of asking, the first of which is under way.
pub(super) struct Rounds {
    end: Instant,
    every: Duration,
}

impl Patience {
    /// Asks once.
    pub const ONCE: Self = Self { limit: Duration::ZERO, every: Duration::ZERO };

    pub(super) fn rounds(self) -> Rounds {
        Rounds { end: Instant::now() + self.limit, every: self.every }
    }
}

impl Rounds {
    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Whether this was the last round.
    pub(super) fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// Until the next round, which comes at the end at the latest.
    pub(super) async fn wait(&mut self) {
        sleep(self.every.min(self.left())).await;
        self.every = (self.every * 3 / 2).min(MAX_WAIT);
    }
}
