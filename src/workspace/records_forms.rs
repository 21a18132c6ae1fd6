//! How record types and values are written in `records.toml`: texts, or `{ raw = "0x…" }`.

use alloy_primitives::hex;
use toml_edit::{InlineTable, Item};

use super::records_error::RecordsError;
use crate::ens::Name;
use crate::record::{RecordKey, Value, ValueError};

/// The entry of a value that has no text form, in an inline table: its ABI encoding.
const RAW: &str = "raw";

/// Reads a value: its text, or `{ raw = "0x…" }`.
pub(super) fn written_value(
    name: &Name,
    key: &RecordKey,
    key_text: &str,
    item: &Item,
) -> Result<Value, RecordsError> {
    let failed = |error: ValueError| RecordsError::Value {
        record: format!("{name}: {key}"),
        error: Box::new(error),
    };
    if let Some(text) = item.as_str() {
        return Value::parse_written(key, key_text, text).map_err(failed);
    }
    let expected = match item.is_inline_table() {
        true => "a text in quotes, or { raw = \"0x…\" } with the ABI encoding of the value,",
        false => "a text in quotes",
    };
    let shape = || RecordsError::Shape { at: format!("{name}: {key_text}"), expected };
    let table = item.as_inline_table().filter(|table| table.len() == 1).ok_or_else(shape)?;
    let digits = table.get(RAW).and_then(|raw| raw.as_str()?.strip_prefix("0x"));
    let abi = digits.and_then(|digits| hex::decode(digits).ok()).ok_or_else(shape)?;
    Value::abi_decode(key, &abi).map_err(failed)
}

/// The text of a value, where that is read as the same value again; else its ABI encoding.
pub(super) fn written_form(
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
