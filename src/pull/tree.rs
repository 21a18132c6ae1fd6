//! A published tree, read whole: its files by path, and what each of them is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alloy_primitives::Address;
use bytes::Bytes;
use cid::Cid;
use rayon::prelude::*;

use super::fetch::Reader;
use super::request::{REVISION, is_by_client};
use super::sides::{Sides, read_sides};
use super::{PullError, TreeSource};
use crate::ens::Name;
use crate::published::{Found, FoundRecord, RecordId, Verifier};
use crate::record::{PathMeaning, meaning};
use crate::workspace::Stop;

/// The files of a published tree. Every block of them was checked, and every name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeFiles(pub BTreeMap<String, Bytes>);

/// What the files of a tree are.
#[derive(Clone, Debug, Default)]
pub struct ReadTree {
    /// Records that verify, by path.
    pub records: BTreeMap<String, FoundRecord>,
    /// Files at the place of a record that do not verify: whose it would be, and why not.
    pub unverified: BTreeMap<String, (Option<RecordId>, String)>,
    /// All others.
    pub foreign: BTreeSet<String>,
}

impl TreeSource {
    /// Reads all of the tree of `root`.
    ///
    /// # Errors
    /// [`PullError::Unread`], [`PullError::OverBudget`], and [`PullError::Names`] where a name in it is none for a file.
    pub async fn files(self, root: Cid) -> Result<TreeFiles, PullError> {
        let reader: Reader<Sides> = Arc::new(move |blocks, budget, _| {
            read_sides(blocks, [None, Some(root), None], budget, false)
        });
        let sides = self.below(root, true).read(&reader).await?;
        if !sides.bad.is_empty() {
            return Err(PullError::Names(sides.bad));
        }
        let files = sides.changed.into_iter();
        Ok(TreeFiles(files.filter_map(|file| Some((file.path, file.there?))).collect()))
    }
}

impl TreeFiles {
    /// Says what each file is, unless it is asked to end.
    ///
    /// # Errors
    /// [`PullError::Stopped`].
    pub fn read(&self, verifier: &Verifier, stop: &Stop) -> Result<ReadTree, PullError> {
        let files: Vec<(&String, &Bytes)> = self.0.iter().collect();
        let look = |(path, bytes): (&String, &Bytes)| match stop.is_asked() {
            true => (path.clone(), Found::Foreign),
            false => (path.clone(), verifier.file(path, bytes)),
        };
        let found: Vec<(String, Found)> = files.into_par_iter().map(look).collect();
        let mut read = ReadTree::default();
        for (path, found) in found {
            match found {
                Found::Record(record) => _ = read.records.insert(path, *record),
                Found::Unverified { id, reason } => {
                    read.unverified.insert(path, (id, reason));
                }
                Found::Foreign => _ = read.foreign.insert(path),
            }
        }
        if stop.is_asked() { Err(PullError::Stopped) } else { Ok(read) }
    }

    /// Whether the deployed web client published it, under a record of this sequence.
    pub fn are_by_client(&self, sequence: u64) -> bool {
        self.0.get(REVISION).is_some_and(|revision| is_by_client(revision, sequence))
    }

    /// The names that the paths speak of, without those that lie under another of them.
    pub fn names(&self) -> Vec<Name> {
        let of = |path: &String| match meaning(path) {
            PathMeaning::Records(candidates) => candidates.into_iter().next().map(|(n, _)| n),
            _ => None,
        };
        tops(self.0.keys().filter_map(of))
    }

    /// Whose approval on chain would let some of the records stand.
    pub fn signers_to_approve(&self, verifier: &Verifier) -> BTreeSet<Address> {
        let files = self.0.iter();
        files.filter_map(|(path, bytes)| verifier.needs_approval_of(path, bytes)).collect()
    }
}

impl ReadTree {
    /// The names whose records verify, without those that lie under another of them.
    pub fn names(&self) -> Vec<Name> {
        tops(self.records.values().map(|record| record.id.0.clone()))
    }
}

fn tops(names: impl Iterator<Item = Name>) -> Vec<Name> {
    let all: BTreeSet<Name> = names.collect();
    let is_top = |name: &&Name| {
        let above = std::iter::successors(name.parent(), Name::parent);
        !above.into_iter().any(|parent| all.contains(&parent))
    };
    all.iter().filter(is_top).cloned().collect()
}
