use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::*;
use crate::ipfs::edit_cases::{EDITS, FILES};
use crate::ipfs::{MemoryBlocks, pack_well_known};

/// A workspace with files, and a cache folder beside it.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(scene.path("w")).unwrap();
        files.iter().for_each(|(path, bytes)| scene.write(path, bytes));
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path("w").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn opened(&self) -> OpenDir {
        OpenDir::open(&self.path("w")).unwrap()
    }

    fn index(&self) -> Index {
        Index::new(Some(self.path("cache")), &self.path("w"))
    }

    /// The root by what is known, kept after it.
    fn root(&self) -> Option<cid::Cid> {
        let index = self.index();
        let root = self.root_of(&index);
        index.keep();
        root
    }

    fn root_of(&self, index: &Index) -> Option<cid::Cid> {
        let root = index.look(&self.opened())?.tree().root(&self.opened());
        Some(root.ok()?.cid())
    }

    /// The root by packing all of it.
    fn packed(&self) -> cid::Cid {
        pack_well_known(&self.path("w"), &mut MemoryBlocks::new(), &mut |_| ()).unwrap().root
    }

    /// The only file in the cache folder.
    fn file(&self) -> PathBuf {
        let mut files = fs::read_dir(self.path("cache/index")).unwrap();
        let file = files.next().unwrap().unwrap().path();
        assert!(files.next().is_none());
        file
    }

    /// What that file says.
    fn kept(&self) -> Tree {
        let path = self.path("w").canonicalize().unwrap();
        parse_index(&fs::read(self.file()).unwrap(), &path).unwrap()
    }

    fn keep(&self, tree: &Tree) {
        let path = self.path("w").canonicalize().unwrap();
        fs::write(self.file(), write_index(tree, &path)).unwrap();
    }

    /// How many files are not known when it is looked at anew.
    fn unknown(&self) -> usize {
        let index = self.index();
        let opened = self.opened();
        let mut looked = index.look(&opened).unwrap();
        let mut count = 0;
        for part in [".well-known", "root"] {
            count += looked.tree().files(part).iter().filter(|at| at.file.node.is_none()).count();
        }
        count
    }
}

fn age(path: &Path, seconds: u64) {
    let then = SystemTime::now() - Duration::from_secs(seconds);
    fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

/// Until the file system's clock has gone on, so that what was written before is older.
fn tick() {
    std::thread::sleep(Duration::from_millis(20));
}

#[test]
fn the_root_is_that_of_packing_all_after_whatever_change() {
    let long = vec![7; 3 << 20];
    let scene = Scene::new(&[(".well-known/eth/nick/text/avatar.json", b"1")]);
    let mut steps: Vec<Box<dyn Fn()>> = vec![
        Box::new(|| ()),
        Box::new(|| scene.write(".well-known/eth/nick/text/avatar.json", b"2")),
        Box::new(|| scene.write("root/a/b", &long)),
        Box::new(|| fs::remove_file(scene.path("w/root/a/b")).unwrap()),
        Box::new(|| fs::remove_dir_all(scene.path("w/root")).unwrap()),
        Box::new(|| {
            (0..3000).for_each(|n| scene.write(&format!(".well-known/eth/n{n:09}/x"), b"x"))
        }),
        Box::new(|| scene.write(".well-known/eth/n000000777/x", b"y")),
        // Folders without files are not published.
        Box::new(|| {
            for empty in [".well-known/eth/nobody/text", ".well-known/a/b", "root/c/d", "root/e"] {
                fs::create_dir_all(scene.path("w").join(empty)).unwrap();
            }
        }),
        Box::new(|| scene.write("root/e/f", b"x")),
        Box::new(|| fs::remove_file(scene.path("w/root/e/f")).unwrap()),
        // A folder becomes a file, and the other way round.
        Box::new(|| fs::remove_dir_all(scene.path("w/.well-known/eth/nick")).unwrap()),
        Box::new(|| scene.write(".well-known/eth/nick", b"x")),
        Box::new(|| fs::remove_file(scene.path("w/.well-known/eth/nick")).unwrap()),
        Box::new(|| scene.write(".well-known/eth/nick/text", b"x")),
        Box::new(|| {
            fs::rename(scene.path("w/.well-known/eth/nick"), scene.path("w/.well-known/z")).unwrap()
        }),
    ];
    for (number, step) in steps.iter_mut().enumerate() {
        step();
        assert_eq!(scene.root(), Some(scene.packed()), "{number}");
        assert_eq!(scene.root(), Some(scene.packed()), "{number}, by the index");
    }
}

#[test]
fn what_may_have_been_written_in_the_same_moment_is_read_again() {
    let scene = Scene::new(&[(".well-known/a", b"1")]);
    tick();
    scene.root();
    assert_eq!(scene.unknown(), 0, "it is older than the index");
    // As if the walk had begun in the moment of the last change, or before.
    let file = scene.file();
    let workspace = scene.path("w").canonicalize().unwrap();
    let mut tree = parse_index(&fs::read(&file).unwrap(), &workspace).unwrap();
    let changed = tree.files(".well-known")[0].file.stamp.changed();
    for (taken, unknown) in [(changed + 1, 0), (changed, 1), (changed - 1, 1)] {
        tree.taken = taken;
        // ctime is that of the same moment, or of making the file.
        let is_older = tree.files(".well-known")[0].file.stamp.is_older(taken);
        fs::write(&file, write_index(&tree, &workspace)).unwrap();
        assert_eq!(scene.unknown(), unknown, "{taken}");
        assert_eq!(is_older, unknown == 0, "{taken}");
    }
}

#[test]
fn a_change_that_hides_its_size_and_time_is_seen() {
    let scene = Scene::new(&[(".well-known/a", b"one"), (".well-known/b", b"two")]);
    let path = scene.path("w/.well-known/a");
    age(&path, 1000);
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    tick();
    scene.root();
    // In place, and by another file of the same size and time.
    tick();
    fs::write(&path, "eno").unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
    assert_eq!(scene.unknown(), 1);
    assert_eq!(scene.root(), Some(scene.packed()));
    tick();
    let other = scene.path("other");
    fs::write(&other, "neo").unwrap();
    fs::File::options().write(true).open(&other).unwrap().set_modified(before).unwrap();
    fs::rename(&other, &path).unwrap();
    assert_eq!(scene.unknown(), 1);
    assert_eq!(scene.root(), Some(scene.packed()));
    // One that was only touched is read, and is the same.
    tick();
    age(&path, 500);
    assert_eq!(scene.unknown(), 1);
    assert_eq!(scene.root(), Some(scene.packed()));
}

#[test]
fn an_index_that_is_gone_cut_or_changed_is_made_anew() {
    let scene = Scene::new(&[(".well-known/a", b"1"), (".well-known/d/b", b"2")]);
    tick();
    let root = scene.root();
    let (file, workspace) = (scene.file(), scene.path("w").canonicalize().unwrap());
    let whole = fs::read(&file).unwrap();
    let tree = parse_index(&whole, &workspace).unwrap();
    assert_eq!(write_index(&tree, &workspace), whole);
    for end in 0..whole.len() {
        assert!(parse_index(&whole[..end], &workspace).is_none(), "{end}");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        assert!(parse_index(&changed, &workspace).is_none(), "{at}");
        // Also what whoever wrote it made whole again is a tree, or none: see tests/robust.
        let hash = Sha256::digest(&changed[48..]);
        changed[16..48].copy_from_slice(&hash);
        parse_index(&changed, &workspace);
    }
    assert!(parse_index(&[&whole[..], b"x"].concat(), &workspace).is_none());
    assert!(parse_index(&whole, Path::new("/elsewhere")).is_none(), "another workspace's");
    for bytes in [&b""[..], b"x", &whole[..whole.len() / 2]] {
        fs::write(&file, bytes).unwrap();
        assert_eq!((scene.unknown(), scene.root()), (2, root), "{} bytes", bytes.len());
    }
    fs::remove_dir_all(scene.path("cache")).unwrap();
    assert_eq!((scene.unknown(), scene.root()), (2, root), "deleted");
    assert_eq!(scene.unknown(), 0, "and there again");
}

#[test]
fn only_what_this_user_alone_can_have_written_is_believed() {
    let scene = Scene::new(&[(".well-known/a", b"1")]);
    tick();
    scene.root();
    let mode =
        |path: &Path, mode| fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    let permissions = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (file, folder) = (scene.file(), scene.path("cache/index"));
    assert_eq!((permissions(&file), permissions(&folder)), (0o600, 0o700));
    for (path, good, bad) in [
        (&file, 0o600, [0o640, 0o606].as_slice()),
        (&folder, 0o700, &[0o710, 0o702]),
        (&scene.path("cache"), 0o700, &[0o770, 0o707]),
    ] {
        for bad in bad {
            mode(path, *bad);
            let place = Place::new(scene.path("cache"), "index", &scene.path("w")).unwrap();
            assert!(place.read().is_none(), "{} {bad:o}", path.display());
            mode(path, good);
            assert!(place.read().is_some());
        }
    }
    // A link to one is none.
    let elsewhere = scene.path("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert_eq!(scene.unknown(), 1);
}

#[test]
fn a_cache_folder_that_cannot_be_used_is_no_error() {
    let scene = Scene::new(&[(".well-known/a", b"1")]);
    let packed = scene.packed();
    // Within the workspace there is none.
    for inside in ["w", "w/.cache"] {
        assert!(
            Index::new(Some(scene.path(inside)), &scene.path("w")).look(&scene.opened()).is_none()
        );
    }
    let index = Index::new(None, &scene.path("w"));
    assert!(index.look(&scene.opened()).is_none());
    index.keep();
    // A file stands there: what is known is known until the end of the command.
    fs::write(scene.path("cache"), "x").unwrap();
    fs::create_dir_all(scene.path("w/.namesys/tmp")).unwrap();
    let index = scene.index();
    assert_eq!(scene.root_of(&index), Some(packed));
    index.keep();
    assert_eq!(fs::read(scene.path("cache")).unwrap(), b"x");
    assert_eq!(fs::read_dir(scene.path("w/.namesys/tmp")).unwrap().count(), 0, "nothing is left");
}

#[test]
fn a_tree_with_a_link_has_no_index() {
    let scene = Scene::new(&[(".well-known/a", b"1")]);
    std::os::unix::fs::symlink("a", scene.path("w/.well-known/b")).unwrap();
    assert!(scene.index().look(&scene.opened()).is_none());
    fs::remove_file(scene.path("w/.well-known/b")).unwrap();
    assert_eq!(scene.root(), Some(scene.packed()));
}

#[test]
fn one_that_lies_is_removed_and_not_made_again_by_the_same_command() {
    let scene = Scene::new(&[(".well-known/a", b"1")]);
    scene.root();
    let index = scene.index();
    scene.root_of(&index);
    index.disown();
    index.keep();
    assert!(index.look(&scene.opened()).is_none());
    assert_eq!(fs::read_dir(scene.path("cache/index")).unwrap().count(), 0);
}

/// Against packing the files that are there then.
#[test]
fn an_edited_tree_is_that_of_the_edited_files() {
    let files = FILES.map(|path| (format!(".well-known/{path}"), path));
    let files = files.iter().map(|(path, text)| (path.as_str(), text.as_bytes()));
    let files: Vec<(&str, &[u8])> = files.chain([("root/x/y", &b"6"[..])]).collect();
    for edits in EDITS {
        let scene = Scene::new(&files);
        fs::create_dir_all(scene.path("w/.well-known/empty/er")).unwrap();
        let full = |path: &str| format!(".well-known/{path}");
        let wanted =
            edits.iter().map(|(path, to)| (full(path), to.map(|to| to.as_bytes().to_vec())));
        let (index, opened) = (scene.index(), scene.opened());
        let mut blocks = MemoryBlocks::new();
        let before = index.look(&opened).unwrap().tree().beyond(&opened, &|_| false, &mut blocks);
        assert_eq!(before.unwrap().cid(), scene.packed());
        let mut new = MemoryBlocks::new();
        let has = |cid: &cid::Cid| crate::ipfs::BlockSource::get(&blocks, cid).unwrap().is_some();
        let mut looked = index.look(&opened).unwrap();
        let edited = looked.tree().edited(&opened, &wanted.collect(), &has, &mut new).unwrap();
        drop(looked);
        for (path, to) in edits {
            match to {
                Some(to) => {
                    let at = scene.path("w").join(full(path));
                    fs::remove_dir_all(&at).ok();
                    scene.write(&full(path), to.as_bytes());
                }
                None => _ = fs::remove_file(scene.path("w").join(full(path))),
            }
        }
        let is_left = fs::exists(scene.path("w/.well-known")).unwrap() && edits.len() != 5;
        assert_eq!(edited.map(|node| node.cid()), is_left.then(|| scene.packed()), "{edits:?}");
        let Some(root) = edited else { continue };
        // What is new is all that is not at hand.
        let mut both = blocks.clone();
        new.iter().for_each(|(cid, data)| both.insert(*cid, data.clone()));
        crate::ipfs::check_complete(&both, &root.cid()).unwrap();
        assert!(new.len() <= if edits.is_empty() { 0 } else { 8 }, "{edits:?}: {}", new.len());
    }
}

#[test]
fn what_was_found_of_files_that_were_written_is_known_once_they_are_read() {
    let scene = Scene::new(&[(".well-known/eth/nick/text/a", b"1"), (".well-known/x", b"2")]);
    scene.root();
    tick();
    let said = |byte| Said { current: Some([byte; 16]), ..Said::default() };
    let paths = ["eth/nick/text/a", "eth/nick/text/b", "eth/other/c", "eth/nick.x/d", "x/y", "e"];
    let paths = paths.map(|path| format!(".well-known/{path}"));
    let (index, opened) = (scene.index(), scene.opened());
    index.learn(vec![(paths[0].clone(), said(1))]);
    drop(index.look(&opened).unwrap());
    for path in &paths[..4] {
        scene.write(path, b"new");
    }
    // Of the last two one is a file, and the other is gone again.
    let found = paths.iter().zip(1..7).map(|(path, byte)| (path.clone(), said(byte)));
    // Nor is it told of what lies beside the tree.
    let beside = ["phases/x/.well-known/a", ".well-knownx/a", ".well-known", "phases"];
    let beside = beside.map(|path| (path.to_owned(), said(9)));
    index.learn(found.rev().chain(beside).collect());
    index.keep();
    let top: Vec<_> = scene.kept().top.entries.into_iter().map(|entry| entry.name).collect();
    assert_eq!(top, [".well-known".into()]);
    let again = scene.index();
    let mut looked = again.look(&opened).unwrap();
    let files = looked.tree().files(".well-known");
    let known: Vec<_> = files
        .iter()
        .filter_map(|at| Some((&at.path[12..], at.file.said.as_ref()?.current?[0], at.file.node)))
        .collect();
    assert_eq!(
        known,
        [
            ("eth/nick.x/d", 4, None),
            ("eth/nick/text/a", 1, None),
            ("eth/nick/text/b", 2, None),
            ("eth/other/c", 3, None),
        ]
    );
    assert_eq!(files.len(), 5);
    drop(files);
    let root = looked.tree().root(&opened).unwrap();
    assert_eq!(root.cid(), scene.packed());
}

#[path = "odd_tests.rs"]
mod odd;
