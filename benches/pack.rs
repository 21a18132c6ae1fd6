//! Packing: how many small files a second become UnixFS blocks, without disk.
//!
//! `cargo bench --bench pack`; the goal is 300,000 a second.

use std::io;

use cid::Cid;
use divan::Bencher;
use divan::counter::ItemsCount;
use namesys::ipfs::{BlockSink, pack_files};

const FILES: usize = 300_000;

/// Takes blocks as fast as can be.
struct Nowhere(u64);

impl BlockSink for Nowhere {
    fn put(&mut self, _: &Cid, data: &[u8]) -> io::Result<()> {
        self.0 += data.len() as u64;
        Ok(())
    }
}

fn main() {
    divan::main();
}

/// Text records of 3,000 subnames, a hundred each: one block a file.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn records_of_3000_subnames(bencher: Bencher) {
    pack(bencher, |i| {
        format!(".well-known/eth/domain/sub{:05}/text/key-{:03}.json", i / 100, i % 100)
    });
}

/// One address for each of 300,000 subnames: three blocks a file, one directory of 300,000.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn one_record_of_300000_subnames(bencher: Bencher) {
    pack(bencher, |i| format!(".well-known/eth/domain/sub{i:06}/address/60.json"));
}

fn pack(bencher: Bencher, path: impl Fn(usize) -> String) {
    // The size of a signed record with its approval.
    let content = |i: usize| format!("{{\"data\":\"0x{i:0>1024x}\"}}").into_bytes();
    let files: Vec<_> = (0..FILES).map(|i| (path(i), content(i))).collect();
    bencher.counter(ItemsCount::new(FILES)).bench(|| {
        let files = files.iter().map(|(path, content)| (path, content));
        let packed = pack_files(files, &mut Nowhere(0)).expect("the paths are good");
        assert!(packed.blocks >= FILES as u64);
        packed
    });
}
