//! Entries of `namesys.toml`: reading them with errors that quote them, and editing in place.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::Address;
use toml_edit::{Item, Table, TableLike, value};

use super::config::{ConfigError, Target};
use crate::request::parse_address;

/// Sets an entry and keeps the comments around it.
pub(super) fn put(table: &mut Table, key: &str, text: &str) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = text.into();
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, value(text));
        }
    }
}

pub(super) fn invalid(key: &str, found: &Item, reason: &str) -> ConfigError {
    ConfigError::Invalid {
        key: key.to_owned(),
        found: found.to_string().trim().to_owned(),
        reason: reason.to_owned(),
    }
}

pub(super) fn string<'a>(
    table: &'a dyn TableLike,
    key: &str,
) -> Result<Option<&'a str>, ConfigError> {
    match table.get(key) {
        None => Ok(None),
        Some(item) => {
            item.as_str().map(Some).ok_or_else(|| invalid(key, item, "a text is expected"))
        }
    }
}

pub(super) fn parsed<T: FromStr<Err: fmt::Display>>(
    table: &dyn TableLike,
    key: &str,
) -> Result<Option<T>, ConfigError> {
    let Some(text) = string(table, key)? else { return Ok(None) };
    text.parse().map(Some).map_err(|error: T::Err| ConfigError::Invalid {
        key: key.to_owned(),
        found: format!("{text:?}"),
        reason: error.to_string(),
    })
}

/// An address: in one case as it is, in mixed case with its checksum.
pub(super) fn address(table: &dyn TableLike, key: &str) -> Result<Option<Address>, ConfigError> {
    let Some(text) = string(table, key)? else { return Ok(None) };
    parse_address(text).map(Some).map_err(|error| ConfigError::Invalid {
        key: key.to_owned(),
        found: format!("{text:?}"),
        reason: error.to_string(),
    })
}

pub(super) fn targets(table: &Table, key: &str) -> Result<Vec<Target>, ConfigError> {
    let Some(item) = table.get(key) else { return Ok(Vec::new()) };
    let array = item
        .as_array_of_tables()
        .ok_or_else(|| invalid(key, item, &format!("write each as a table [[{key}]]")))?;
    let mut found = Vec::new();
    for entry in array {
        let required = |field: &'static str| {
            string(entry, field)?.map(str::to_owned).ok_or_else(|| ConfigError::Invalid {
                key: key.to_owned(),
                found: entry.to_string().trim().to_owned(),
                reason: format!("each [[{key}]] needs {field} = \"…\""),
            })
        };
        found.push(Target {
            kind: required("kind")?,
            url: required("url")?,
            token_env: string(entry, "token_env")?.map(str::to_owned),
        });
    }
    Ok(found)
}

pub(super) fn gateways(table: &Table) -> Result<Vec<String>, ConfigError> {
    let Some(list) = table.get("gateways").and_then(|gateways| gateways.get("ipfs")) else {
        return Ok(Vec::new());
    };
    let array =
        list.as_array().ok_or_else(|| invalid("gateways.ipfs", list, "a list is expected"))?;
    array
        .iter()
        .map(|entry| {
            entry
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| invalid("gateways.ipfs", list, "each gateway is a text"))
        })
        .collect()
}
