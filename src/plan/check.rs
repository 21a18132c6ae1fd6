//! Whether what was planned still holds: after a step it is done, before it it is to do, and
//! anything else was not planned.

use std::collections::BTreeMap;

use super::file::{PlanFile, PlannedRecord};
use crate::ens::Name;
use crate::publish::Stood;
use crate::publish::database::PlannedPost;
use crate::record::{RecordKey, Value};
use crate::workspace::{Phase, Records};

/// Something is neither as it was when it was planned nor as it was to become.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: the plan has {planned}, and now it is {found}")]
pub struct PlanChanged {
    /// What, in words.
    pub what: String,
    /// As the plan has it.
    pub planned: String,
    /// As it is.
    pub found: String,
}

type Checked = Result<(), PlanChanged>;

fn changed(what: impl Into<String>, planned: String, found: String) -> Checked {
    Err(PlanChanged { what: what.into(), planned, found })
}

fn same<T: PartialEq>(what: &str, planned: &T, found: &T, told: impl Fn(&T) -> String) -> Checked {
    match planned == found {
        true => Ok(()),
        false => changed(what, told(planned), told(found)),
    }
}

fn list(all: &[impl ToString]) -> String {
    match all {
        [] => "none".to_owned(),
        all => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn or_none(text: Option<&impl ToString>) -> String {
    text.map_or_else(|| "none".to_owned(), |text| format!("{:?}", text.to_string()))
}

impl PlanFile {
    /// Checks that every step is to do or done; `now` is a plan of this moment [beside](Self::beside)
    /// this one, in a workspace that wants `wanted`.
    ///
    /// # Errors
    /// [`PlanChanged`]: the first that is neither.
    pub fn check(&self, now: &Self, wanted: &Records) -> Checked {
        same("the names", &self.names, &now.names, |names| list(names))?;
        same("the chain", &self.chain_id, &now.chain_id, u64::to_string)?;
        same("the approval", &self.approval, &now.approval, String::clone)?;
        known("the owner", self.owner.as_ref(), now.owner.as_ref())?;
        known("the wallet", self.wallet.as_ref(), now.wallet.as_ref())?;
        known("the signer", self.signer.as_ref(), now.signer.as_ref())?;
        known("the IPNS name", self.ipns_name.as_ref(), now.ipns_name.as_ref())?;
        same("the uploads", &self.uploads, &now.uploads, |targets| list(targets))?;
        same("the publishers", &self.publishers, &now.publishers, |targets| list(targets))?;
        self.check_records(now, wanted)?;
        let is_listed = |name: &&Name| self.unapproved.contains(name);
        if let Some(name) = now.unapproved.iter().find(|name| !is_listed(name)) {
            let found = "not approved".to_owned();
            return changed(format!("the signer of {name}"), "approved".to_owned(), found);
        }
        if self.rest != now.rest {
            let what = "the files that are not to be signed, or are signed already";
            return changed(what, "other ones".to_owned(), "not those".to_owned());
        }
        self.check_published(now)?;
        self.check_databases(now)?;
        self.check_transactions(now)
    }

    fn check_records(&self, now: &Self, wanted: &Records) -> Checked {
        let planned: BTreeMap<_, &PlannedRecord> =
            self.records.iter().map(|step| (key(step), step)).collect();
        let what = |step: &PlannedRecord| {
            let from = step.starts.as_ref().map(|starts| format!(", from {starts} on"));
            format!("{} {}{}", step.name, step.record, from.unwrap_or_default())
        };
        for step in &now.records {
            let Some(planned) = planned.get(&key(step)) else {
                return changed(
                    what(step),
                    "nothing to sign".to_owned(),
                    or_none(step.new.as_ref()),
                );
            };
            if planned.new != step.new {
                let (planned, found) = (planned.new.as_ref(), step.new.as_ref());
                return changed(what(step), or_none(planned), or_none(found));
            }
            if planned.before != step.before {
                let file = |before: &Option<String>| match before {
                    Some(hash) => format!("its file with the SHA-256 {hash}"),
                    None => "no file".to_owned(),
                };
                return changed(what(step), file(&planned.before), file(&step.before));
            }
        }
        // What is not to be signed any more is so, or is not wanted so.
        for step in &self.records {
            let found = value_of(wanted, step).map(ToString::to_string);
            if found != step.new {
                return changed(what(step), or_none(step.new.as_ref()), or_none(found.as_ref()));
            }
        }
        Ok(())
    }

    fn check_published(&self, now: &Self) -> Checked {
        if let (Some(planned), Some(found)) = (&self.root, &now.root) {
            same("the root", planned, found, |root| root.clone())?;
        }
        // Nothing was known to be published under a name that was not derived.
        let over = if self.ipns_name.is_some() { &self.published[..] } else { &[] };
        if over == now.published {
            // Before the IPNS name is derived there is none.
            if self.ipns_name.is_some() {
                let told = |sequence: &Option<_>| or_none(sequence.as_ref());
                same("the sequence", &self.sequence, &now.sequence, told)?;
            }
            return self.check_removed(now);
        }
        let is_done = now.root.as_ref().is_some_and(|root| {
            let value = format!("/ipfs/{root}");
            !now.published.is_empty() && now.published.iter().all(|stood| stood.value == value)
        });
        match is_done {
            true => Ok(()),
            false => changed("what is published", told(over), told(&now.published)),
        }
    }

    /// What goes on purpose goes because of `published.toml`: with another one more might.
    fn check_removed(&self, now: &Self) -> Checked {
        let is_listed = |path: &&String| {
            self.removed.contains(path) || self.lost.iter().any(|loss| loss.path == **path)
        };
        match now.removed.iter().find(|path| !is_listed(path)) {
            None => Ok(()),
            Some(path) => changed(format!("{path:?}"), "kept".to_owned(), "removed".to_owned()),
        }
    }

    /// What a database has of a record is what it had, or what it was to be given.
    fn check_databases(&self, now: &Self) -> Checked {
        let all = |file: &Self| list(&file.databases.iter().map(|one| &one.to).collect::<Vec<_>>());
        same("the databases", &all(self), &all(now), String::clone)?;
        for (planned, found) in self.databases.iter().zip(&now.databases) {
            let key = |post: &PlannedPost| (post.name.clone(), post.record.clone());
            let listed: BTreeMap<_, _> =
                planned.posts.iter().map(|post| (key(post), post)).collect();
            for post in &found.posts {
                let what = || format!("{} {} at {}", post.name, post.record, found.to);
                let has = or_none(post.old.as_ref());
                let Some(planned) = listed.get(&key(post)) else {
                    return changed(what(), or_none(Some(&post.new)), has);
                };
                let (to, will) = (or_none(Some(&planned.new)), or_none(Some(&post.new)));
                same(&what(), &to, &will, String::clone)?;
                if planned.before != post.before {
                    let either = format!("{} or {to}", or_none(planned.old.as_ref()));
                    return changed(what(), either, has);
                }
                // What is known, and may go, is what published.toml says.
                if post.lost && !planned.lost {
                    return changed(what(), "seen here".to_owned(), "not seen here".to_owned());
                }
            }
        }
        Ok(())
    }

    fn check_transactions(&self, now: &Self) -> Checked {
        let (Some(planned), Some(found)) = (&self.transactions, &now.transactions) else {
            return Ok(());
        };
        match found.iter().find(|transaction| !transaction.is_listed(planned)) {
            None => {}
            Some(transaction) => {
                let what = format!("{} on chain", transaction.name);
                let planned = "no such transaction, or something else before it".to_owned();
                let found = format!("{} ({})", transaction.description, transaction.before);
                return changed(what, planned, found);
            }
        }
        Ok(())
    }
}

/// Which record, or phase of one.
fn key(step: &PlannedRecord) -> (&Name, &RecordKey, Option<&String>) {
    (&step.name, &step.record, step.starts.as_ref())
}

/// What is wanted of a record now, or of its phase that starts when the plan says.
fn value_of<'a>(wanted: &'a Records, step: &PlannedRecord) -> Option<&'a Value> {
    let Some(starts) = &step.starts else { return wanted.get(&step.name, &step.record) };
    let phases = wanted.phases(&step.name, &step.record)?.timed();
    let is_it = |phase: &&Phase| phase.starts.is_some_and(|at| at.to_string() == *starts);
    phases.iter().find(is_it).map(|phase| &phase.value)
}

/// What was not known may have become so since.
fn known(what: &str, planned: Option<&impl ToString>, found: Option<&impl ToString>) -> Checked {
    let (planned, found) = (planned.map(ToString::to_string), found.map(ToString::to_string));
    match planned.is_none() || planned == found {
        true => Ok(()),
        false => changed(what, or_none(planned.as_ref()), or_none(found.as_ref())),
    }
}

fn told(stood: &[Stood]) -> String {
    let one = |stood: &Stood| format!("sequence {} of {}", stood.sequence, stood.value);
    list(&stood.iter().map(one).collect::<Vec<_>>())
}
