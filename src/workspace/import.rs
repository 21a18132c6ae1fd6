//! Records from CSV or JSON Lines, read line by line.
//!
//! CSV: `name,record,value`, with or without that line first. JSON Lines: one object of the same
//! three fields on each line. Values are in their text form.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::io::{BufRead, Read};

use serde::{Deserialize, Serialize};

use super::Records;
use crate::ens::Name;
use crate::json;
use crate::record::{RecordKey, Value};

/// The longest line that is read, in bytes.
const MAX_LINE: u64 = 4 << 20;

/// What a line of JSON Lines is.
const JSON_LINE: &str =
    "each line is {\"name\":\"…\",\"record\":\"…\",\"value\":\"…\"}, every value a text";

/// Of a CSV whose last row swallowed what follows.
const UNCLOSED: &str = "a quote is opened here and never closed; write a quote in a value as two";

/// How the records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, three columns.
    Csv,
    /// One JSON object on each line.
    JsonLines,
}

impl Format {
    /// JSON Lines when the first byte that is not white space is `{`; otherwise CSV. A byte
    /// order mark, as spreadsheets write it, is skipped.
    ///
    /// # Errors
    /// When `reader` cannot be read.
    pub fn detect(reader: &mut impl BufRead) -> std::io::Result<Self> {
        if reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            reader.consume(3);
        }
        let start = reader.fill_buf()?;
        let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
        Ok(if first == Some(&b'{') { Self::JsonLines } else { Self::Csv })
    }
}

/// One record and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Counted from 1.
    pub line: u64,
    /// Whose record.
    pub name: Name,
    /// Which.
    pub key: RecordKey,
    /// What it should be.
    pub value: Value,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Records that are new or have another value.
    pub imported: u64,
    /// Records that were so already.
    pub skipped: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow)]
    name: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    record: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    value: std::borrow::Cow<'a, str>,
}

fn row(line: u64, name: &str, record: &str, value: &str) -> Result<Row, LineError> {
    let refuse = |message: String| LineError { line, message };
    let name = Name::parse(name).map_err(|error| refuse(error.to_string()))?;
    let key = RecordKey::parse(record).map_err(|error| refuse(error.to_string()))?;
    let value = Value::parse_written(&key, record, value)
        .map_err(|error| refuse(format!("{key}: {error}")))?;
    Ok(Row { line, name, key, value })
}

/// Reads every row of `reader` and hands it to `each`.
///
/// # Errors
/// I/O only; what is wrong in a line is handed to `each`.
pub fn read_rows(
    mut reader: impl BufRead,
    format: Format,
    mut each: impl FnMut(Result<Row, LineError>),
) -> std::io::Result<()> {
    match format {
        Format::JsonLines => json_lines(&mut reader, &mut each),
        Format::Csv => csv_rows(reader, &mut each),
    }
}

fn csv_rows(
    reader: impl BufRead,
    each: &mut impl FnMut(Result<Row, LineError>),
) -> std::io::Result<()> {
    let (quotes, row_bytes) = (Cell::new(0), Cell::new(0));
    let reader = Counted { reader, quotes: &quotes, row_bytes: &row_bytes };
    let mut csv = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(reader);
    let mut record = csv::StringRecord::new();
    let mut first = true;
    // The row before, and whether it goes over lines: the last one may lack a quote's end.
    let mut before: Option<(Result<Row, LineError>, u64, bool)> = None;
    loop {
        row_bytes.set(0);
        let start = csv.position().line();
        let read = csv.read_record(&mut record);
        let position = record.position().map_or(0, csv::Position::line);
        match read {
            Ok(false) => {
                match before {
                    Some((_, line, true)) if quotes.get() % 2 == 1 => {
                        each(Err(LineError { line, message: UNCLOSED.to_owned() }));
                    }
                    Some((row, ..)) => each(row),
                    None => {}
                }
                return Ok(());
            }
            Err(error) => {
                let (line, message) = match error.into_kind() {
                    csv::ErrorKind::Io(_) if row_bytes.get() > MAX_LINE => {
                        before.take().into_iter().for_each(|(row, ..)| each(row));
                        let message = format!("longer than {MAX_LINE} bytes");
                        each(Err(LineError { line: start, message }));
                        return Ok(());
                    }
                    csv::ErrorKind::Io(error) => return Err(error),
                    csv::ErrorKind::Utf8 { pos, .. } => {
                        (pos.map_or(position, |pos| pos.line()), "it is not UTF-8".to_owned())
                    }
                    other => (position, format!("{other:?}")),
                };
                if let Some((row, ..)) =
                    before.replace((Err(LineError { line, message }), line, false))
                {
                    each(row);
                }
            }
            Ok(true) => {
                let header =
                    std::mem::take(&mut first) && record.iter().eq(["name", "record", "value"]);
                if header {
                    continue;
                }
                let now = match (record.get(0), record.get(1), record.get(2), record.len()) {
                    (Some(name), Some(key), Some(value), 3) => row(position, name, key, value),
                    (.., columns) => Err(LineError {
                        line: position,
                        message: format!(
                            "{columns} columns; three are expected: name,record,value (put a value with commas in quotes)"
                        ),
                    }),
                };
                let lines = record.iter().any(|field| field.contains('\n'));
                if let Some((row, ..)) = before.replace((now, position, lines)) {
                    each(row);
                }
            }
        }
    }
}

/// Counts the quotes that go through it (a sound CSV has an even number), and what a row has.
struct Counted<'a, R> {
    reader: R,
    quotes: &'a Cell<u64>,
    /// Bytes read since the row was begun, and refused when they are more than a line has.
    row_bytes: &'a Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.row_bytes.get() > MAX_LINE {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        let read = self.reader.read(buffer)?;
        self.row_bytes.set(self.row_bytes.get() + read as u64);
        let quotes = buffer[..read].iter().filter(|byte| **byte == b'"').count();
        self.quotes.set(self.quotes.get() + quotes as u64);
        Ok(read)
    }
}

fn json_lines(
    reader: &mut impl BufRead,
    each: &mut impl FnMut(Result<Row, LineError>),
) -> std::io::Result<()> {
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        if reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut text)? == 0 {
            return Ok(());
        }
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if text.len() as u64 == MAX_LINE {
            each(Err(LineError { line, message: format!("longer than {MAX_LINE} bytes") }));
            return Ok(());
        }
        each(match json::from_slice::<Fields<'_>>(&text) {
            Ok(fields) => row(line, &fields.name, &fields.record, &fields.value),
            Err(error) => Err(LineError { line, message: json_message(&error) }),
        });
    }
    Ok(())
}

/// The parser's words without its line, which is always 1 here, and the form that is expected.
fn json_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let said = text.rsplit_once(" at line ").map_or(text.as_str(), |(said, _)| said);
    let column = error.column();
    let what = if error.is_data() { "" } else { "not JSON: " };
    format!("{what}{said} at column {column}; {JSON_LINE}")
}

impl Records {
    /// Sets every record of `reader`, or none: with any line wrong, `self` is to be dropped.
    ///
    /// # Errors
    /// All wrong lines together, each with its number.
    pub fn import(
        &mut self,
        reader: impl BufRead,
        format: Format,
        mut progress: impl FnMut(u64),
    ) -> Result<Imported, ImportError> {
        let mut outcome = Imported::default();
        let mut errors = Vec::new();
        let mut seen: HashMap<(Name, RecordKey), u64> = HashMap::new();
        read_rows(reader, format, |row| {
            let done = row.and_then(|Row { line, name, key, value }| {
                let before = seen.insert((name.clone(), key.clone()), line);
                if let Some(earlier) = before {
                    let message = format!("{name}'s {key} stands on line {earlier} already");
                    return Err(LineError { line, message });
                }
                let set = self.set(&name, &key, value);
                set.map_err(|error| LineError { line, message: error.to_string() })
            });
            match done {
                Ok(true) => outcome.imported += 1,
                Ok(false) => outcome.skipped += 1,
                Err(error) => errors.push(error),
            }
            progress(outcome.imported + outcome.skipped);
        })?;
        if errors.is_empty() { Ok(outcome) } else { Err(ImportError::Lines(errors)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Records {
        Records::parse("", &[Name::parse("nick.eth").unwrap()]).unwrap()
    }

    fn import(text: &str) -> Result<Imported, ImportError> {
        let mut reader = text.as_bytes();
        let format = Format::detect(&mut reader).unwrap();
        records().import(reader, format, |_| {})
    }

    #[test]
    fn both_formats() {
        let csv = "name,record,value\nnick.eth,text/avatar,\"a,b\"\na.nick.eth,address/eth,0x0000000000000000000000000000000000000001\n";
        assert_eq!(import(csv).unwrap(), Imported { imported: 2, skipped: 0 });
        let json = "{\"name\":\"nick.eth\",\"record\":\"text/avatar\",\"value\":\"\"}\n\n{\"name\":\"Nick.eth\",\"record\":\"text/url\",\"value\":\"\\u00e9\"}";
        assert_eq!(import(json).unwrap(), Imported { imported: 2, skipped: 0 });
        for marked in [format!("\u{feff}{csv}"), format!("\u{feff}{json}")] {
            assert_eq!(import(&marked).unwrap().imported, 2);
        }
    }

    #[test]
    fn a_line_without_end_is_refused_in_either_format() {
        // What never ends is not read to its end.
        for (head, fill) in
            [("nick.eth,text/a,1\nnick.eth,text/b,", b'x'), ("{\"name\":\"", b'x'), ("a,\"", b'\n')]
        {
            let endless = head.as_bytes().chain(std::io::repeat(fill));
            let mut reader = std::io::BufReader::new(endless);
            let format = Format::detect(&mut reader).unwrap();
            let error = records().import(reader, format, |_| {}).unwrap_err();
            let ImportError::Lines(errors) = error else { panic!("{error:?}") };
            let last = errors.last().unwrap();
            assert!(last.message.contains("longer than"), "{last}");
            assert_eq!(last.line, if head.starts_with("nick") { 2 } else { 1 }, "{head}");
        }
        let long = format!("nick.eth,text/a,\"{}\"\n", "x".repeat(400_000));
        assert!(import(&long).is_ok());
    }

    #[test]
    fn every_wrong_line_is_reported_with_its_number() {
        let lines = |text: &str| match import(text) {
            Err(ImportError::Lines(errors)) => errors,
            other => panic!("{other:?}"),
        };
        let csv = "nick.eth,text/a,1\nnick.eth,text/b\nno good.eth,text/c,1\nnick.eth,txt/d,1\nother.eth,text/e,1\nnick.eth,text/a,2\nnick.eth,address/60,0x12\n";
        let errors = lines(csv);
        assert_eq!(errors.iter().map(|e| e.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
        assert!(errors[4].message.contains("line 1"));
        let json = "{\"name\":\"nick.eth\",\"record\":\"text/a\",\"value\":1}\n{]\n";
        assert_eq!(lines(json).iter().map(|e| e.line).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(lines("nick.eth,text/a,\u{0}\u{1}x\nx\n").len(), 1);
        assert!(lines("{]")[0].message.starts_with("not JSON: "));
        let unclosed = "nick.eth,text/a,1\nnick.eth,text/b,\"2\nnick.eth,text/c,3\n";
        assert_eq!((lines(unclosed)[0].line, lines(unclosed).len()), (2, 1));
        assert!(import("nick.eth,text/a,5\" disk\n").is_ok());
        assert!(import("nick.eth,text/a,\"two\nlines\"\n").is_ok());
    }
}
