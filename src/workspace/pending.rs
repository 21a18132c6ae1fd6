//! What is wanted and not signed, from files that were checked: so that nothing is forgotten when
//! they are published.

use std::collections::HashMap;
use std::fmt;

use super::check::CheckedFile;
use super::{Config, Records};
use crate::ens::Name;
use crate::record::{RecordKey, record_path};

/// What `sign` has still to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Wanted, and there is no file.
    pub unsigned: Vec<(Name, RecordKey)>,
    /// Wanted, and the file says something else, or does not verify.
    pub stale: Vec<(Name, RecordKey)>,
    /// Signed here, and no longer wanted.
    pub unwanted: Vec<String>,
}

impl Pending {
    /// Compares what is wanted with `checked`. A file counts that verifies and says what is wanted,
    /// whoever signed it.
    pub fn of(config: &Config, records: &Records, checked: &[CheckedFile]) -> Self {
        let files: HashMap<&str, &CheckedFile> =
            checked.iter().map(|file| (file.path.as_str(), file)).collect();
        let mut pending = Self::default();
        for (name, key, value) in records.iter() {
            let file = files.get(&*record_path(name, key)).map(|file| file.verdict.record());
            match file {
                Some(Some((signed, _, _))) if signed == value => {}
                None => pending.unsigned.push((name.clone(), key.clone())),
                Some(_) => pending.stale.push((name.clone(), key.clone())),
            }
        }
        let keys = config.keys();
        let ours = [keys.signer, keys.wallet, config.owner()];
        for file in checked {
            let (Some(name), Some(key), Some((_, signer, _))) =
                (&file.name, &file.key, file.verdict.record())
            else {
                continue;
            };
            let is_ours = config.root_of(name).is_some() && ours.contains(&Some(signer));
            if is_ours && records.get(name, key).is_none() {
                pending.unwanted.push(file.path.clone());
            }
        }
        pending
    }

    /// Whether all is signed as it is wanted.
    pub fn is_empty(&self) -> bool {
        self.unsigned.is_empty() && self.stale.is_empty() && self.unwanted.is_empty()
    }
}

/// In words, with one of each.
impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records = |records: &[(Name, RecordKey)], what: &str| {
            let (name, key) = records.first()?;
            Some(match records.len() {
                1 => format!("{name}'s {key} {what}"),
                count => format!("{name}'s {key} and {} more {what}", count - 1),
            })
        };
        let unwanted = self.unwanted.first().map(|path| match self.unwanted.len() {
            1 => format!("{path} is signed and no longer wanted"),
            count => format!("{path} and {} more are signed and no longer wanted", count - 1),
        });
        let parts = [
            records(&self.unsigned, "wanted and not signed"),
            records(&self.stale, "not signed as wanted"),
            unwanted,
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}
