//! One record of a table, and a line that is none.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ens::Name;
use crate::record::{RecordKey, Value};

/// One record and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Counted from 1.
    pub line: u64,
    /// Whose record.
    pub name: Name,
    /// Which.
    pub key: RecordKey,
    /// What it should be.
    pub value: Value,
}

/// A line that is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineError {
    /// Counted from 1.
    pub line: u64,
    /// Why.
    pub message: String,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// A record in text form.
pub(super) fn row(line: u64, name: &str, record: &str, value: &str) -> Result<Row, LineError> {
    let refuse = |message: String| LineError { line, message };
    let name = Name::parse(name).map_err(|error| refuse(error.to_string()))?;
    let key = RecordKey::parse(record).map_err(|error| refuse(error.to_string()))?;
    let value = Value::parse_written(&key, record, value)
        .map_err(|error| refuse(format!("{key}: {error}")))?;
    Ok(Row { line, name, key, value })
}
