//! Before anything is packed: what was signed in advance takes its place where its time has come.

use namesys::workspace::{InTurn, InTurnError, SignedFile, take_in_turn};

use super::publication::wanted;
use crate::cli::cmd::list::expected;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::session::Session;

impl From<InTurnError> for CliError {
    fn from(error: InTurnError) -> Self {
        match error {
            InTurnError::Tree(error) => error.into(),
            InTurnError::Workspace(error) => error.into(),
        }
    }
}

/// Puts each phase that has begun in its place, and takes away what has ended; that needs no key.
///
/// # Errors
/// Files; a wrong `records.toml`.
pub fn take(context: &Context, session: &mut Session) -> Result<(), CliError> {
    let is_timed = |session: &Session| {
        let wanted = wanted(session)?;
        let is_timed = |all: &namesys::workspace::Phases| all.single().is_none();
        Ok::<_, CliError>(wanted.filter(|all| all.all().any(|(_, _, phases)| is_timed(phases))))
    };
    if is_timed(session)?.is_none() {
        return Ok(());
    }
    let _lock = session.lock()?;
    let Some(records) = is_timed(session)? else { return Ok(()) };
    let Session { workspace, config } = session;
    let InTurn { taken, gone } = take_in_turn(workspace, config, &records, &expected(config))?;
    said(context, &taken, "is in the tree as it was signed in advance: its time has come");
    said(context, &gone, "is no longer in the tree: its time has passed");
    Ok(())
}

fn said(context: &Context, files: &[SignedFile], what: &str) {
    let Some(SignedFile { name, key, .. }) = files.first() else { return };
    match files.len() {
        1 => context.output.note(format_args!("{name} {key} {what}")),
        all => context.output.note(format_args!("{name} {key} and {} more: each {what}", all - 1)),
    }
}
