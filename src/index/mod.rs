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
//! | `place` | where the file is, and who may have written it |
//!
//! It is a file in the user's cache folder, never in the workspace, and can be deleted at any
//! time. A missing, damaged or foreign one is made anew, silently.

mod beyond;
mod format;
mod hash;
mod place;
mod refresh;
mod stamp;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

pub(crate) use beyond::BeyondError;
pub use format::{encode as write_index, parse as parse_index};
use place::Place;
pub use tree::{Digest, Tree};
pub(crate) use tree::{File, FileAt, Remembered};

use crate::folder::OpenDir;

/// The index of one workspace: loaded when it is first needed, kept by [`keep`](Self::keep).
#[derive(Debug)]
pub(crate) struct Index {
    place: Option<Place>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tree: Option<Tree>,
    /// Whether it is another than the file's.
    is_new: bool,
    /// It was found to lie: whatever is made in this process is not kept.
    is_off: bool,
}

/// The tree as it is now, with what is known of it.
pub(crate) struct Looked<'a>(MutexGuard<'a, State>);

impl Index {
    /// Of the workspace in `dir`, in a file below `folder`; without one nothing is known.
    pub(crate) fn new(folder: Option<PathBuf>, dir: &Path) -> Self {
        let place = folder.and_then(|folder| Place::new(folder, dir));
        Self { place, state: Mutex::default() }
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
        let mut tree = match state.tree.take() {
            Some(tree) => tree,
            None => place.load().unwrap_or_default(),
        };
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

    /// Writes down what is new, as far as that can be done.
    pub(crate) fn keep(&self) {
        // Somebody who was left behind at Ctrl-C still has it: then nothing is kept.
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(state)) => state.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let (Some(place), Some(tree), true) = (&self.place, &state.tree, state.is_new) else {
            return;
        };
        place.save(tree);
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

impl Looked<'_> {
    /// The tree. What is only read anew is found out again when it is not kept.
    pub(crate) fn tree(&mut self) -> &mut Tree {
        self.0.tree.as_mut().expect("it is there since the walk")
    }

    /// More of it is known than the file says.
    pub(crate) fn keep(&mut self) {
        self.0.is_new = true;
    }
}

#[cfg(test)]
mod tests;
