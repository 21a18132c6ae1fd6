//! What was read and verified of a workspace before, so that a command costs what changed and a
//! walk ([the index](crate::spec::index)).
//!
//! | file | what it does |
//! | --- | --- |
//! | `stamp` | what the system says of a file, and the clock of its file system |
//! | `tree` | folders and files with what is known of them |
//! | `refresh` | the walk: what has another stamp is not known any more |
//! | `hash` | CIDs of what is not known |
//! | `beyond` | the blocks that a tree has beyond another: what is sent, hashed again |
//! | `format` | the file, byte for byte |
//! | `blocks` | where the blocks of the tree lie that was published last |
//! | `place` | where the files are, and who may have written them |
//!
//! It is a file in the user's cache folder, never in the workspace, and can be deleted at any
//! time. A missing, damaged or foreign one is made anew, silently.

mod beyond;
mod blocks;
mod format;
mod hash;
mod place;
mod refresh;
mod stamp;
mod tree;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

pub(crate) use beyond::BeyondError;
use blocks::Blocks;
pub use blocks::{Layout, parse as parse_blocks, write as write_blocks};
pub use format::{encode as write_index, parse as parse_index};
pub(crate) use hash::node_of;
use place::Place;
pub use tree::{Digest, Tree};
pub(crate) use tree::{File, FileAt, Remembered, Said};

use crate::folder::OpenDir;
use crate::ipfs::CarBlocks;

/// A verification takes so much longer than what is known of one file takes to be written and read.
const WORTH: usize = 32;

/// The index of one workspace: loaded when it is first needed, kept by [`keep`](Self::keep).
#[derive(Debug)]
pub(crate) struct Index {
    place: Option<Place>,
    state: Mutex<State>,
    blocks: Blocks,
}

#[derive(Debug, Default)]
struct State {
    tree: Option<Tree>,
    /// Whether it is another than the file's.
    is_new: bool,
    /// Every file was looked at by a check, and none was written by this process since.
    is_checked: bool,
    /// It was found to lie: whatever is made in this process is not kept.
    is_off: bool,
}

/// The tree as it is now, with what is known of it.
pub(crate) struct Looked<'a>(MutexGuard<'a, State>);

impl Index {
    /// Of the workspace in `dir`, in a file below `folder`; without one nothing is known.
    pub(crate) fn new(folder: Option<PathBuf>, dir: &Path) -> Self {
        let place = |kind| folder.clone().and_then(|folder| Place::new(folder, kind, dir));
        let blocks = Blocks::new(place(place::BLOCKS));
        Self { place: place(place::INDEX), state: Mutex::default(), blocks }
    }

    /// Walks the workspace. None where there is no index, or the tree is one that is not kept in
    /// it: with links, or with what cannot be read. Then everything is read as it always was.
    pub(crate) fn look(&self, workspace: &OpenDir) -> Option<Looked<'_>> {
        let place = self.place.as_ref()?;
        let mut state = self.state();
        if state.is_off {
            return None;
        }
        let now = place.clock(workspace)?;
        state.is_checked = false;
        let mut tree = state.tree.take().unwrap_or_else(|| kept(place));
        let since = std::time::Instant::now();
        match tree.refresh(workspace, now) {
            Ok(is_new) => {
                state.is_new |= is_new;
                state.tree = Some(tree);
                tracing::info!("walked the tree in {} ms", since.elapsed().as_millis());
                Some(Looked(state))
            }
            Err(error) => {
                tracing::info!("no index is kept of the tree: {error}");
                state.is_new = false;
                None
            }
        }
    }

    /// Whether `found` was found of the tree as it was walked last, which may not be as it is.
    pub(crate) fn was_settled(&self, found: &Digest) -> bool {
        let (Some(place), mut state) = (&self.place, self.state()) else { return false };
        if state.is_off {
            return false;
        }
        let tree = state.tree.get_or_insert_with(|| kept(place));
        tree.settled.as_ref() == Some(found)
    }

    /// The tree as the last check saw it: what is published is what was checked, and it is walked
    /// once. As [`look`](Self::look), where nothing was checked, or was written since.
    pub(crate) fn look_checked(&self, workspace: &OpenDir) -> Option<Looked<'_>> {
        let state = self.state();
        if state.is_checked && state.tree.is_some() {
            return Some(Looked(state));
        }
        drop(state);
        self.look(workspace)
    }

    /// Adds what was found of files that this process wrote, by their paths from the workspace.
    pub(crate) fn learn(&self, found: Vec<(String, Said)>) {
        let mut state = self.state();
        state.is_checked = false;
        let (count, State { tree: Some(tree), is_new, .. }) = (found.len(), &mut *state) else {
            return;
        };
        tree.learn(found);
        // To write all of it down for a few costs more than to find them out again.
        *is_new |= count * WORTH >= tree.count();
    }

    /// The CAR file in `file`, of whose blocks the places are known from then on.
    pub(crate) fn blocks_of(&self, file: fs::File) -> Option<Arc<CarBlocks>> {
        self.blocks.of(file)
    }

    /// The CAR file that [`blocks_of`](Self::blocks_of) gave was changed, and is `now` so.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn blocks_are(&self, file: &fs::File, now: CarBlocks) -> io::Result<()> {
        self.blocks.are(file, now)
    }

    /// Writes down what is new, as far as that can be done.
    pub(crate) fn keep(&self) {
        self.blocks.keep();
        // Somebody who was left behind at Ctrl-C still has it: then nothing is kept.
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(state)) => state.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let (Some(place), Some(tree), true) = (&self.place, &state.tree, state.is_new) else {
            return;
        };
        place.save(&write_index(tree, place.workspace()));
        state.is_new = false;
    }

    /// Something in it was not true: it is removed, and made anew by the next command.
    pub(crate) fn disown(&self) {
        let mut state = self.state();
        if let Some(place) = &self.place {
            tracing::warn!("the index in {} is not true: it is removed", place.path().display());
            place.remove();
        }
        *state = State { is_off: true, ..State::default() };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A tree whose owner panicked may be half filled, which costs reading and no truth.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the file says; nothing where it is none.
fn kept(place: &Place) -> Tree {
    let bytes = place.read();
    bytes.and_then(|bytes| parse_index(&bytes, place.workspace())).unwrap_or_default()
}

impl Looked<'_> {
    /// The tree. What is only read anew is found out again when it is not kept.
    pub(crate) fn tree(&mut self) -> &mut Tree {
        self.0.tree.as_mut().expect("it is there since the walk")
    }

    /// Every file of it was checked.
    pub(crate) fn checked(&mut self) {
        self.0.is_checked = true;
    }

    /// More of it is known than the file says.
    pub(crate) fn keep(&mut self) {
        self.0.is_new = true;
    }
}

#[cfg(test)]
mod tests;
