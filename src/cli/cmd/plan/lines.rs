//! Lines of a plan: a record that changes, a target, how many more there are.

use std::io::{self, Write};

use namesys::published::shown_value as beginning;
use namesys::report::RecordChangeReport;

use crate::cli::cmd::set::shown_value;
use crate::cli::output::shown;
use crate::cli::words::{Tone, state};

/// What becomes of it, in a word.
pub fn word(old: Option<&String>, new: Option<&String>) -> (&'static str, Tone) {
    match (old, new) {
        (None, _) => ("new     ", Tone::Good),
        (Some(_), None) => ("goes    ", Tone::Bad),
        (Some(old), Some(new)) if old == new => ("anew    ", Tone::Open),
        (Some(_), Some(_)) => ("changes ", Tone::Open),
    }
}

/// One record that changes.
pub fn record(out: &mut dyn Write, change: &RecordChangeReport) -> io::Result<()> {
    let RecordChangeReport { name, record, old, new } = change;
    let (word, tone) = word(old.as_ref(), new.as_ref());
    let word = state(tone, word);
    let value = |value: &Option<String>| {
        value.as_deref().map(|value| shown_value(&beginning(value))).unwrap_or_default()
    };
    let (before, after) = (value(old), value(new));
    let values = match (old, new) {
        (Some(old), Some(new)) if old != new => format!("{before} -> {after}"),
        (Some(_), None) => before,
        _ => after,
    };
    writeln!(out, "{word}  {} {}  {values}", shown(name), shown(record))
}

/// How many are not shown.
pub fn more(out: &mut dyn Write, left: usize) -> io::Result<()> {
    match left {
        0 => Ok(()),
        more => writeln!(out, "          … and {more} more"),
    }
}

/// What a target gets, or that it has it.
pub fn has(out: &mut dyn Write, what: &str, to: &str, has: bool, gets: &str) -> io::Result<()> {
    let gets = if has { "has it" } else { gets };
    writeln!(out, "{what:9} {}: {gets}", shown(to))
}
