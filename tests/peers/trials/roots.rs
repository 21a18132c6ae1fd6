//! Folders packed by boxo and by us have one root, on both sides of the size
//! at which a directory becomes a HAMT.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::peer;
use crate::support::sandbox::Sandbox;

/// The serialized size of a directory block that is still no HAMT (facts §8).
const HAMT_LIMIT: usize = 262_144;

/// The data field of a directory block: tag, length, and type 1.
const DIRECTORY_DATA: usize = 4;

const MIB: usize = 1 << 20;

/// Bytes a link adds to a directory block. The CID has 36 bytes; a length or
/// Tsize under 128 takes one byte.
fn link_size(name: &str) -> usize {
    assert!(name.len() < 80, "the link's length is one byte");
    2 + 2 + 36 + 2 + name.len() + 2
}

/// Names of files, each under 128 bytes, whose directory block has exactly this size.
fn names_of_block(size: usize) -> Vec<String> {
    let mut rest = size - DIRECTORY_DATA;
    let mut names = Vec::new();
    // The last two names take what is left, whatever it is.
    let usual = link_size("name-00000");
    while rest >= 4 * usual {
        names.push(format!("name-{:05}", names.len()));
        rest -= usual;
    }
    for (part, letter) in [(rest / 3, 'x'), (rest / 3, 'y'), (rest - 2 * (rest / 3), 'z')] {
        names.push(letter.to_string().repeat(part - link_size("")));
    }
    assert_eq!(names.iter().map(|name| link_size(name)).sum::<usize>(), size - DIRECTORY_DATA);
    names
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 + (i >> 8) + 7 * (i >> 16)) as u8).collect()
}

/// Writes the folders and names them.
fn folders(sandbox: &Sandbox) -> Result<Vec<PathBuf>> {
    let mut made = Vec::new();
    let mut folder = |name: &str| -> Result<String> {
        std::fs::create_dir(sandbox.path(name))?;
        made.push(sandbox.path(name));
        Ok(name.to_owned())
    };

    folder("empty")?;
    let inner = folder("empty-inside")?;
    std::fs::create_dir_all(sandbox.path(&inner).join("a/.b/c"))?;
    for (name, size) in [("at-limit", HAMT_LIMIT), ("one-over", HAMT_LIMIT + 1)] {
        let flat = folder(name)?;
        let nested = folder(&format!("{name}-nested"))?;
        for file in names_of_block(size) {
            sandbox.write(&format!("{flat}/{file}"), b"{}")?;
            sandbox.write(&format!("{nested}/.well-known/eth/nick/text/{file}"), b"{}")?;
        }
    }
    // Subdirectories alone: 4850 and 4860 are the sides Kubo's vectors have.
    for count in [4850, 4860] {
        let folders = folder(&format!("subnames-{count}"))?;
        for i in 0..count {
            let path = format!("{folders}/.well-known/eth/domain/sub{i:05}/address/60.json");
            sandbox.write(&path, format!("{{\"data\":\"0x{i:064x}\"}}"))?;
        }
    }
    // A HAMT of several levels, of hidden names and of names that are not ASCII.
    let deep = folder("names")?;
    for i in 0..9000 {
        sandbox.write(&format!("{deep}/.ключ-🦇-{i}"), i.to_string())?;
    }
    let files = folder("files")?;
    for length in [0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 17] {
        sandbox.write(&format!("{files}/{length}"), bytes(length))?;
    }
    // More chunks than one file node has links: a second level.
    let large = folder("large")?;
    std::fs::File::create(sandbox.path(&large).join("sparse"))?.set_len(1025 * MIB as u64 + 3)?;
    Ok(made)
}

/// `pack` and boxo agree on each, and the limit is where it is said to be.
pub fn same_roots() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let folders = folders(&sandbox)?;
    let theirs = peer::boxo_roots(&folders)?;
    let mut differing = Vec::new();
    for (folder, root) in folders.iter().zip(theirs) {
        let packed = sandbox.ok(["pack".as_ref(), folder.as_os_str()])?;
        if packed["root"] != root.as_str() {
            differing.push(format!("{}: boxo {root}, we {packed}", folder.display()));
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
