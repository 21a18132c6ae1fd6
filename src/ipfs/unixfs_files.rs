//! Packing files that are in memory: what tests, benches and the devnet have at hand.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::block::BlockSink;
use super::unixfs::{Link, Node, PackError, Packed, Packer, leaf};

/// Packs files given by path (`a/b.json`, parts joined by `/`) and content, in any order. All cores
/// hash; blocks are written one after the other, in the order of the paths.
///
/// # Errors
/// [`PackError::Path`], [`PackError::Conflict`], and what writing blocks gives.
pub fn pack_files<P: AsRef<str> + Sync, C: AsRef<[u8]> + Sync>(
    files: impl IntoIterator<Item = (P, C)>,
    sink: &mut dyn BlockSink,
) -> Result<Packed, PackError> {
    let mut files: Vec<(P, C)> = files.into_iter().collect();
    for (path, _) in &files {
        let path = path.as_ref();
        if path.contains('\0') || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(PackError::Path(path.to_owned()));
        }
    }
    files.sort_by(|(a, _), (b, _)| part_by_part(a.as_ref(), b.as_ref()));
    let mut packer = Packer::new(sink);
    let sample = &files[..files.len().min(SAMPLE)];
    let folders = folders(sample.iter().map(|(path, _)| path.as_ref()));
    packer.expect_blocks(files.len() + files.len() * folders / sample.len().max(1));
    let mut open = OpenFolders::new();
    let leaves: Vec<Option<Node>> =
        files.par_iter().map(|(_, content)| leaf(content.as_ref())).collect();
    for ((path, content), leaf) in files.iter().zip(leaves) {
        let (path, content) = (path.as_ref(), content.as_ref());
        let (folders, name) = path.rsplit_once('/').map_or((None, path), |(f, n)| (Some(f), n));
        let folders = folders.into_iter().flat_map(|folders| folders.split('/'));
        let conflict = || PackError::Conflict(path.to_owned());
        open.enter(folders, &mut packer, conflict)?;
        let node = match leaf {
            Some(leaf) => packer.hashed(leaf, content)?,
            None => packer.file(content, PackError::Sink)?,
        };
        open.add(Link { name: name.to_owned(), node }, conflict)?;
    }
    let root = open.finish(&mut packer)?;
    Ok(packer.packed(root))
}

/// Files that tell how many folders, and so blocks, there may be.
const SAMPLE: usize = 1024;

/// How many folders sorted paths have, the root not counted.
fn folders<'p>(paths: impl Iterator<Item = &'p str>) -> usize {
    let (mut count, mut before) = (0, "");
    for path in paths {
        let shared = path.bytes().zip(before.bytes()).take_while(|(a, b)| a == b).count();
        count += path.bytes().skip(shared).filter(|byte| *byte == b'/').count();
        before = path;
    }
    count
}

/// Orders paths by their parts, so that folders are not torn apart: "a/b" comes before "a-b".
fn part_by_part(a: &str, b: &str) -> Ordering {
    let rank = |byte: &u8| if *byte == b'/' { 0 } else { *byte };
    let (a, b) = (a.as_bytes(), b.as_bytes());
    match a.iter().zip(b).find(|(a, b)| a != b) {
        Some((a, b)) => rank(a).cmp(&rank(b)),
        None => a.len().cmp(&b.len()),
    }
}

/// The folders from the root to where the last file was, each with what it holds so far.
struct OpenFolders {
    root: Vec<Link>,
    below: Vec<(String, Vec<Link>)>,
    /// Emptied lists, to be filled again.
    spare: Vec<Vec<Link>>,
}

impl OpenFolders {
    fn new() -> Self {
        Self { root: Vec::new(), below: Vec::new(), spare: Vec::new() }
    }

    /// Closes the folders that are done and opens the new ones.
    fn enter<'p>(
        &mut self,
        folders: impl Iterator<Item = &'p str>,
        packer: &mut Packer<'_>,
        conflict: impl Fn() -> PackError,
    ) -> Result<(), PackError> {
        let mut depth = 0;
        for folder in folders {
            if self.below.get(depth).is_some_and(|(name, _)| name != folder) {
                self.close_to(depth, packer)?;
            }
            if self.below.len() == depth {
                if self.links(depth).last().is_some_and(|last| last.name == folder) {
                    return Err(conflict());
                }
                let links = self.spare.pop().unwrap_or_default();
                self.below.push((folder.to_owned(), links));
            }
            depth += 1;
        }
        self.close_to(depth, packer)
    }

    fn add(&mut self, link: Link, conflict: impl Fn() -> PackError) -> Result<(), PackError> {
        let links = self.links(self.below.len());
        if links.last().is_some_and(|last| last.name == link.name) {
            return Err(conflict());
        }
        links.push(link);
        Ok(())
    }

    fn links(&mut self, depth: usize) -> &mut Vec<Link> {
        match depth.checked_sub(1) {
            None => &mut self.root,
            Some(index) => &mut self.below[index].1,
        }
    }

    fn close_to(&mut self, depth: usize, packer: &mut Packer<'_>) -> Result<(), PackError> {
        while self.below.len() > depth {
            let Some((name, mut links)) = self.below.pop() else { break };
            let node = packer.directory(&links)?;
            self.links(self.below.len()).push(Link { name, node });
            links.clear();
            self.spare.push(links);
        }
        Ok(())
    }

    fn finish(mut self, packer: &mut Packer<'_>) -> Result<Node, PackError> {
        self.close_to(0, packer)?;
        packer.directory(&self.root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_counted_once() {
        let count = |paths: &[&str]| folders(paths.iter().copied());
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&["x"]), 0);
        assert_eq!(count(&["a/b/x", "a/b/y", "a/bc/x", "a-b/x", "z"]), 4);
    }
}
