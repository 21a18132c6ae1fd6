//! One record of a table, and a line that is none.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::{Phase, Phases, parse_time};
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
    /// What it should say.
    pub wanted: Phases,
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

/// A record in text form, with one value for always.
pub(super) fn row(line: u64, name: &str, record: &str, value: &str) -> Result<Row, LineError> {
    let (name, key, phase) = phase_row(line, name, record, &Written { value, ..Written::NONE })?;
    Ok(Row { line, name, key, wanted: Phases::always(phase.value) })
}

/// A value and its times, as they are written; an empty time is none.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) value: &'a str,
    pub(super) starts: &'a str,
    pub(super) ends: &'a str,
}

impl Written<'_> {
    const NONE: Self = Self { value: "", starts: "", ends: "" };
}

/// One phase of a record in text form.
pub(super) fn phase_row(
    line: u64,
    name: &str,
    record: &str,
    written: &Written<'_>,
) -> Result<(Name, RecordKey, Phase), LineError> {
    let refuse = |message: String| LineError { line, message };
    let name = Name::parse(name).map_err(|error| refuse(error.to_string()))?;
    let key = RecordKey::parse(record).map_err(|error| refuse(error.to_string()))?;
    let value = Value::parse_written(&key, record, written.value)
        .map_err(|error| refuse(format!("{key}: {error}")))?;
    let time = |what: &str, text: &str| match text.trim() {
        "" => Ok(None),
        text => {
            parse_time(text).map(Some).map_err(|error| refuse(format!("{key}: {what}: {error}")))
        }
    };
    let (starts, ends) = (time("starts", written.starts)?, time("ends", written.ends)?);
    Ok((name, key, Phase { value, starts, ends }))
}

/// The phases of a table's records, until it is read: each has a row of its own.
#[derive(Default)]
pub(super) struct Gathered(BTreeMap<(Name, RecordKey), (u64, Vec<Phase>)>);

impl Gathered {
    /// Keeps a phase with times for later; one without is a row.
    pub(super) fn add(
        &mut self,
        line: u64,
        (name, key, phase): (Name, RecordKey, Phase),
    ) -> Option<Row> {
        if phase.starts.is_none() && phase.ends.is_none() {
            return Some(Row { line, name, key, wanted: Phases::always(phase.value) });
        }
        self.0.entry((name, key)).or_insert((line, Vec::new())).1.push(phase);
        None
    }

    /// The records, each on its first line.
    pub(super) fn rows(self) -> impl Iterator<Item = Result<Row, LineError>> {
        self.0.into_iter().map(|((name, key), (line, mut phases))| {
            phases.sort_by_key(|phase| phase.starts);
            let wanted = Phases::new(phases)
                .map_err(|error| LineError { line, message: format!("{name}: {key}: {error}") })?;
            Ok(Row { line, name, key, wanted })
        })
    }
}
