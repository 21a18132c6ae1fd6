//! What the columns of a table are: by its header, in any order and case, or name, record, value.

use super::csv::Field;
use super::rows::{Gathered, LineError, Row, Written, phase_row, row};
use crate::ens::Name;
use crate::record::RecordKey;

/// The columns of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    /// One record a row, or one phase of one: where name, record and value are, and how many columns
    /// there are.
    Long { name: usize, record: usize, value: usize, times: Times, count: usize },
    /// One name a row, one record a column, as the header writes it.
    Wide { name: usize, records: Vec<(usize, String)>, count: usize },
}

/// Where the times of a phase are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Times {
    starts: Option<usize>,
    ends: Option<usize>,
}

/// Record types without a key, which a heading may be meant to be.
const KINDS: [&str; 4] = ["contenthash", "pubkey", "zonehash", "address/eth"];

/// Without a header.
pub(super) const PLAIN: Columns = Columns::Long {
    name: 0,
    record: 1,
    value: 2,
    times: Times { starts: None, ends: None },
    count: 3,
};

/// The separator of the first line, and whether it is a header.
pub(super) fn separator(line: &str) -> u8 {
    let line = line.split(['\r', '\n']).next().unwrap_or_default();
    let of = |separator: &char| {
        let cells: Vec<Field> = line
            .split(*separator)
            .map(|cell| Field { text: cell.trim_matches('"').to_owned(), is_quoted: false })
            .collect();
        let is_plain = cells.len() == 3 && RecordKey::parse(&cells[1].text).is_ok();
        cells.len() > 1 && (!matches!(header(&cells), Ok(None)) || is_plain)
    };
    let found = [',', ';', '\t'].into_iter().find(of);
    match found {
        Some(';') => b';',
        Some('\t') => b'\t',
        _ => b',',
    }
}

/// What a header says, and the columns that are ignored.
pub(super) type Header = (Columns, Vec<String>);

/// What a header says; none of a first row that is no header.
///
/// # Errors
/// A heading that is meant to be a record type and is none.
pub(super) fn header(cells: &[Field]) -> Result<Option<Header>, String> {
    let word = |cell: &Field| cell.text.trim().to_ascii_lowercase();
    let words: Vec<String> = cells.iter().map(word).collect();
    let at = |word: &str| words.iter().position(|other| other == word);
    let Some(name) = at("name") else { return Ok(None) };
    let count = cells.len();
    let ignored = |used: &[usize]| {
        let rest = cells.iter().enumerate().filter(|(index, _)| !used.contains(index));
        rest.map(|(_, cell)| cell.text.trim().to_owned()).collect()
    };
    if let (Some(record), Some(value)) = (at("record"), at("value")) {
        let times = Times { starts: at("starts"), ends: at("ends") };
        let is_near = |word: &&String| ["start", "end", "begins", "until"].contains(&word.as_str());
        if let Some(near) = words.iter().find(is_near) {
            return Err(format!("the heading {near:?} is none; times are in starts and ends"));
        }
        let columns = Columns::Long { name, record, value, times, count };
        let used = [Some(name), Some(record), Some(value), times.starts, times.ends];
        let used: Vec<usize> = used.into_iter().flatten().collect();
        return Ok(Some((columns, ignored(&used))));
    }
    // A row of data may have the record type `name`.
    if Name::parse(&cells[0].text).is_ok_and(|first| first.parent().is_some()) {
        return Ok(None);
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
    let is_plain = |text: &str| Name::parse(text).is_ok_and(|name| name.parent().is_some());
    let others = cells.iter().enumerate().filter(|(index, cell)| {
        *index != name && !records.iter().any(|(other, _)| other == index) && !is_plain(&cell.text)
    });
    for (_, cell) in others {
        let heading = cell.text.trim();
        let lower = heading.to_ascii_lowercase();
        let meant = KINDS.iter().find(|kind| strsim::osa_distance(kind, &lower) <= 2);
        if let (true, Err(error)) = (heading.contains('/'), RecordKey::parse(heading)) {
            return Err(format!("the heading {heading:?} is no record type: {error}"));
        }
        if let Some(meant) = meant {
            return Err(format!("the heading {heading:?} is no record type; is it {meant}?"));
        }
    }
    if records.is_empty() && count > 1 {
        return Ok(None);
    }
    if let Some(time) = ["starts", "ends"].into_iter().find(|time| at(time).is_some()) {
        return Err(format!(
            "{time} in a wide table: phases have no place in it; name,record,value,starts,ends has"
        ));
    }
    let used: Vec<usize> = records.iter().map(|(index, _)| *index).chain([name]).collect();
    let ignored = ignored(&used);
    Ok(Some((Columns::Wide { name, records, count }, ignored)))
}

impl Columns {
    /// The records of a row.
    pub(super) fn rows(
        &self,
        line: u64,
        cells: &[Field],
        gathered: &mut Gathered,
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
            Self::Long { name, record, value, times, .. } => {
                let text = |at: usize| cells[at].text.as_str();
                let time = |at: Option<usize>| at.map_or("", text);
                let (starts, ends) = (time(times.starts), time(times.ends));
                let written = Written { value: text(*value), starts, ends };
                match phase_row(line, text(*name), text(*record), &written) {
                    Ok(phase) => gathered.add(line, phase).map(Ok).into_iter().for_each(each),
                    Err(error) => each(Err(error)),
                }
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
