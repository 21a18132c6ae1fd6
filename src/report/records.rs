//! Reports of the commands that work on wanted records.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RecordReport;
use crate::workspace::{FileFault, Holds, LineError, Phase, RecordState};

/// `import`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ImportReport {
    /// Records that are new or have another value.
    pub imported: u64,
    /// Records that were so already.
    pub skipped: u64,
    /// Records that were not wanted before.
    pub new: u64,
    /// Records that had another value.
    pub changed: u64,
    /// Records that were so already.
    pub equal: u64,
    /// With `--sync`: records that are no longer wanted.
    pub removed: u64,
    /// Columns that are no records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// With `--dry-run`: what would change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<RecordChangeReport>,
    /// Lines that are wrong; nothing is imported then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<LineError>,
    /// With `--from-chain`: records that could not be read, or do not verify.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadReport>,
}

/// A record that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordChangeReport {
    /// Whose.
    pub name: String,
    /// The record type.
    pub record: String,
    /// Its value before; none of a new one.
    pub old: Option<String>,
    /// Its value after; none of one that goes.
    pub new: Option<String>,
}

/// A record that could not be taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadReport {
    /// Whose.
    pub name: String,
    /// The record type; none where the name could not be resolved at all.
    pub record: Option<String>,
    /// Why.
    pub error: String,
}

/// `export`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExportReport {
    /// Every record.
    pub records: Vec<RecordReport>,
}

/// `get`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetReport {
    /// Each record.
    pub records: Vec<GetRecordReport>,
    /// Why it was not asked what is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_asked: Option<String>,
}

/// A record as it is wanted, signed and live.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GetRecordReport {
    /// Whose.
    pub name: String,
    /// The record type.
    pub record: String,
    /// What is wanted, as `list` and `diff` call it.
    pub value: Option<String>,
    /// Wanted against signed; none where neither is there.
    pub state: Option<RecordState>,
    /// In `records.toml`: what holds now.
    pub wanted: Option<String>,
    /// Its phases, where it has some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<PhaseReport>,
    /// What its file says, where it verifies.
    pub signed: Option<String>,
    /// Why the file does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_error: Option<String>,
    /// What clients find.
    pub live: Option<String>,
    /// Why that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_error: Option<String>,
}

/// One phase of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseReport {
    /// What the record says then.
    pub value: String,
    /// From when on; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<String>,
    /// Until when; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<String>,
    /// Whether it holds now, has ended, or is coming.
    pub holds: Holds,
}

impl PhaseReport {
    /// Of a phase, at a time.
    pub fn of(phase: &Phase, now: Timestamp) -> Self {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let (starts, ends) = (time(phase.starts), time(phase.ends));
        Self { value: phase.value.to_string(), starts, ends, holds: phase.holds(now) }
    }
}

/// `check`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FilesReport {
    /// What is wrong in `namesys.toml` and `records.toml`.
    pub faults: Vec<FileFault>,
}

/// `edit`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EditReport {
    /// Whether something was saved.
    pub changed: bool,
}
