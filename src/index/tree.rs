//! Folders and files with what is known of them.

use super::stamp::Stamp;
use crate::ens::WELL_KNOWN;
use crate::ipfs::{Node, ROOT_FOLDER};

/// The beginning of a sha2-256 over content and facts: what is said under it is true of no other.
pub type Digest = [u8; 16];

/// The tree of a workspace: `.well-known`, and `root` beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// When the walk began, by the file system's clock.
    pub(crate) taken: i64,
    /// Under which it was found of these files that all is signed as it is wanted; none as soon as
    /// one is another.
    pub(crate) settled: Option<Digest>,
    /// What is in the workspace's folder of it; it has no stamp and no CID itself.
    pub(crate) top: Folder,
}

/// A folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) stamp: Stamp,
    /// None where something in it is not known.
    pub(crate) node: Option<Node>,
    /// Sorted by name.
    pub(crate) entries: Vec<Entry>,
}

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: Box<str>,
    pub(crate) item: Item,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Folder(Folder),
    File(File),
}

/// A file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) stamp: Stamp,
    /// None where its bytes are not known.
    pub(crate) node: Option<Node>,
    /// What was found of bytes that were here, each under what it was found of.
    pub(crate) said: Option<Box<Said>>,
}

/// What was found of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// It is signed as it is wanted.
    pub(crate) current: Option<Digest>,
    /// No private key is in it.
    pub(crate) keyless: Option<Digest>,
    /// It is a record that verifies.
    pub(crate) valid: Option<(Digest, Remembered)>,
}

/// A record that was verified: of a file that may be several, `candidate` says which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) candidate: u8,
    pub(crate) signer: [u8; 20],
    /// Why the signer may sign; with who approved it, where that is not the owner.
    pub(crate) basis: (u8, Option<[u8; 20]>),
    /// The ABI encoding of the value.
    pub(crate) result: Box<[u8]>,
}

/// A file by its path from the workspace's folder.
pub(crate) struct FileAt<'a> {
    pub(crate) path: String,
    pub(crate) file: &'a mut File,
}

/// Whether it is one of the two folders that a tree has at the top.
pub(super) fn is_top(name: &str) -> bool {
    [WELL_KNOWN, ROOT_FOLDER].contains(&name)
}

/// Files above are read one after the other: each is in memory as a whole.
const LARGE: u64 = 16 << 20;

impl FileAt<'_> {
    /// Whether it is read alone.
    pub(crate) fn is_large(&self) -> bool {
        self.file.stamp.size() > LARGE
    }
}

impl File {
    /// What was found of it, to be added to.
    pub(crate) fn say(&mut self) -> &mut Said {
        self.said.get_or_insert_default()
    }
}

impl Folder {
    pub(super) fn place(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| (*entry.name).cmp(name))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Item> {
        Some(&self.entries[self.place(name).ok()?].item)
    }

    /// Whether there is any file in it or below. Folders without one are not published.
    pub(crate) fn holds_files(&self) -> bool {
        self.entries.iter().any(|entry| match &entry.item {
            Item::File(_) => true,
            Item::Folder(folder) => folder.holds_files(),
        })
    }

    /// Adds what was found of files below it, sorted by path; `from` is where a path goes on here.
    fn learn(&mut self, found: &mut [(String, Said)], from: usize) {
        let first = |path: &str| path[from..].find('/').map_or(path.len(), |end| from + end);
        let is_one = |a: &str, b: &str| a[from..first(a)] == b[from..first(b)];
        let mut new = Vec::new();
        for of_name in found.chunk_by_mut(|(a, _), (b, _)| is_one(a, b)) {
            let (path, said) = &mut of_name[0];
            let end = first(path);
            let (name, is_file): (Box<str>, bool) = (path[from..end].into(), end == path.len());
            let place = self.place(&name);
            let mut item = match is_file {
                true => Item::File(File::default()),
                false => Item::Folder(Self::default()),
            };
            let at = match place {
                Ok(place) => &mut self.entries[place].item,
                Err(_) => &mut item,
            };
            match (at, is_file) {
                (Item::File(file), true) => file.said = Some(Box::new(std::mem::take(said))),
                (Item::Folder(folder), false) => folder.learn(of_name, end + 1),
                // Something else stands there by now.
                _ => {}
            }
            if place.is_err() {
                new.push(Entry { name, item });
            }
        }
        if !new.is_empty() {
            // Whatever is in it by now.
            self.stamp = Stamp::NONE;
            self.entries.append(&mut new);
            self.entries.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }

    fn count(&self) -> usize {
        let count = |entry: &Entry| match &entry.item {
            Item::Folder(folder) => folder.count(),
            Item::File(_) => 1,
        };
        self.entries.iter().map(count).sum()
    }

    /// Every file in it, or what is not known of them; `path` is the folder's own.
    fn collect<'a>(&'a mut self, all: bool, path: &mut String, files: &mut Vec<FileAt<'a>>) {
        // Of a folder with a CID all is known.
        if !all && self.node.is_some() {
            return;
        }
        let length = path.len();
        for Entry { name, item } in &mut self.entries {
            path.truncate(length);
            path.push('/');
            path.push_str(name);
            match item {
                Item::Folder(folder) => folder.collect(all, path, files),
                Item::File(file) if all || file.node.is_none() => {
                    files.push(FileAt { path: path.clone(), file });
                }
                Item::File(_) => {}
            }
        }
        path.truncate(length);
    }
}

impl Tree {
    /// Every file below the folder `name` at the top, sorted by path.
    pub(crate) fn files(&mut self, name: &str) -> Vec<FileAt<'_>> {
        self.collect(true, name)
    }

    /// As [`files`](Self::files), of those whose bytes are not known since the last walk.
    pub(super) fn unknown(&mut self, name: &str) -> Vec<FileAt<'_>> {
        self.collect(false, name)
    }

    fn collect(&mut self, all: bool, name: &str) -> Vec<FileAt<'_>> {
        let mut files = Vec::new();
        if let Ok(place) = self.top.place(name)
            && let Item::Folder(folder) = &mut self.top.entries[place].item
        {
            folder.collect(all, &mut name.to_owned(), &mut files);
        }
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// Adds what was found of files that were written just now, by their paths. Their stamps, and
    /// those of new folders, are those of nothing: what is there is read by the next walk.
    pub(super) fn learn(&mut self, mut found: Vec<(String, Said)>) {
        // What lies beside the tree is nothing of it.
        let is_of_tree = |path: &str| path.split_once('/').is_some_and(|(top, _)| is_top(top));
        found.retain(|(path, _)| is_of_tree(path));
        found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        self.settled = None;
        self.top.learn(&mut found, 0);
    }

    /// How many files it has.
    pub(super) fn count(&self) -> usize {
        self.top.count()
    }

    /// As if no folder had been packed.
    #[cfg(test)]
    pub(crate) fn forget_folders(&mut self) {
        fn forget(folder: &mut Folder) {
            folder.node = None;
            for entry in &mut folder.entries {
                if let Item::Folder(folder) = &mut entry.item {
                    forget(folder);
                }
            }
        }
        forget(&mut self.top);
    }

    /// The folder `name` at the top.
    pub(crate) fn folder(&self, name: &str) -> Option<&Folder> {
        match self.top.get(name)? {
            Item::Folder(folder) => Some(folder),
            Item::File(_) => None,
        }
    }
}
