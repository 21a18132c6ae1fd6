//! What is known of a workspace's files, and of the blocks of its tree, as somebody may have changed
//! it.

use std::path::Path;

use namesys::index::{parse_blocks, parse_index, write_blocks, write_index};
use sha2::{Digest, Sha256};

/// What stands before the hash of the places of blocks.
const BLOCKS: &[u8] = b"namesys blocks 1\n";
/// What stands before that of the index.
const HEAD: &[u8] = concat!("namesys index 1 of ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

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
        }
    };
    check(input);
    if let Some(body) = input.get(BLOCKS.len() + 32..) {
        check(&[&input[..BLOCKS.len()], &Sha256::digest(body), body].concat());
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
    let seeds = [[&head[..], &[0]].concat(), [&head[..], &root, &row(1), &row(2)].concat()];
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
    let head = [&[2][..], b"/w", &1_000_000_i64.to_le_bytes()].concat();
    let folder = [named(1, ".well-known", 1), node(0), vec![2], file, named(2, "b", 0)].concat();
    let seeds = [&[0][..], &[&[1][..], &folder].concat()];
    let seeds = seeds.map(|entries| whole(&[&head[..], entries].concat()));
    assert!(seeds.iter().all(|seed| parse_index(seed, Path::new("/w")).is_some()), "{seeds:?}");
    seeds.into()
}
