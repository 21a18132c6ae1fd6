//! What was published from here. IPNS records under `.namesys/history/`, which can be rebuilt
//! from the services and make sure that a sequence is never used twice; trees that web hosts got
//! in `.namesys/sites.jsonl`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use cid::Cid;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ipns::{MAX_RECORD_BYTES, RecordError, UnverifiedRecord, VerifiedRecord};
use crate::json;
use crate::keys::IpnsName;
use crate::multiformats::parse_cid;
use crate::workspace::{Workspace, WorkspaceError};

const HISTORY: &str = ".namesys/history";
const SITES: &str = ".namesys/sites.jsonl";
/// Most bytes of it: each line has some hundred.
const MAX_SITES_BYTES: u64 = 16 << 20;
/// Publications to web hosts that are kept.
const MAX_SITES: usize = 1000;

/// An IPNS record that was made here.
pub type Publication = VerifiedRecord;

/// A record of the history.
#[derive(Clone, Debug)]
pub struct HistoryEntry {
    /// The record.
    pub record: Publication,
    /// When its file was written.
    pub made: Option<Timestamp>,
}

/// Why the history cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A kept record does not verify.
    #[error("{}: {error}; remove the file, it can be fetched again", .path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        error: RecordError,
    },
}

/// A publication: the tree was brought, and read back where the site has an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteEntry {
    /// Kind and place.
    pub to: String,
    /// Where it is served; none when it could not be read back.
    pub url: Option<String>,
    /// The tree.
    pub root: String,
    /// Files that were new or changed.
    pub written: u64,
    /// Files that were removed.
    pub removed: u64,
    /// When, RFC 3339.
    #[serde(alias = "time")]
    pub made: String,
}

/// What was published from a workspace.
#[derive(Clone, Copy, Debug)]
pub struct History<'a>(&'a Workspace);

impl<'a> History<'a> {
    /// Of `workspace`.
    pub fn of(workspace: &'a Workspace) -> Self {
        Self(workspace)
    }

    fn dir(name: &IpnsName) -> PathBuf {
        Path::new(HISTORY).join(name.to_string())
    }

    /// Keeps a record before it is sent anywhere. Hold the lock.
    ///
    /// # Errors
    /// I/O.
    pub fn keep(self, record: &Publication) -> Result<(), StateError> {
        let file = format!("{:020}.ipns", record.fields().sequence);
        Ok(self.0.write(Self::dir(record.name()).join(file), record.bytes())?)
    }

    /// The records made here for `name`, by sequence.
    ///
    /// # Errors
    /// I/O, or a file that does not hold a record of `name`.
    pub fn records(self, name: &IpnsName) -> Result<Vec<Publication>, StateError> {
        Ok(self.entries(name)?.into_iter().map(|entry| entry.record).collect())
    }

    /// As [`records`](Self::records), with the times they were made.
    ///
    /// # Errors
    /// As [`records`](Self::records).
    pub fn entries(self, name: &IpnsName) -> Result<Vec<HistoryEntry>, StateError> {
        let dir = Self::dir(name);
        let folder = match self.0.folder().folder(&dir) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.0.failed(&dir)(error).into()),
        };
        let mut history = Vec::new();
        for (file, _) in folder.entries().map_err(self.0.failed(&dir))? {
            let path = dir.join(&file);
            let bytes = folder.read(&file, MAX_RECORD_BYTES as u64);
            let bytes = bytes.map_err(self.0.failed(&path))?;
            let written = folder.file(&file).and_then(|file| file.metadata()?.modified()).ok();
            let made = written.and_then(|time| Timestamp::try_from(time).ok());
            let path = self.0.dir().join(path);
            let record = UnverifiedRecord::parse(&bytes)
                .and_then(|record| record.verify_signature(name))
                .map_err(|error| StateError::Record { path, error })?;
            history.push(HistoryEntry { record, made });
        }
        history.sort_by_key(|entry| entry.record.fields().sequence);
        Ok(history)
    }

    /// Publications to sites, oldest first. Lines that are none are left out.
    ///
    /// # Errors
    /// I/O.
    pub fn sites(self) -> Result<Vec<SiteEntry>, WorkspaceError> {
        let text = match self.0.folder().read(SITES, MAX_SITES_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            text => text.map_err(self.0.failed(SITES))?,
        };
        let text = String::from_utf8_lossy(&text);
        Ok(text.lines().filter_map(|line| json::from_str(line).ok()).collect())
    }

    /// Keeps that a site got a tree. Hold the lock.
    ///
    /// # Errors
    /// I/O.
    pub fn keep_site(self, entry: &SiteEntry) -> Result<(), WorkspaceError> {
        let mut entries = self.sites()?;
        entries.push(entry.clone());
        let mut text = String::new();
        for entry in entries.iter().skip(entries.len().saturating_sub(MAX_SITES)) {
            let line = serde_json::to_string(entry);
            text.push_str(&line.expect("texts and numbers always serialize"));
            text.push('\n');
        }
        self.0.write(SITES, text.as_bytes())
    }
}

/// An entry of the history, by what tells it from the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryTarget {
    /// Its sequence.
    Sequence(u64),
    /// The root it points to.
    Root(Cid),
}

impl fmt::Display for HistoryTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sequence(sequence) => write!(f, "sequence {sequence}"),
            Self::Root(root) => root.fmt(f),
        }
    }
}

/// Why a text is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither a sequence nor a CID; namesys log lists both")]
pub struct NoHistoryTarget;

impl FromStr for HistoryTarget {
    type Err = NoHistoryTarget;

    fn from_str(text: &str) -> Result<Self, NoHistoryTarget> {
        if let Ok(sequence) = text.parse() {
            return Ok(Self::Sequence(sequence));
        }
        parse_cid(text).map(Self::Root).map_err(|_| NoHistoryTarget)
    }
}

/// Nothing in the history is what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NotInHistory(Option<HistoryTarget>);

impl fmt::Display for NotInHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(HistoryTarget::Sequence(sequence)) => {
                write!(f, "sequence {sequence} was not published from here")
            }
            Some(HistoryTarget::Root(root)) => write!(f, "{root} was not published from here"),
            None => f.write_str("nothing else was published from here before"),
        }
    }
}

/// The root of the wanted entry of the history; by default of the last that differs from `now`.
///
/// # Errors
/// [`NotInHistory`].
pub fn root_before(
    wanted: Option<&HistoryTarget>,
    kept: &[Publication],
    now: Option<&Publication>,
) -> Result<Cid, NotInHistory> {
    let is_wanted = |record: &&Publication| match wanted {
        Some(HistoryTarget::Sequence(sequence)) => record.fields().sequence == *sequence,
        Some(HistoryTarget::Root(root)) => root_of(record).as_ref() == Some(root),
        None => now.is_some_and(|now| {
            let (fields, now) = (record.fields(), now.fields());
            fields.value != now.value && fields.sequence < now.sequence
        }),
    };
    let found = kept.iter().rev().filter(is_wanted).find_map(root_of);
    found.ok_or_else(|| NotInHistory(wanted.cloned()))
}

fn root_of(record: &Publication) -> Option<Cid> {
    parse_cid(&record.fields().value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_sequence_or_a_cid() {
        assert_eq!("7".parse(), Ok(HistoryTarget::Sequence(7)));
        let cid = "bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";
        let target = Ok(HistoryTarget::Root(cid.parse().unwrap()));
        assert_eq!(cid.parse(), target);
        for form in [format!("/ipfs/{cid}"), format!("ipfs://{cid}")] {
            assert_eq!(form.parse(), target);
        }
        for bad in ["", "-1", "bafy", "latest"] {
            assert!(bad.parse::<HistoryTarget>().is_err(), "{bad}");
        }
    }
}
