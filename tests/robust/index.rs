//! The index of a workspace's files, as somebody may have changed it.

use std::path::Path;

use namesys::index::{parse_index, write_index};
use sha2::{Digest, Sha256};

/// What stands before the hash.
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

fn whole(body: &[u8]) -> Vec<u8> {
    [HEAD, &Sha256::digest(body), body].concat()
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
