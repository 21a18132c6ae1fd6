//! What is known of a workspace's files, and of the blocks of its tree, as somebody may have changed
//! it.

use std::path::Path;

use cid::Cid;
use cid::multihash::Multihash;
use namesys::index::{Layout, parse_blocks, parse_index, write_blocks, write_index};
use namesys::ipfs::{BlockSink, BlockSource, CarBlocks, CarWriter, RAW, sha256_cid};
use sha2::{Digest, Sha256};

/// What stands before the hash of the places of blocks.
const BLOCKS: &[u8] = b"namesys blocks 1\n";
/// What stands before that of the index.
const HEAD: &[u8] = concat!("namesys index 2 of ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// As it is, and made whole again by whoever changed it: a tree that is written so, or none.
pub fn index(input: &[u8]) {
    let path = Path::new("/w");
    let check = |bytes: &[u8]| {
        if let Some(tree) = parse_index(bytes, path) {
            assert_eq!(write_index(&tree, path), bytes);
        }
    };
    check(input);
    if let Some(body) = input.get(HEAD.len() + 32..) {
        check(&[&input[..HEAD.len()], &Sha256::digest(body), body].concat());
    }
}

/// As [`index`], of the places of blocks.
pub fn blocks(input: &[u8]) {
    let path = Path::new("/w");
    let check = |bytes: &[u8]| {
        if let Some(layout) = parse_blocks(bytes, path) {
            assert_eq!(write_blocks(&layout, path).as_deref(), Some(bytes));
            used(layout);
        }
    };
    check(input);
    if let Some(body) = input.get(BLOCKS.len() + 32..) {
        check(&[&input[..BLOCKS.len()], &Sha256::digest(body), body].concat());
    }
}

/// Whatever it says of a CAR file, what is read of that is an error, nothing, or bytes; and what is
/// added is there.
fn used(layout: Layout) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [path, more] = ["a", "b"].map(|name| folder.path().join(name));
    let car = |path: &Path, text: &[u8]| {
        let (cid, mut writer) = (sha256_cid(RAW, text), CarWriter::create(path).expect("a file"));
        writer.put(&cid, text).and_then(|()| writer.finish(&cid)).expect("a CAR file");
        cid
    };
    let (one, two) = (car(&path, &[1; 900]), car(&more, b"two"));
    let file = || std::fs::File::options().read(true).write(true).open(&path).expect("a file");
    let Some(blocks) = layout.blocks(file()) else { return };
    for cid in [one, two, Cid::new_v1(RAW, Multihash::wrap(0x12, &[1; 32]).expect("short"))] {
        let found = blocks.get(&cid);
        assert!(blocks.has(&cid) || found.is_ok_and(|block| block.is_none()));
    }
    assert!(blocks.end() <= file().metadata().expect("a file").len());
    if let Ok(both) = blocks.append(file(), &more, &two) {
        assert!(both.get(&two).is_ok_and(|block| block.is_some_and(|block| *block == *b"two")));
        let again = CarBlocks::unchecked(file()).expect("a CAR file");
        assert!(again.has(&one) && again.has(&two));
    }
}

fn whole(body: &[u8]) -> Vec<u8> {
    sealed(HEAD, body)
}

fn sealed(head: &[u8], body: &[u8]) -> Vec<u8> {
    [head, &Sha256::digest(body), body].concat()
}

/// Of no block, and of two under a root.
pub fn block_seeds() -> Vec<Vec<u8>> {
    let head = [&[2][..], b"/w", &[7; 40], &1000_u64.to_le_bytes()].concat();
    let root = [&[1, 36, 1, 0x70, 0x12, 0x20][..], &[3; 32]].concat();
    let row = |byte: u8| [&[byte; 32][..], &[0x55], &[0; 7], &[byte], &[byte, 0, 0, 0]].concat();
    // The second fits the file on which it is tried, whose root is another's.
    let short = [&head[..head.len() - 8], &900_u64.to_le_bytes()].concat();
    let one = sha256_cid(RAW, &[1; 900]).to_bytes();
    let seeds = [
        [&head[..], &[0]].concat(),
        [&short[..], &root, &row(1), &row(2)].concat(),
        [&short[..], &[1, 36], &one, &row(1), &row(2)].concat(),
    ];
    let seeds = seeds.map(|body| sealed(BLOCKS, &body));
    assert!(seeds.iter().all(|seed| parse_blocks(seed, Path::new("/w")).is_some()), "{seeds:?}");
    seeds.into()
}

/// An empty one, and one with all that can be known.
pub fn seeds() -> Vec<Vec<u8>> {
    let named = |kind: u8, name: &str, known: u8| {
        let stamp = [7; 40];
        [&[kind, name.len() as u8][..], name.as_bytes(), &[known], &stamp].concat()
    };
    let node = |is_raw: u8| [&[is_raw][..], &[1; 32], &[9]].concat();
    let valid = [&[4; 16][..], &[0], &[5; 20], &[3, 1], &[6; 20], &[3], b"abi"].concat();
    let file = [named(2, "a.json", 15), node(1), vec![2; 16], vec![3; 16], valid].concat();
    let head = |settled: &[u8]| [&[2][..], b"/w", &1_000_000_i64.to_le_bytes(), settled].concat();
    let folder = [named(1, ".well-known", 1), node(0), vec![2], file, named(2, "b", 0)].concat();
    let settled = [&[1][..], &[8; 16]].concat();
    let some = [&[1][..], &folder].concat();
    let seeds = [(&[0][..], vec![0]), (&some[..], settled)];
    let seeds = seeds.map(|(entries, settled)| whole(&[&head(&settled)[..], entries].concat()));
    assert!(seeds.iter().all(|seed| parse_index(seed, Path::new("/w")).is_some()), "{seeds:?}");
    seeds.into()
}
