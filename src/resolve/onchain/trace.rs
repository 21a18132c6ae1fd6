//! What was asked, who said it, and how long it took.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// More of an answer is not kept, in characters.
const SAID: usize = 400;

/// One step of a resolution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What was asked.
    pub what: String,
    /// Who answered: a node, a gateway, or this program.
    pub by: String,
    /// The answer, in words.
    pub said: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// The steps of a resolution, in the order in which they ended. Clones write to the same one.
#[derive(Clone, Debug, Default)]
pub struct Trace(Arc<Mutex<Vec<Step>>>);

impl Trace {
    /// The steps so far.
    pub fn steps(&self) -> Vec<Step> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn clock(&self) -> Instant {
        Instant::now()
    }

    pub(super) fn step(
        &self,
        since: Instant,
        what: impl fmt::Display,
        by: impl fmt::Display,
        said: impl fmt::Display,
    ) {
        let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let said = said.to_string().chars().take(SAID).collect();
        let step = Step { what: what.to_string(), by: by.to_string(), said, ms };
        let Step { what, by, said, .. } = &step;
        tracing::info!("{} [{by}]: {} in {ms} ms", what.escape_debug(), said.escape_debug());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    }

    pub(super) fn note(&self, what: impl fmt::Display) {
        self.step(Instant::now(), what, "namesys", "");
    }
}
