//! Every fault of `namesys.toml` and `records.toml` at once, each with its line and column.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml_edit::Document;

use super::{CONFIG_FILE, Config, ConfigError, RECORDS_FILE, Records};
use crate::ens::Name;

/// More are not looked for in one file: it is read again after each of those of its form.
const MAX_FAULTS: usize = 100;

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFault {
    /// The file.
    pub file: String,
    /// Counted from 1.
    pub line: u64,
    /// In characters, from 1.
    pub column: u64,
    /// What.
    pub message: String,
}

/// What is wrong in the text of `namesys.toml`, by place, and the configuration without it, where
/// there is one.
pub fn config_faults(text: &str) -> (Option<Config>, Vec<FileFault>) {
    let mut faults = Vec::new();
    let config = sound_part(text.to_owned(), &mut faults);
    faults.sort_by_key(|fault| (fault.line, fault.column));
    (config, faults)
}

/// Leaves out what is wrong, statement by statement, until the rest is sound or nothing more can
/// be left out.
fn sound_part(mut text: String, faults: &mut Vec<FileFault>) -> Option<Config> {
    // Each with the line of its table's header.
    let mut left_out: Vec<(u64, String)> = Vec::new();
    // As often as there are lines: each time one goes.
    for _ in 0..=text.lines().count() {
        let error = match Config::parse(&text) {
            Ok(config) => return Some(config),
            Err(error) if faults.len() < MAX_FAULTS => error,
            Err(_) => return None,
        };
        let said = error.to_string();
        let is_gone = |table: u64, entry: &str| left_out.contains(&(table, entry.to_owned()));
        let Some((line, column, message)) = placed(&said) else {
            // What follows from what was left out is no fault of its own.
            let follows = match error {
                ConfigError::Missing(entry) => is_gone(0, entry),
                ConfigError::Names(_) => is_gone(0, "storage") || is_gone(0, "signer_storage"),
                _ => false,
            };
            if !follows {
                let of_name = |line: &str| line.trim_start().starts_with("name");
                let line = text.lines().position(of_name).unwrap_or_default() as u64 + 1;
                let file = CONFIG_FILE.to_owned();
                let message = said.strip_prefix("namesys.toml: ").unwrap_or(&said).to_owned();
                faults.push(FileFault { file, line, column: 1, message });
            }
            return None;
        };
        let needed = message.split_once(" needs ").and_then(|(_, rest)| rest.split_once(" = "));
        if !needed.is_some_and(|(entry, _)| is_gone(line, entry)) {
            faults.push(FileFault { file: CONFIG_FILE.to_owned(), line, column, message });
        }
        let statement = line_of(&text, line).and_then(|line| line.split_once('='));
        let table = header_above(&text, line);
        left_out.extend(statement.map(|(key, _)| (table, key.trim().to_owned())));
        text = without(&text, line);
    }
    None
}

/// The line of the header of the table that a line is in; 0 above the first.
fn header_above(text: &str, line: u64) -> u64 {
    let above = (1..=line).zip(text.lines());
    above.filter(|(_, text)| text.trim_start().starts_with('[')).last().map_or(0, |(at, _)| at)
}

fn line_of(text: &str, line: u64) -> Option<&str> {
    text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)
}

/// `namesys.toml:3:7: what`, in its parts.
fn placed(said: &str) -> Option<(u64, u64, String)> {
    let rest = said.strip_prefix(CONFIG_FILE)?.strip_prefix(':')?;
    let (line, rest) = rest.split_once(':')?;
    let (column, message) = rest.split_once(": ")?;
    Some((line.parse().ok()?, column.parse().ok()?, message.to_owned()))
}

/// The text without the statement on a line, or the whole table that begins there; all other lines
/// stay where they are.
fn without(text: &str, line: u64) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let at = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1).min(lines.len());
    let is_header = |line: &&str| line.trim_start().starts_with('[');
    let begins = |line: &&str| line.contains('=') || is_header(line) || line.trim().is_empty();
    let start = (0..=at).rev().find(|n| lines.get(*n).is_none_or(&begins)).unwrap_or(at);
    let rest = lines.get(start + 1..).unwrap_or_default();
    let next = |of: &dyn Fn(&&str) -> bool| rest.iter().position(of).unwrap_or(rest.len());
    let more = match lines.get(start).is_some_and(is_header) {
        true => next(&is_header),
        // A value that goes on: an array over several lines, say.
        false if lines.get(start).is_some_and(|line| opens(line)) => next(&|line| begins(line)),
        false => 0,
    };
    let gone = start..=start + more;
    let kept = lines.iter().enumerate().map(|(n, line)| if gone.contains(&n) { "" } else { line });
    kept.collect::<Vec<_>>().join("\n") + "\n"
}

fn opens(line: &str) -> bool {
    line.matches(['[', '{']).count() > line.matches([']', '}']).count() || line.contains("\"\"\"")
}

/// What is wrong in the text of `records.toml`, of a workspace of `names`.
pub fn records_faults(text: &str, names: &[Name]) -> Vec<FileFault> {
    let (mut text, mut faults) = (text.to_owned(), Vec::new());
    while faults.len() < MAX_FAULTS {
        let error = match Document::parse(text.as_str()) {
            Ok(document) => {
                Records::read(document.as_table(), names, &mut |span, error| {
                    let span = span.unwrap_or_default();
                    let said = error.to_string();
                    let message = said.strip_prefix("records.toml: ").unwrap_or(&said);
                    faults.push(fault(&text, &span, message.to_owned()));
                    faults.len() < MAX_FAULTS
                });
                break;
            }
            Err(error) => error,
        };
        let new = fault(&text, &error.span().unwrap_or_default(), error.message().to_owned());
        if faults.contains(&new) {
            break;
        }
        let line = new.line;
        faults.push(new);
        text = without(&text, line);
    }
    faults.sort_by_key(|fault| (fault.line, fault.column));
    faults
}

fn fault(text: &str, span: &Range<usize>, message: String) -> FileFault {
    let before = text.get(..span.start.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
    FileFault { file: RECORDS_FILE.to_owned(), line, column, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(faults: &[FileFault]) -> Vec<(u64, u64)> {
        faults.iter().map(|fault| (fault.line, fault.column)).collect()
    }

    #[test]
    fn every_fault_of_namesys_toml_has_its_place() {
        let text = "name = \"nick.eth\"\nstorge = \"wallet\"\nchain_id = -1\n\n[[uploads]]\n\
            kind = \"kubo\"\nurl = 3\n\n[[uploads]]\nkind = \"kubo\"\n\n[gateways]\nipfs = [\n  1,\n]\n";
        let (config, faults) = config_faults(text);
        assert_eq!(
            faults.iter().map(|fault| fault.line).collect::<Vec<_>>(),
            [2, 3, 7, 9, 13],
            "{faults:#?}"
        );
        assert!(config.is_some_and(|config| config.name().as_str() == "nick.eth"));
        let (config, faults) = config_faults("names = [\"a.eth\", \"b.eth\"]\n");
        assert!(config.is_none() && faults.len() == 1 && faults[0].message.contains("wallet"));
        assert!(config_faults("name = \"nick.eth\"\n").1.is_empty());
    }

    #[test]
    fn every_fault_of_records_toml_has_its_place() {
        let names = [Name::parse("nick.eth").unwrap()];
        let text = "[\"nick.eth\"]\n\"text/a\" = 1\n\"txt/b\" = \"1\"\n\"address/60\" = \"0x12\"\n\n[\"other.eth\"]\n\"text/a\" = \"1\"\n";
        let faults = records_faults(text, &names);
        assert_eq!(
            lines(&faults).iter().map(|f| f.0).collect::<Vec<_>>(),
            [2, 3, 4, 6],
            "{faults:#?}"
        );
        assert_eq!(faults[0].column, 12, "{faults:#?}");
        let syntax = records_faults("[\"nick.eth\"]\n\"text/a\" = \n\"text/b\" = 1\n= 2\n", &names);
        assert_eq!(
            lines(&syntax).iter().map(|f| f.0).collect::<Vec<_>>(),
            [2, 3, 4],
            "{syntax:#?}"
        );
        // The records of a table whose header is wrong are not those of the table above it.
        let header = "[\"nick.eth\"]\n\"text/a\" = \"1\"\n[\"pay.nick.eth\"\n\"text/a\" = \"2\"\n";
        let faults = records_faults(header, &names);
        assert_eq!(lines(&faults).iter().map(|f| f.0).collect::<Vec<_>>(), [3], "{faults:#?}");
        assert!(records_faults("", &names).is_empty());
    }
}
