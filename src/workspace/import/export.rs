//! Records as tables: what [`import`](super::Records::import) reads back the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::{Phase, Phases};
use super::csv::write_field;
use crate::ens::Name;
use crate::record::{RecordKey, Value};

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// `name,record,value`, and `starts,ends` where a record has phases: one row a phase.
    Csv,
    /// One JSON object a line; the value of a record with phases is an array.
    JsonLines,
    /// One row a name, one column a record. Phases have no place in it.
    Wide,
}

/// Writes records, sorted as they are given.
pub fn write_table<'a>(
    format: TableFormat,
    records: impl Iterator<Item = (&'a Name, &'a RecordKey, &'a Phases)>,
) -> String {
    match format {
        TableFormat::Csv => long(records),
        TableFormat::JsonLines => lines(records),
        TableFormat::Wide => wide(records),
    }
}

fn long<'a>(records: impl Iterator<Item = (&'a Name, &'a RecordKey, &'a Phases)>) -> String {
    let records: Vec<_> = records.collect();
    let any_times = records.iter().any(|(_, _, phases)| phases.single().is_none());
    let mut out = format!("name,record,value{}\n", if any_times { ",starts,ends" } else { "" });
    for (name, key, phases) in records {
        for Phase { value, starts, ends } in phases.to_vec() {
            let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
            let mut cells = vec![name.to_string(), key.to_string(), value.to_string()];
            if any_times {
                cells.extend([starts, ends].map(|one| time(one).unwrap_or_default()));
            }
            for (at, text) in cells.iter().enumerate() {
                write_field(&mut out, text, false);
                out.push(if at + 1 == cells.len() { '\n' } else { ',' });
            }
        }
    }
    out
}

fn lines<'a>(records: impl Iterator<Item = (&'a Name, &'a RecordKey, &'a Phases)>) -> String {
    let text = |text: String| serde_json::Value::String(text).to_string();
    let phase = |Phase { value, starts, ends }: &Phase| {
        let time = |what: &str, time: &Option<Timestamp>| {
            time.map(|time| format!(",\"{what}\":\"{time}\"")).unwrap_or_default()
        };
        let (starts, ends) = (time("starts", starts), time("ends", ends));
        format!("{{\"value\":{}{starts}{ends}}}", text(value.to_string()))
    };
    let line = |(name, key, phases): (&Name, &RecordKey, &Phases)| {
        let value = match phases.single() {
            Some(value) => text(value.to_string()),
            None => {
                let phases: Vec<String> = phases.timed().iter().map(phase).collect();
                format!("[{}]", phases.join(","))
            }
        };
        let (name, key) = (text(name.to_string()), text(key.to_string()));
        format!("{{\"name\":{name},\"record\":{key},\"value\":{value}}}\n")
    };
    records.map(line).collect()
}

fn wide<'a>(records: impl Iterator<Item = (&'a Name, &'a RecordKey, &'a Phases)>) -> String {
    let mut rows: Vec<(&Name, BTreeMap<&RecordKey, &Value>)> = Vec::new();
    let mut columns = BTreeSet::new();
    let single = |(name, key, phases): (&'a Name, &'a RecordKey, &'a Phases)| {
        Some((name, key, phases.single()?))
    };
    for (name, key, value) in records.filter_map(single) {
        columns.insert(key);
        match rows.last_mut().filter(|(last, _)| *last == name) {
            Some((_, row)) => _ = row.insert(key, value),
            None => rows.push((name, BTreeMap::from([(key, value)]))),
        }
    }
    let mut out = "name".to_owned();
    for key in &columns {
        out.push(',');
        write_field(&mut out, &key.to_string(), false);
    }
    out.push('\n');
    for (name, row) in rows {
        write_field(&mut out, name.as_str(), false);
        for key in &columns {
            out.push(',');
            if let Some(value) = row.get(*key) {
                write_field(&mut out, &value.to_string(), true);
            }
        }
        out.push('\n');
    }
    out
}
