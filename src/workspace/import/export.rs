//! Records as tables: what [`import`](super::Records::import) reads back the same.

use std::collections::{BTreeMap, BTreeSet};

use super::csv::write_field;
use crate::ens::Name;
use crate::record::{RecordKey, Value};

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// `name,record,value`.
    Csv,
    /// One JSON object a line.
    JsonLines,
    /// One row a name, one column a record.
    Wide,
}

/// Writes records, sorted as they are given.
pub fn write_table<'a>(
    format: TableFormat,
    records: impl Iterator<Item = (&'a Name, &'a RecordKey, &'a Value)>,
) -> String {
    match format {
        TableFormat::Csv => long(records),
        TableFormat::JsonLines => lines(records),
        TableFormat::Wide => wide(records),
    }
}

fn long<'a>(records: impl Iterator<Item = (&'a Name, &'a RecordKey, &'a Value)>) -> String {
    let mut out = "name,record,value\n".to_owned();
    for (name, key, value) in records {
        for (text, end) in
            [(name.to_string(), ','), (key.to_string(), ','), (value.to_string(), '\n')]
        {
            write_field(&mut out, &text, false);
            out.push(end);
        }
    }
    out
}

fn lines<'a>(records: impl Iterator<Item = (&'a Name, &'a RecordKey, &'a Value)>) -> String {
    let text = |text: String| serde_json::Value::String(text).to_string();
    let line = |(name, key, value): (&Name, &RecordKey, &Value)| {
        let (name, key, value) =
            (text(name.to_string()), text(key.to_string()), text(value.to_string()));
        format!("{{\"name\":{name},\"record\":{key},\"value\":{value}}}\n")
    };
    records.map(line).collect()
}

fn wide<'a>(records: impl Iterator<Item = (&'a Name, &'a RecordKey, &'a Value)>) -> String {
    let mut rows: Vec<(&Name, BTreeMap<&RecordKey, &Value>)> = Vec::new();
    let mut columns = BTreeSet::new();
    for (name, key, value) in records {
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
