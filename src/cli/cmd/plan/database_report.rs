//! What a plan says of databases.

use std::io::{self, Write};

use namesys::publish::database::{DatabaseForesight, PlannedPost};
use namesys::report::{PlannedDatabaseReport, RecordChangeReport};

use super::lines::{has, more, record};
use crate::cli::output::shown;
use crate::cli::words::{Tone, state};

/// What is reported of one.
pub fn report(foresight: &DatabaseForesight) -> PlannedDatabaseReport {
    let change = |post: &PlannedPost| RecordChangeReport {
        name: post.name.to_string(),
        record: post.record.to_string(),
        old: post.old.clone(),
        new: Some(post.new.clone()),
    };
    PlannedDatabaseReport {
        to: foresight.planned.to.clone(),
        changes: foresight.planned.posts.iter().map(change).collect(),
        unchanged: foresight.unchanged as u64,
        lost: foresight.lost.clone(),
        remaining: foresight.remaining.clone(),
        error: foresight.error.clone(),
    }
}

/// What a person reads: up to so many changes, and losses.
pub fn human(
    databases: &[PlannedDatabaseReport],
    out: &mut dyn Write,
    (changes_shown, going): (usize, usize),
) -> io::Result<()> {
    for database in databases {
        let PlannedDatabaseReport { to, changes, unchanged, lost, remaining, error } = database;
        if let Some(error) = error {
            writeln!(out, "database  {}: not known: {}", shown(to), shown(error))?;
            continue;
        }
        let posts = match changes.len() {
            1 => format!("1 record, {unchanged} unchanged"),
            posts => format!("{posts} records, {unchanged} unchanged"),
        };
        has(out, "database", to, changes.is_empty(), &posts)?;
        for change in changes.iter().take(changes_shown) {
            record(out, change)?;
        }
        more(out, changes.len().saturating_sub(changes_shown))?;
        for loss in lost.iter().take(going) {
            let lost = state(Tone::Bad, "lost    ");
            writeln!(out, "{lost}  {} at {}", shown(&loss.to_string()), shown(to))?;
        }
        more(out, lost.len().saturating_sub(going))?;
        for record in remaining.iter().take(going) {
            let (record, to) = (shown(record), shown(to));
            writeln!(out, "remains   {record} at {to}: a database forgets nothing")?;
        }
        more(out, remaining.len().saturating_sub(going))?;
    }
    Ok(())
}
