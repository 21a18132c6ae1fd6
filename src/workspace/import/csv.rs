//! CSV by RFC 4180: fields between separators, quotes around a field that holds one, a quote in it
//! written twice. What is quoted otherwise is refused: it could be read as another value.

use std::io::{self, BufRead};

/// The longest record that is read, in bytes.
const MAX_RECORD: usize = 4 << 20;

/// A field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) text: String,
    /// Whether it stood in quotes: an empty one is a value then.
    pub(super) is_quoted: bool,
}

/// The fields of a record, and the line it begins on; or why it is none.
pub(super) type Record = (u64, Result<Vec<Field>, String>);

/// Reads records.
pub(super) struct Records<R> {
    reader: R,
    separator: u8,
    /// Lines read so far.
    line: u64,
    is_over: bool,
    bytes: Vec<u8>,
}

/// Where in a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Plain,
    Quoted,
    /// Behind a quote in a quoted field: its end, or the first of two.
    Behind,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(reader: R, separator: u8) -> Self {
        Self { reader, separator, line: 0, is_over: false, bytes: Vec::new() }
    }

    /// The next record that is not a blank line; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        while !self.is_over {
            let line = self.line + 1;
            self.bytes.clear();
            if !self.read_line()? {
                break;
            }
            if self.bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
                continue;
            }
            return Ok(Some((line, self.record(line)?)));
        }
        Ok(None)
    }

    /// Adds a line, which ends by LF, CR LF, or CR alone; `false` at the end, or where the record is
    /// too long.
    fn read_line(&mut self) -> io::Result<bool> {
        let before = self.bytes.len();
        loop {
            let room = (MAX_RECORD + 1).saturating_sub(self.bytes.len());
            let found = self.reader.fill_buf()?;
            let found = &found[..found.len().min(room)];
            if found.is_empty() {
                break;
            }
            let end = found.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let taken = end.map_or(found.len(), |end| end + 1);
            self.bytes.extend_from_slice(&found[..taken]);
            self.reader.consume(taken);
            if end.is_some() {
                if self.bytes.ends_with(b"\r") && self.reader.fill_buf()?.first() == Some(&b'\n') {
                    self.bytes.push(b'\n');
                    self.reader.consume(1);
                }
                break;
            }
        }
        let read = self.bytes.len() > before;
        self.line += u64::from(read);
        Ok(read)
    }

    /// Splits what was read, reading on while a quoted field goes on.
    fn record(&mut self, first: u64) -> io::Result<Result<Vec<Field>, String>> {
        let (mut fields, mut field, mut quoted) = (Vec::new(), Vec::new(), false);
        let (mut at, mut index, mut opened) = (At::Start, 0, first);
        loop {
            if self.bytes.len() > MAX_RECORD {
                self.is_over = true;
                return Ok(Err(format!("longer than {MAX_RECORD} bytes")));
            }
            let Some(&byte) = self.bytes.get(index) else {
                if at == At::Quoted && self.read_line()? {
                    continue;
                }
                break;
            };
            index += 1;
            let ends_line = matches!(byte, b'\r' | b'\n');
            match (at, byte) {
                (At::Quoted, b'"') => at = At::Behind,
                (At::Quoted, _) => field.push(byte),
                (At::Behind, b'"') => {
                    field.push(b'"');
                    at = At::Quoted;
                }
                (At::Start, b'"') => (at, quoted, opened) = (At::Quoted, true, self.line),
                (_, byte) if byte == self.separator => {
                    fields.push((std::mem::take(&mut field), std::mem::take(&mut quoted)));
                    at = At::Start;
                }
                (_, _) if ends_line => break,
                (At::Behind, _) => {
                    return Ok(Err(
                        "behind a quote that ends a field comes something else; write a \
                                   quote in a value as two, and nothing around the quotes"
                            .to_owned(),
                    ));
                }
                (At::Plain, b'"') if field.iter().all(u8::is_ascii_whitespace) => {
                    return Ok(Err(
                        "a quote behind blanks: write the quote at the beginning of the \
                                   field, or the blanks within it"
                            .to_owned(),
                    ));
                }
                (_, byte) => {
                    field.push(byte);
                    at = At::Plain;
                }
            }
        }
        if at == At::Quoted {
            // What follows was swallowed: said where it began.
            self.is_over = true;
            let at_line =
                if opened == first { String::new() } else { format!(" on line {opened}") };
            return Ok(Err(format!(
                "a quote is opened here{at_line} and never closed; write a quote in a value as two"
            )));
        }
        fields.push((field, quoted));
        let texts = fields.into_iter().map(|(bytes, is_quoted)| {
            let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
            Ok(Field { text, is_quoted })
        });
        Ok(texts.collect())
    }
}

/// Writes a field: in quotes where it needs them, or an empty one that is a value.
pub(super) fn write_field(out: &mut String, text: &str, empty_is_value: bool) {
    let needs = text.is_empty() && empty_is_value
        || text.contains([',', ';', '\t', '"', '\r', '\n'])
        || text.starts_with(char::is_whitespace)
        || text.ends_with(char::is_whitespace)
        || text.starts_with('\u{feff}');
    match needs {
        true => {
            out.push('"');
            out.push_str(&text.replace('"', "\"\""));
            out.push('"');
        }
        false => out.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, separator: u8) -> Vec<(u64, Result<Vec<String>, String>)> {
        let mut records = Records::new(text.as_bytes(), separator);
        let mut found = Vec::new();
        while let Some((line, record)) = records.next().unwrap() {
            let texts = record.map(|fields| fields.into_iter().map(|field| field.text).collect());
            found.push((line, texts));
        }
        found
    }

    fn good(line: u64, fields: &[&str]) -> (u64, Result<Vec<String>, String>) {
        (line, Ok(fields.iter().map(|text| (*text).to_owned()).collect()))
    }

    #[test]
    fn fields_quotes_and_true_lines() {
        assert_eq!(
            read("a,\"b\"\"c\",\"d,\r\ne\"\r\n\r\n\r\nf,,5\" disk\r\ng", b','),
            [good(1, &["a", "b\"c", "d,\r\ne"]), good(5, &["f", "", "5\" disk"]), good(6, &["g"])]
        );
        assert_eq!(read("a;\"b;\";c\n", b';'), [good(1, &["a", "b;", "c"])]);
        assert_eq!(read("a\tb c\t\"\"", b'\t'), [good(1, &["a", "b c", ""])]);
        assert_eq!(read("a,b\r", b','), [good(1, &["a", "b"])]);
        let alone = "a,b\rc,\"d\re\"\r\rf,g";
        assert_eq!(
            read(alone, b','),
            [good(1, &["a", "b"]), good(2, &["c", "d\re"]), good(5, &["f", "g"])]
        );
        assert!(read("", b',').is_empty() && read("\r\n\n", b',').is_empty());
    }

    /// Such as escapes by a backslash: another program's CSV, which this would read as another value.
    #[test]
    fn what_is_quoted_otherwise_is_refused_and_the_rest_is_read() {
        for bad in ["\"say \\\"hi\\\"\"", "\"abc\"def", "\"abc\" ", "\"a\" \"b\""] {
            let found = read(&format!("x,1\nn,{bad}\ny,2\n"), b',');
            assert_eq!((found.len(), &found[2]), (3, &good(3, &["y", "2"])), "{bad}");
            assert!(found[1].1.as_ref().unwrap_err().contains("behind a quote"), "{found:?}");
        }
        let blanks = read("x, \"a\"\ny,2\n", b',');
        assert!(blanks[0].1.as_ref().unwrap_err().contains("blanks") && blanks.len() == 2);
        let open = read("x,1\ny,\"2\nz,3\n", b',');
        assert_eq!((open.len(), open[1].0), (2, 2));
        assert!(open[1].1.as_ref().unwrap_err().contains("never closed"));
    }
}
