//! What was signed in advance takes its place in the tree once its time has come, and what has
//! ended leaves it: both without a signature, so that no key is needed.

use super::mass_removal::mass_removal;
use super::plan::{Change, Expected, RecordState, plan};
use super::turns::signed_in_advance;
use super::{Config, Records, SignedFile, TreeError, Workspace, WorkspaceError};

/// What took its place, and what left it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InTurn {
    /// Files that are in the tree now as they were signed in advance.
    pub taken: Vec<SignedFile>,
    /// Files of phases that have ended.
    pub gone: Vec<SignedFile>,
}

/// Why it did not.
#[derive(Debug, thiserror::Error)]
pub enum InTurnError {
    /// What is signed cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A file cannot be written or removed.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

/// The records that change by time and do not stand in the tree as they are wanted now.
///
/// # Errors
/// When the tree cannot be read.
pub fn out_of_turn(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
) -> Result<Vec<Change>, TreeError> {
    Ok(turning(workspace, config, records, expected)?.0)
}

/// As [`out_of_turn`]; and whether so much goes that it may be a mistake.
fn turning(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
) -> Result<(Vec<Change>, bool), TreeError> {
    if !records.all().any(|(_, _, phases)| phases.single().is_none()) {
        return Ok((Vec::new(), false));
    }
    let mut changes = plan(workspace, config, records, expected)?;
    let is_mass = mass_removal(&changes).is_some();
    changes.retain(|change| {
        let phases = records.phases(&change.name, &change.key);
        change.state != RecordState::Signed && phases.is_some_and(|all| all.single().is_none())
    });
    Ok((changes, is_mass))
}

/// Puts what was signed in advance in its place where its time has come, and takes away what has
/// ended. What is not signed as it is wanted stays as it is; so does what ends, where that is so
/// much that [`sign`](super::sign()) asks. Hold the lock.
///
/// # Errors
/// [`InTurnError`]; again, it goes on.
pub fn take_in_turn(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
) -> Result<InTurn, InTurnError> {
    let (changes, is_mass) = turning(workspace, config, records, expected)?;
    let mut done = InTurn::default();
    for change in changes {
        match change.state {
            RecordState::Removed if is_mass => {}
            RecordState::Removed => {
                workspace.remove(&change.path)?;
                done.gone.push(file(change));
            }
            _ if place(workspace, config, records, expected, &change)? => {
                done.taken.push(file(change));
            }
            _ => {}
        }
    }
    Ok(done)
}

/// Gives what was signed in advance for now its place in the tree, as it is; whether there was such
/// a file.
pub(super) fn place(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
    change: &Change,
) -> Result<bool, WorkspaceError> {
    let bytes = signed_in_advance(workspace, config, records, expected, change);
    let Some(bytes) = bytes else { return Ok(false) };
    let temporary = workspace.temporary()?;
    for path in [Some(&change.path), change.flat.as_ref()].into_iter().flatten() {
        let written = workspace.folder().write(path, &bytes, &temporary, false);
        written.map_err(workspace.failed(path))?;
    }
    Ok(true)
}

pub(super) fn file(change: Change) -> SignedFile {
    let Change { name, key, path, .. } = change;
    SignedFile { name, key, path }
}
