//! How record types and values are written in `records.toml`: texts, or `{ raw = "0x…" }`, or an
//! array of phases `{ value = "…", starts = …, ends = … }`.

use std::ops::Range;

use alloy_primitives::hex;
use toml_edit::{Array, Datetime, InlineTable, Item};

use super::phases::{Phase, PhaseError, Phases, parse_time};
use super::records_error::RecordsError;
use crate::ens::Name;
use crate::record::{RecordKey, Value, ValueError};

/// The entry of a value that has no text form, in an inline table: its ABI encoding.
const RAW: &str = "raw";
/// The entries of a phase.
const VALUE: &str = "value";
const STARTS: &str = "starts";
const ENDS: &str = "ends";

/// What is expected.
const PLAIN: &str = "a text in quotes";
const PLAIN_OR_RAW: &str = "a text in quotes, or { raw = \"0x…\" } with the ABI encoding of the \
                            value,";
const PHASE: &str = "in an array, { value = \"…\", starts = 2027-01-01T00:00:00Z, ends = … } with \
                     starts, ends or both (or raw in place of value)";

/// What is wrong, and where.
pub(super) type Misplaced = (Option<Range<usize>>, RecordsError);

/// Reads what a record is to say: a value, or an array of phases.
pub(super) fn written_phases(
    name: &Name,
    key: &RecordKey,
    key_text: &str,
    item: &Item,
) -> Result<Phases, Misplaced> {
    let written = Written { name, key, key_text };
    let Some(array) = item.as_array() else {
        let value = item.as_value().ok_or_else(|| written.shape(PLAIN));
        let value = value.and_then(|value| written.value(value));
        return value.map(Phases::always).map_err(|error| (item.span(), error));
    };
    let phases = (1..).zip(array).map(|(number, element)| {
        written.phase(number, element).map_err(|error| (element.span(), error))
    });
    let phases = phases.collect::<Result<Vec<_>, _>>()?;
    Phases::new(phases).map_err(|error| {
        let at = match error {
            PhaseError::Backwards { phase, .. } | PhaseError::Overlap { phase, .. } => {
                array.get(phase - 1).and_then(toml_edit::Value::span)
            }
            PhaseError::None | PhaseError::TooMany => None,
        };
        let record = format!("{name}: {key}");
        (at.or_else(|| item.span()), RecordsError::Phases { record, error })
    })
}

/// Whose value is read.
struct Written<'a> {
    name: &'a Name,
    key: &'a RecordKey,
    key_text: &'a str,
}

impl Written<'_> {
    fn shape(&self, expected: &'static str) -> RecordsError {
        RecordsError::Shape { at: format!("{}: {}", self.name, self.key_text), expected }
    }

    /// Reads a value: its text, or `{ raw = "0x…" }`.
    fn value(&self, value: &toml_edit::Value) -> Result<Value, RecordsError> {
        if let Some(text) = value.as_str() {
            return self.text(text);
        }
        let expected = if value.is_inline_table() { PLAIN_OR_RAW } else { PLAIN };
        let table = value.as_inline_table().filter(|table| table.len() == 1);
        let raw = table.and_then(|table| table.get(RAW));
        self.raw(raw.ok_or_else(|| self.shape(expected))?, expected)
    }

    fn text(&self, text: &str) -> Result<Value, RecordsError> {
        Value::parse_written(self.key, self.key_text, text).map_err(|error| self.failed(error))
    }

    fn raw(&self, raw: &toml_edit::Value, expected: &'static str) -> Result<Value, RecordsError> {
        let digits = raw.as_str().and_then(|text| text.strip_prefix("0x"));
        let abi = digits.and_then(|digits| hex::decode(digits).ok());
        let abi = abi.ok_or_else(|| self.shape(expected))?;
        Value::abi_decode(self.key, &abi).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: ValueError) -> RecordsError {
        let record = format!("{}: {}", self.name, self.key);
        RecordsError::Value { record, error: Box::new(error) }
    }

    /// Reads `{ value = "…", starts = …, ends = … }`.
    fn phase(&self, number: usize, element: &toml_edit::Value) -> Result<Phase, RecordsError> {
        let table = element.as_inline_table().ok_or_else(|| self.shape(PHASE))?;
        let is_known = |entry: &str| [VALUE, RAW, STARTS, ENDS].contains(&entry);
        if !table.iter().all(|(entry, _)| is_known(entry)) {
            return Err(self.shape(PHASE));
        }
        let value = match (table.get(VALUE), table.get(RAW)) {
            (Some(value), None) => self.text(value.as_str().ok_or_else(|| self.shape(PHASE))?)?,
            (None, Some(raw)) => self.raw(raw, PHASE)?,
            _ => return Err(self.shape(PHASE)),
        };
        let time = |entry: &'static str| {
            let Some(written) = table.get(entry) else { return Ok(None) };
            let text = match written {
                toml_edit::Value::Datetime(time) => time.value().to_string(),
                toml_edit::Value::String(text) => text.value().clone(),
                _ => return Err(self.shape(PHASE)),
            };
            let record = || format!("{}: {}", self.name, self.key);
            let failed =
                |error| RecordsError::Time { record: record(), phase: number, entry, error };
            parse_time(&text).map(Some).map_err(failed)
        };
        Ok(Phase { value, starts: time(STARTS)?, ends: time(ENDS)? })
    }
}

/// What a record is to say, as it is written: a value, or an array with one phase a line.
pub(super) fn written_form(
    name: &Name,
    key: &RecordKey,
    wanted: &Phases,
) -> Result<toml_edit::Value, RecordsError> {
    if let Some(value) = wanted.single() {
        return value_form(name, key, value);
    }
    let mut array = Array::new();
    for Phase { value, starts, ends } in wanted.timed() {
        let mut table = match value_form(name, key, value)? {
            toml_edit::Value::InlineTable(raw) => raw,
            text => InlineTable::from_iter([(VALUE, text)]),
        };
        for (entry, time) in [(STARTS, starts), (ENDS, ends)] {
            let time = time.map(|time| time.to_string().parse::<Datetime>());
            // Every time of a phase is one that TOML has too.
            if let Some(Ok(time)) = time {
                table.insert(entry, time.into());
            }
        }
        let mut table = toml_edit::Value::from(table);
        table.decor_mut().set_prefix("\n    ");
        array.push_formatted(table);
    }
    array.set_trailing("\n");
    array.set_trailing_comma(true);
    Ok(array.into())
}

/// The text of a value, where that is read as the same value again; else its ABI encoding.
fn value_form(
    name: &Name,
    key: &RecordKey,
    wanted: &Value,
) -> Result<toml_edit::Value, RecordsError> {
    let text = wanted.to_string();
    match Value::parse(key, &text) {
        Ok(read) if read == *wanted => Ok(text.into()),
        Err(error @ ValueError::Secret { .. }) => {
            Err(RecordsError::TooLong { name: name.clone(), error: Box::new(error) })
        }
        _ => {
            let abi = hex::encode_prefixed(wanted.abi_encode());
            Ok(InlineTable::from_iter([(RAW, abi)]).into())
        }
    }
}

/// How the file spells the record type: `address/eth` and `address/60` are the same record.
pub(super) fn spelling(table: &dyn toml_edit::TableLike, key: &RecordKey) -> String {
    let canonical = key.to_string();
    if table.contains_key(&canonical) {
        return canonical;
    }
    let same = |text: &&str| RecordKey::parse(text).is_ok_and(|other| other == *key);
    table.iter().map(|(text, _)| text).find(same).map_or(canonical, str::to_owned)
}
