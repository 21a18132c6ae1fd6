//! Entries of `namesys.toml`: reading them with errors that quote them, and editing in place.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::Address;
use toml_edit::{Item, Table, TableLike, value};

use super::config::ConfigError;
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
