//! What is known of the workspace already: its configuration, as it was read, and its index.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use cid::Cid;

use super::{CONFIG_FILE, Config, MAX_TOML, PHASES_DIR, Records, Workspace, WorkspaceError};
use crate::ens::WELL_KNOWN;
use crate::index::{BeyondError, Digest, Index, Looked, Said};
use crate::ipfs::{BlockSink, CarBlocks, Edits, Node, ROOT_FOLDER};

/// The tree that was published last: its blocks need not be fetched.
pub const KEPT_TREE: &str = ".namesys/published.car";

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

    /// As [`records`](Self::records), read once as long as the file says the same, and the same of
    /// that is wanted.
    ///
    /// # Errors
    /// As [`records`](Self::records).
    pub fn wanted(&self, config: &Config) -> Result<Arc<Records>, WorkspaceError> {
        let (text, now) = (self.records_text()?.unwrap_or_default(), self.now());
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        match wanted.as_ref().filter(|wanted| wanted.is_of(&text, config.names(), now)) {
            Some(wanted) => Ok(wanted.clone()),
            None => {
                let records = Records::parse(&text, config.names())?.as_of(now);
                Ok(wanted.insert(Arc::new(records)).clone())
            }
        }
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

    /// Adds what was found of files that this process wrote, by their paths.
    pub(super) fn learn(&self, found: Vec<(String, Said)>) {
        self.index.learn(found);
    }

    /// Its tree as it is now, with what is known of it; none without an index.
    pub(crate) fn look(&self) -> Option<Looked<'_>> {
        self.index.look(&self.folder)
    }

    /// As [`look`](Self::look), as the last check in this process saw it.
    pub(crate) fn look_checked(&self) -> Option<Looked<'_>> {
        self.index.look_checked(&self.folder)
    }

    /// Its tree as it is now, where `found` was found of that.
    pub(crate) fn look_settled(&self, found: &Digest) -> Option<Looked<'_>> {
        // What was signed in advance is looked at each time.
        if !matches!(self.folder.kind(PHASES_DIR), Ok(None)) {
            return None;
        }
        let mut looked = self.index.was_settled(found).then(|| self.look())??;
        (looked.tree().settled.as_ref() == Some(found)).then_some(looked)
    }

    /// [`KEPT_TREE`], where it can be read. Whoever reads a block of it checks it.
    pub(crate) fn kept_tree(&self) -> Option<Arc<CarBlocks>> {
        self.index.blocks_of(self.folder.file(KEPT_TREE).ok()?)
    }

    /// Adds the blocks of the CAR file `more` to [`KEPT_TREE`], which is the tree of `root` then.
    ///
    /// # Errors
    /// The system's, and where one of them is no such file.
    pub(crate) fn add_to_kept_tree(&self, more: &Path, root: &Cid) -> io::Result<()> {
        let file = self.folder.file_to_change(KEPT_TREE)?;
        let kept = self.index.blocks_of(file.try_clone()?);
        let kept = kept.ok_or_else(|| io::Error::other("it is no CAR file"))?;
        let now = kept.append(file.try_clone()?, more, root)?;
        self.index.blocks_are(&file, now)
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
        self.true_only(found).map(|root| (root.cid(), root.tsize))
    }

    /// As [`blocks_beyond`](Self::blocks_beyond), of the tree with `edits`; and every file as it is
    /// now, with its CID, by its path in the workspace. None also where no record is left.
    pub(crate) fn edited(
        &self,
        mut looked: Looked<'_>,
        edits: &Edits,
        has: &dyn Fn(&Cid) -> bool,
        sink: &mut dyn BlockSink,
    ) -> Option<(Node, Vec<(String, Node)>)> {
        let found = looked.tree().edited(&self.folder, edits, has, sink);
        let files = [WELL_KNOWN, ROOT_FOLDER].map(|part| {
            let files = looked.tree().files(part).into_iter();
            files.map(|at| Some((at.path, at.file.node?))).collect::<Option<Vec<_>>>()
        });
        drop(looked);
        let root = self.true_only(found)??;
        let [well_known, beside] = files;
        Some((root, [well_known?, beside?].concat()))
    }

    fn true_only<T>(&self, found: Result<T, BeyondError>) -> Option<T> {
        let error = match found {
            Ok(found) => return Some(found),
            Err(error) => error,
        };
        tracing::info!("all is packed anew: {error}");
        if matches!(error, BeyondError::NotTrue(_)) {
            self.index.disown();
        }
        None
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
        self.root_of(self.look()?)
    }

    /// As [`known_root`](Self::known_root), of what was `looked` at.
    pub(super) fn root_of(&self, mut looked: Looked<'_>) -> Option<Cid> {
        let node = looked.tree().root(&self.folder);
        let node = node.map_err(|error| tracing::info!("the root is not known: {error}")).ok()?;
        Some(node.cid())
    }
}
