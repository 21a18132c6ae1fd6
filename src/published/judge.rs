//! What a publication would lose: rules 5 and 6 of [the model](crate::spec::published).

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::compare::{Difference, Leaf, Roots, compare, count};
use super::found::RecordId;
use super::loss::{Changed, Loss, records_at};
use super::three_way::{Way, three_way};
use crate::ens::Name;
use crate::ipfs::{BlockSource, RAW, ReadError, TreeBudget, read_file};
use crate::keys::{OwnKeys, private_key_in};
use crate::record::{MAX_RECORD_FILE, PathMeaning, RecordFile, RecordKey, Value, meaning};
use crate::request::{ApprovalCache, SignedRecord, VerifyContext};
use crate::workspace::{Config, Facts, MassRemoval, Records};

/// Files that are compared by their bytes where their blocks differ; a longer one that is cut
/// otherwise counts as another.
const MAX_COMPARED: u64 = 16 << 20;
/// Of a value, as many characters are told.
const MAX_SHOWN: usize = 200;
/// Losses that are told one by one; the rest is counted.
const MAX_TOLD: usize = 1000;

/// What a publication does to what is published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// What it loses; the first thousand.
    pub losses: Vec<Loss>,
    /// How many there are.
    pub lost: u64,
    /// Files that it removes on purpose.
    pub removed: Vec<String>,
    /// Most of what is published goes, lost or on purpose.
    pub mass: Option<MassRemoval>,
    /// Why it is not known how much goes, where all of it may.
    pub unread: Option<String>,
    /// What would not be as it is; only of a judge that [lists](Judge::listing) it.
    pub changed: Vec<Changed>,
}

/// What it means that a file which the base has is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is lost, but for records that are no longer wanted.
    IsLost,
    /// It may go: an older tree was asked for.
    MayGo,
}

/// What is wanted, where a file that the base has is not here.
#[derive(Clone, Debug)]
enum Wanted {
    Records(Arc<Records>),
    /// These paths of the names alone.
    Missing(BTreeSet<String>),
    Unknown,
}

/// Judges what would be lost.
#[derive(Clone, Debug)]
pub struct Judge {
    facts: Facts,
    /// The workspace's names: what it may remove is theirs.
    names: Vec<Name>,
    wanted: Wanted,
    missing: Missing,
    /// Keys that are not published again.
    own_keys: OwnKeys,
    /// What will be signed before it is published: it counts as verified.
    to_be_signed: BTreeSet<String>,
    lists: bool,
}

impl Judge {
    /// Of the workspace with `config`, which wants `wanted`.
    pub fn new(config: &Config, wanted: Option<impl Into<Arc<Records>>>, missing: Missing) -> Self {
        Self {
            facts: Facts::of(config),
            names: config.names().to_vec(),
            wanted: wanted.map_or(Wanted::Unknown, |wanted| Wanted::Records(wanted.into())),
            missing,
            own_keys: OwnKeys::default(),
            to_be_signed: BTreeSet::new(),
            lists: false,
        }
    }

    /// Of a tree that was packed elsewhere, for these names, where `missing` were wanted and had no
    /// file: of all else that it lacks of what it was made over, records of the names were removed
    /// on purpose.
    pub fn of_parcel(names: Vec<Name>, missing: BTreeSet<String>) -> Self {
        let (facts, wanted) = (Facts::default(), Wanted::Missing(missing));
        let (missing, own_keys, to_be_signed) =
            (Missing::IsLost, OwnKeys::default(), BTreeSet::new());
        Self { facts, names, wanted, missing, own_keys, to_be_signed, lists: false }
    }

    /// It lists every change; the files at `to_be_signed` hold what will be signed.
    #[must_use]
    pub fn listing(self, to_be_signed: BTreeSet<String>) -> Self {
        Self { to_be_signed, lists: true, ..self }
    }

    /// It knows the user's own keys: a file that holds a key may go.
    #[must_use]
    pub fn with_keys(self, own_keys: OwnKeys) -> Self {
        Self { own_keys, ..self }
    }

    /// Whether what the base has may go unseen.
    pub fn lets_go(&self) -> bool {
        self.missing == Missing::MayGo
    }

    /// Compares three trees, reading what differs.
    ///
    /// # Errors
    /// As [`compare`]: nothing is known then.
    pub fn judge(
        &self,
        source: &dyn BlockSource,
        roots: &Roots,
        budget: &TreeBudget,
    ) -> Result<Judged, ReadError> {
        let (mut judged, approvals) = (Judged::default(), ApprovalCache::new());
        let reading = Reading { judge: self, source, budget, approvals: &approvals };
        let (mut gone, mut new) = (0, 0);
        compare(source, roots, budget, &mut |difference| {
            gone += u64::from(difference.there.is_some() && difference.here.is_none());
            new += u64::from(difference.there.is_none() && difference.here.is_some());
            reading.add(difference, &mut judged)
        })?;
        judged.removed.sort_unstable();
        // Counted only where it may matter: for all of it every folder here is read.
        if MassRemoval::of(gone, MassRemoval::LEAST).is_some() {
            let there = count(source, &roots.here, budget)? + gone - new;
            judged.mass = MassRemoval::of(gone, there);
        }
        Ok(judged)
    }

    /// Whether a file that the base has and that is not here was removed on purpose: a record of
    /// this workspace's names that nobody wants any more.
    pub(crate) fn is_removed(&self, path: &str) -> bool {
        let ours = |name: &Name| self.names.iter().any(|root| name.is_or_is_under(root));
        self.lets_go()
            || match meaning(path) {
                PathMeaning::Records(candidates) => {
                    let is_ours = candidates.iter().any(|(name, _)| ours(name));
                    is_ours && self.wanted.lacks(path, None)
                }
                PathMeaning::Legacy(name, key) => {
                    ours(&name) && self.wanted.lacks(path, Some((&name, &key)))
                }
                PathMeaning::Fault(_) | PathMeaning::Foreign => false,
            }
    }

    /// Whether the resolver would take `bytes` at `path`, as far as is known here.
    fn verifies(&self, path: &str, record: &SignedRecord, approvals: &ApprovalCache) -> bool {
        if self.to_be_signed.contains(path) {
            return true;
        }
        if !self.facts.have_owner() {
            return false;
        }
        records_at(path).iter().any(|(name, key)| {
            let owner = self.facts.owner_of(name);
            let approved_signers = &self.facts.approved_for(name);
            let chain_id = self.facts.chain_id;
            let context = VerifyContext { name, owner, chain_id, approved_signers };
            record.clone().verify_with(key, &context, approvals).is_ok()
        })
    }
}

impl Wanted {
    /// Whether a file of the names is wanted by nobody; `flat` is the record of one in the older
    /// layout.
    fn lacks(&self, path: &str, flat: Option<(&Name, &RecordKey)>) -> bool {
        match (self, flat) {
            (Self::Records(wanted), None) => wanted.holder_of(path).is_none(),
            (Self::Records(wanted), Some((name, key))) => wanted.get(name, key).is_none(),
            (Self::Missing(missing), _) => !missing.contains(path),
            (Self::Unknown, _) => false,
        }
    }
}

fn signed(bytes: &[u8]) -> Option<SignedRecord> {
    SignedRecord::decode(&RecordFile::payload(bytes).ok()?).ok()
}

/// One comparison under way.
struct Reading<'a> {
    judge: &'a Judge,
    source: &'a dyn BlockSource,
    budget: &'a TreeBudget,
    approvals: &'a ApprovalCache,
}

impl Reading<'_> {
    fn add(&self, difference: Difference, judged: &mut Judged) -> Result<(), ReadError> {
        let failed = RefCell::new(None);
        let told = |outcome: Result<bool, ReadError>| {
            outcome.unwrap_or_else(|error| {
                failed.borrow_mut().get_or_insert(error);
                false
            })
        };
        let Difference { path, base, there, here } = &difference;
        let same = |one: &Leaf, other: &Leaf| told(self.is_same(one, other));
        let alike = |there: &Leaf, here: &Leaf| told(self.is_alike(path, there, here));
        let way = three_way(base.as_ref(), there.as_ref(), here.as_ref(), same, alike);
        if let Some(error) = failed.into_inner() {
            return Err(error);
        }
        let is_lost = match way {
            Way::There | Way::Both => true,
            Way::Here if here.is_none() && self.judge.is_removed(path) => {
                judged.removed.push(path.clone());
                false
            }
            // It is never published again.
            Way::Here if here.is_none() && self.holds_key(there.as_ref())? => {
                judged.removed.push(path.clone());
                false
            }
            Way::Here => here.is_none(),
            Way::Unchanged | Way::Alike => false,
        };
        if self.judge.lists {
            judged.changed.push(self.changed(&difference));
        }
        if is_lost {
            judged.lost += 1;
            if judged.losses.len() < MAX_TOLD {
                judged.losses.push(self.loss(difference));
            }
        }
        Ok(())
    }

    fn holds_key(&self, leaf: Option<&Leaf>) -> Result<bool, ReadError> {
        let Some(leaf) = leaf.filter(|leaf| leaf.link.is_none()) else { return Ok(false) };
        let bytes = self.read(leaf, MAX_COMPARED)?;
        Ok(bytes.is_some_and(|bytes| private_key_in(&bytes, &self.judge.own_keys).is_some()))
    }

    /// Whether two files have the same bytes, however they are cut into blocks.
    fn is_same(&self, one: &Leaf, other: &Leaf) -> Result<bool, ReadError> {
        if one.cid == other.cid || one.link.is_some() || other.link.is_some() {
            return Ok(one.link == other.link && (one.cid == other.cid || one.link.is_some()));
        }
        let is_raw = |leaf: &Leaf| leaf.cid.codec() == RAW;
        if is_raw(one) && is_raw(other) && one.cid.hash().code() == other.cid.hash().code() {
            return Ok(false);
        }
        match (self.read(one, MAX_COMPARED)?, self.read(other, MAX_COMPARED)?) {
            (Some(one), Some(other)) => Ok(one == other),
            _ => Ok(false),
        }
    }

    /// Whether what is here says what is published: the same bytes, or a record of the same value
    /// that verifies.
    fn is_alike(&self, path: &str, there: &Leaf, here: &Leaf) -> Result<bool, ReadError> {
        if self.is_same(there, here)? {
            return Ok(true);
        }
        if there.link.is_some() || here.link.is_some() || records_at(path).is_empty() {
            return Ok(false);
        }
        let read = |leaf| {
            let bytes: Option<Bytes> = self.read(leaf, MAX_RECORD_FILE)?;
            Ok::<_, ReadError>(bytes.and_then(|bytes| signed(&bytes)))
        };
        Ok(match (read(there)?, read(here)?) {
            (Some(there), Some(here)) => {
                there.result == here.result && self.judge.verifies(path, &here, self.approvals)
            }
            _ => false,
        })
    }

    /// A file's bytes; none of one that is longer than `longest`.
    fn read(&self, leaf: &Leaf, longest: u64) -> Result<Option<Bytes>, ReadError> {
        match read_file(self.source, &leaf.cid, longest) {
            Ok(bytes) => {
                self.budget.bytes(bytes.len() as u64)?;
                Ok(Some(bytes))
            }
            Err(ReadError::TooLarge { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn loss(&self, difference: Difference) -> Loss {
        let Difference { path, base, there, here } = difference;
        let first = records_at(&path).into_iter().next();
        let text = |leaf: Option<Leaf>| leaf.map(|leaf| self.text(&path, &leaf));
        let (base, there, here) = (text(base), text(there), text(here));
        let (name, record) = first.map(|(name, key)| (name.to_string(), key.to_string())).unzip();
        Loss { path, name, record, base, there, here }
    }

    /// What changes at a path: values in full where it is a record.
    fn changed(&self, Difference { path, there, here, .. }: &Difference) -> Changed {
        let wanted = match &self.judge.wanted {
            Wanted::Records(wanted) => wanted.owner_of(path),
            Wanted::Missing(_) | Wanted::Unknown => None,
        };
        let candidates: Vec<RecordId> =
            wanted.cloned().into_iter().chain(records_at(path)).collect();
        let value = |leaf: &Option<Leaf>| {
            let leaf = leaf.as_ref().filter(|leaf| leaf.link.is_none())?;
            let bytes = self.read(leaf, MAX_RECORD_FILE).ok()??;
            let result = signed(&bytes)?.result;
            candidates.iter().find_map(|id| Some((id, Value::abi_decode(&id.1, &result).ok()?)))
        };
        let (before, after) = (value(there), value(here));
        let record = after.as_ref().or(before.as_ref()).map(|(id, _)| (*id).clone());
        let told = |leaf: &Option<Leaf>, value: Option<(&RecordId, Value)>| match (leaf, value) {
            (None, _) => None,
            (Some(_), Some((_, value))) => Some(value.to_string()),
            (Some(leaf), None) => Some(self.text(path, leaf)),
        };
        let (there, here) = (told(there, before), told(here, after));
        Changed { path: path.clone(), record, there, here }
    }

    /// What a file says, for a person.
    fn text(&self, path: &str, leaf: &Leaf) -> String {
        if let Some(target) = &leaf.link {
            return format!("a link to {}", short(target));
        }
        let bytes = match self.read(leaf, MAX_RECORD_FILE) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return "a long file".to_owned(),
            Err(_) => return "a file that cannot be read".to_owned(),
        };
        let value = signed(&bytes).and_then(|record| {
            let mut keys = records_at(path).into_iter();
            keys.find_map(|(_, key)| Value::abi_decode(&key, &record.result).ok())
        });
        match value {
            Some(value) => short(&value.to_string()),
            None => format!("a file of {} bytes", bytes.len()),
        }
    }
}

fn short(text: &str) -> String {
    format!("{:?}", shown_value(text))
}

/// The beginning of a value, as much as is told of one.
pub fn shown_value(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
