//! What becomes of each file and record: the decisions of [`published`](crate::published), with
//! the bytes that they are about.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::Address;
use bytes::Bytes;

use super::items::texts;
use super::sides::{Changed, Sides};
use super::{BadName, Conflict, Item, Refused, Signers};
use crate::ens::{Name, WELL_KNOWN};
use crate::ipfs::ROOT_FOLDER;
use crate::keys::{OwnKeys, private_key_in};
use crate::published::{
    Found, FoundRecord, HereFile, List, Prefer, RecordId, RecordSides, Take, There, Verifier,
    merge_file, merge_record, shown_value,
};
use crate::record::{PathMeaning, Value, meaning};
use crate::workspace::{Approval, Config, Records, Stop};

/// What a plan is made with.
pub(super) struct Inputs<'a> {
    pub(super) config: &'a Config,
    pub(super) verifier: &'a Verifier,
    pub(super) own_keys: &'a OwnKeys,
    pub(super) prefer: Option<Prefer>,
    /// Nothing is removed: not all was read.
    pub(super) keeps_all: bool,
    pub(super) stop: &'a Stop,
}

/// What is to be written, and told.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) records: Records,
    pub(super) approvals: Vec<(Address, Name, Approval)>,
    /// By path in the tree; none goes.
    pub(super) files: BTreeMap<String, Option<Bytes>>,
    pub(super) merged: Vec<Item>,
    pub(super) removed: Vec<Item>,
    pub(super) refused: Vec<Refused>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) bad: Vec<BadName>,
    pub(super) unread: Vec<String>,
    /// Signers whose approval on chain would let refused records stand.
    pub(super) to_approve: BTreeSet<Address>,
}

/// A record and its value.
type Said = (RecordId, Value);

/// Where a file of a tree stands in a workspace.
pub(super) fn place(path: &str) -> String {
    match path.strip_prefix(WELL_KNOWN) {
        Some(rest) if rest.starts_with('/') => path.to_owned(),
        _ => format!("{ROOT_FOLDER}/{path}"),
    }
}

impl Plan {
    pub(super) fn new(records: Records) -> Self {
        Self {
            records,
            approvals: Vec::new(),
            files: BTreeMap::new(),
            merged: Vec::new(),
            removed: Vec::new(),
            refused: Vec::new(),
            conflicts: Vec::new(),
            bad: Vec::new(),
            unread: Vec::new(),
            to_approve: BTreeSet::new(),
        }
    }

    /// Takes one published tree in.
    pub(super) fn add(&mut self, inputs: &Inputs<'_>, sides: Sides) {
        self.bad.extend(sides.bad);
        self.unread.extend(sides.unread);
        for mut changed in sides.changed {
            if inputs.stop.is_asked() {
                return;
            }
            // What another tree has changed already.
            if let Some(here) = self.files.get(&changed.path) {
                changed.here.clone_from(here);
            }
            match meaning(&changed.path) {
                PathMeaning::Records(candidates)
                    if candidates.iter().any(|(name, _)| inputs.is_ours(name)) =>
                {
                    self.add_record(inputs, &changed);
                }
                _ => self.add_file(inputs, changed),
            }
        }
    }

    fn add_record(&mut self, inputs: &Inputs<'_>, changed: &Changed) {
        let Changed { path, base, there, here } = changed;
        let new = there.as_ref().filter(|there| base.as_ref() != Some(*there));
        if let Some(key) = new.and_then(|bytes| private_key_in(bytes, inputs.own_keys)) {
            // It is neither written nor told.
            return self.refuse(path, None, format!("it holds {key}"), false);
        }
        let look = |bytes: &Option<Bytes>| bytes.as_ref().map(|b| inputs.verifier.file(path, b));
        let (base_found, there_found, here_found) = (look(base), look(there), look(here));
        let said = |found: &Option<Found>| match found {
            Some(Found::Record(record)) => Some((record.id.clone(), record.value.clone())),
            _ => None,
        };
        let id = self.records.owner_of(path).cloned();
        let base_said = said(&base_found);
        let list = self.list(id.as_ref(), base_said.as_ref(), said(&there_found).as_ref());
        let wanted =
            id.and_then(|id| self.records.get(&id.0, &id.1).cloned().map(|value| (id, value)));
        let sides = RecordSides {
            base: base_said,
            there: match (&there_found, said(&there_found)) {
                (None, _) => There::Absent,
                (_, Some(said)) => There::Value(said),
                (Some(_), None) => There::Unverified,
            },
            there_moved: there != base,
            here: match (&here_found, said(&here_found)) {
                (None, _) => HereFile::Absent,
                (_, said @ Some(_)) if said == wanted => HereFile::Wanted,
                (_, Some(_)) => HereFile::Other,
                (Some(_), None) => HereFile::Unverified,
            },
            here_moved: here != base,
            wanted,
            list,
        };
        let merged = merge_record(&sides, inputs.prefer);
        if merged.conflict {
            let found = [base_found, here_found, there_found];
            return self.push_conflict(path, &sides, found);
        }
        if let (true, Some(Found::Unverified { id, reason })) = (merged.refused, &there_found) {
            let bytes = there.as_ref();
            let by = bytes.and_then(|bytes| inputs.verifier.needs_approval_of(path, bytes));
            self.to_approve.extend(by);
            self.refuse(path, id.as_ref(), reason.clone(), merged.file == Take::Theirs);
        }
        if merged.wanted == Take::Theirs && !self.take_value(inputs, path, &sides) {
            if let There::Value(_) = sides.there {
                // It cannot be wanted beside what is: that is for a person to decide.
                let found = [base_found, here_found, there_found];
                self.push_conflict(path, &sides, found);
            }
            return;
        }
        if merged.file == Take::Theirs {
            self.take_file(inputs, changed, there_found);
        }
    }

    /// What a record's phases are towards what is published.
    fn list(&self, id: Option<&RecordId>, base: Option<&Said>, there: Option<&Said>) -> List {
        let phases = id.and_then(|(name, key)| self.records.phases(name, key));
        let Some((id, phases)) = id.zip(phases).filter(|(_, one)| one.single().is_none()) else {
            return List::Single;
        };
        // A value of another record, which the same file can be, is none of these.
        let is_another = |said: Option<&Said>| said.is_some_and(|(of, _)| of != id);
        let value = |said: Option<&'_ Said>| said.map(|(_, value)| value.clone());
        let (base_value, there_value) = (value(base), value(there));
        let now = self.records.now();
        let explains = phases.explains(base_value.as_ref(), there_value.as_ref(), now);
        match explains && !is_another(there) {
            true => List::Explains,
            false => List::Differs,
        }
    }

    /// It was changed in both places; of what is wanted here, all phases are told.
    fn push_conflict(&mut self, path: &str, sides: &RecordSides<Said>, found: [Option<Found>; 3]) {
        let mut told = conflict(path, sides, found);
        if let (true, Some((name, key))) =
            (sides.list != List::Single, self.records.owner_of(path).cloned())
        {
            let phases = self.records.phases(&name, &key);
            told.ours = phases.map(|phases| shown_value(&phases.to_string()));
            (told.name, told.record) = texts(Some(&(name, key)));
        }
        self.conflicts.push(told);
    }

    /// Wants what is published; whether that is possible.
    fn take_value(&mut self, inputs: &Inputs<'_>, path: &str, sides: &RecordSides<Said>) -> bool {
        let There::Value((id, value)) = &sides.there else {
            let owner = self.records.owner_of(path).cloned();
            let Some(wanted) = owner.filter(|_| !inputs.keeps_all) else { return false };
            self.records.unset_many(&wanted.0, &wanted.1);
            let (name, record) = texts(Some(&wanted));
            self.removed.push(Item { name, record, path: path.to_owned(), value: None });
            return true;
        };
        // One file can be either of two records.
        let owner = self.records.owner_of(path).cloned().filter(|owner| owner != id);
        let other = owner.and_then(|(name, key)| {
            let phases = self.records.unset(&name, &key)?;
            Some((name, key, phases))
        });
        if self.records.set(&id.0, &id.1, value.clone()).is_err() {
            if let Some((name, key, phases)) = other {
                // It was there a moment ago.
                let _ = self.records.set_phases(&name, &key, phases);
            }
            return false;
        }
        let (name, record) = texts(Some(id));
        let value = Some(value.to_string());
        self.merged.push(Item { name, record, path: path.to_owned(), value });
        true
    }

    /// Takes the file as it is published, and the approval in it.
    fn take_file(&mut self, inputs: &Inputs<'_>, changed: &Changed, found: Option<Found>) {
        let Changed { path, there, here, .. } = changed;
        match there {
            _ if there == here => {}
            None if inputs.keeps_all => {}
            None => _ = self.files.insert(path.clone(), None),
            Some(bytes) => match private_key_in(bytes, inputs.own_keys) {
                Some(key) => self.refuse(path, None, format!("it holds {key}"), false),
                None => _ = self.files.insert(path.clone(), Some(bytes.clone())),
            },
        }
        if let Some(Found::Record(record)) = found
            && let FoundRecord { id: (name, _), signer, approval: Some(approval), .. } = *record
            && inputs.config.approval(&name, signer) != Some(&approval)
        {
            self.approvals.push((signer, name, approval));
        }
    }

    fn add_file(&mut self, inputs: &Inputs<'_>, changed: Changed) {
        let Changed { path, base, there, here } = &changed;
        let same = |a: &Bytes, b: &Bytes| a == b;
        let take = merge_file(base.as_ref(), there.as_ref(), here.as_ref(), same, inputs.prefer);
        let item = |value| Item { name: None, record: None, path: path.clone(), value };
        match (take, there) {
            (None, _) => self.conflicts.push(Conflict {
                name: None,
                record: None,
                path: path.clone(),
                base: base.as_ref().map(told),
                ours: here.as_ref().map(told),
                theirs: there.as_ref().map(told),
                signers: Signers::default(),
            }),
            (Some(Take::Theirs), None) if here.is_some() && !inputs.keeps_all => {
                self.removed.push(item(None));
                self.files.insert(path.clone(), None);
            }
            (Some(Take::Theirs), Some(bytes)) if *there != *here => {
                match self.refusal(inputs, &changed, bytes) {
                    Some(reason) => self.refuse(path, None, reason, false),
                    None => {
                        self.merged.push(item(None));
                        self.files.insert(path.clone(), Some(bytes.clone()));
                    }
                }
            }
            _ => {}
        }
    }

    /// Why a file is not taken: a key in it, or that it does not verify where ours does.
    fn refusal(&self, inputs: &Inputs<'_>, changed: &Changed, there: &Bytes) -> Option<String> {
        if let Some(key) = private_key_in(there, inputs.own_keys) {
            return Some(format!("it holds {key}"));
        }
        let here = changed.here.as_ref().map(|here| inputs.verifier.file(&changed.path, here));
        match (inputs.verifier.file(&changed.path, there), here) {
            (Found::Unverified { reason, .. }, Some(Found::Record(_))) => Some(reason),
            _ => None,
        }
    }

    fn refuse(&mut self, path: &str, id: Option<&RecordId>, reason: String, carried: bool) {
        let (name, record) = texts(id);
        self.refused.push(Refused { name, record, path: path.to_owned(), reason, carried });
    }
}

impl Inputs<'_> {
    fn is_ours(&self, name: &Name) -> bool {
        self.config.root_of(name).is_some()
    }
}

fn conflict(path: &str, sides: &RecordSides<Said>, found: [Option<Found>; 3]) -> Conflict {
    let [base, here, there] = found;
    let theirs = match &sides.there {
        There::Value(said) => Some(said),
        There::Absent | There::Unverified => None,
    };
    let any = theirs.or(sides.wanted.as_ref()).or(sides.base.as_ref());
    let (name, record) = texts(any.map(|(id, _)| id));
    let text = |said: Option<&Said>| said.map(|(_, value)| shown_value(&value.to_string()));
    let signer = |found: Option<Found>| match found {
        Some(Found::Record(record)) => Some(record.signer.to_string()),
        _ => None,
    };
    let ours = if sides.here == HereFile::Wanted { signer(here) } else { None };
    Conflict {
        name,
        record,
        path: path.to_owned(),
        base: text(sides.base.as_ref()),
        ours: text(sides.wanted.as_ref()),
        theirs: text(theirs),
        signers: Signers { base: signer(base), ours, theirs: signer(there) },
    }
}

fn told(bytes: &Bytes) -> String {
    format!("a file of {} bytes", bytes.len())
}
