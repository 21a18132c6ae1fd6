//! What those who wait for the lock and those who have it know of each other.

use std::fmt;
use std::sync::Arc;

/// How a process is called that has the lock, and who hears for whom it waits.
#[derive(Clone)]
pub(super) struct Waiting {
    what: Arc<str>,
    told: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Waiting {
    pub(super) fn new(what: &str, told: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { what: what.into(), told: Arc::new(told) }
    }

    pub(super) fn what(&self) -> &str {
        &self.what
    }

    pub(super) fn tell(&self, holder: &str) {
        (self.told)(holder);
    }
}

impl Default for Waiting {
    fn default() -> Self {
        Self::new("", |_| {})
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waiting").field(&self.what).finish()
    }
}
