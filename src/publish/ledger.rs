//! What is written into `published.toml`: a record before it is sent, the base once it was seen.

use jiff::Timestamp;

use super::{History, StateError};
use crate::ipns::VerifiedRecord;
use crate::keys::IpnsName;
use crate::published::{BaseFile, Known, PublishedTree};
use crate::workspace::Workspace;

/// What a workspace knows of a name, and the file it stands in. Hold the lock.
pub(super) struct Ledger<'a> {
    workspace: Option<&'a Workspace>,
    name: IpnsName,
    file: BaseFile,
    pub(super) known: Known,
}

impl<'a> Ledger<'a> {
    pub(super) fn open(
        workspace: Option<&'a Workspace>,
        name: IpnsName,
    ) -> Result<Self, StateError> {
        let file = workspace.map(BaseFile::read).transpose()?.unwrap_or_default();
        let known = file.of(&name);
        Ok(Self { workspace, name, file, known })
    }

    /// Writes down what was made here, before anybody has it.
    pub(super) fn sign(
        &mut self,
        record: &VerifiedRecord,
        is_ahead: bool,
    ) -> Result<(), StateError> {
        let Some(tree) = PublishedTree::of(record) else { return Ok(()) };
        self.change(|known| known.sign(tree, is_ahead))
    }

    /// Writes down what was seen published.
    pub(super) fn see(&mut self, record: &VerifiedRecord) -> Result<(), StateError> {
        let Some(tree) = PublishedTree::of(record) else { return Ok(()) };
        self.change(|known| known.see(tree))
    }

    fn change(&mut self, change: impl FnOnce(&mut Known)) -> Result<(), StateError> {
        let before = self.known.clone();
        change(&mut self.known);
        if self.known == before {
            return Ok(());
        }
        self.file.set(&self.name, self.known.clone());
        match self.workspace {
            Some(workspace) => Ok(self.file.write(workspace)?),
            None => Ok(()),
        }
    }
}

/// Writes down a record that was made here to be sent later, and says what it was made over: the
/// newest before it that is known here. Hold the lock.
///
/// # Errors
/// I/O.
pub fn sign_ahead(
    workspace: &Workspace,
    record: &VerifiedRecord,
) -> Result<Option<VerifiedRecord>, StateError> {
    let mut ledger = Ledger::open(Some(workspace), *record.name())?;
    let over = ledger.known.before(record.fields().sequence).map(|tree| tree.record().clone());
    if ledger.known.base.as_ref().is_none_or(|base| base.record() != record) {
        ledger.sign(record, true)?;
    }
    History::of(workspace).keep(record)?;
    Ok(over)
}

/// Writes down a series that was signed to be sent later. Hold the lock.
///
/// # Errors
/// I/O.
pub fn sign_series(workspace: &Workspace, records: &[VerifiedRecord]) -> Result<(), StateError> {
    let Some(first) = records.first() else { return Ok(()) };
    let mut ledger = Ledger::open(Some(workspace), *first.name())?;
    ledger.change(|known| {
        let over = known.before(first.fields().sequence).map(|tree| tree.record().clone());
        for tree in records.iter().filter_map(PublishedTree::of) {
            known.sign_over(tree, over.clone());
        }
    })
}

/// As [`sign_series`], of turns: each is to be published from its time on. Hold the lock.
///
/// # Errors
/// I/O.
pub(super) fn sign_turn_series(
    workspace: &Workspace,
    records: &[(Timestamp, VerifiedRecord)],
) -> Result<(), StateError> {
    let Some((_, first)) = records.first() else { return Ok(()) };
    let mut ledger = Ledger::open(Some(workspace), *first.name())?;
    ledger.change(|known| {
        let over = known.before(first.fields().sequence).map(|tree| tree.record().clone());
        for (at, record) in records {
            if let Some(tree) = PublishedTree::of(record) {
                known.sign_turn(tree, over.clone(), *at);
            }
        }
    })
}

/// What a record of a series was made over, as `workspace` wrote it down then.
///
/// # Errors
/// I/O.
pub fn made_over(
    workspace: &Workspace,
    record: &VerifiedRecord,
) -> Result<Option<VerifiedRecord>, StateError> {
    let known = Ledger::open(Some(workspace), *record.name())?.known;
    let of_it = known.signed.into_iter().find(|signed| signed.tree.record() == record);
    Ok(of_it.and_then(|signed| signed.over))
}
