//! A record that a command wants for always, in place of whatever phases it had.

use namesys::ens::Name;
use namesys::record::{RecordKey, Value};
use namesys::report::ErrorKind;
use namesys::workspace::Phases;

use super::error::{CliError, Exit};
use super::session::Session;

/// Wants `value` as a record of `name`, from now on and for always, under the workspace's lock.
/// What it takes the place of: one value, or phases.
///
/// # Errors
/// What `may_replace` says, which hears of other values that are wanted now or later, before
/// anything is written.
pub fn want_once(
    session: &Session,
    name: &Name,
    record: &RecordKey,
    value: Value,
    may_replace: impl FnOnce(Option<&Phases>) -> Result<(), CliError>,
) -> Result<Option<Phases>, CliError> {
    name.check_folder()?;
    let _lock = session.workspace.lock()?;
    let mut records = session.workspace.records(&session.config)?;
    let wanted = Phases::always(value);
    let had = records.phases(name, record).filter(|had| **had != wanted).cloned();
    may_replace(had.as_ref())?;
    if records.set_phases(name, record, wanted)? {
        session.workspace.save_records(&records)?;
    }
    Ok(had)
}

/// What [`want_once`] is told where another value is wanted that only `--force` lets go.
///
/// # Errors
/// Exit 1 (`other-keys`) with `told` and `hint`, where there is one and nothing is forced.
pub fn unless_forced(
    force: bool,
    had: Option<&Phases>,
    told: impl FnOnce(&Phases) -> String,
    hint: &str,
) -> Result<(), CliError> {
    match had.filter(|_| !force) {
        None => Ok(()),
        Some(had) => Err(CliError::new(Exit::Failed, ErrorKind::OtherKeys, told(had)).hint(hint)),
    }
}
