//! Three trees by their blocks: directories that are the same there and here are not read.

use std::collections::BTreeMap;

use cid::Cid;

use crate::ipfs::{BlockSource, Kind, RAW, ReadError, TreeBudget, list, resolve};

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
type Three = [Option<Cid>; 3];

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
    if !is_directory(source, &there)? {
        return Err(ReadError::NotDirectory(there));
    }
    let mut left: Vec<(String, Three, usize)> =
        vec![(String::new(), [base, Some(there), Some(here)].map(version_1), 0)];
    while let Some((path, three, depth)) = left.pop() {
        let [_, there, here] = three;
        if there == here {
            continue;
        }
        if let (true, Some(cid)) = (depth > MAX_DEPTH, there.or(here)) {
            return Err(ReadError::Bound { cid, what: "levels" });
        }
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
        if leaves.iter().any(Option::is_some) {
            let [base, there, here] = leaves;
            visit(Difference { path: path.clone(), base, there, here })?;
        }
        let folder = if path.is_empty() { path } else { path + "/" };
        // Sorted: the last is the next.
        let below = entries.into_iter().rev();
        left.extend(below.map(|(name, three)| (format!("{folder}{name}"), three, depth + 1)));
    }
    Ok(())
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
