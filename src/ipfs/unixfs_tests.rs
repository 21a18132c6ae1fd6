use std::fs;
use std::path::Path;

use super::super::block::{BlockSource, MemoryBlocks};
use super::super::{pack_directory, pack_files, pack_well_known};
use super::*;

fn cases() -> Vec<serde_json::Value> {
    let file = include_str!("../../tests/vectors/unixfs.json");
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// The files of a case, by the rules that `unixfs.json` writes out.
fn files(case: &serde_json::Value) -> Vec<(String, Vec<u8>)> {
    let name = case["name"].as_str().unwrap();
    if let Some(files) = case["files"].as_array() {
        let text = |file: &serde_json::Value, key: &str| file[key].as_str().unwrap().to_owned();
        return files.iter().map(|f| (text(f, "path"), text(f, "content").into())).collect();
    }
    let n = case["n"].as_u64().unwrap();
    if name.starts_with("file-") {
        let byte = |i: u64| ((i * 31 + (i >> 8) + 7 * (i >> 16)) & 255) as u8;
        return vec![("big.bin".into(), (0..n).map(byte).collect())];
    }
    let file = |i: u64| {
        let (path, number) = match name.split_once('-').unwrap().0 {
            "sub" => (format!(".well-known/eth/domain/sub{i:05}/address/60.json"), i),
            "flat" => (format!(".well-known/eth/nick/text/key-{i:06}.json"), i),
            "mixed" => {
                let label = "x".repeat((i % 60 + 1) as usize);
                (format!(".well-known/eth/domain/{label}{i}/text/avatar.json"), i * 7)
            }
            other => panic!("unknown rule {other}"),
        };
        (path, format!("{{\"data\":\"0x{number:064x}\"}}").into_bytes())
    };
    (0..n).map(file).collect()
}

fn assert_case(case: &serde_json::Value, packed: Packed) {
    let name = case["name"].as_str().unwrap();
    assert_eq!(packed.root.to_string(), case["root"].as_str().unwrap(), "{name}");
    assert_eq!(packed.blocks, case["blocks"].as_u64().unwrap(), "{name}");
    assert_eq!(packed.bytes, case["bytes"].as_u64().unwrap(), "{name}");
}

fn write(folder: &Path, path: &str, content: &[u8]) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn pack(folder: &Path) -> Result<Packed, PackError> {
    pack_directory(folder, &mut MemoryBlocks::new(), &mut |_| {})
}

#[test]
fn roots_blocks_and_bytes_are_kubos() {
    let cases = cases();
    assert!(cases.len() >= 16);
    for case in cases {
        let mut blocks = MemoryBlocks::new();
        let mut files = files(&case);
        files.reverse();
        let packed = pack_files(files, &mut blocks).unwrap();
        assert_case(&case, packed);
        assert_eq!(blocks.len() as u64, packed.blocks);
        assert!(blocks.get(&packed.root).unwrap().is_some());
    }
}

#[test]
fn a_folder_on_disk_gives_the_same() {
    for case in cases().iter().filter(|case| case["n"].as_u64().is_none_or(|n| n <= 100)) {
        let folder = tempfile::tempdir().unwrap();
        let files = files(case);
        for (path, content) in &files {
            write(folder.path(), path, content);
        }
        let mut seen = Vec::new();
        let mut blocks = MemoryBlocks::new();
        let packed = pack_directory(folder.path(), &mut blocks, &mut |n| seen.push(n)).unwrap();
        assert_case(case, packed);
        assert_eq!(seen, (1..=files.len() as u64).collect::<Vec<_>>());

        if files[0].0.starts_with(".well-known/") {
            write(folder.path(), "records.toml", b"not published");
            let well_known = pack_well_known(folder.path(), &mut blocks, &mut |_| {}).unwrap();
            assert_case(case, well_known);
        }
    }
}

#[test]
fn large_files_on_disk_give_the_same() {
    for case in cases().iter().filter(|case| case["name"].as_str().unwrap().starts_with("file-")) {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files(case) {
            write(folder.path(), &path, &content);
        }
        assert_case(case, pack(folder.path()).unwrap());
    }
}

/// Roots and sizes of all blocks (Tsize) from boxo v0.39.0, `importer/balanced` with raw leaves
/// and 1,024 links; chunks of 1 KiB, since 1,024 of 1 MiB take long.
#[test]
fn files_of_over_1024_chunks_have_two_levels() {
    for (bytes, root, tsize) in [
        (1 << 20, "bafybeihasid6kvlup6n5s4o2n46n7ucukytgj2ghcobkscuxtbi5yhqwkq", 1097737),
        ((1 << 20) + 1, "bafybeiemsebruuw57kppczjwbbgxlkc4sjfecmiq44x77ufalhs7tusr5q", 1097894),
        (3000 << 10, "bafybeia7u72lvbousd6crrisoqiakbctuj5ygjopblaguqriesddlcbhna", 3216186),
    ] {
        let mut blocks = MemoryBlocks::new();
        let mut packer = Packer::new(&mut blocks);
        packer.chunk_bytes = 1024;
        let file = packer.file(io::repeat(0).take(bytes), PackError::Sink).unwrap();
        assert_eq!(packer.packed(file).root.to_string(), root);
        assert_eq!(file.tsize, tsize);
        assert!(blocks.len() <= 5, "equal chunks are written once");
    }
}

#[test]
fn an_empty_folder_is_the_well_known_empty_one() {
    let empty = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354";
    let folder = tempfile::tempdir().unwrap();
    let packed = pack(folder.path()).unwrap();
    assert_eq!((packed.root.to_string().as_str(), packed.blocks, packed.bytes), (empty, 1, 4));
    let no_files: [(&str, &[u8]); 0] = [];
    assert_eq!(pack_files(no_files, &mut MemoryBlocks::new()).unwrap(), packed);

    fs::create_dir(folder.path().join("empty")).unwrap();
    assert_eq!(pack(folder.path()).unwrap().blocks, 2, "empty folders are kept");
}

#[test]
fn a_tree_of_any_depth_does_not_overflow_the_stack() {
    let path = vec!["d"; 20_000].join("/");
    let packed = pack_files([(path, b"x")], &mut MemoryBlocks::new()).unwrap();
    assert_eq!(packed.blocks, 19_999 + 2, "folders, the root, the file");

    let folder = tempfile::tempdir().unwrap();
    let path = vec!["d"; 1_000].join("/");
    write(folder.path(), &path, b"x");
    let memory = pack_files([(path, b"x")], &mut MemoryBlocks::new()).unwrap();
    assert_eq!(pack(folder.path()).unwrap(), memory);
}

#[test]
fn paths_in_memory_must_be_paths() {
    let pack = |paths: &[&str]| {
        pack_files(paths.iter().map(|p| (*p, b"x")), &mut MemoryBlocks::new()).unwrap_err()
    };
    for bad in ["", "/a", "a/", "a//b", "./a", "a/../b", "a\0b"] {
        assert!(matches!(pack(&[bad]), PackError::Path(path) if path == bad), "{bad}");
    }
    for pair in [["a", "a"], ["a", "a/b"], ["a/b/c", "a/b"]] {
        assert!(matches!(pack(&pair), PackError::Conflict(_)), "{pair:?}");
    }
}

#[test]
fn names_near_each_other_keep_their_folders() {
    let paths = ["a/b", "a-b", "a.b", "a/c/d", "ab/c", "a b"];
    let folder = tempfile::tempdir().unwrap();
    for path in paths {
        write(folder.path(), path, path.as_bytes());
    }
    let memory = pack_files(paths.map(|p| (p, p)), &mut MemoryBlocks::new()).unwrap();
    assert_eq!(pack(folder.path()).unwrap(), memory);
}

#[cfg(unix)]
#[test]
fn links_inside_are_kept_and_links_outside_refused() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a/b/file", b"x");
    symlink("../b/file", folder.path().join("a/b/inside")).unwrap();
    symlink("nowhere", folder.path().join("a/dangling")).unwrap();
    assert_eq!(pack(folder.path()).unwrap().blocks, 6);

    let outside = tempfile::tempdir().unwrap();
    symlink(".", folder.path().join("self")).unwrap();
    let absolute = folder.path().join("a/b/file");
    for (target, refused) in [
        ("../../..", true),
        (outside.path().to_str().unwrap(), true),
        (absolute.to_str().unwrap(), true),
        ("../../self/..", true),
        ("../..", false),
    ] {
        let link = folder.path().join("a/b/link");
        symlink(target, &link).unwrap();
        match (pack(folder.path()), refused) {
            (Err(PackError::LinkLeaves { path, .. }), true) => {
                assert!(path.ends_with("a/b/link"), "{target}");
            }
            (Ok(_), false) => {}
            (other, _) => panic!("{target}: {other:?}"),
        }
        fs::remove_file(link).unwrap();
    }
}

/// What `pack_directory` gives of the same files in one folder.
#[test]
fn files_beside_well_known_are_packed_beside_it() {
    let (workspace, tree) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(workspace.path(), ".well-known/eth/nick/text/avatar.json", b"a");
    write(workspace.path(), "records.toml", b"not published");
    write(tree.path(), ".well-known/eth/nick/text/avatar.json", b"a");
    for (path, content) in [("revision.json", b"r"), ("-first", b"f"), ("d/e/file", b"d")] {
        write(workspace.path(), &format!("root/{path}"), content);
        write(tree.path(), path, content);
    }
    let (mut blocks, mut seen) = (MemoryBlocks::new(), Vec::new());
    let packed = pack_well_known(workspace.path(), &mut blocks, &mut |n| seen.push(n)).unwrap();
    assert_eq!((packed, seen), (pack(tree.path()).unwrap(), vec![1, 2, 3, 4]));
    write(workspace.path(), "root/.well-known/x", b"");
    let twice = pack_well_known(workspace.path(), &mut blocks, &mut |_| {});
    assert!(matches!(twice, Err(PackError::Beside(path)) if path.ends_with("root/.well-known")));
    fs::remove_dir_all(workspace.path().join("root")).unwrap();
    write(workspace.path(), "root", b"");
    let file = pack_well_known(workspace.path(), &mut blocks, &mut |_| {});
    assert!(matches!(file, Err(PackError::NotFolder(_))));
}

/// A file that is removed by hand leaves its folder behind, which git does not know: two workspaces
/// with the same files would put their roots over each other for ever.
#[test]
fn folders_without_files_are_not_published() {
    let workspace = tempfile::tempdir().unwrap();
    let packed = || {
        let packed = pack_well_known(workspace.path(), &mut MemoryBlocks::new(), &mut |_| {});
        packed.unwrap().root
    };
    write(workspace.path(), ".well-known/eth/nick/text/avatar.json", b"a");
    write(workspace.path(), "root/index.html", b"i");
    let before = packed();
    for empty in [".well-known/eth/nick/address", ".well-known/eth/a/b/c", "root/a/b", "root/z"] {
        fs::create_dir_all(workspace.path().join(empty)).unwrap();
    }
    assert_eq!(packed(), before);
    fs::remove_dir_all(workspace.path().join(".well-known/eth")).unwrap();
    fs::remove_dir_all(workspace.path().join("root")).unwrap();
    let nothing = packed();
    fs::create_dir_all(workspace.path().join(".well-known/eth/nick")).unwrap();
    assert_eq!(packed(), nothing, "the folder itself is");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_packed_is_named() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::UnixListener;
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    assert!(matches!(pack(&missing), Err(PackError::Io { path, .. }) if path == missing));
    write(folder.path(), "file", b"");
    let file = folder.path().join("file");
    assert!(matches!(pack(&file), Err(PackError::NotFolder(path)) if path == file));

    let sink = &mut MemoryBlocks::new();
    let unsigned = pack_well_known(folder.path(), sink, &mut |_| {});
    assert!(matches!(unsigned, Err(PackError::NothingSigned(_))));
    fs::write(folder.path().join(".well-known"), "").unwrap();
    let file = pack_well_known(folder.path(), sink, &mut |_| {});
    assert!(matches!(file, Err(PackError::NotFolder(_))));

    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    assert!(
        matches!(pack(folder.path()), Err(PackError::Special(path)) if path.ends_with("socket"))
    );
    drop(listener);
    fs::remove_file(socket).unwrap();
    fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"bad\xff")), "").unwrap();
    assert!(matches!(pack(folder.path()), Err(PackError::NotUtf8(_))));
}

#[test]
fn a_failing_sink_stops_the_work() {
    struct Full;
    impl BlockSink for Full {
        fn put(&mut self, _: &Cid, _: &[u8]) -> io::Result<()> {
            Err(io::Error::other("disk full"))
        }
    }
    assert!(matches!(pack_files([("a", b"x")], &mut Full), Err(PackError::Sink(_))));
}
