//! Records that change by time, served by the clock: of a workspace, a phase that was signed in
//! advance is served from its first moment on ([the files](crate::spec::phases)).

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::folder::Stat;
use crate::workspace::{CONFIG_FILE, PhaseFile, RECORDS_FILE, Records, Workspace, phase_file_now};

/// What tells that a file is another: device, inode, size, and its times.
type Stamp = [i128; 5];

/// What is wanted of the workspace that is served.
pub(crate) struct Timed {
    workspace: Workspace,
    /// As it was read last, and of which files.
    read: Mutex<(Option<[Stamp; 2]>, Arc<Records>)>,
}

impl Timed {
    /// Of a folder that is a workspace.
    pub(crate) fn of(dir: &std::path::Path) -> Option<Self> {
        let workspace = Workspace::at(dir).ok()?;
        Some(Self::with(workspace, Records::parse("", &[]).ok()?))
    }

    /// Where the file at `path` of the tree is at `now`.
    pub(super) fn file(&self, path: &str, now: Timestamp) -> PhaseFile {
        phase_file_now(&self.records(), path, now)
    }

    /// Of a workspace, of which this is what was read.
    pub(crate) fn with(workspace: Workspace, records: Records) -> Self {
        Self { workspace, read: Mutex::new((None, Arc::new(records))) }
    }

    /// The workspace.
    pub(crate) fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// What is wanted, read again where a file is another. What cannot be read is as it was.
    pub(crate) fn records(&self) -> Arc<Records> {
        let stamp = |file| self.workspace.folder().glance(file).ok().map(|stat| stamp(&stat));
        let stamps = stamp(CONFIG_FILE).zip(stamp(RECORDS_FILE)).map(|(a, b)| [a, b]);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if stamps.is_some() && read.0 != stamps {
            let found = self.workspace.config().and_then(|config| self.workspace.records(&config));
            match found {
                Ok(records) => *read = (stamps, Arc::new(records)),
                Err(error) => {
                    tracing::warn!("records.toml is read as it was: {error}");
                    // It is not read again before it is another.
                    read.0 = stamps;
                }
            }
        }
        read.1.clone()
    }
}

fn stamp(stat: &Stat) -> Stamp {
    let modified = i128::from(stat.st_mtime) * 1_000_000_000 + i128::from(stat.st_mtime_nsec);
    let changed = i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec);
    [stat.st_dev.into(), stat.st_ino.into(), stat.st_size.into(), modified, changed]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Config;

    #[test]
    fn what_cannot_be_read_is_read_once() {
        let dir = tempfile::tempdir().unwrap();
        let name = crate::ens::Name::parse("nick.eth").unwrap();
        let storage = crate::keys::Storage::Domain;
        let config = Config::new(name, storage, storage, 1);
        Workspace::init(dir.path(), &config).unwrap();
        let timed = Timed::of(dir.path()).unwrap();
        let read = |text: &str| {
            std::fs::write(dir.path().join(RECORDS_FILE), text).unwrap();
            let records = timed.records();
            (timed.read.lock().unwrap().0, records.all().count())
        };
        let (good, count) = read("[\"nick.eth\"]\n\"text/a\" = \"x\"\n");
        assert_eq!((good.is_some(), count), (true, 1));
        // As it was; and it is known which file that was said of.
        let (broken, count) = read("no table, and longer than before so that it is another file");
        assert!(count == 1 && broken.is_some() && broken != good);
    }
}
