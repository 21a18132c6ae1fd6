//! The databases' part of `status`.

use std::io::{self, Write};

use namesys::publish::database::{DatabaseSight, database_records, database_status};
use namesys::report::DatabaseStatusReport;
use namesys::workspace::Facts;

use crate::cli::cmd::publish::database::no_owner;
use crate::cli::cmd::verify::check_known;
use crate::cli::context::Context;
use crate::cli::endpoints::{ChosenDatabase, DatabaseArgs};
use crate::cli::error::CliError;
use crate::cli::output::shown;
use crate::cli::session::Session;

/// Asks every database for a few records: what is reported, and what of it are failures.
///
/// # Errors
/// Exit 2 for a network that is none; files that cannot be read.
pub fn ask(
    args: &DatabaseArgs,
    context: &Context,
    session: &Session,
) -> Result<(Vec<DatabaseStatusReport>, Vec<CliError>), CliError> {
    let databases = args.each(context, &session.config)?;
    let (mut reports, mut errors) = (Vec::new(), Vec::new());
    let facts = Facts::of(&session.config);
    if databases.is_empty() {
        return Ok((reports, errors));
    }
    let records = match facts.have_owner() {
        true => {
            let checked = check_known(&facts, context, &session.workspace)?;
            Some(database_records(&session.workspace, checked)?.0)
        }
        false => None,
    };
    for ChosenDatabase { address: from, gateway } in databases {
        let asking =
            gateway.and_then(|gateway| Ok((gateway, records.as_ref().ok_or_else(no_owner)?)));
        let (gateway, records) = match asking {
            Ok(asking) => asking,
            Err(error) => {
                let told = Some(error.message.clone());
                reports.push(DatabaseStatusReport { from, asked: 0, current: 0, error: told });
                errors.push(error);
                continue;
            }
        };
        let asked = context.block_on(async { Ok(database_status(&gateway, records).await) })?;
        let DatabaseSight { from, asked, current, error } = asked;
        let told = error.as_ref().map(ToString::to_string);
        errors.extend(error.map(CliError::from));
        let (asked, current) = (asked as u64, current as u64);
        reports.push(DatabaseStatusReport { from, asked, current, error: told });
    }
    Ok((reports, errors))
}

/// What a person reads.
pub fn human(databases: &[DatabaseStatusReport], out: &mut dyn Write) -> io::Result<()> {
    for DatabaseStatusReport { from, asked, current, error } in databases {
        let from = shown(from);
        match error {
            Some(error) => writeln!(out, "{from}: {}", shown(error))?,
            None if asked == current => {
                writeln!(out, "{from}: has {asked} of {asked} records asked for")?
            }
            None => writeln!(
                out,
                "{from}: has {current} of {asked} records asked for as they are signed here: \
                 namesys publish --to database"
            )?,
        }
    }
    Ok(())
}
