//! A file that holds the newest record, for whoever passes it on: `ipns put`, `ipfs name put`, a
//! web server.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use url::Url;

use super::publish::{PublishError, Publisher, RecordSource, explain_refusal};
use super::{MAX_RECORD_BYTES, UnverifiedRecord, VerifiedRecord};
use crate::atomic::write_atomic;
use crate::folder::OpenDir;
use crate::keys::IpnsName;

/// A file, or a folder that gets a file `<name>.ipns-record`.
pub struct RecordFile {
    path: PathBuf,
    folder: bool,
    url: Url,
}

impl RecordFile {
    /// The file `path`, which is a folder's when a folder stands there or the path ends with `/`.
    ///
    /// # Errors
    /// [`PublishError::File`] when it is not the path of a file.
    pub fn new(path: &Path) -> Result<Self, PublishError> {
        let wrong = |reason: String| PublishError::File { path: path.to_owned(), reason };
        if path.file_name().is_none() && !path.is_dir() {
            return Err(wrong("is not the name of a file".to_owned()));
        }
        let absolute = std::path::absolute(path).map_err(|error| wrong(error.to_string()))?;
        let url = Url::from_file_path(&absolute).map_err(|()| wrong("has no URL".to_owned()))?;
        let folder = path.as_os_str().as_encoded_bytes().ends_with(b"/") || absolute.is_dir();
        Ok(Self { path: absolute, folder, url })
    }

    fn file(&self, name: &IpnsName) -> PathBuf {
        if self.folder { self.path.join(format!("{name}.ipns-record")) } else { self.path.clone() }
    }

    fn read(&self, name: &IpnsName) -> Result<Option<VerifiedRecord>, PublishError> {
        let path = self.file(name);
        let mut bytes = Vec::new();
        let most = MAX_RECORD_BYTES as u64 + 1;
        let file = OpenDir::named_file(&path);
        let read = file.and_then(|file| file.take(most).read_to_end(&mut bytes));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(path, "cannot be read", &error)),
            Ok(_) => {}
        }
        let record = UnverifiedRecord::parse(&bytes).and_then(|r| r.verify_signature(name));
        let (from, name) = (self.describe(), *name);
        record.map(Some).map_err(|reason| PublishError::BadRecord { from, name, reason })
    }

    /// A record replaces another of its name by the rules; what is not such a record stays.
    fn write(&self, record: &VerifiedRecord) -> Result<(), PublishError> {
        let path = self.file(record.name());
        let older = self.read(record.name())?;
        if older.is_some_and(|older| !record.supersedes(&older)) {
            return Err(PublishError::File { path, reason: "holds a newer record".to_owned() });
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        let made = if self.folder { fs::create_dir_all(folder) } else { Ok(()) };
        made.and_then(|()| write_atomic(folder, &path, record.bytes(), true))
            .map_err(|error| failed(path, "cannot be written", &error))
    }
}

fn failed(path: PathBuf, what: &str, error: &io::Error) -> PublishError {
    PublishError::File { path, reason: format!("{what}: {error}") }
}

#[async_trait]
impl RecordSource for RecordFile {
    fn describe(&self) -> String {
        format!("file {}", self.path.display())
    }

    async fn get(&self, name: &IpnsName) -> Result<Option<VerifiedRecord>, PublishError> {
        // 10 KiB at most: not worth another thread.
        self.read(name)
    }
}

#[async_trait]
impl Publisher for RecordFile {
    fn url(&self) -> &Url {
        &self.url
    }

    async fn put(&self, record: &VerifiedRecord) -> Result<(), PublishError> {
        match self.write(record) {
            Err(refusal) => explain_refusal(self, record, refusal).await,
            Ok(()) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipns::publish::tests::{record, record_of};
    use crate::ipns::{Published, ReadBack, publish_and_read_back};

    #[tokio::test]
    async fn newer_records_replace_older_ones() {
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path().join("record"), dir.path().to_owned()] {
            let file = RecordFile::new(&path).unwrap();
            assert_eq!(file.get(record(1).name()).await, Ok(None));
            let done = publish_and_read_back(&file, &record(2), ReadBack::default()).await;
            assert_eq!(done, Ok(Published::Same));
            file.put(&record(2)).await.unwrap();
            let error = file.put(&record(1)).await.unwrap_err();
            assert!(matches!(error, PublishError::Outdated { has: 2, sent: 1, .. }), "{error}");
            file.put(&record(3)).await.unwrap();
            assert_eq!(file.get(record(1).name()).await, Ok(Some(record(3))));
        }
        let named = dir.path().join(format!("{}.ipns-record", record(3).name()));
        assert_eq!(fs::read(named).unwrap(), record(3).bytes());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing else is left");
    }

    #[tokio::test]
    async fn what_is_no_record_of_the_name_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.txt");
        let file = RecordFile::new(&path).unwrap();
        for foreign in [b"my notes".to_vec(), record_of(8, 1).bytes().to_vec(), vec![0; 20_000]] {
            fs::write(&path, &foreign).unwrap();
            let error = file.put(&record(1)).await.unwrap_err();
            assert!(matches!(error, PublishError::BadRecord { .. }), "{error}");
            assert_eq!(fs::read(&path).unwrap(), foreign);
        }
        let slash = format!("{}/new/", dir.path().display());
        RecordFile::new(Path::new(&slash)).unwrap().put(&record(1)).await.unwrap();
        assert_eq!(fs::read_dir(slash).unwrap().count(), 1);
        let nowhere = RecordFile::new(&dir.path().join("none/such")).unwrap();
        let error = nowhere.put(&record(1)).await.unwrap_err();
        assert!(error.to_string().contains("cannot be written"), "{error}");
        assert!(
            RecordFile::new(Path::new("..")).is_ok() && RecordFile::new(Path::new("")).is_err()
        );
    }
}
