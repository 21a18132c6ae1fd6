//! The file: a line that names the form, the sha2-256 of all that follows, then the workspace's
//! path, when the walk began, under what all was signed as wanted, and the tree, depth first.
//! Numbers are little-endian.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::refresh::MAX_DEPTH;
use super::stamp::Stamp;
use super::tree::{Digest, Entry, File, Folder, Item, Remembered, Said, Tree, is_top};
use crate::ipfs::Node;

/// Another form has another number, and is made anew; so is that of another program, whose findings
/// may be others.
const HEAD: &[u8] = concat!("namesys index 2 of ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();
/// Longer names no file system has.
const MAX_NAME: usize = 255;
/// No record holds a longer value.
const MAX_RESULT: usize = 1 << 20;

/// What an entry is.
const FOLDER: u8 = 1;
const FILE: u8 = 2;
/// What is known of it.
const NODE: u8 = 1;
const CURRENT: u8 = 2;
const KEYLESS: u8 = 4;
const VALID: u8 = 8;

/// The bytes of the file of `tree`, of the workspace at `path`.
pub fn encode(tree: &Tree, path: &Path) -> Vec<u8> {
    sealed(HEAD, path, |out| {
        out.extend_from_slice(&tree.taken.to_le_bytes());
        out.push(u8::from(tree.settled.is_some()));
        tree.settled.iter().for_each(|digest| out.extend_from_slice(digest));
        put_entries(out, &tree.top.entries);
    })
}

/// A file of the workspace at `path`: `head`, the hash of all that follows, the path, the rest.
pub(super) fn sealed(head: &[u8], path: &Path, put: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 << 16);
    out.extend_from_slice(head);
    out.extend_from_slice(&[0; 32]);
    let path = path.as_os_str().as_encoded_bytes();
    put_number(&mut out, path.len() as u64);
    out.extend_from_slice(path);
    put(&mut out);
    let hash = Sha256::digest(&out[head.len() + 32..]);
    out[head.len()..head.len() + 32].copy_from_slice(&hash);
    out
}

/// The rest of a file that [`sealed`] made, of the workspace at `path`.
pub(super) fn unsealed<'a>(head: &[u8], bytes: &'a [u8], path: &Path) -> Option<Input<'a>> {
    let (hash, body) = bytes.strip_prefix(head)?.split_first_chunk::<32>()?;
    if Sha256::digest(body)[..] != hash[..] {
        return None;
    }
    let mut input = Input(body);
    let length = input.count(1)?;
    (input.take(length)? == path.as_os_str().as_encoded_bytes()).then_some(input)
}

pub(super) fn put_number(out: &mut Vec<u8>, number: u64) {
    let mut buffer = unsigned_varint::encode::u64_buffer();
    out.extend_from_slice(unsigned_varint::encode::u64(number, &mut buffer));
}

fn put_entries(out: &mut Vec<u8>, entries: &[Entry]) {
    put_number(out, entries.len() as u64);
    for Entry { name, item } in entries {
        out.push(if matches!(item, Item::Folder(_)) { FOLDER } else { FILE });
        put_number(out, name.len() as u64);
        out.extend_from_slice(name.as_bytes());
        match item {
            Item::Folder(folder) => {
                put_head(out, &folder.stamp, folder.node.as_ref(), 0);
                put_entries(out, &folder.entries);
            }
            Item::File(file) => put_file(out, file),
        }
    }
}

fn put_head(out: &mut Vec<u8>, stamp: &Stamp, node: Option<&Node>, said: u8) {
    out.push(said | if node.is_some() { NODE } else { 0 });
    stamp.0.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    if let Some(node) = node {
        out.push(u8::from(node.is_raw()));
        out.extend_from_slice(node.digest());
        put_number(out, node.tsize);
    }
}

fn put_file(out: &mut Vec<u8>, file: &File) {
    let nothing = Said::default();
    let said = file.said.as_deref().unwrap_or(&nothing);
    let flag = |flag, is: bool| if is { flag } else { 0 };
    let flags = flag(CURRENT, said.current.is_some())
        | flag(KEYLESS, said.keyless.is_some())
        | flag(VALID, said.valid.is_some());
    put_head(out, &file.stamp, file.node.as_ref(), flags);
    [said.current, said.keyless].iter().flatten().for_each(|digest| out.extend_from_slice(digest));
    if let Some((digest, record)) = &said.valid {
        out.extend_from_slice(digest);
        out.push(record.candidate);
        out.extend_from_slice(&record.signer);
        out.push(record.basis.0);
        out.push(u8::from(record.basis.1.is_some()));
        record.basis.1.iter().for_each(|by| out.extend_from_slice(by));
        put_number(out, record.result.len() as u64);
        out.extend_from_slice(&record.result);
    }
}

/// Reads a file of this form, of the workspace at `path`; none of any other, or of one that was
/// cut or changed.
pub fn parse(bytes: &[u8], path: &Path) -> Option<Tree> {
    let mut input = unsealed(HEAD, bytes, path)?;
    let taken = i64::from_le_bytes(*input.array()?);
    let settled = match input.flag()? {
        false => None,
        true => Some(*input.array()?),
    };
    let entries = input.entries(0)?;
    // Nothing else is walked, and what is not would stay as it is for ever.
    let is_tree = |Entry { name, item }: &Entry| is_top(name) && matches!(item, Item::Folder(_));
    if !entries.iter().all(is_tree) {
        return None;
    }
    let top = Folder { stamp: Stamp::NONE, node: None, entries };
    input.0.is_empty().then_some(Tree { taken, settled, top })
}

/// What is left to be read.
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        self.take(N)?.first_chunk()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|byte| byte[0])
    }

    fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let (number, rest) = unsigned_varint::decode::u64(self.0).ok()?;
        self.0 = rest;
        Some(number)
    }

    /// A number of things that take so many bytes each at least.
    pub(super) fn count(&mut self, least: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len() / least).then_some(count)
    }

    fn entries(&mut self, depth: usize) -> Option<Vec<Entry>> {
        let count = self.count(44).filter(|_| depth <= MAX_DEPTH)?;
        let mut entries: Vec<Entry> = Vec::with_capacity(count);
        for _ in 0..count {
            let kind = self.byte()?;
            let length = self.count(1).filter(|length| *length <= MAX_NAME)?;
            let name = std::str::from_utf8(self.take(length)?).ok()?;
            let is_name = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']);
            let is_next = entries.last().is_none_or(|last| *last.name < *name);
            if !is_name || !is_next {
                return None;
            }
            let item = match kind {
                FOLDER => {
                    let (0, stamp, node) = self.head()? else { return None };
                    if node.is_some_and(|node| node.is_raw()) {
                        return None;
                    }
                    Item::Folder(Folder { stamp, node, entries: self.entries(depth + 1)? })
                }
                FILE => Item::File(self.file()?),
                _ => return None,
            };
            entries.push(Entry { name: name.into(), item });
        }
        Some(entries)
    }

    /// What else is known, stamp, and CID.
    fn head(&mut self) -> Option<(u8, Stamp, Option<Node>)> {
        let flags = self.byte()?;
        let mut numbers = [0; 5];
        for number in &mut numbers {
            *number = u64::from_le_bytes(*self.array()?);
        }
        let node = match flags & NODE {
            0 => None,
            _ => {
                let is_raw = self.flag()?;
                Some(Node::of_digest(*self.array()?, is_raw, self.number()?))
            }
        };
        Some((flags & !NODE, Stamp(numbers), node))
    }

    fn file(&mut self) -> Option<File> {
        let (flags, stamp, node) = self.head()?;
        if flags & !(CURRENT | KEYLESS | VALID) != 0 {
            return None;
        }
        if flags == 0 {
            return Some(File { stamp, node, said: None });
        }
        let mut digest = |flag| match flags & flag {
            0 => Some(None),
            _ => self.array::<16>().map(|digest| Some(*digest)),
        };
        let (current, keyless): (Option<Digest>, Option<Digest>) =
            (digest(CURRENT)?, digest(KEYLESS)?);
        let valid = match digest(VALID)? {
            None => None,
            Some(digest) => Some((digest, self.remembered()?)),
        };
        Some(File { stamp, node, said: Some(Box::new(Said { current, keyless, valid })) })
    }

    fn remembered(&mut self) -> Option<Remembered> {
        let candidate = self.byte()?;
        let signer = *self.array()?;
        let kind = self.byte()?;
        let by = match self.flag()? {
            false => None,
            true => Some(*self.array()?),
        };
        let length = self.count(1).filter(|length| *length <= MAX_RESULT)?;
        let result = self.take(length)?.into();
        Some(Remembered { candidate, signer, basis: (kind, by), result })
    }
}
