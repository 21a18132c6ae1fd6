//! The files of a workspace as git has them: all but the state.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use namesys::published::PUBLISHED_FILE;
use namesys::workspace::{CONFIG_FILE, RECORDS_FILE, STATE_DIR};

/// By path in the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files(pub BTreeMap<PathBuf, Vec<u8>>);

impl Files {
    pub fn of(dir: &Path) -> Self {
        let (mut files, mut open) = (BTreeMap::new(), vec![dir.to_owned()]);
        while let Some(folder) = open.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                let inside = path.strip_prefix(dir).unwrap().to_owned();
                match path.is_dir() {
                    true if inside == Path::new(STATE_DIR) => {}
                    true => open.push(path),
                    false => _ = files.insert(inside, std::fs::read(&path).unwrap()),
                }
            }
        }
        Self(files)
    }

    /// `git checkout`: the state stays unless it `forgets`.
    pub fn check_out(&self, dir: &Path, forgets: bool) {
        std::fs::create_dir_all(dir).unwrap();
        for path in Self::of(dir).0.keys() {
            std::fs::remove_file(dir.join(path)).unwrap();
        }
        // git keeps no empty folders.
        for part in [".well-known", "root"] {
            let _ = std::fs::remove_dir_all(dir.join(part));
        }
        if forgets {
            let _ = std::fs::remove_dir_all(dir.join(STATE_DIR));
        }
        self.0.iter().for_each(|(path, bytes)| put(dir, path, Some(bytes)));
    }

    /// What was changed since, in the order in which a pull writes it.
    pub fn changes(&self, after: &Self) -> Vec<PathBuf> {
        let all = self.0.keys().chain(after.0.keys());
        let mut changed: Vec<PathBuf> =
            all.filter(|path| self.0.get(*path) != after.0.get(*path)).cloned().collect();
        changed.sort();
        changed.dedup();
        changed.sort_by_key(|path| match path.to_str() {
            Some(CONFIG_FILE) => 0,
            Some(RECORDS_FILE) => 1,
            Some(PUBLISHED_FILE) => 4,
            _ if after.0.contains_key(path) => 3,
            _ => 2,
        });
        changed
    }

    /// Takes all changes but the first ones back, as if the process had ended there; whether there
    /// was anything to take back.
    pub fn cut(&self, dir: &Path, keep: usize) -> bool {
        let changes = self.changes(&Self::of(dir));
        let undone = changes.get(keep..).unwrap_or_default();
        undone.iter().for_each(|path| put(dir, path, self.0.get(path)));
        !undone.is_empty()
    }
}

fn put(dir: &Path, path: &Path, bytes: Option<&Vec<u8>>) {
    let place = dir.join(path);
    match bytes {
        Some(bytes) => {
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, bytes).unwrap();
        }
        None => {
            std::fs::remove_file(&place).unwrap();
            let above = path.ancestors().skip(1).filter(|folder| *folder != Path::new(""));
            for folder in above {
                if std::fs::remove_dir(dir.join(folder)).is_err() {
                    break;
                }
            }
        }
    }
}
