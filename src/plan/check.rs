//! Whether what was planned still holds: after a step it is done, before it it is to do, and
//! anything else was not planned.

use std::collections::BTreeMap;

use super::file::{PlanFile, PlannedRecord};
use crate::ens::Name;
use crate::publish::Stood;
use crate::record::RecordKey;
use crate::workspace::Records;

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
    /// Checks that every step is to do or done; `now` is a plan of this moment, in a workspace that
    /// wants `wanted`.
    ///
    /// # Errors
    /// [`PlanChanged`]: the first that is neither.
    pub fn check(&self, now: &Self, wanted: &Records) -> Checked {
        same("the names", &self.names, &now.names, |names| list(names))?;
        if self.ipns_name.is_some() {
            let told = |name: &Option<_>| or_none(name.as_ref());
            same("the IPNS name", &self.ipns_name, &now.ipns_name, told)?;
        }
        same("the uploads", &self.uploads, &now.uploads, |targets| list(targets))?;
        if self.ipns_name.is_some() {
            same("the publishers", &self.publishers, &now.publishers, |targets| list(targets))?;
        }
        self.check_records(now, wanted)?;
        if self.rest != now.rest {
            let what = "the files that signing leaves as they are";
            return changed(what, "other ones".to_owned(), "not those".to_owned());
        }
        self.check_published(now)?;
        self.check_transactions(now)
    }

    fn check_records(&self, now: &Self, wanted: &Records) -> Checked {
        let planned: BTreeMap<(&Name, &RecordKey), &PlannedRecord> =
            self.records.iter().map(|step| ((&step.name, &step.record), step)).collect();
        let what = |step: &PlannedRecord| format!("{} {}", step.name, step.record);
        for step in &now.records {
            let Some(planned) = planned.get(&(&step.name, &step.record)) else {
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
            let found = wanted.get(&step.name, &step.record).map(ToString::to_string);
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
        if self.published == now.published {
            return match (self.sequence, now.sequence) {
                (Some(planned), Some(found)) if planned != found => {
                    changed("the sequence", planned.to_string(), found.to_string())
                }
                _ => Ok(()),
            };
        }
        let is_done = now.root.as_ref().is_some_and(|root| {
            let value = format!("/ipfs/{root}");
            !now.published.is_empty() && now.published.iter().all(|stood| stood.value == value)
        });
        match is_done {
            true => Ok(()),
            false => changed("what is published", told(&self.published), told(&now.published)),
        }
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

fn told(stood: &[Stood]) -> String {
    let one = |stood: &Stood| format!("sequence {} of {}", stood.sequence, stood.value);
    list(&stood.iter().map(one).collect::<Vec<_>>())
}
