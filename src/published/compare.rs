//! Three trees by their blocks: directories that are the same there and here are not read.

use std::collections::BTreeMap;

use cid::Cid;

use crate::ipfs::{BlockSource, Kind, RAW, ReadError, TreeBudget, list, resolve, unlike_in_shards};

/// Folders within each other, as many as a workspace may have.
const MAX_DEPTH: usize = 136;

/// Three trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roots {
    /// What was last seen; none: it is empty.
    pub base: Option<Cid>,
    /// What is published.
    pub there: Cid,
    /// What would be.
    pub here: Cid,
}

/// A file or a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its CID.
    pub cid: Cid,
    /// The place it leads to, of a link.
    pub link: Option<String>,
}

/// A path at which there and here are not one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// From the root, parts joined by `/`.
    pub path: String,
    /// In the base.
    pub base: Option<Leaf>,
    /// In what is published.
    pub there: Option<Leaf>,
    /// In what would be.
    pub here: Option<Leaf>,
}

/// The CIDs at a path: base, there, here.
pub type Three = [Option<Cid>; 3];

/// What a comparison meets.
pub trait Visitor {
    /// Whether what is at a path is looked at no further.
    fn skips(&self, three: &Three) -> bool;

    /// Whether it wants to see the entries that are the same there and here too.
    fn wants_all(&self) -> bool {
        true
    }

    /// The entries of a folder: their names, sorted, each with what is there in each place.
    ///
    /// # Errors
    /// Those of the visitor.
    fn folder(&mut self, path: &str, entries: &BTreeMap<String, Three>) -> Result<(), ReadError> {
        let _ = (path, entries);
        Ok(())
    }

    /// A file or link in one place at least.
    ///
    /// # Errors
    /// Those of the visitor.
    fn leaf(&mut self, difference: Difference) -> Result<(), ReadError>;

    /// What is at a path cannot be read; what is below it is left out then.
    ///
    /// # Errors
    /// `error`, where that ends the comparison.
    fn unreadable(&mut self, path: &str, error: ReadError) -> Result<(), ReadError> {
        let _ = path;
        Err(error)
    }
}

/// Visits what is not the same there and here.
struct Unlike<'a>(&'a mut dyn FnMut(Difference) -> Result<(), ReadError>);

impl Visitor for Unlike<'_> {
    fn skips(&self, [_, there, here]: &Three) -> bool {
        there == here
    }

    fn wants_all(&self) -> bool {
        false
    }

    fn leaf(&mut self, difference: Difference) -> Result<(), ReadError> {
        (self.0)(difference)
    }
}

/// Visits every file and link that is not the same there and here. Files are not read.
///
/// # Errors
/// [`ReadError::NotDirectory`] when what is published is no tree; [`ReadError::Missing`],
/// [`ReadError::OverBudget`] and the others; those of `visit`.
pub fn compare(
    source: &dyn BlockSource,
    roots: &Roots,
    budget: &TreeBudget,
    visit: &mut dyn FnMut(Difference) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let Roots { base, there, here } = *roots;
    compare_with(source, [base, Some(there), Some(here)], budget, &mut Unlike(visit))
}

/// As [`compare`], of three trees of which any may be missing, as the visitor wants it.
///
/// # Errors
/// As [`compare`], and those of the visitor.
pub fn compare_with(
    source: &dyn BlockSource,
    roots: Three,
    budget: &TreeBudget,
    visitor: &mut dyn Visitor,
) -> Result<(), ReadError> {
    if let Some(there) = &roots[1]
        && !is_directory(source, there)?
    {
        return Err(ReadError::NotDirectory(*there));
    }
    let mut left: Vec<(String, Three, usize)> = vec![(String::new(), roots.map(version_1), 0)];
    while let Some((path, three, depth)) = left.pop() {
        if visitor.skips(&three) {
            continue;
        }
        if let (true, Some(cid)) = (depth > MAX_DEPTH, three.iter().flatten().next()) {
            return Err(ReadError::Bound { cid: *cid, what: "levels" });
        }
        let part = match visitor.wants_all() {
            true => Ok(None),
            false => read_part(source, &path, &three, budget),
        };
        let read = match part {
            Ok(None) => read(source, &path, &three, budget),
            Ok(Some(entries)) => Ok((entries, [None, None, None])),
            Err(error) => Err(error),
        };
        let (entries, leaves) = match read {
            Ok(read) => read,
            Err(error) => {
                visitor.unreadable(&path, error)?;
                continue;
            }
        };
        if leaves.iter().any(Option::is_some) {
            let [base, there, here] = leaves;
            visitor.leaf(Difference { path: path.clone(), base, there, here })?;
        }
        visitor.folder(&path, &entries)?;
        let folder = if path.is_empty() { path } else { path + "/" };
        // Sorted: the last is the next.
        let below = entries.into_iter().rev();
        left.extend(below.map(|(name, three)| (format!("{folder}{name}"), three, depth + 1)));
    }
    Ok(())
}

type Read = (BTreeMap<String, Three>, [Option<Leaf>; 3]);

/// Of large folders the entries in parts that are not the same there and here; none of others.
fn read_part(
    source: &dyn BlockSource,
    path: &str,
    three: &Three,
    budget: &TreeBudget,
) -> Result<Option<BTreeMap<String, Three>>, ReadError> {
    if three.iter().flatten().any(|cid| cid.codec() == RAW) {
        return Ok(None);
    }
    let Some(found) = unlike_in_shards(source, three, budget)? else { return Ok(None) };
    let mut entries = BTreeMap::new();
    for (name, links) in found {
        let mut of_name: Three = [None; 3];
        for (place, (link, of)) in links.into_iter().zip(three).enumerate() {
            let unreadable = |reason: &str| ReadError::Malformed {
                cid: of.unwrap_or_default(),
                reason: format!("{path}{name}: {reason}"),
            };
            of_name[place] = version_1(link.transpose().map_err(unreadable)?);
        }
        entries.insert(name, of_name);
    }
    Ok(Some(entries))
}

/// What is at a path: the entries of the folders, and the files and links.
fn read(
    source: &dyn BlockSource,
    path: &str,
    three: &Three,
    budget: &TreeBudget,
) -> Result<Read, ReadError> {
    let mut entries: BTreeMap<String, Three> = BTreeMap::new();
    let mut leaves = [None, None, None];
    for (place, cid) in three.iter().enumerate().filter_map(|(n, cid)| Some((n, (*cid)?))) {
        match kind(source, &cid)? {
            Kind::Directory => {
                for entry in list(source, &cid, budget)? {
                    let unreadable = |reason: &str| ReadError::Malformed {
                        cid,
                        reason: format!("{path}{}: {reason}", entry.name),
                    };
                    let child = entry.cid.map_err(unreadable)?;
                    entries.entry(entry.name).or_default()[place] = version_1(Some(child));
                }
            }
            Kind::File { .. } => leaves[place] = Some(Leaf { cid, link: None }),
            Kind::Symlink { target } => leaves[place] = Some(Leaf { cid, link: Some(target) }),
        }
    }
    Ok((entries, leaves))
}

/// How many files and links a tree has.
///
/// # Errors
/// As [`compare`].
pub(super) fn count(
    source: &dyn BlockSource,
    root: &Cid,
    budget: &TreeBudget,
) -> Result<u64, ReadError> {
    let (mut files, mut left) = (0, vec![(*root, 0)]);
    while let Some((cid, depth)) = left.pop() {
        if depth > MAX_DEPTH {
            return Err(ReadError::Bound { cid, what: "levels" });
        }
        if !is_directory(source, &cid)? {
            files += 1;
            continue;
        }
        for entry in list(source, &cid, budget)? {
            let unreadable = |reason: &str| ReadError::Malformed {
                cid,
                reason: format!("{}: {reason}", entry.name),
            };
            left.push((entry.cid.map_err(unreadable)?, depth + 1));
        }
    }
    Ok(files)
}

/// Raw blocks are files, and need not be read to know that.
fn kind(source: &dyn BlockSource, cid: &Cid) -> Result<Kind, ReadError> {
    match cid.codec() {
        RAW => Ok(Kind::File { size: 0 }),
        _ => Ok(resolve(source, cid, &[])?.kind),
    }
}

fn is_directory(source: &dyn BlockSource, cid: &Cid) -> Result<bool, ReadError> {
    Ok(kind(source, cid)? == Kind::Directory)
}

/// Links may use either version.
fn version_1(cid: Option<Cid>) -> Option<Cid> {
    cid.map(|cid| cid.into_v1().unwrap_or(cid))
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use super::*;
    use crate::ipfs::{MemoryBlocks, TreeLimits, pack_directory};

    /// Packs files, each a path and its text.
    pub(in crate::published) fn packed(blocks: &mut MemoryBlocks, files: &[(&str, &str)]) -> Cid {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
            std::fs::write(path, text).unwrap();
        }
        pack_directory(dir.path(), blocks, &mut |_| ()).unwrap().root
    }

    fn differences(blocks: &MemoryBlocks, roots: Roots) -> Result<Vec<String>, ReadError> {
        let (mut found, budget) = (Vec::new(), TreeBudget::new(TreeLimits::default()));
        compare(blocks, &roots, &budget, &mut |difference: Difference| {
            let Difference { path, base, there, here } = difference;
            let places = [base, there, here].map(|leaf| if leaf.is_some() { 'x' } else { '-' });
            found.push(format!("{path} {}", places.iter().collect::<String>()));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn only_what_differs_is_visited_and_read() {
        let mut blocks = MemoryBlocks::new();
        let base = packed(&mut blocks, &[("same/a", "1"), ("d/gone", "1"), ("d/kept", "1")]);
        let there = packed(&mut blocks, &[("same/a", "1"), ("d/kept", "1"), ("d/new", "2")]);
        let here = packed(&mut blocks, &[("same/a", "1"), ("d/kept", "3"), ("d/gone", "1")]);
        let roots = Roots { base: Some(base), there, here };
        let same = resolve(&blocks, &here, &["same"]).unwrap().cid;
        blocks.remove(&same);
        let expected = ["d/gone x-x", "d/kept xxx", "d/new -x-"];
        assert_eq!(differences(&blocks, roots).unwrap(), expected);
        assert_eq!(differences(&blocks, Roots { here: there, ..roots }).unwrap(), [""; 0]);
        let empty = Roots { base: None, ..roots };
        assert_eq!(differences(&blocks, empty).unwrap(), ["d/gone --x", "d/kept -xx", "d/new -x-"]);
        let folder = resolve(&blocks, &there, &["d"]).unwrap().cid;
        blocks.remove(&folder);
        assert!(matches!(differences(&blocks, roots), Err(ReadError::Missing(_))));
    }

    #[test]
    fn of_a_large_folder_only_parts_that_differ_are_read() {
        let mut blocks = MemoryBlocks::new();
        let names: Vec<String> = (0..8000).map(|n| format!("d/{n:040}")).collect();
        let files = |changed: &[(usize, &'static str)], gone: usize| {
            let text = |n| changed.iter().find(|(other, _)| *other == n).map_or("1", |(_, t)| *t);
            let files = names.iter().enumerate().filter(|(n, _)| *n != gone);
            files.map(|(n, name)| (&**name, text(n))).collect::<Vec<_>>()
        };
        let mut pack =
            |files: Vec<(&str, &str)>| crate::ipfs::pack_files(files, &mut blocks).unwrap().root;
        let base = pack(files(&[], 9999));
        let there = pack(files(&[(5, "2"), (4000, "2")], 7));
        let here = pack(files(&[(5, "3"), (6000, "3")], 8));
        let roots = Roots { base: Some(base), there, here };
        let expected = [(5, "xxx"), (7, "x-x"), (8, "xx-"), (4000, "xxx"), (6000, "xxx")];
        let expected = expected.map(|(n, places)| format!("{} {places}", names[n]));
        assert_eq!(differences(&blocks, roots).unwrap(), expected);
        let without = differences(&blocks, Roots { base: None, ..roots }).unwrap();
        assert_eq!(without.len(), 5);
        // What is not read need not be there.
        let of = |root: &Cid| resolve(&blocks, root, &["d"]).unwrap().cid;
        let (mut counted, budget) = (0, TreeBudget::new(TreeLimits::default()));
        let three = [Some(of(&base)), Some(of(&there)), Some(of(&here))];
        let entries = unlike_in_shards(&blocks, &three, &budget).unwrap().unwrap();
        counted += entries.len();
        assert!((5..2000).contains(&counted), "{counted} of 8000");
        // Beside a small folder all is listed.
        let small = pack_small(&mut blocks);
        assert!(differences(&blocks, Roots { there: small, ..roots }).unwrap().len() > 7990);
    }

    fn pack_small(blocks: &mut MemoryBlocks) -> Cid {
        packed(blocks, &[("d/a", "1")])
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_both() {
        let mut blocks = MemoryBlocks::new();
        let there = packed(&mut blocks, &[("d/a", "1"), ("d/b", "1")]);
        let here = packed(&mut blocks, &[("d", "1")]);
        let roots = Roots { base: None, there, here };
        assert_eq!(differences(&blocks, roots).unwrap(), ["d --x", "d/a -x-", "d/b -x-"]);
        let file = resolve(&blocks, &here, &["d"]).unwrap().cid;
        let no_tree = Roots { there: file, ..roots };
        assert!(matches!(differences(&blocks, no_tree), Err(ReadError::NotDirectory(_))));
    }
}
