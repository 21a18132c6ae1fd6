//! A series of IPNS records that were signed ahead: a folder whose files say when each is due, so
//! that a machine without keys keeps a name alive.
//!
//! A file is called `<sequence, 20 digits>-<time>.ipns-record`, with the time from which it is to be
//! published (RFC 3339 in UTC, without `-` and `:`), and holds one record, raw protobuf. Without a
//! time, the first is due at once, and another one interval of validity before its predecessor
//! expires. What it is put over may stand first: each is put over any that is before it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::folder::OpenDir;
use crate::ipns::{MAX_RECORD_BYTES, RecordError, UnverifiedRecord, VerifiedRecord};
use crate::keys::IpnsName;
use crate::workspace::file_time;

/// Of the files of a series.
pub const SERIES_EXTENSION: &str = "ipns-record";
/// The time in a file's name.
const TIME: &str = crate::workspace::FILE_TIME;
/// Most records of a series.
pub const MAX_SERIES: usize = 100_000;

/// Records of one name, by sequence.
#[derive(Clone, Debug)]
pub struct Series {
    records: Vec<Scheduled>,
}

/// A record, and when it is to be published.
#[derive(Clone, Debug)]
pub struct Scheduled {
    /// Its file.
    pub file: PathBuf,
    /// From then on.
    pub due: Timestamp,
    /// The record, which may have expired.
    pub record: VerifiedRecord,
}

/// Why a folder is no series.
#[derive(Debug, thiserror::Error)]
pub enum SeriesError {
    /// It cannot be read.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// A file is no record of the name.
    #[error("{}: {error}", .path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        error: RecordError,
    },
    /// Its files do not go together.
    #[error("{}: {reason}", .path.display())]
    Unfit {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The name of a record's file in a series.
pub fn series_file(sequence: u64, due: Timestamp) -> String {
    let due = file_time(due);
    format!("{sequence:020}-{due}.{SERIES_EXTENSION}")
}

impl Series {
    /// Reads the records of `name` in `dir`; other files are left alone.
    ///
    /// # Errors
    /// [`SeriesError`] names the file.
    pub fn open(dir: &Path, name: &IpnsName) -> Result<Self, SeriesError> {
        let failed = |path: PathBuf| move |error| SeriesError::Io { path, error };
        let folder = OpenDir::open(dir).map_err(failed(dir.to_owned()))?;
        let mut records = Vec::new();
        for (file, _) in folder.entries().map_err(failed(dir.to_owned()))? {
            let path = dir.join(&file);
            if path.extension().is_none_or(|extension| extension != SERIES_EXTENSION) {
                continue;
            }
            if records.len() == MAX_SERIES {
                let reason = format!("more than {MAX_SERIES} records");
                return Err(SeriesError::Unfit { path: dir.to_owned(), reason });
            }
            let bytes =
                folder.read(&file, MAX_RECORD_BYTES as u64).map_err(failed(path.clone()))?;
            let record = UnverifiedRecord::parse(&bytes).and_then(|one| one.verify_signature(name));
            let record =
                record.map_err(|error| SeriesError::Record { path: path.clone(), error })?;
            records.push((path, record));
        }
        records.sort_by_key(|(_, record)| record.fields().sequence);
        Self::of(records)
    }

    /// When each of `records`, by sequence, is due.
    fn of(records: Vec<(PathBuf, VerifiedRecord)>) -> Result<Self, SeriesError> {
        let mut series = Self { records: Vec::new() };
        for (file, record) in records {
            let unfit = |reason: &str| {
                let (path, reason) = (file.clone(), reason.to_owned());
                SeriesError::Unfit { path, reason }
            };
            let before = series.records.last();
            if before
                .is_some_and(|before| before.record.fields().sequence == record.fields().sequence)
            {
                return Err(unfit("another file holds a record of the same sequence"));
            }
            let named = due_of(&file).map_err(|()| unfit("its name ends with no time"))?;
            let due = named.unwrap_or_else(|| due_before_expiry(before, &record));
            if before.is_some_and(|before| before.due > due) {
                return Err(unfit("it is due before the record of the sequence before it"));
            }
            series.records.push(Scheduled { file, due, record });
        }
        Ok(series)
    }

    /// All of them, by sequence.
    pub fn into_records(self) -> Vec<Scheduled> {
        self.records
    }

    /// Those before the one of `sequence`, over which it is put.
    pub fn before(&self, sequence: u64) -> impl Iterator<Item = &VerifiedRecord> {
        let before = self.records.iter().map(|one| &one.record);
        before.take_while(move |record| record.fields().sequence < sequence)
    }

    /// The last whose time has come.
    pub fn due(&self, now: Timestamp) -> Option<&Scheduled> {
        self.records.iter().rfind(|one| one.due <= now)
    }

    /// The first whose time comes later.
    pub fn next(&self, now: Timestamp) -> Option<&Scheduled> {
        self.records.iter().find(|one| one.due > now)
    }

    /// The one of `sequence`, or after it.
    pub fn since(&self, sequence: u64) -> Option<&Scheduled> {
        self.records.iter().find(|one| one.record.fields().sequence >= sequence)
    }

    /// The one after that of `sequence`, whose time may have come.
    pub fn after(&self, sequence: u64) -> Option<&Scheduled> {
        self.records.iter().find(|one| one.record.fields().sequence > sequence)
    }
}

/// The time in a file's name, where there is one.
pub(super) fn due_of(file: &Path) -> Result<Option<Timestamp>, ()> {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).ok_or(())?;
    let Some((_, time)) = stem.split_once('-') else { return Ok(None) };
    let time = jiff::civil::DateTime::strptime(TIME, time).map_err(|_| ())?;
    Ok(Some(time.to_zoned(TimeZone::UTC).map_err(|_| ())?.timestamp()))
}

/// One interval before the predecessor expires; the first at once.
fn due_before_expiry(before: Option<&Scheduled>, record: &VerifiedRecord) -> Timestamp {
    let Some(before) = before else { return Timestamp::MIN };
    let (until, later) = (before.record.fields().validity(), record.fields().validity());
    let interval = Duration::try_from(later.duration_since(until)).unwrap_or_default();
    until.checked_sub(interval).unwrap_or(Timestamp::MIN).max(before.due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipns::create;
    use crate::keys::IpnsKey;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn write(dir: &Path, file: &str, sequence: u64, until: &str) {
        let key = IpnsKey::from_seed(&[7; 32].into());
        let ttl = Duration::from_secs(60);
        let record = create(&key, "/ipfs/bafkqaaa", sequence, time(until), ttl).unwrap();
        std::fs::write(dir.join(file), record).unwrap();
    }

    fn open(dir: &Path) -> Result<Series, SeriesError> {
        Series::open(dir, &IpnsKey::from_seed(&[7; 32].into()).name())
    }

    #[test]
    fn the_last_whose_time_has_come_is_due() {
        let dir = tempfile::tempdir().unwrap();
        let due = ["2030-01-01T00:00:00Z", "2030-02-01T00:00:00Z", "2030-03-01T12:30:05Z"];
        for (sequence, due) in (8..).zip(due) {
            let name = series_file(sequence, time(due));
            write(dir.path(), &name, sequence, "2100-01-01T00:00:00Z");
        }
        std::fs::write(dir.path().join("readme"), "").unwrap();
        let series = open(dir.path()).unwrap();
        let at = |now: &str| {
            let sequence = |one: &Scheduled| one.record.fields().sequence;
            (series.due(time(now)).map(sequence), series.next(time(now)).map(sequence))
        };
        assert_eq!(at("2029-12-31T23:59:59Z"), (None, Some(8)));
        assert_eq!(at(due[0]), (Some(8), Some(9)));
        assert_eq!(at("2030-03-01T12:30:04Z"), (Some(9), Some(10)));
        assert_eq!(at(due[2]), (Some(10), None));
        assert_eq!(
            series_file(8, time(due[2])),
            "00000000000000000008-20300301T123005Z.ipns-record"
        );
    }

    #[test]
    fn without_a_time_it_is_due_an_interval_before_its_predecessor_ends() {
        let dir = tempfile::tempdir().unwrap();
        for (sequence, until) in [(1, "2030-03-01T00:00:00Z"), (2, "2030-03-11T00:00:00Z")] {
            write(dir.path(), &format!("{sequence:020}.ipns-record"), sequence, until);
        }
        let series = open(dir.path()).unwrap();
        assert_eq!(series.due(Timestamp::MIN).unwrap().record.fields().sequence, 1);
        assert_eq!(series.after(1).unwrap().record.fields().sequence, 2);
        assert_eq!(
            series.next(time("2030-01-01T00:00:00Z")).unwrap().due,
            time("2030-02-19T00:00:00Z")
        );
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (file, sequence, said) in [
            ("a.ipns-record", 8, "of the same sequence"),
            ("9-tomorrow.ipns-record", 9, "no time"),
            ("9-20200101T000000Z.ipns-record", 9, "due before"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let first = series_file(8, time("2030-01-01T00:00:00Z"));
            write(dir.path(), &first, 8, "2100-01-01T00:00:00Z");
            write(dir.path(), file, sequence, "2100-01-01T00:00:00Z");
            let error = open(dir.path()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("x.ipns-record"), "x").unwrap();
        assert!(matches!(open(dir.path()), Err(SeriesError::Record { .. })));
    }
}
