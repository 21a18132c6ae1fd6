//! What goes from the machine with the keys to the machine with the network: a folder with the
//! tree as a CAR file, the signed IPNS record, and `publication.json`, which names both.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use cid::Cid;
use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::atomic::write_atomic;
use crate::ens::Name;
use crate::folder::OpenDir;
use crate::ipfs::{CarBlocks, CarError, ReadError, check_complete};
use crate::ipns::{MAX_RECORD_BYTES, RecordError, UnverifiedRecord, VerifiedRecord};
use crate::json;
use crate::keys::IpnsName;
use crate::record::record_path;
use crate::workspace::{Records, Workspace, WorkspaceError};

/// The file that names the others.
pub const PARCEL_FILE: &str = "publication.json";
/// It has some 250 bytes, a record in base64, and paths of what is not signed, as a rule none.
const MAX_MANIFEST_BYTES: u64 = 16 << 20;

/// A tree and a record that points to it, both checked.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Whose records are in the tree.
    pub name: Name,
    /// All names of the workspace that made it, and what was missing there.
    pub scope: ParcelScope,
    /// The packed tree.
    pub car: PathBuf,
    /// Its root.
    pub root: Cid,
    /// The record that names the root.
    pub record: VerifiedRecord,
    /// The newest that was known when it was made: it is sent over that alone.
    pub over: Option<VerifiedRecord>,
}

/// What a workspace decides about when it makes a parcel: of what is published it may remove the
/// records of its names, but for those that it wants and has no file of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelScope {
    /// Its names, one at least.
    pub names: Vec<Name>,
    /// Paths of wanted records that have no file in the tree.
    pub missing: BTreeSet<String>,
}

impl ParcelScope {
    /// Of `workspace`, whose tree is packed as it is now.
    ///
    /// # Errors
    /// I/O.
    pub fn of(
        workspace: &Workspace,
        names: &[Name],
        wanted: &Records,
    ) -> Result<Self, WorkspaceError> {
        let mut missing = BTreeSet::new();
        for path in wanted.iter().map(|(name, key, _)| record_path(name, key)) {
            if workspace.folder().kind(&path).map_err(workspace.failed(&path))?.is_none() {
                missing.insert(path);
            }
        }
        Ok(Self { names: names.to_vec(), missing })
    }
}

/// Why a folder is not to be published.
#[derive(Debug, thiserror::Error)]
pub enum ParcelError {
    /// A file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// `publication.json` is not what `publish --sign-only` writes.
    #[error("{} is not what publish --sign-only writes: {reason}", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The record does not verify, or has expired.
    #[error("{}: {error}", .path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        error: RecordError,
    },
    /// The record names another root.
    #[error("the record points to {value:?}, the tree beside it is {root}")]
    OtherRoot {
        /// What the record says.
        value: String,
        /// The tree's root.
        root: Box<Cid>,
    },
    /// The CAR file is damaged.
    #[error("{}: {error}", .path.display())]
    Car {
        /// The file.
        path: PathBuf,
        /// Why.
        error: Box<CarError>,
    },
    /// The CAR file does not hold the tree.
    #[error("{} does not hold the tree of {root}: {reason}", .path.display())]
    Tree {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        root: Box<Cid>,
        /// What is missing.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: String,
    ipns_name: String,
    root: String,
    sequence: u64,
    validity: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    over: Option<String>,
    /// Those beside `name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    missing: BTreeSet<String>,
}

/// The names of the CAR file and the record's file in a folder.
pub fn parcel_files(dir: &Path, root: &Cid, name: &IpnsName) -> (PathBuf, PathBuf) {
    (dir.join(format!("{root}.car")), dir.join(format!("{name}.ipns-record")))
}

/// Writes `publication.json` beside the two files, last: without it the folder is not complete.
/// `over` is the newest record that is known beside `record`; `scope` names the workspace's names,
/// the one it goes by first.
///
/// # Errors
/// [`ParcelError::Io`].
pub fn write_manifest(
    dir: &Path,
    scope: &ParcelScope,
    root: &Cid,
    record: &VerifiedRecord,
    over: Option<&VerifiedRecord>,
) -> Result<PathBuf, ParcelError> {
    let fields = record.fields();
    let manifest = Manifest {
        name: scope.names.first().map(ToString::to_string).unwrap_or_default(),
        ipns_name: record.name().to_string(),
        root: root.to_string(),
        sequence: fields.sequence,
        validity: fields.until(),
        over: over.map(|over| BASE64.encode(over.bytes())),
        names: scope.names.iter().skip(1).map(ToString::to_string).collect(),
        missing: scope.missing.clone(),
    };
    let path = dir.join(PARCEL_FILE);
    let text = serde_json::to_string_pretty(&manifest).expect("strings and a number are JSON");
    write_atomic(dir, &path, format!("{text}\n").as_bytes(), true)
        .map_err(|error| ParcelError::Io { path: path.clone(), error })?;
    Ok(path)
}

impl Parcel {
    /// Reads a folder and checks everything in it: the record's signature and validity at `now`,
    /// that it names the root, every block of the CAR, and that none is missing.
    ///
    /// # Errors
    /// [`ParcelError`] says what is wrong; nothing of it is to be published then.
    pub fn open(dir: &Path, now: Timestamp) -> Result<Self, ParcelError> {
        let path = dir.join(PARCEL_FILE);
        let text = read(&path, MAX_MANIFEST_BYTES)?;
        let wrong = |reason: String| ParcelError::Manifest { path: path.clone(), reason };
        let manifest: Manifest =
            json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        let parse = |name: &String| Name::parse(name).map_err(|error| wrong(error.to_string()));
        let name = parse(&manifest.name)?;
        let names = [&manifest.name].into_iter().chain(&manifest.names).map(parse);
        let names = names.collect::<Result<Vec<_>, _>>()?;
        let scope = ParcelScope { names, missing: manifest.missing };
        let ipns_name: IpnsName =
            manifest.ipns_name.parse().map_err(|error| wrong(format!("{error}")))?;
        let root = Cid::try_from(manifest.root.as_str())
            .map_err(|_| wrong(format!("its root {:?} is not a CID", manifest.root)))?;
        let (car, record_file) = parcel_files(dir, &root, &ipns_name);
        let record = UnverifiedRecord::parse(&read(&record_file, MAX_RECORD_BYTES as u64)?)
            .and_then(|record| record.verify(&ipns_name, now))
            .map_err(|error| ParcelError::Record { path: record_file, error })?;
        let fields = record.fields();
        if fields.value != format!("/ipfs/{root}") {
            let value = fields.value.clone();
            return Err(ParcelError::OtherRoot { value, root: Box::new(root) });
        }
        if (fields.sequence, fields.until()) != (manifest.sequence, manifest.validity) {
            return Err(wrong("its sequence or validity is not the record's".to_owned()));
        }
        let over = match manifest.over {
            Some(text) => Some(
                over_of(&text, &record)
                    .map_err(|reason| wrong(format!("what it was made over: {reason}")))?,
            ),
            None => None,
        };
        check_car(&car, &root)?;
        Ok(Self { name, scope, car, root, record, over })
    }
}

/// The record in `text`, which must be one of the same name before `record`. It may have expired.
fn over_of(text: &str, record: &VerifiedRecord) -> Result<VerifiedRecord, String> {
    let bytes = BASE64.decode(text.as_bytes()).map_err(|error| error.to_string())?;
    let over = UnverifiedRecord::parse(&bytes)
        .and_then(|over| over.verify_signature(record.name()))
        .map_err(|error| error.to_string())?;
    let (before, sequence) = (over.fields().sequence, record.fields().sequence);
    match before < sequence {
        true => Ok(over),
        false => Err(format!("it has sequence {before}, the record {sequence}")),
    }
}

fn check_car(car: &Path, root: &Cid) -> Result<(), ParcelError> {
    let failed = |error| match error {
        CarError::Io(error) => ParcelError::Io { path: car.to_owned(), error },
        error => ParcelError::Car { path: car.to_owned(), error: Box::new(error) },
    };
    let blocks = CarBlocks::open(car).map_err(failed)?;
    let tree = |reason| ParcelError::Tree { path: car.to_owned(), root: Box::new(*root), reason };
    if blocks.roots() != [*root] {
        return Err(tree("its header names another root".to_owned()));
    }
    check_complete(&blocks, root).map_err(|error: ReadError| tree(error.to_string()))
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ParcelError> {
    let failed = |error| ParcelError::Io { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let file = OpenDir::named_file(path).map_err(failed)?;
    io::Read::read_to_end(&mut io::Read::take(file, limit + 1), &mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        let error = io::Error::new(io::ErrorKind::InvalidData, format!("over {limit} bytes"));
        return Err(failed(error));
    }
    Ok(bytes)
}

#[cfg(test)]
#[path = "parcel_tests.rs"]
mod tests;
