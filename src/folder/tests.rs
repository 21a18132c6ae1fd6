use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn scene() -> (tempfile::TempDir, OpenDir, OpenDir) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("w/tmp")).unwrap();
    fs::create_dir_all(dir.path().join("other")).unwrap();
    fs::write(dir.path().join("other/secret"), "secret").unwrap();
    let folder = OpenDir::open(&dir.path().join("w")).unwrap();
    let temporary = folder.folder("tmp").unwrap();
    (dir, folder, temporary)
}

fn pipe(path: &Path) {
    use rustix::fs::{CWD, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

fn reason<T: std::fmt::Debug>(result: io::Result<T>) -> Unsuitable {
    let error = result.unwrap_err();
    Unsuitable::of(&error).unwrap_or_else(|| panic!("{error:?}")).clone()
}

#[test]
fn writing_replaces_keeps_permissions_and_leaves_nothing_behind() {
    let (dir, folder, temporary) = scene();
    folder.write("a/b/c.json", b"one", &temporary, false).unwrap();
    let path = dir.path().join("w/a/b/c.json");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    folder.write("a/b/c.json", b"two", &temporary, true).unwrap();
    assert_eq!(folder.read("a/b/c.json", 3).unwrap(), b"two");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(folder.write("a/b", b"x", &temporary, false).is_err());
    assert_eq!(temporary.entries().unwrap(), []);
    for bad in ["", "..", "../x", "/x", "a/../../x"] {
        assert!(folder.write(bad, b"x", &temporary, false).is_err(), "{bad:?}");
        assert!(folder.read(bad, 1).is_err() && folder.make_folder(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn links_are_neither_read_nor_written_through() {
    let (dir, folder, temporary) = scene();
    symlink("../other", dir.path().join("w/out")).unwrap();
    symlink("../other/secret", dir.path().join("w/file")).unwrap();
    symlink("tmp", dir.path().join("w/within")).unwrap();
    assert_eq!(reason(folder.read("file", 9)), Unsuitable::Link(None));
    assert_eq!(reason(folder.folder("out")), Unsuitable::Link(None));
    let part = Unsuitable::Link(Some("out".into()));
    assert_eq!(reason(folder.read("out/secret", 9)), part);
    assert_eq!(reason(folder.kind("out/secret")), part);
    assert_eq!(reason(folder.write("out/new", b"x", &temporary, false)), part);
    assert_eq!(reason(folder.make_folder("out/new")), part);
    assert_eq!(reason(folder.remove_file("out/secret")), part);
    assert_eq!(reason(folder.lock_file("file")), Unsuitable::Link(None));
    assert!(folder.folder("within").is_err());
    // In its place, not through it.
    folder.write("file", b"new", &temporary, false).unwrap();
    assert_eq!(folder.kind("file").unwrap(), Some(Kind::File));
    assert_eq!(fs::read(dir.path().join("other/secret")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(dir.path().join("other")).unwrap().count(), 1);
}

#[test]
fn what_is_no_file_is_neither_waited_for_nor_read() {
    let (dir, folder, _) = scene();
    pipe(&dir.path().join("w/pipe"));
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("w/socket")).unwrap();
    fs::File::create(dir.path().join("w/endless")).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(reason(folder.read("pipe", 9)), Unsuitable::NotFile("a pipe"));
    assert_eq!(reason(folder.lock_file("pipe")), Unsuitable::NotFile("a pipe"));
    assert_eq!(reason(folder.read("socket", 9)), Unsuitable::NotFile("a socket"));
    assert_eq!(reason(folder.read("tmp", 9)), Unsuitable::NotFile("a folder"));
    assert_eq!(reason(folder.lock_file("tmp")), Unsuitable::NotFile("a folder"));
    assert_eq!(reason(folder.read("endless", 1 << 20)), Unsuitable::TooLarge(1 << 20));
    let way = Unsuitable::NotFolder { part: Some("endless".into()), what: "a file" };
    assert_eq!(reason(folder.read("endless/x", 9)), way);
    assert_eq!(folder.kind("endless/x").unwrap(), None);
    assert_eq!(folder.kind("none/x").unwrap(), None);
    let here = Unsuitable::NotFolder { part: None, what: "a pipe" };
    assert_eq!(reason(folder.folder("pipe")), here);
}

/// As without `openat2`.
#[test]
fn one_part_after_the_other_is_the_same() {
    let (dir, folder, temporary) = scene();
    folder.write("a/b/c", b"x", &temporary, false).unwrap();
    symlink("a", dir.path().join("w/l")).unwrap();
    symlink("c", dir.path().join("w/a/b/l")).unwrap();
    let open = |path: &str| folder.open_part_by_part(Path::new(path), ALWAYS, Mode::empty());
    assert!(open("a/b/c").is_ok() && open("a").is_ok());
    for bad in ["l/b/c", "a/b/l", "l", "a/b/c/d", "../w/a", "a/../../other/secret", "none"] {
        assert!(open(bad).is_err(), "{bad}");
    }
}

#[test]
fn links_within_a_tree_lead_to_its_files_alone() {
    let (dir, folder, temporary) = scene();
    for path in ["t/a", "t/d/b", "outside"] {
        folder.write(path, path.as_bytes(), &temporary, false).unwrap();
    }
    let link = |from: &str, to: &str| symlink(to, dir.path().join("w/t").join(from)).unwrap();
    let links = [("1", "a"), ("d/2", "../1"), ("3", "./d/../d/b"), ("x", "../outside")];
    for (from, to) in links {
        link(from, to);
    }
    let others =
        [("y", "/etc/passwd"), ("z", "z"), ("e", "d"), ("w", "e/b"), ("v", "../../other/secret")];
    for (from, to) in others {
        link(from, to);
    }
    let read = |path: &str| {
        let file = folder.file_inside(Path::new("t"), &Path::new("t").join(path))?;
        start_of(file, 99).map(|bytes| String::from_utf8(bytes).unwrap())
    };
    assert_eq!(
        [read("1").unwrap(), read("d/2").unwrap(), read("3").unwrap()],
        ["t/a", "t/a", "t/d/b"]
    );
    for bad in ["x", "y", "z", "e", "w", "v", "e/b"] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn only_what_is_ours_and_temporary_is_cleared() {
    let (dir, _, temporary) = scene();
    let tmp = dir.path().join("w/tmp");
    for name in ["write-1-2", ".car-x", "id_ed25519", "written"] {
        fs::write(tmp.join(name), "x").unwrap();
    }
    fs::create_dir(tmp.join("write-folder")).unwrap();
    pipe(&tmp.join("write-pipe"));
    temporary.clear_temporary(".car-");
    let mut left: Vec<_> = temporary.entries().unwrap().into_iter().map(|(name, _)| name).collect();
    left.sort();
    assert_eq!(left, ["id_ed25519", "write-folder", "write-pipe", "written"]);
}
