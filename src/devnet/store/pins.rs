//! Pins: the roots that were complete when they were imported, one CID a line.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cid::Cid;

use super::{BlockStore, StoreError};

/// The pinned roots. All are recursive: what is below them is kept too.
#[derive(Debug)]
pub(crate) struct PinStore {
    durable: bool,
    pins: Mutex<Pins>,
}

#[derive(Debug)]
struct Pins {
    file: File,
    roots: BTreeSet<Cid>,
}

impl PinStore {
    /// Opens or creates the file. A line that is no CID (cut short by a killed process), and a
    /// root whose block is not there, are no pins.
    pub(super) fn open(
        path: &Path,
        blocks: &BlockStore,
        durable: bool,
    ) -> Result<Self, StoreError> {
        let at = || StoreError::at(path);
        let open = || OpenOptions::new().read(true).append(true).create(true).open(path);
        let mut file = open().map_err(at())?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(at())?;
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n").map_err(at())?;
        }
        let roots = text.lines().filter_map(|line| Cid::try_from(line).ok());
        let roots = roots.filter(|root| blocks.has(root)).collect();
        Ok(Self { durable, pins: Mutex::new(Pins { file, roots }) })
    }

    /// Pins `root`, of which everything is in the block store.
    pub(crate) fn pin(&self, root: &Cid) -> io::Result<()> {
        let mut pins = self.lock();
        if pins.roots.contains(root) {
            return Ok(());
        }
        pins.file.write_all(format!("{root}\n").as_bytes())?;
        if self.durable {
            pins.file.sync_data()?;
        }
        pins.roots.insert(*root);
        Ok(())
    }

    /// Whether `root` itself was pinned.
    pub(crate) fn has(&self, root: &Cid) -> bool {
        self.lock().roots.contains(root)
    }

    /// Every pinned root.
    pub(crate) fn all(&self) -> Vec<Cid> {
        self.lock().roots.iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Pins> {
        // The set changes last and at once: a panic elsewhere leaves it sound.
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{RAW, sha256_cid};
    use std::sync::Arc;

    #[test]
    fn pins_survive_a_restart_unless_cut_short_or_without_their_block() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pins");
        let blocks = Arc::new(BlockStore::open(&dir.path().join("blocks.car"), false).unwrap());
        let [here, later, gone] = [&b"here"[..], b"later", b"gone"].map(|data| {
            let cid = sha256_cid(RAW, data);
            if data != b"gone" {
                let mut writer = blocks.writer();
                writer.push(cid, data.into()).unwrap();
                writer.finish().unwrap();
            }
            cid
        });
        let pins = PinStore::open(&path, &blocks, true).unwrap();
        for root in [&here, &gone, &here] {
            pins.pin(root).unwrap();
        }
        assert!(pins.has(&here) && pins.has(&gone) && !pins.has(&later));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{here}\n{gone}\n"));
        drop(pins);
        std::fs::write(&path, format!("{here}\n{gone}\n{}", &later.to_string()[..20])).unwrap();
        let pins = PinStore::open(&path, &blocks, true).unwrap();
        assert_eq!(pins.all(), [here]);
        pins.pin(&later).unwrap();
        drop(pins);
        let pins = PinStore::open(&path, &blocks, true).unwrap();
        assert!(pins.has(&here) && pins.has(&later));
    }
}
