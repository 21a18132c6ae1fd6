//! The databases' part of a plan: what `publish --to database` would post once all is signed.

use std::sync::Arc;

use namesys::net::Progress;
use namesys::plan::Draft;
use namesys::publish::database::{
    DatabaseForesight, LeftOut, database_records, foresee_database, records_once_signed,
};
use namesys::published::BaseFile;
use namesys::workspace::Facts;

use crate::cli::cmd::publish::database::failure;
use crate::cli::cmd::verify::check_known;
use crate::cli::context::Context;
use crate::cli::endpoints::ChosenDatabase;
use crate::cli::error::CliError;
use crate::cli::progress::Unit;
use crate::cli::session::Session;

/// What databases would be given.
#[derive(Default)]
pub struct Foreseen {
    pub databases: Vec<DatabaseForesight>,
    /// Files that none is given.
    pub left_out: Vec<LeftOut>,
    /// Why it is not known of one.
    pub problem: Option<CliError>,
}

/// Asks each database for every record that is signed, or is to be.
///
/// # Errors
/// Files that cannot be read; Ctrl-C.
pub fn foresee(
    context: &Context,
    session: &Session,
    chosen: &[ChosenDatabase],
    draft: &Draft,
) -> Result<Foreseen, CliError> {
    let mut foreseen = Foreseen::default();
    if chosen.is_empty() {
        return Ok(foreseen);
    }
    let facts = Facts::of(&session.config);
    // Before the keys are derived nothing is known to be signed: all of it is to be.
    let signed = match facts.have_owner() {
        true => {
            let checked = check_known(&facts, context, &session.workspace)?;
            database_records(&session.workspace, checked)?
        }
        false => (Vec::new(), Vec::new()),
    };
    let steps = draft.steps.iter();
    let steps = steps.map(|step| (&step.name, &step.key, &*step.path, step.new.as_ref()));
    let (records, left_out) = records_once_signed(signed, steps);
    foreseen.left_out = left_out;
    let base = BaseFile::read(&session.workspace)?;
    let bar = context.output.progress("asking", Unit::Things("records"));
    for ChosenDatabase { address, gateway } in chosen {
        let (known, shown) = (base.database(address), bar.clone());
        let progress: Progress = Arc::new(move |done, total| shown.at(done, total));
        let asked = match gateway {
            Err(error) => Err(error.clone()),
            Ok(gateway) => context.block_on(async {
                let asked = foresee_database(gateway, &records, &known, Some(&progress)).await;
                Ok(asked.map_err(|error| failure(address, error)))
            })?,
        };
        foreseen.databases.push(asked.unwrap_or_else(|error| {
            let told = error.message.clone();
            foreseen.problem.get_or_insert(error);
            DatabaseForesight::unknown(address.clone(), told)
        }));
    }
    bar.finish();
    Ok(foreseen)
}
