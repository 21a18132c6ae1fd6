//! What is known of the workspace already: its configuration, as it was read, and its index.

use std::path::PathBuf;
use std::sync::Arc;

use cid::Cid;

use super::{CONFIG_FILE, Config, MAX_TOML, Workspace, WorkspaceError};
use crate::index::{BeyondError, Index, Looked};
use crate::ipfs::BlockSink;

impl Workspace {
    /// As [`config`](Self::config), where `known` may be what the file still says.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub fn config_again(&self, known: &Config) -> Result<Config, WorkspaceError> {
        let text = self.folder.read_text(CONFIG_FILE, MAX_TOML);
        let text = text.map_err(self.failed(CONFIG_FILE))?;
        Ok(if known.is_of(&text) { known.clone() } else { Config::parse(&text)? })
    }

    /// What is read and verified of it is known from then on: an index is kept in the folder
    /// `cache`, which is the user's. Without one every command reads and verifies all.
    pub fn indexed(self, cache: Option<PathBuf>) -> Self {
        let index = Arc::new(Index::new(cache, &self.dir));
        Self { index, ..self }
    }

    /// Writes the index down where more is known than before. Nothing that prevents it is an
    /// error.
    pub fn keep_index(&self) {
        self.index.keep();
    }

    /// Its tree as it is now, with what is known of it; none without an index.
    pub(crate) fn look(&self) -> Option<Looked<'_>> {
        self.index.look(&self.folder)
    }

    /// Gives `sink` the blocks of what is published that lie below no node that is at hand, hashed
    /// again; the root, and the bytes of all its blocks. None where what was `looked` at was not
    /// true: the index is removed then.
    pub(crate) fn blocks_beyond(
        &self,
        mut looked: Looked<'_>,
        has: &dyn Fn(&Cid) -> bool,
        sink: &mut dyn BlockSink,
    ) -> Option<(Cid, u64)> {
        let found = looked.tree().beyond(&self.folder, has, sink);
        drop(looked);
        match found {
            Ok(root) => Some((root.cid(), root.tsize)),
            Err(error @ BeyondError::NotTrue(_)) => {
                tracing::info!("all is packed anew: {error}");
                self.index.disown();
                None
            }
            Err(error) => {
                tracing::info!("all is packed anew: {error}");
                None
            }
        }
    }

    /// Looks whether the index knows the root of what was packed, as far as it knows one.
    pub(crate) fn check_root(&self, packed: &Cid) {
        if self.known_root().is_some_and(|root| root != *packed) {
            self.index.disown();
        }
    }

    /// The root that [`pack_well_known`](crate::ipfs::pack_well_known) would give, by what is
    /// known; none without an index, or where something is in the way.
    pub(crate) fn known_root(&self) -> Option<Cid> {
        let mut looked = self.look()?;
        let node = looked.tree().root(&self.folder);
        let node = node.map_err(|error| tracing::info!("the root is not known: {error}")).ok()?;
        Some(node.cid())
    }
}
