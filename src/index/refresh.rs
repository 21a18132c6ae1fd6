//! The walk: what has another stamp than before is not known any more.

use std::io;

use rayon::prelude::*;

use super::stamp::Stamp;
use super::tree::{Entry, File, Folder, Item, Tree};
use crate::ens::WELL_KNOWN;
use crate::folder::{Kind, OpenDir};
use crate::ipfs::{MAX_FILE_BYTES, ROOT_FOLDER};

/// How deep folders are followed; a deeper tree is refused by whoever reads it.
pub(super) const MAX_DEPTH: usize = 140;
/// From so many entries on a folder is opened, and what is in it is looked at by several threads.
const MANY: usize = 64;

/// Why a tree has no index.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    /// The system's error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Links, pipes, names without UTF-8 and the like: others say what is wrong with them.
    #[error("{path}: {what}")]
    Kind {
        /// Where.
        path: String,
        /// What it is.
        what: &'static str,
    },
}

fn unfit(path: &str, what: &'static str) -> Unfit {
    Unfit::Kind { path: path.to_owned(), what }
}

impl Tree {
    /// Brings it up to date; `now` is the file system's clock. Whether anything is new.
    ///
    /// # Errors
    /// [`Unfit`], the tree then being half of one.
    pub(crate) fn refresh(&mut self, workspace: &OpenDir, now: i64) -> Result<bool, Unfit> {
        let mut is_new = false;
        for name in [WELL_KNOWN, ROOT_FOLDER] {
            let place = self.top.place(name);
            let kind = workspace.kind(name)?;
            match (kind, place) {
                (None, Err(_)) => continue,
                (None, Ok(place)) => {
                    self.top.entries.remove(place);
                    is_new = true;
                    continue;
                }
                (Some(Kind::Folder), Ok(_)) => {}
                (Some(Kind::Folder), Err(place)) => {
                    let item = Item::Folder(Folder::default());
                    self.top.entries.insert(place, Entry { name: name.into(), item });
                }
                (Some(_), _) => return Err(unfit(name, "no folder")),
            }
            let place = self.top.place(name).map_err(|_| unfit(name, "not there"))?;
            let walk = Walk { taken: self.taken };
            if let Item::Folder(folder) = &mut self.top.entries[place].item {
                is_new |= walk.folder(workspace, name, 0, folder)?;
            }
        }
        if is_new {
            (self.taken, self.settled) = (now, None);
        }
        Ok(is_new)
    }
}

struct Walk {
    /// When what is known was seen.
    taken: i64,
}

impl Walk {
    /// A folder at `path` below `base`.
    fn folder(
        &self,
        base: &OpenDir,
        path: &str,
        depth: usize,
        folder: &mut Folder,
    ) -> Result<bool, Unfit> {
        if depth > MAX_DEPTH {
            return Err(unfit(path, "too deep"));
        }
        let stat = base.glance(path)?;
        if Kind::of_stat(&stat) != Kind::Folder {
            return Err(unfit(path, "no folder any more"));
        }
        let stamp = Stamp::of(&stat);
        let is_same = folder.stamp == stamp && stamp.is_older(self.taken);
        let mut is_new = !is_same;
        let opened = match !is_same || folder.entries.len() >= MANY {
            true => Some(base.folder(path)?),
            false => None,
        };
        if let (false, Some(opened)) = (is_same, &opened) {
            list(opened, path, folder)?;
            folder.stamp = stamp;
        }
        is_new |= match opened.filter(|_| folder.entries.len() >= MANY) {
            Some(opened) => {
                let one =
                    |entry: &mut Entry| self.entry(&opened, &entry.name, depth, &mut entry.item);
                let entries = folder.entries.par_iter_mut().with_min_len(MANY);
                entries.map(one).try_reduce(|| false, |a, b| Ok(a | b))?
            }
            None => {
                let mut any = false;
                let mut below = String::with_capacity(path.len() + 32);
                for Entry { name, item } in &mut folder.entries {
                    below.clear();
                    below.extend([path, "/", name]);
                    any |= self.entry(base, &below, depth, item)?;
                }
                any
            }
        };
        if is_new {
            folder.node = None;
        }
        Ok(is_new)
    }

    fn entry(
        &self,
        base: &OpenDir,
        path: &str,
        depth: usize,
        item: &mut Item,
    ) -> Result<bool, Unfit> {
        let file = match item {
            Item::Folder(folder) => return self.folder(base, path, depth + 1, folder),
            Item::File(file) => file,
        };
        let stat = base.glance(path)?;
        if Kind::of_stat(&stat) != Kind::File {
            return Err(unfit(path, "no file any more"));
        }
        let stamp = Stamp::of(&stat);
        if file.stamp == stamp && file.node.is_some() && stamp.is_older(self.taken) {
            return Ok(false);
        }
        if u64::try_from(stat.st_size).is_ok_and(|size| size > MAX_FILE_BYTES) {
            return Err(unfit(path, "too large"));
        }
        (file.stamp, file.node) = (stamp, None);
        Ok(true)
    }
}

/// Reads what is in a folder; what was known of what is still there is kept.
fn list(opened: &OpenDir, path: &str, folder: &mut Folder) -> Result<(), Unfit> {
    let mut found = Vec::with_capacity(folder.entries.len());
    for (name, kind) in opened.entries()? {
        let name = name.into_string().map_err(|_| unfit(path, "a name without UTF-8"))?;
        let item = match kind {
            Kind::Folder => Item::Folder(Folder::default()),
            Kind::File => Item::File(File::default()),
            Kind::Link => return Err(unfit(&name, "a link")),
            Kind::Other(what) => return Err(unfit(&name, what)),
        };
        found.push(Entry { name: name.into_boxed_str(), item });
    }
    found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let mut old = std::mem::take(&mut folder.entries).into_iter().peekable();
    for entry in &mut found {
        while old.next_if(|old| old.name < entry.name).is_some() {}
        let Some(known) = old.next_if(|old| old.name == entry.name) else { continue };
        if matches!(
            (&known.item, &entry.item),
            (Item::Folder(_), Item::Folder(_)) | (Item::File(_), Item::File(_))
        ) {
            entry.item = known.item;
        }
    }
    folder.entries = found;
    Ok(())
}
