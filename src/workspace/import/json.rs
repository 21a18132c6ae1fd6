//! Records from JSON: one object a line, or an array of objects; of three fields each, or as
//! NameStone exports a name.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use serde::Deserialize;

use super::rows::{Gathered, LineError, Row, Written, phase_row, row};
use crate::json;

/// The longest line or array that is read, in bytes.
const MAX_LINE: u64 = 4 << 20;
const MAX_ARRAY: u64 = 64 << 20;

/// What a line of JSON Lines is.
const JSON_LINE: &str = "each line is {\"name\":\"…\",\"record\":\"…\",\"value\":\"…\"}, every value a text, or an \
     array of {\"value\":\"…\",\"starts\":\"…\",\"ends\":\"…\"}";
/// What an element of an array is.
const ELEMENT: &str = "each element is {\"name\":\"…\",\"record\":\"…\",\"value\":\"…\"}, every \
                       value a text, or an array of \
                       {\"value\":\"…\",\"starts\":\"…\",\"ends\":\"…\"}";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    record: Cow<'a, str>,
    #[serde(borrow)]
    value: Said<'a>,
}

/// A text for always, or phases.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a text is expected, or an array of phases")]
enum Said<'a> {
    #[serde(borrow)]
    Text(Cow<'a, str>),
    #[serde(borrow)]
    Phases(Vec<PhaseFields<'a>>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhaseFields<'a> {
    #[serde(borrow)]
    value: Cow<'a, str>,
    #[serde(borrow, default)]
    starts: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    ends: Option<Cow<'a, str>>,
}

/// The record that the fields say.
fn of_fields(line: u64, fields: &Fields<'_>) -> Result<Row, LineError> {
    let Fields { name, record, value } = fields;
    let phases = match value {
        Said::Text(value) => return row(line, name, record, value),
        Said::Phases(phases) => phases,
    };
    let mut gathered = Gathered::default();
    for PhaseFields { value, starts, ends } in phases {
        let (starts, ends) = (starts.as_deref(), ends.as_deref());
        if let Some("") = starts.filter(|text| text.is_empty()).or(ends) {
            let message =
                format!("{name}: {record}: an empty time: leave it out where there is none");
            return Err(LineError { line, message });
        }
        let written =
            Written { value, starts: starts.unwrap_or_default(), ends: ends.unwrap_or_default() };
        let phase = phase_row(line, name, record, &written)?;
        if let Some(always) = gathered.add(line, phase)
            && phases.len() == 1
        {
            return Ok(always);
        }
    }
    let is_whole = |row: &Row| row.wanted.timed().len() == phases.len();
    let refused = || LineError {
        line,
        message: format!("{name}: {record}: an array has at least one phase, and each has times"),
    };
    let row = gathered.rows().next().unwrap_or_else(|| Err(refused()))?;
    if is_whole(&row) { Ok(row) } else { Err(refused()) }
}

/// A name as NameStone exports it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameStone {
    /// A label, or nothing for the domain itself.
    #[serde(default)]
    name: Option<String>,
    domain: String,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    text_records: Option<BTreeMap<String, Option<String>>>,
    #[serde(default)]
    coin_types: Option<BTreeMap<String, Option<String>>>,
    #[serde(default)]
    contenthash: Option<String>,
}

/// One object a line.
pub(super) fn lines(
    reader: &mut impl BufRead,
    each: &mut impl FnMut(Result<Row, LineError>),
) -> io::Result<()> {
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
        object(line, &text, JSON_LINE, each);
    }
    Ok(())
}

/// An array of objects.
pub(super) fn array(
    reader: &mut impl BufRead,
    each: &mut impl FnMut(Result<Row, LineError>),
) -> io::Result<()> {
    let mut text = Vec::new();
    reader.take(MAX_ARRAY + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_ARRAY {
        let message = format!("the array is longer than {MAX_ARRAY} bytes");
        each(Err(LineError { line: 1, message }));
        return Ok(());
    }
    // The whole first: it may break off, or have something behind it.
    if let Err(error) = json::from_slice::<Vec<serde::de::IgnoredAny>>(&text) {
        let (line, said) = (error.line().max(1) as u64, said(&error));
        each(Err(LineError { line, message: format!("not a JSON array: {said}") }));
        return Ok(());
    }
    for (line, element) in elements(&text) {
        object(line, element, ELEMENT, each);
    }
    Ok(())
}

/// The elements of an array that is sound, each with its line.
fn elements(text: &[u8]) -> Vec<(u64, &[u8])> {
    let (mut found, mut start, mut line, mut depth) = (Vec::new(), None, 1, 0u32);
    let (mut in_text, mut escaped) = (false, false);
    for (index, byte) in text.iter().enumerate() {
        line += u64::from(*byte == b'\n');
        if in_text {
            in_text = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        let ends = depth == 1 && matches!(byte, b',' | b']');
        if ends && let Some((line, start)) = start.take() {
            found.push((line, &text[start..index]));
        }
        if depth >= 1 && !ends && !byte.is_ascii_whitespace() {
            start.get_or_insert((line, index));
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

/// The records of an object that begins on `line`.
fn object(line: u64, text: &[u8], expected: &str, each: &mut impl FnMut(Result<Row, LineError>)) {
    let error = match json::from_slice::<Fields<'_>>(text) {
        Ok(fields) => return each(of_fields(line, &fields)),
        Err(error) => error,
    };
    if has(text, b"\"domain\"") {
        return match json::from_slice::<NameStone>(text) {
            Ok(name) => of_namestone(line, name, each),
            Err(error) => each(Err(LineError {
                line,
                message: format!("not as NameStone exports a name: {}", said(&error)),
            })),
        };
    }
    let what = if error.is_data() { "" } else { "not JSON: " };
    let message = format!("{what}{}; {expected}", said(&error));
    each(Err(LineError { line: line + (error.line().max(1) - 1) as u64, message }));
}

fn has(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part == word)
}

/// The parser's words without its line.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let said = text.rsplit_once(" at line ").map_or(text.as_str(), |(said, _)| said);
    format!("{said} at column {}", error.column())
}

fn of_namestone(line: u64, from: NameStone, each: &mut impl FnMut(Result<Row, LineError>)) {
    let name = match from.name.as_deref().map(str::trim).filter(|label| !label.is_empty()) {
        Some(label) => format!("{label}.{}", from.domain),
        None => from.domain,
    };
    let coins = from.coin_types.unwrap_or_default();
    let address = from.address.filter(|address| {
        // The same address may stand among the coins too.
        let same = |other: &Option<String>| {
            other.as_deref().is_some_and(|other| other.eq_ignore_ascii_case(address))
        };
        !coins.get("60").is_some_and(same)
    });
    let texts = from.text_records.unwrap_or_default().into_iter();
    let texts = texts.map(|(key, value)| (format!("text/{key}"), value));
    let coins = coins.into_iter().map(|(coin, value)| (format!("address/{coin}"), value));
    let address = [("address/60".to_owned(), address)].into_iter();
    let contenthash = [("contenthash".to_owned(), from.contenthash)].into_iter();
    for (record, value) in address.chain(coins).chain(texts).chain(contenthash) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            each(row(line, &name, &record, &value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_the_line_they_begin_on() {
        let text = b"[\n {\"a\":\"],{\\\"\"},\n\n {\"b\":[1,{}]} , [1]]";
        let found: Vec<_> =
            elements(text).into_iter().map(|(line, text)| (line, text.trim_ascii())).collect();
        let expected: [(u64, &[u8]); 3] =
            [(2, b"{\"a\":\"],{\\\"\"}"), (4, b"{\"b\":[1,{}]}"), (4, b"[1]")];
        assert_eq!(found, expected);
        assert!(elements(b"[]").is_empty());
    }
}
