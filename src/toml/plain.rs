//! Lines as programs write them, taken apart without a parser of all of TOML. Whatever else
//! stands in a file is for the whole parser: here it is nothing, and never another value.

/// A line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainLine<'a> {
    /// An empty one, or a comment.
    Nothing,
    /// `[…]`, with what stands in it.
    Table(&'a str),
    /// `"key" = "value"`, where neither needs an escape.
    Entry(&'a str, &'a str),
}

/// The lines of `text`, each as one of these kinds or as none of them. None where the text may
/// hold a line within a value.
pub fn plain_lines(text: &str) -> Option<impl Iterator<Item = (&str, Option<PlainLine<'_>>)>> {
    let is_plain = !text.contains("\"\"\"") && !text.contains("'''");
    let is_plain = is_plain && !text.bytes().any(|byte| byte == b'\r' || byte == 0x7f);
    is_plain.then(|| text.split('\n').map(|line| (line, plain_line(line))))
}

fn plain_line(line: &str) -> Option<PlainLine<'_>> {
    if line.bytes().any(|byte| byte < b' ') {
        return None;
    }
    match line.as_bytes().first() {
        None | Some(b'#') => Some(PlainLine::Nothing),
        Some(b'[') => {
            let inner = line.strip_prefix('[')?.strip_suffix(']')?;
            Some(PlainLine::Table(inner))
        }
        Some(b'"') => {
            let (key, rest) = line.strip_prefix('"')?.split_once('"')?;
            let value = rest.strip_prefix(" = \"")?.strip_suffix('"')?;
            let needs_none = |text: &str| !text.contains(['"', '\\']);
            (needs_none(key) && needs_none(value)).then_some(PlainLine::Entry(key, value))
        }
        Some(_) => None,
    }
}

/// What a table's name in quotes is, where it needs no escape.
pub fn plain_name(table: &str) -> Option<&str> {
    let name = table.strip_prefix('"')?.strip_suffix('"')?;
    (!name.contains(['"', '\\'])).then_some(name)
}
