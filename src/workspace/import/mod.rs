//! Records from tables: CSV by its header, or name, record, value; with commas, semicolons or tabs;
//! one record a row, or one name a row and one record a column. And from JSON: lines, an array, and
//! what NameStone exports. Values are in their text form.

mod columns;
mod csv;
mod encoding;
mod export;
mod json;
mod rows;

use std::collections::HashMap;
use std::io::{BufRead, Cursor, Read};

use super::{Phases, Records, RecordsError};
use crate::ens::Name;
use crate::record::RecordKey;
use columns::PLAIN;
pub use export::{TableFormat, write_table};
use rows::Gathered;
pub use rows::{LineError, Row};

/// The longest first line that is looked at.
const MAX_FIRST: u64 = 4 << 20;

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The source cannot be read.
    #[error("reading the records: {0}")]
    Io(#[from] std::io::Error),
    /// Lines that are wrong; all others were right.
    #[error(
        "{} line{} cannot be imported; nothing was changed",
        .0.len(), if .0.len() == 1 { "" } else { "s" }
    )]
    Lines(Vec<LineError>),
}

/// What an import changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Records that were not wanted before.
    pub new: u64,
    /// Records that had another value.
    pub changed: u64,
    /// Records that were so already.
    pub equal: u64,
    /// Records that are no longer wanted.
    pub removed: u64,
    /// Records that stand in the table.
    pub rows: u64,
    /// Columns that are no records.
    pub ignored: Vec<String>,
}

/// Which records stand in a table, and on which line.
type Seen = HashMap<(Name, RecordKey), u64>;

/// How a record changes what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was not wanted before.
    New,
    /// It had another value.
    Changed,
    /// It was so already.
    Equal,
}

impl Imported {
    /// Counts a record.
    pub fn count(&mut self, put: Put) {
        *match put {
            Put::New => &mut self.new,
            Put::Changed => &mut self.changed,
            Put::Equal => &mut self.equal,
        } += 1;
    }
}

/// Reads every row of `reader` and hands it to `each`; the columns that are ignored. JSON is told
/// apart by its first character.
///
/// # Errors
/// I/O only; what is wrong in a line is handed to `each`.
pub fn read_rows(
    reader: impl BufRead,
    mut each: impl FnMut(Result<Row, LineError>),
) -> std::io::Result<Vec<String>> {
    let mut reader = match encoding::decoded(reader)? {
        Ok(reader) => reader,
        Err(encoding::NotUtf16) => {
            let message = "it begins as UTF-16 and is not; save it as UTF-8".to_owned();
            each(Err(LineError { line: 1, message }));
            return Ok(Vec::new());
        }
    };
    // Blank lines before, and the first that is not.
    let (mut before, mut first) = (Vec::new(), Vec::new());
    while reader.by_ref().take(MAX_FIRST).read_until(b'\n', &mut first)? > 0
        && first.iter().all(u8::is_ascii_whitespace)
    {
        before.append(&mut first);
    }
    let start = first.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    let separator = columns::separator(&String::from_utf8_lossy(&first));
    let mut reader = Cursor::new([before, first].concat()).chain(reader);
    match start {
        Some(b'{') => json::lines(&mut reader, &mut each).map(|()| Vec::new()),
        Some(b'[') => json::array(&mut reader, &mut each).map(|()| Vec::new()),
        _ => table(reader, separator, &mut each),
    }
}

fn table(
    reader: impl BufRead,
    separator: u8,
    each: &mut impl FnMut(Result<Row, LineError>),
) -> std::io::Result<Vec<String>> {
    let mut records = csv::Records::new(reader, separator);
    let (mut columns, mut ignored, mut gathered) = (None, Vec::new(), Gathered::default());
    while let Some((line, cells)) = records.next()? {
        let cells = match cells {
            Ok(cells) => cells,
            Err(message) => {
                each(Err(LineError { line, message }));
                continue;
            }
        };
        let columns = match &columns {
            Some(columns) => columns,
            None => match columns::header(&cells) {
                Ok(Some((of_header, others))) => {
                    (columns, ignored) = (Some(of_header), others);
                    continue;
                }
                Ok(None) => columns.insert(PLAIN),
                // Without it nothing else can be read.
                Err(message) => {
                    each(Err(LineError { line, message }));
                    return Ok(Vec::new());
                }
            },
        };
        columns.rows(line, &cells, &mut gathered, each);
    }
    gathered.rows().for_each(each);
    Ok(ignored)
}

impl Records {
    /// Sets every record of `reader`, or none: with any line wrong, `self` is to be dropped. With
    /// `only`, names that neither are it nor lie under it are wrong. With `exactly` what the table
    /// has not goes, of `only` and the names under it, or of all.
    ///
    /// # Errors
    /// All wrong lines together, each with its number.
    pub fn import(
        &mut self,
        reader: impl BufRead,
        only: Option<&Name>,
        exactly: bool,
        mut progress: impl FnMut(u64),
    ) -> Result<Imported, ImportError> {
        let (mut outcome, mut seen) = (Imported::default(), HashMap::new());
        let (mut errors, mut rows) = (Vec::new(), Vec::new());
        let ignored = read_rows(reader, |row| {
            match row.and_then(|row| check(row, only, &mut seen)) {
                // What goes makes room for what comes, so that goes first.
                Ok(row) if exactly => rows.push(row),
                Ok(row) => self.take(row, &mut outcome).unwrap_or_else(|error| errors.push(error)),
                Err(error) => errors.push(error),
            }
            progress(seen.len() as u64);
        })?;
        outcome.ignored = ignored;
        outcome.rows = seen.len() as u64;
        if exactly && errors.is_empty() {
            outcome.removed = self.keep_only(&seen, only);
            for row in rows {
                self.take(row, &mut outcome).unwrap_or_else(|error| errors.push(error));
            }
        }
        if errors.is_empty() { Ok(outcome) } else { Err(ImportError::Lines(errors)) }
    }

    fn take(&mut self, row: Row, outcome: &mut Imported) -> Result<(), LineError> {
        let Row { line, name, key, wanted } = row;
        let refuse = |error: RecordsError| LineError { line, message: error.to_string() };
        outcome.count(self.put_phases(&name, &key, wanted).map_err(refuse)?);
        Ok(())
    }

    /// Wants all that a record is to say; how that changes what is wanted.
    ///
    /// # Errors
    /// As [`set_phases`](Self::set_phases).
    pub fn put_phases(
        &mut self,
        name: &Name,
        key: &RecordKey,
        wanted: Phases,
    ) -> Result<Put, RecordsError> {
        let existed = self.phases(name, key).is_some();
        Ok(match (self.set_phases(name, key, wanted)?, existed) {
            (true, false) => Put::New,
            (true, true) => Put::Changed,
            (false, _) => Put::Equal,
        })
    }

    /// Removes what is not `seen`; how many that are.
    fn keep_only(&mut self, seen: &Seen, only: Option<&Name>) -> u64 {
        let is_gone = |name: &Name, key: &RecordKey| {
            only.is_none_or(|only| name.is_or_is_under(only))
                && !seen.contains_key(&(name.clone(), key.clone()))
        };
        let gone: Vec<(Name, RecordKey)> = self
            .all()
            .filter(|(name, key, _)| is_gone(name, key))
            .map(|(name, key, _)| (name.clone(), key.clone()))
            .collect();
        for (name, key) in &gone {
            self.unset_many(name, key);
        }
        self.sweep();
        gone.len() as u64
    }
}

/// A row that may be taken: of `only`, and no record twice.
fn check(row: Row, only: Option<&Name>, seen: &mut Seen) -> Result<Row, LineError> {
    let Row { line, name, key, .. } = &row;
    let refuse = |message: String| LineError { line: *line, message };
    if let Some(only) = only.filter(|only| !name.is_or_is_under(only)) {
        return Err(refuse(format!("{name} is neither {only} nor a name under it (--name)")));
    }
    if let Some(earlier) = seen.insert((name.clone(), key.clone()), *line) {
        return Err(refuse(format!("{name}'s {key} stands on line {earlier} already")));
    }
    Ok(row)
}

#[cfg(test)]
mod tests;
