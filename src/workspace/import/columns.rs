//! What the columns of a table are: by its header, in any order and case, or name, record, value.

use super::csv::Field;
use super::rows::{LineError, Row, row};
use crate::ens::Name;
use crate::record::RecordKey;

/// The columns of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    /// One record a row: where name, record and value are, and how many columns there are.
    Long { name: usize, record: usize, value: usize, count: usize },
    /// One name a row, one record a column, as the header writes it.
    Wide { name: usize, records: Vec<(usize, String)>, count: usize },
}

/// Without a header.
const PLAIN: Columns = Columns::Long { name: 0, record: 1, value: 2, count: 3 };

/// The separator of the first line, and whether it is a header.
pub(super) fn separator(line: &str) -> u8 {
    let of = |separator: &char| {
        let cells: Vec<Field> = line
            .trim_end_matches(['\r', '\n'])
            .split(*separator)
            .map(|cell| Field { text: cell.trim_matches('"').to_owned(), is_quoted: false })
            .collect();
        let is_plain = cells.len() == 3 && RecordKey::parse(&cells[1].text).is_ok();
        cells.len() > 1 && (header(&cells).is_some() || is_plain)
    };
    let found = [',', ';', '\t'].into_iter().find(of);
    match found {
        Some(';') => b';',
        Some('\t') => b'\t',
        _ => b',',
    }
}

/// What a header says, and the columns that are ignored; none of a first row that is no header.
pub(super) fn header(cells: &[Field]) -> Option<(Columns, Vec<String>)> {
    let word = |cell: &Field| cell.text.trim().to_ascii_lowercase();
    let words: Vec<String> = cells.iter().map(word).collect();
    let at = |word: &str| words.iter().position(|other| other == word);
    let name = at("name")?;
    let count = cells.len();
    let ignored = |used: &[usize]| {
        let rest = cells.iter().enumerate().filter(|(index, _)| !used.contains(index));
        rest.map(|(_, cell)| cell.text.trim().to_owned()).collect()
    };
    if let (Some(record), Some(value)) = (at("record"), at("value")) {
        let columns = Columns::Long { name, record, value, count };
        return Some((columns, ignored(&[name, record, value])));
    }
    // A row of data may have the record type `name`.
    if Name::parse(&cells[0].text).is_ok_and(|first| first.parent().is_some()) {
        return None;
    }
    let of_record = |(index, cell): (usize, &Field)| {
        let text = cell.text.trim();
        let kind = text.split_once('/');
        let lower = kind.map_or_else(
            || text.to_ascii_lowercase(),
            |(kind, key)| format!("{}/{key}", kind.to_ascii_lowercase()),
        );
        let written = [cell.text.clone(), text.to_owned(), lower]
            .into_iter()
            .find(|text| RecordKey::parse(text).is_ok());
        written.filter(|_| index != name).map(|written| (index, written))
    };
    let records: Vec<(usize, String)> = cells.iter().enumerate().filter_map(of_record).collect();
    // A table of no records is one too.
    if records.is_empty() && count > 1 {
        return None;
    }
    let used: Vec<usize> = records.iter().map(|(index, _)| *index).chain([name]).collect();
    let ignored = ignored(&used);
    Some((Columns::Wide { name, records, count }, ignored))
}

impl Columns {
    /// Without a header: name, record, value.
    pub(super) fn plain() -> Self {
        PLAIN
    }

    /// The records of a row.
    pub(super) fn rows(
        &self,
        line: u64,
        cells: &[Field],
        each: &mut impl FnMut(Result<Row, LineError>),
    ) {
        let refuse = |message: String| Err(LineError { line, message });
        let found = cells.len();
        match self {
            Self::Long { count, .. } | Self::Wide { count, .. } if found != *count => {
                each(refuse(match self == &PLAIN {
                    true => format!(
                        "{found} columns; three are expected: name,record,value (put a value with commas in quotes)"
                    ),
                    false => format!("{found} columns, and the header has {count}"),
                }));
            }
            Self::Long { name, record, value, .. } => {
                each(row(line, &cells[*name].text, &cells[*record].text, &cells[*value].text));
            }
            Self::Wide { name, records, .. } => {
                for (index, record) in records {
                    let Field { text, is_quoted } = &cells[*index];
                    // An empty cell is no record; an empty one in quotes is an empty value.
                    if !text.is_empty() || *is_quoted {
                        each(row(line, &cells[*name].text, record, text));
                    }
                }
            }
        }
    }
}
