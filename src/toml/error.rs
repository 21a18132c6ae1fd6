//! What is wrong in a file, and where.

use std::fmt;
use std::ops::Range;

use serde::de::{Error, Expected, Unexpected};

/// The longest entry that is quoted: a longer one is no word, and may be a secret.
const MAX_QUOTED: usize = 40;

/// What is wrong, on its way up to the file; keys are added around it.
#[derive(Clone, Debug, Default)]
pub(super) struct Fault {
    what: What,
    /// The keys that lead to it, innermost first.
    keys: Vec<String>,
    /// The kind of the table it stands in.
    kind: Option<String>,
    span: Option<Range<usize>>,
    /// The value, where it may be shown.
    found: Option<String>,
}

#[derive(Clone, Debug)]
enum What {
    Syntax(String),
    Unknown { entry: String, known: &'static [&'static str] },
    UnknownKind { kind: String, known: &'static [&'static str] },
    Missing(&'static str),
    NotTables,
    Wrong(String),
}

impl Default for What {
    fn default() -> Self {
        Self::Wrong(String::new())
    }
}

impl Fault {
    fn new(what: What) -> Self {
        Self { what, ..Self::default() }
    }

    pub(super) fn syntax(error: &toml_edit::TomlError) -> Self {
        Self { span: error.span(), ..Self::new(What::Syntax(error.message().to_owned())) }
    }

    pub(super) fn missing(entry: &'static str) -> Self {
        Self::new(What::Missing(entry))
    }

    pub(super) fn not_tables() -> Self {
        Self::new(What::NotTables)
    }

    pub(super) fn wrong(reason: &str) -> Self {
        Self::new(What::Wrong(reason.to_owned()))
    }

    /// Whether the kind itself is what is wrong.
    pub(super) fn is_about_kind(&self) -> bool {
        matches!(self.what, What::UnknownKind { .. })
    }

    /// Adds the key whose value it is in, with the place of both and the value's text.
    pub(super) fn under(mut self, key: &str, span: Option<Range<usize>>, found: String) -> Self {
        if self.span.is_none() {
            self.span = span;
            self.found = Some(found);
        }
        self.keys.push(key.to_owned());
        self
    }

    pub(super) fn at(mut self, span: Option<Range<usize>>) -> Self {
        self.span = self.span.or(span);
        self
    }

    /// Says of what kind the table is that it stands in.
    pub(super) fn of_kind(self, kind: &str) -> Self {
        Self { kind: Some(kind.to_owned()), ..self }
    }

    /// Inside of a list of tables: what stands there may be a token in the wrong place.
    pub(super) fn unquoted(self) -> Self {
        Self { found: None, ..self }
    }

    /// In words, without the place.
    pub(super) fn reason(&self) -> String {
        let list = self.keys.last().map_or("", String::as_str);
        match &self.what {
            What::Syntax(message) | What::Wrong(message) => message.clone(),
            What::Unknown { entry, known } => {
                let whose = match (&self.kind, self.keys.is_empty()) {
                    (Some(kind), _) => format!("of kind {kind}"),
                    (None, true) => "of this file".to_owned(),
                    (None, false) => "there".to_owned(),
                };
                let entry = quoted(entry);
                format!(
                    "{entry} is not an entry {whose}; {}",
                    suggestion(&entry, known, "there are")
                )
            }
            What::UnknownKind { kind, known } => {
                let (kind, all) = (quoted(kind), known.join(", "));
                match nearest(&kind, known) {
                    Some(near) => format!(
                        "{kind} is not a kind known here; known: {all}; did you mean {near}?"
                    ),
                    None => format!("{kind} is not a kind known here; known: {all}"),
                }
            }
            What::Missing(entry) => format!("each [[{list}]] needs {entry} = \"…\""),
            What::NotTables => format!("write each as a table [[{list}]]"),
        }
    }
}

/// A word of the file, cut where it is none.
fn quoted(word: &str) -> String {
    match word.chars().count() > MAX_QUOTED {
        true => format!("{:?}…", word.chars().take(8).collect::<String>()),
        false => format!("{word:?}"),
    }
}

fn suggestion(entry: &str, known: &[&str], otherwise: &str) -> String {
    match nearest(entry, known) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("{otherwise} {}", known.join(", ")),
    }
}

/// The known word that was meant, where one is near: as clap judges its flags.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.trim_matches('"');
    let near = |known: &&&str| strsim::jaro(word, known);
    known
        .iter()
        .filter(|known| near(known) > 0.7)
        .max_by(|a, b| near(a).total_cmp(&near(b)))
        .copied()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason())
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::wrong(&reason.to_string())
    }

    /// The value is not repeated.
    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wrong(&expected.to_string())
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wrong(&expected.to_string())
    }

    fn unknown_variant(kind: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownKind { kind: kind.to_owned(), known })
    }

    fn unknown_field(entry: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::Unknown { entry: entry.to_owned(), known })
    }

    fn missing_field(entry: &'static str) -> Self {
        Self::missing(entry)
    }
}

/// Why a file is refused: which, where, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TomlError {
    /// What the file is called.
    pub file: String,
    /// Line and column, from 1, where they are known.
    pub place: Option<(usize, usize)>,
    /// The entry, such as `gateways.ipfs`; empty for the file itself.
    pub entry: String,
    /// Its value, where it may be shown.
    pub found: Option<String>,
    /// What is wrong.
    pub reason: String,
}

impl TomlError {
    pub(super) fn new(file: &str, text: &str, fault: Fault, reasons: &[(&str, &str)]) -> Self {
        let mut reason = fault.reason();
        if let (What::Unknown { entry, .. }, true) = (&fault.what, fault.keys.is_empty())
            && let Some((_, why)) = reasons.iter().find(|(known, _)| known == entry)
        {
            reason = format!("{entry} does not belong into this file: {why}");
        }
        if let (What::Missing(entry), true) = (&fault.what, fault.keys.is_empty()) {
            reason = format!("it has no {entry}");
        }
        let wrong = matches!(fault.what, What::Wrong(_) | What::NotTables);
        Self {
            file: file.to_owned(),
            place: fault.span.map(|span| place(text, span.start)),
            entry: fault.keys.iter().rev().map(String::as_str).collect::<Vec<_>>().join("."),
            found: fault.found.filter(|_| wrong),
            reason,
        }
    }
}

impl fmt::Display for TomlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        match (&self.found, self.entry.is_empty()) {
            (Some(found), false) => write!(f, ": {} = {found}", self.entry)?,
            (None, false) => write!(f, ": {}", self.entry)?,
            (_, true) => {}
        }
        write!(f, ": {}", self.reason)
    }
}

/// Line and column of a byte, both from 1; columns are characters.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
