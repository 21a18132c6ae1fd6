//! Report of `demo`.

use serde::{Deserialize, Serialize};

/// `demo`: every step with what it gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoReport {
    /// In order.
    pub steps: Vec<DemoStep>,
}

/// One command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoStep {
    /// The line as a person types it.
    pub command: String,
    /// Whether it was done.
    pub ok: bool,
    /// Its JSON document.
    pub output: serde_json::Value,
}
