//! Folders packed by others and by us have one root, on both sides of the size
//! at which a directory becomes a HAMT.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::peer;
use crate::support::sandbox::Sandbox;

/// The serialized size of a directory block that is still no HAMT (namesys::spec::unixfs).
const HAMT_LIMIT: usize = 262_144;

/// The data field of a directory block: tag, length, and type 1.
const DIRECTORY_DATA: usize = 4;

const MIB: usize = 1 << 20;

/// As long as a name may be for `link_size` to hold.
const LONGEST_NAME: usize = 85;

/// Bytes a link adds to a directory block: field and length of the link, of the
/// CID of 36 bytes, and of the name, then field and Tsize. Each length, and the
/// Tsize of what is linked here, is under 128 and takes one byte.
fn link_size(name: &str) -> usize {
    assert!(name.len() <= LONGEST_NAME, "the link's own length takes one byte");
    2 + (2 + 36) + (2 + name.len()) + 2
}

/// Names whose directory block has exactly this size.
fn names_of_block(size: usize) -> Vec<String> {
    let mut rest = size - DIRECTORY_DATA;
    let mut names = Vec::new();
    let numbered = |number| format!("{number:0LONGEST_NAME$}");
    while rest >= 3 * link_size(&numbered(0)) {
        names.push(numbered(names.len()));
        rest -= link_size(&numbered(0));
    }
    // Three more take what is left, which is enough for each of them.
    for (part, letter) in [(rest / 3, "x"), (rest / 3, "y"), (rest - 2 * (rest / 3), "z")] {
        names.push(letter.repeat(part - link_size("")));
    }
    assert_eq!(names.iter().map(|name| link_size(name)).sum::<usize>(), size - DIRECTORY_DATA);
    names
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 + (i >> 8) + 7 * (i >> 16)) as u8).collect()
}

/// Writes the folders and names them.
pub fn folders(sandbox: &Sandbox) -> Result<Vec<PathBuf>> {
    let mut made = Vec::new();
    let mut folder = |name: &str, inner: &str| -> Result<PathBuf> {
        let path = sandbox.path(name);
        made.push(path.clone());
        fs::create_dir_all(path.join(inner))?;
        Ok(path.join(inner))
    };
    folder("empty", "")?;
    folder("empty-inside", "a/.b/c")?;
    let sizes =
        [("at-limit", HAMT_LIMIT), ("one-over", HAMT_LIMIT + 1), ("over", HAMT_LIMIT + 200)];
    for (name, size) in sizes {
        let files = folder(name, "")?;
        // Empty subdirectories and nothing else, as npm's importer would not shard them.
        let folders = folder(&format!("{name}-folders"), ".well-known/eth/domain")?;
        for name in names_of_block(size) {
            fs::write(files.join(&name), "{}")?;
            fs::create_dir(folders.join(&name))?;
        }
    }
    // A HAMT of several levels, of hidden names that are not ASCII.
    let names = folder("names", "")?;
    for i in 0..5000 {
        fs::write(names.join(format!(".a long name that is hidden, ключ-🦇-{i}")), i.to_string())?;
    }
    let files = folder("files", "")?;
    for length in [0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 17] {
        fs::write(files.join(length.to_string()), bytes(length))?;
    }
    // More chunks than one file node has links: a second level.
    let large = folder("large", "")?;
    fs::File::create(large.join("sparse"))?.set_len(1025 * MIB as u64 + 3)?;
    Ok(made)
}

/// `pack` and boxo agree on each, and the limit is where it is said to be.
pub fn same_roots() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let folders = folders(&sandbox)?;
    compare(&sandbox, &folders, &peer::boxo_roots(&folders)?)
}

/// Packs the folders and compares with what another program says of each.
pub fn compare(sandbox: &Sandbox, folders: &[PathBuf], theirs: &[String]) -> Result<()> {
    let mut differing = Vec::new();
    for (folder, root) in folders.iter().zip(theirs) {
        let packed = sandbox.ok(["pack".as_ref(), folder.as_os_str()])?;
        if packed["root"] != root.as_str() {
            differing.push(format!("{}: they {root}, we {packed}", folder.display()));
        }
        // Equal files are one block: the directory is the other, or it is a HAMT.
        if folder.ends_with("at-limit") || folder.ends_with("one-over") {
            let single = packed["blocks"] == 2;
            ensure!(single == folder.ends_with("at-limit"), "{}: {packed}", folder.display());
        }
    }
    ensure!(differing.is_empty(), "{}", differing.join("\n"));
    Ok(())
}
