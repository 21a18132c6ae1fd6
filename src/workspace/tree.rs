//! The tree under `.well-known/`: record files, and files of others that are left alone.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use alloy_primitives::hex;
use serde::{Deserialize, Serialize};

use crate::ens::{Name, WELL_KNOWN};
use crate::record::RecordKey;

/// The longest record file that is read, in bytes.
pub const MAX_RECORD_FILE: u64 = 1 << 20;
/// How deep folders are followed: a name of 127 labels and its record types fit.
const MAX_DEPTH: usize = 136;

/// The path of a record file in the workspace: the name's directory and `<record type>.json`.
pub fn record_path(name: &Name, key: &RecordKey) -> String {
    let mut path = name.well_known();
    path.push('/');
    path.push_str(&key.file_name());
    path
}

/// The record's place in the older flat layout (ENSIP-XX, seed 003); `None` where it has none, or
/// the same, or where it is the place of another record: `text.nick.eth`'s avatar would be
/// `nick.eth`'s `text/avatar`.
pub fn flat_path(name: &Name, key: &RecordKey) -> Option<String> {
    let path = format!("{}/{}", name.well_known(), key.legacy_file_name()?);
    if path == record_path(name, key) {
        return None;
    }
    match meaning(&path) {
        PathMeaning::Records(records) => {
            records.iter().any(|(of, record)| of == name && record == key).then_some(path)
        }
        _ => Some(path),
    }
}

/// The JSON of a record file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordFile {
    /// `0x` and the payload in lower-case hex.
    pub data: String,
    /// What the deployed backend writes beside it.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<FileMetadata>,
}

/// The other fields of the deployed backend, for people and its own client; nothing verifies
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileMetadata {
    /// The full name.
    pub domain: String,
    /// The value in its text form.
    pub raw: String,
    /// Seconds since 1970.
    pub timestamp: i64,
    /// The records signer.
    pub signer: String,
    /// The owner.
    pub controller: String,
    /// SIGN 3, or `0x`.
    pub manager_signature: String,
    /// SIGN 4.
    pub record_signature: String,
}

/// Why a file is not a record file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// More than a record file can have.
    #[error("it is longer than {MAX_RECORD_FILE} bytes")]
    TooLong,
    /// Not JSON with a text `data`.
    #[error("it is not JSON of the form {{\"data\":\"0x…\"}}: {0}")]
    Json(#[from] serde_json::Error),
    /// `data` is not hexadecimal.
    #[error("its data is not 0x and hexadecimal digits")]
    Hex,
}

impl RecordFile {
    /// The file of `payload`, without other fields.
    pub fn new(payload: &[u8]) -> Self {
        Self { data: hex::encode_prefixed(payload), metadata: None }
    }

    /// The bytes of the file.
    pub fn to_json(&self) -> Vec<u8> {
        match &self.metadata {
            // The usual case, a thousand times a second: hex needs no escaping.
            None => format!("{{\"data\":\"{}\"}}", self.data).into_bytes(),
            Some(_) => serde_json::to_vec(self).expect("texts and numbers always serialize"),
        }
    }

    /// The payload of the file in `bytes`.
    ///
    /// # Errors
    /// [`FileError`] says what is not as it must be.
    pub fn payload(bytes: &[u8]) -> Result<Vec<u8>, FileError> {
        #[derive(Deserialize)]
        struct Data<'a> {
            #[serde(borrow)]
            data: std::borrow::Cow<'a, str>,
        }
        if bytes.len() as u64 > MAX_RECORD_FILE {
            return Err(FileError::TooLong);
        }
        let file: Data<'_> = serde_json::from_slice(bytes)?;
        let digits = file.data.strip_prefix("0x").ok_or(FileError::Hex)?;
        hex::decode(digits).map_err(|_| FileError::Hex)
    }
}

/// Reads a file that may be a record file, bounded.
///
/// # Errors
/// I/O, or longer than a record file can be.
pub(super) fn read_bounded(path: &Path) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::with_capacity(2048);
    std::fs::File::open(path)?.take(MAX_RECORD_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_RECORD_FILE {
        return Err(FileError::TooLong);
    }
    Ok(bytes)
}

/// What a path under `.well-known/` can mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathMeaning {
    /// A record of a name. `text/name.json` can be two: of `nick.eth`, and of `text.nick.eth`.
    Records(Vec<(Name, RecordKey)>),
    /// Only in the flat layout of ENSIP-XX.
    Legacy(Name, RecordKey),
    /// A known fault of the deployed client, and what is right.
    Fault(String),
    /// Somebody else's file.
    Foreign,
}

/// A file of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// Its path in the workspace, separated by `/`, starting with `.well-known/`.
    pub path: String,
    /// What the path can mean.
    pub meaning: PathMeaning,
}

/// Why the tree cannot be walked.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A folder cannot be read.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// A name of a file is not UTF-8.
    #[error("{}: the file's name is not UTF-8", .0.display())]
    NotUtf8(PathBuf),
    /// A symbolic link points out of the folder.
    #[error("{}: the link leaves {WELL_KNOWN}; a published tree holds only its own files: copy the file instead", .0.display())]
    LinkLeaves(PathBuf),
    /// A symbolic link in place of the folder, or a file.
    #[error("{}: this must be a folder, and no link", .0.display())]
    NotFolder(PathBuf),
    /// Folders within folders, more than any name has labels.
    #[error("{}: folders are nested more than {MAX_DEPTH} deep", .0.display())]
    TooDeep(PathBuf),
}

/// Every file under `.well-known/` of `workspace`, sorted by path.
///
/// # Errors
/// [`TreeError`] names the path.
pub fn walk(workspace: &Path) -> Result<Vec<TreeEntry>, TreeError> {
    let root = workspace.join(WELL_KNOWN);
    match root.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(TreeError::NotFolder(root)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(TreeError::Io { path: root, error }),
    }
    let mut files = Vec::new();
    let mut folders = vec![(root.clone(), WELL_KNOWN.to_owned(), 0)];
    while let Some((folder, relative, depth)) = folders.pop() {
        let io = |error| TreeError::Io { path: folder.clone(), error };
        let entries = std::fs::read_dir(&folder).map_err(io)?;
        if depth > MAX_DEPTH {
            return Err(TreeError::TooDeep(folder));
        }
        for entry in entries {
            let entry = entry.map_err(io)?;
            let path = entry.path();
            let name =
                entry.file_name().into_string().map_err(|_| TreeError::NotUtf8(path.clone()))?;
            let relative = format!("{relative}/{name}");
            let mut kind = entry.file_type().map_err(io)?;
            if kind.is_symlink() {
                kind = follow_inside(&root, &path)?;
            }
            if kind.is_dir() {
                folders.push((path, relative, depth + 1));
            } else {
                files.push(relative);
            }
        }
    }
    files.sort_unstable();
    let entry = |path: String| TreeEntry { meaning: meaning(&path), path };
    Ok(files.into_iter().map(entry).collect())
}

/// The kind of a link's target, which must lie within the tree, as when it is packed.
fn follow_inside(root: &Path, link: &Path) -> Result<std::fs::FileType, TreeError> {
    let io = |error| TreeError::Io { path: link.to_owned(), error };
    let target = link.canonicalize().map_err(io)?;
    if !target.starts_with(root.canonicalize().map_err(io)?) {
        return Err(TreeError::LinkLeaves(link.to_owned()));
    }
    Ok(target.metadata().map_err(io)?.file_type())
}

/// What `path`, which starts with `.well-known/`, can mean.
pub fn meaning(path: &str) -> PathMeaning {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let Some((file, folders)) = parts.split_last() else { return PathMeaning::Foreign };
    let Some(stem) = file.strip_suffix(".json") else { return PathMeaning::Foreign };
    let mut records = Vec::new();
    if let Some((kind, labels)) = folders.split_last() {
        if let Some(name) = name_of(labels) {
            if *kind == "dnsrecord" {
                let right = format!("{}/dns/{file}", name.well_known());
                return PathMeaning::Fault(format!(
                    "a path of the deployed client that the resolver never asks; it asks {right}"
                ));
            }
            records.extend(canonical(&format!("{kind}/{stem}")).map(|key| (name, key)));
        }
        if let Some(name) = name_of(folders) {
            records.extend(canonical(stem).map(|key| (name, key)));
        }
    }
    if !records.is_empty() {
        return PathMeaning::Records(records);
    }
    match (name_of(folders), RecordKey::from_legacy_file_name(file)) {
        (Some(name), Some(key)) => PathMeaning::Legacy(name, key),
        _ => PathMeaning::Foreign,
    }
}

fn canonical(text: &str) -> Option<RecordKey> {
    RecordKey::parse(text).ok().filter(|key| key.to_string() == text)
}

fn name_of(reversed: &[&str]) -> Option<Name> {
    let labels: Vec<&str> = reversed.iter().rev().copied().collect();
    if labels.is_empty() {
        return None;
    }
    Name::from_normalized(&labels.join(".")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flat_place_is_never_that_of_another_record() {
        let flat = |name: &str, key: &str| {
            flat_path(&Name::parse(name).unwrap(), &RecordKey::parse(key).unwrap())
        };
        let avatar = ".well-known/eth/nick/avatar.json".to_owned();
        assert_eq!(flat("nick.eth", "text/avatar"), Some(avatar));
        // nick.eth's text/avatar is there.
        assert_eq!(flat("text.nick.eth", "text/avatar"), None);
        // That one is the resolver's own already.
        assert_eq!(flat("nick.eth", "contenthash"), None);
    }

    fn names(path: &str) -> Vec<String> {
        match meaning(path) {
            PathMeaning::Records(records) => {
                records.iter().map(|(name, key)| format!("{name} {key}")).collect()
            }
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn paths_and_what_they_mean() {
        assert_eq!(names(".well-known/eth/nick/text/avatar.json"), ["nick.eth text/avatar"]);
        assert_eq!(names(".well-known/eth/nick/contenthash.json"), ["nick.eth contenthash"]);
        assert_eq!(
            names(".well-known/eth/nick/text/name.json"),
            ["nick.eth text/name", "text.nick.eth name"]
        );
        for foreign in [
            ".well-known/security.txt",
            ".well-known/nostr.json",
            ".well-known/eth/nick/address/eth.txt",
            ".well-known/eth/NICK/text/avatar.json",
        ] {
            assert_eq!(meaning(foreign), PathMeaning::Foreign, "{foreign}");
        }
        assert!(matches!(meaning(".well-known/eth/nick/addr-60.json"), PathMeaning::Legacy(..)));
        assert!(matches!(
            meaning(".well-known/eth/nick/dnsrecord/zonehash.json"),
            PathMeaning::Fault(right) if right.contains("eth/nick/dns/zonehash.json")
        ));
    }

    #[test]
    fn files_are_read_strictly() {
        assert_eq!(RecordFile::payload(b"{\"data\":\"0x01ff\",\"x\":1}").unwrap(), [1, 255]);
        assert_eq!(RecordFile::new(&[1, 255]).to_json(), b"{\"data\":\"0x01ff\"}");
        for bad in ["{\"data\":\"01ff\"}", "{\"data\":\"0x1\"}", "{\"data\":1}", "<html>", "", "{}"]
        {
            assert!(RecordFile::payload(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn links_out_of_the_folder_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("ws/.well-known");
        std::fs::create_dir_all(&tree).unwrap();
        std::fs::write(dir.path().join("secret"), "x").unwrap();
        std::fs::write(tree.join("a.txt"), "x").unwrap();
        std::os::unix::fs::symlink("a.txt", tree.join("b.txt")).unwrap();
        assert_eq!(walk(&dir.path().join("ws")).unwrap().len(), 2);
        for target in ["../../secret", "../records.toml"] {
            std::fs::write(dir.path().join("ws/records.toml"), "x").unwrap();
            let link = tree.join("c.txt");
            std::os::unix::fs::symlink(target, &link).unwrap();
            assert!(matches!(walk(&dir.path().join("ws")), Err(TreeError::LinkLeaves(_))));
            std::fs::remove_file(link).unwrap();
        }
        std::fs::rename(&tree, dir.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", &tree).unwrap();
        assert!(matches!(walk(&dir.path().join("ws")), Err(TreeError::NotFolder(_))));
        assert!(walk(dir.path()).unwrap().is_empty(), "no tree is an empty tree");
    }
}
