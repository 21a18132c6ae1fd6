//! Wanted against signed: what `list` and `diff` show and `sign` does.

use cid::Cid;
use rayon::prelude::*;

pub use super::compare::{Change, Expected, RecordState};
use super::compare::{compare, removed_record};
use super::known::{plan_known, settled};
use super::tree::{TreeEntry, read_bounded, walk_in};
use super::{Config, Records, TreeError, Workspace, WorkspaceError};
use crate::ens::Name;
use crate::index::Looked;
use crate::record::{RecordKey, Value, record_path};
use crate::request::ApprovalCache;

/// Compares every wanted record with its file, and finds files that are no longer wanted.
/// Sorted by name and record type.
///
/// # Errors
/// When the tree cannot be walked.
pub fn plan(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
) -> Result<Vec<Change>, TreeError> {
    Ok(planned(workspace, config, records, expected, |_, _| None::<()>)?.0)
}

/// What [`plan`] finds that is not signed as it is wanted, and the root of what would be published,
/// where that is known.
///
/// # Errors
/// As [`plan`].
pub fn pending_and_root(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
) -> Result<(Vec<Change>, Option<Cid>), TreeError> {
    let root = |looked: Looked<'_>, _: &[Change]| workspace.root_of(looked);
    let (mut changes, root) = pending(workspace, config, records, expected, root)?;
    changes.retain(|change| change.state != RecordState::Signed);
    Ok((changes, root))
}

/// The root of what would be published, where it is known without reading the wanted records that
/// all is signed as they are.
///
/// # Errors
/// When a file cannot be read.
pub fn settled_root(
    workspace: &Workspace,
    config: &Config,
    expected: &Expected,
) -> Result<Option<Cid>, WorkspaceError> {
    let Some(text) = workspace.records_text()? else { return Ok(None) };
    let looked = workspace.look_settled(&settled(config, &text, expected));
    Ok(looked.and_then(|looked| workspace.root_of(looked)))
}

/// As [`planned`]; records need not be among the changes that are signed as they are wanted.
pub(crate) fn pending<T>(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
    also: impl FnOnce(Looked<'_>, &[Change]) -> Option<T>,
) -> Result<(Vec<Change>, Option<T>), TreeError> {
    match workspace.look_settled(&settled(config, &records.to_string(), expected)) {
        Some(looked) => Ok((Vec::new(), also(looked, &[]))),
        None => planned(workspace, config, records, expected, also),
    }
}

/// As [`plan`]; and what is found by `also` of what the index knows by then, where it does.
fn planned<T>(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
    also: impl FnOnce(Looked<'_>, &[Change]) -> Option<T>,
) -> Result<(Vec<Change>, Option<T>), TreeError> {
    if let Some(mut looked) = workspace.look()
        && let Some(changes) = plan_known(workspace, config, records, expected, &mut looked)
    {
        let found = also(looked, &changes);
        return Ok((changes, found));
    }
    let wanted: Vec<(&Name, &RecordKey, &Value)> = records.iter().collect();
    let approvals = ApprovalCache::new();
    let one = |(name, key, value): (&Name, &RecordKey, &Value)| {
        let found = read_bounded(workspace.folder(), &record_path(name, key));
        compare(workspace, (name, key, value), found, config, expected, &approvals)
    };
    let mut changes: Vec<Change> = wanted.into_par_iter().map(one).collect();
    let removed = |entry: TreeEntry| removed_record(workspace, config, records, expected, entry);
    changes.par_extend(walk_in(workspace.folder())?.into_par_iter().filter_map(removed));
    changes.par_sort_by(|a, b| (&a.name, &a.key).cmp(&(&b.name, &b.key)));
    Ok((changes, None))
}
