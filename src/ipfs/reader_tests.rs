use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::block::{BlockSink, MemoryBlocks, sha256_cid};
use super::super::reader_file::{FileParts, read_file};
use super::super::reader_walk::{Met, Walk, check_complete, walk_paths};
use super::super::tree_budget::TreeLimits;
use super::super::{Packed, pack_files};
use super::*;

fn list(source: &dyn BlockSource, cid: &Cid) -> Result<Vec<Entry>, ReadError> {
    super::list(source, cid, &TreeBudget::new(TreeLimits::WHOLE))
}

fn pack(files: &[(String, Vec<u8>)]) -> (Packed, MemoryBlocks) {
    let mut blocks = MemoryBlocks::new();
    let files = files.iter().map(|(path, content)| (path, content));
    (pack_files(files, &mut blocks).unwrap(), blocks)
}

fn subnames(n: usize) -> Vec<(String, Vec<u8>)> {
    let file = |i| (format!("domain/sub{i:05}/60.json"), format!("{{\"data\":\"0x{i}\"}}"));
    (0..n).map(file).map(|(path, content)| (path, content.into_bytes())).collect()
}

fn split(path: &str) -> Vec<&str> {
    path.split('/').collect()
}

/// Puts a dag-pb block of the given hexadecimal bytes.
fn put(blocks: &mut MemoryBlocks, block: &[u8]) -> Cid {
    let cid = sha256_cid(DAG_PB, block);
    blocks.put(&cid, block).unwrap();
    cid
}

/// A dag-pb node of named links and UnixFS data.
fn node(links: &[(&str, &Cid)], data: &[u8]) -> Vec<u8> {
    let field = |tag: u8, bytes: &[u8]| {
        let mut length = unsigned_varint::encode::usize_buffer();
        let length = unsigned_varint::encode::usize(bytes.len(), &mut length);
        [&[tag], length, bytes].concat()
    };
    let mut block = Vec::new();
    for (name, cid) in links {
        let link = [field(0x0a, &cid.to_bytes()), field(0x12, name.as_bytes())].concat();
        block.extend(field(0x12, &link));
    }
    block.extend(field(0x0a, data));
    block
}

const SHARD: &[u8] = b"\x08\x05\x28\x22\x30\x80\x02";

#[test]
fn every_file_of_a_sharded_directory_is_found_by_few_blocks() {
    let files = subnames(6000);
    let (packed, blocks) = pack(&files);
    for (path, content) in files.iter().step_by(29) {
        let found = resolve(&blocks, &packed.root, &split(path)).unwrap();
        assert_eq!(found.kind, Kind::File { size: content.len() as u64 });
        assert_eq!(found.visited[0], packed.root);
        assert_eq!(found.visited.last(), Some(&found.cid));
        assert!(found.visited.len() <= 7, "{path}: {}", found.visited.len());
        // The visited blocks alone prove it.
        let mut proof = MemoryBlocks::new();
        for cid in &found.visited {
            proof.insert(*cid, blocks.get(cid).unwrap().unwrap());
        }
        assert_eq!(resolve(&proof, &packed.root, &split(path)).unwrap(), found);
        assert_eq!(read_file(&proof, &found.cid, 1000).unwrap(), content);
    }
    let missing = resolve(&blocks, &packed.root, &["domain", "sub99999", "60.json"]);
    assert!(matches!(missing, Err(ReadError::NotFound { name, .. }) if name == "sub99999"));

    let domain = resolve(&blocks, &packed.root, &["domain"]).unwrap();
    assert_eq!(domain.kind, Kind::Directory);
    let entries = list(&blocks, &domain.cid).unwrap();
    let names: Vec<_> = entries.iter().map(|entry| entry.name.clone()).collect();
    assert_eq!(names, (0..6000).map(|i| format!("sub{i:05}")).collect::<Vec<_>>());
}

#[test]
fn files_of_several_chunks_come_back_whole() {
    let content: Vec<u8> = (0..2_500_000u32).map(|i| (i ^ (i >> 8)) as u8).collect();
    let (packed, blocks) = pack(&[("big".into(), content.clone()), ("empty".into(), vec![])]);
    let big = resolve(&blocks, &packed.root, &["big"]).unwrap();
    assert_eq!(big.kind, Kind::File { size: 2_500_000 });
    let read = read_file(&blocks, &big.cid, 2_500_000).unwrap();
    assert_eq!(read, content);
    let refused = read_file(&blocks, &big.cid, 2_499_999);
    assert!(matches!(refused, Err(ReadError::TooLarge { size: 2_500_000, max: 2_499_999, .. })));

    let empty = resolve(&blocks, &packed.root, &["empty"]).unwrap();
    assert_eq!(read_file(&blocks, &empty.cid, 0).unwrap(), "");
    assert_eq!(list(&blocks, &packed.root).unwrap().len(), 2);
}

#[test]
fn walking_meets_every_block_once() {
    let (packed, blocks) = pack(&subnames(5500));
    let mut walk = Walk::new(&packed.root, TreeBudget::new(TreeLimits::WHOLE));
    let met = std::iter::from_fn(|| walk.next(&blocks)).map(|block| block.unwrap().0);
    let met: Vec<Cid> = met.collect();
    assert_eq!(met[0], packed.root);
    assert_eq!(met.len() as u64, packed.blocks);
    assert_eq!(met.iter().collect::<BTreeSet<_>>().len(), met.len());
    let few = TreeBudget::new(TreeLimits { blocks: 9, ..TreeLimits::WHOLE });
    let mut walk = Walk::new(&packed.root, few);
    let stopped = std::iter::from_fn(|| walk.next(&blocks)).last().unwrap();
    assert!(matches!(stopped, Err(ReadError::OverBudget(over)) if over.what == "blocks"));
    assert!(walk.next(&blocks).is_none());
}

#[test]
fn missing_changed_and_failing_blocks_are_named() {
    let (packed, mut blocks) = pack(&subnames(2));
    let found = resolve(&blocks, &packed.root, &["domain", "sub00001", "60.json"]).unwrap();
    let middle = found.visited[1];
    let original = blocks.remove(&middle).unwrap();
    let error = resolve(&blocks, &packed.root, &["domain", "x"]).unwrap_err();
    assert!(matches!(error, ReadError::Missing(cid) if cid == middle));
    assert!(matches!(check_complete(&blocks, &packed.root), Err(ReadError::Missing(_))));

    blocks.insert(middle, [&original[..], b"x"].concat().into());
    let error = resolve(&blocks, &packed.root, &["domain", "x"]).unwrap_err();
    assert!(matches!(error, ReadError::Block(BlockError::Hash(cid)) if cid == middle));

    struct Broken;
    impl BlockSource for Broken {
        fn get(&self, _: &Cid) -> io::Result<Option<Bytes>> {
            Err(io::Error::other("no disk"))
        }
    }
    assert!(matches!(list(&Broken, &packed.root), Err(ReadError::Source { .. })));
}

#[test]
fn paths_stop_at_files_and_kinds_are_checked() {
    let (packed, mut blocks) = pack(&[("a".into(), b"x".to_vec())]);
    let file = resolve(&blocks, &packed.root, &["a"]).unwrap();
    let error = resolve(&blocks, &packed.root, &["a", "b"]).unwrap_err();
    assert!(matches!(error, ReadError::NotDirectory(cid) if cid == file.cid));
    assert!(matches!(list(&blocks, &file.cid), Err(ReadError::NotDirectory(_))));
    assert!(matches!(read_file(&blocks, &packed.root, 9), Err(ReadError::NotFile(_))));
    let json = Cid::new_v1(0x0129, *file.cid.hash());
    assert!(matches!(resolve(&blocks, &json, &[]), Err(ReadError::Codec { codec: 0x0129, .. })));

    let inline: Cid = "bafkqablimvwgy3y".parse().unwrap();
    assert_eq!(read_file(&MemoryBlocks::new(), &inline, 9).unwrap(), "hello");

    let link = put(&mut blocks, &node(&[], b"\x08\x04\x12\x04../a"));
    let target = "../a".to_owned();
    assert_eq!(resolve(&blocks, &link, &[]).unwrap().kind, Kind::Symlink { target });
}

#[test]
fn hostile_nodes_are_refused() {
    let mut blocks = MemoryBlocks::new();
    let leaf = sha256_cid(RAW, b"leaf");
    blocks.put(&leaf, b"leaf").unwrap();
    let mut reason = |block: &[u8]| {
        let cid = put(&mut blocks, block);
        match list(&blocks, &cid).and_then(|_| read_file(&blocks, &cid, 100)) {
            Err(ReadError::Malformed { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    };
    assert!(reason(b"\xff").starts_with("not dag-pb"));
    assert_eq!(reason(b""), "a dag-pb node without UnixFS data");
    assert_eq!(reason(&node(&[], b"")), "a UnixFS node without a type");
    assert_eq!(reason(&node(&[], b"\x08\x03")), "a UnixFS node of type 3");
    for fanout in [b"\x30\x04".as_slice(), b"\x30\x0c", b"\x30\x80\x10", b""] {
        let odd = reason(&node(&[], &[b"\x08\x05\x28\x22", fanout].concat()));
        assert_eq!(odd, "a HAMT that does not use murmur3-x64-64 and 8 to 1,024 buckets");
    }
    let sizes = "a file with more or fewer links than sizes";
    assert_eq!(reason(&node(&[("", &leaf)], b"\x08\x02\x18\x04")), sizes);
    let sum = "a file whose parts do not add up to its size";
    assert_eq!(reason(&node(&[("", &leaf)], b"\x08\x02\x18\x00\x20\x00")), sum);
    assert_eq!(reason(&node(&[("", &leaf)], b"\x08\x02\x18\x05\x20\x04")), sum);
    for name in ["", "0", "0g", "0aname", "+1name", "é", "aéb"] {
        let shard = node(&[(name, &leaf)], SHARD);
        assert_eq!(reason(&shard), "a HAMT link without its bucket", "{name}");
    }
    assert_eq!(reason(&node(&[("00", &leaf)], SHARD)), "not the HAMT part it should be");
    let twice = node(&[("a", &leaf), ("a", &leaf)], b"\x08\x01");
    assert_eq!(reason(&twice), "\"a\" is there twice");
}

#[test]
fn chains_and_false_sizes_are_refused() {
    let mut blocks = MemoryBlocks::new();
    let leaf = sha256_cid(RAW, b"leaf");
    blocks.put(&leaf, b"leaf").unwrap();
    let file = |blocks: &mut MemoryBlocks, child: &Cid, size: u8| {
        put(blocks, &node(&[("", child)], &[8, 2, 0x18, size, 0x20, size]))
    };
    let good = file(&mut blocks, &leaf, 4);
    assert_eq!(read_file(&blocks, &good, 4).unwrap(), "leaf");
    let lying = file(&mut blocks, &leaf, 3);
    assert!(matches!(read_file(&blocks, &lying, 9), Err(ReadError::Malformed { .. })));

    let mut long = leaf;
    for _ in 0..=MAX_LEVELS {
        long = file(&mut blocks, &long, 4);
    }
    let error = read_file(&blocks, &long, 9).unwrap_err();
    assert!(matches!(error, ReadError::Bound { what: "levels", .. }));

    let crumbs = vec![("", &leaf); 100];
    let sizes = [0x20, 4].repeat(100);
    let crumbled = node(&crumbs, &[&[8, 2, 0x18, 0x90, 0x03][..], &sizes].concat());
    let crumbled = put(&mut blocks, &crumbled);
    let error = read_file(&blocks, &crumbled, 1000).unwrap_err();
    assert!(matches!(error, ReadError::Bound { what: "parts", .. }));

    let mut shard = put(&mut blocks, &node(&[], SHARD));
    assert!(list(&blocks, &shard).unwrap().is_empty());
    let inner = put(&mut blocks, &node(&[("00a", &leaf)], SHARD));
    let twice = put(&mut blocks, &node(&[("00", &inner), ("01", &inner)], SHARD));
    let error = list(&blocks, &twice).unwrap_err();
    assert!(error.to_string().ends_with("a HAMT that has a part twice"), "{error}");
    shard = put(&mut blocks, &node(&[("00", &shard)], SHARD));
    assert!(matches!(list(&blocks, &shard), Err(ReadError::Malformed { .. })));
}

#[test]
fn ranges_are_read_from_the_blocks_that_hold_them() {
    let content: Vec<u8> = (0..5_500_000u32).map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8).collect();
    let (packed, mut blocks) = pack(&[("big".into(), content.clone())]);
    let big = resolve(&blocks, &packed.root, &["big"]).unwrap().cid;
    let size = content.len() as u64;
    let read = |blocks: &MemoryBlocks, range: std::ops::Range<u64>| {
        let mut parts = FileParts::new(&big, size, range);
        let parts = std::iter::from_fn(|| parts.next(blocks)).collect::<Result<Vec<_>, _>>();
        parts.map(|parts| parts.concat())
    };
    for range in [0..size, 0..1, 1_048_575..1_048_577, size - 1..size, 7..7, 3_000_000..5_000_000] {
        let expected = &content[range.start as usize..range.end as usize];
        assert!(read(&blocks, range.clone()).unwrap() == expected, "{range:?}");
    }
    // Without the third chunk, what the others hold can be had.
    let third = sha256_cid(RAW, &content[2 << 20..3 << 20]);
    blocks.remove(&third).unwrap();
    assert_eq!(read(&blocks, 0..2 << 20).unwrap().len(), 2 << 20);
    assert_eq!(read(&blocks, 3 << 20..size).unwrap(), content[3 << 20..]);
    assert!(matches!(read(&blocks, 0..size), Err(ReadError::Missing(cid)) if cid == third));
}

/// Levels of directories, each with two links to the next.
fn many_paths(blocks: &mut MemoryBlocks, levels: usize) -> Cid {
    let mut below = put(blocks, &node(&[], b"\x08\x01"));
    for _ in 0..levels {
        below = put(blocks, &node(&[("a", &below), ("b", &below)], b"\x08\x01"));
    }
    below
}

#[test]
fn paths_are_walked_as_far_as_the_budget_goes() {
    let mut blocks = MemoryBlocks::new();
    let top = many_paths(&mut blocks, 60);
    let over = |limits: TreeLimits| {
        let all = &mut |_: &str, _: &Entry| Ok(true);
        let walked = walk_paths(&blocks, &top, &TreeBudget::new(limits), all, &mut |_: Met| Ok(()));
        match walked {
            Err(ReadError::OverBudget(over)) => over.what,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(over(TreeLimits::default()), "directories");
    let few = TreeLimits { directories: u64::MAX, ..TreeLimits::default() };
    assert_eq!(over(few), "entries of directories");
    check_complete(&blocks, &top).unwrap();

    let names = |wanted: &dyn Fn(&str, &str) -> bool| {
        let (packed, blocks) = pack(&[("a/b".into(), vec![]), ("c/d/e".into(), vec![])]);
        let mut met = Vec::new();
        let budget = TreeBudget::new(TreeLimits { directories: 3, ..TreeLimits::default() });
        let wanted = &mut |folder: &str, entry: &Entry| Ok(wanted(folder, &entry.name));
        let visit = &mut |Met { path, .. }: Met| {
            met.push(path);
            Ok::<(), ReadError>(())
        };
        let walked = walk_paths(&blocks, &packed.root, &budget, wanted, visit);
        walked.map(|()| met).map_err(|error| error.to_string())
    };
    assert!(names(&|_, _| true).unwrap_err().starts_with("more than 3 directories"));
    assert_eq!(names(&|folder, name| (folder, name) != ("", "a")).unwrap(), ["c/d/e"]);
    assert_eq!(names(&|folder, name| (folder, name) != ("c/", "d")).unwrap(), ["a/b"]);
}

/// A HAMT of `names`, each an empty file, with 2^`bits` buckets.
fn hamt(blocks: &mut MemoryBlocks, bits: u32, used: u32, names: &[String]) -> Cid {
    let bucket = |name: &String| {
        let mut buckets = Buckets::of(name);
        (0..=used).map(|_| buckets.next(bits).unwrap()).last().unwrap()
    };
    let digits = bits.div_ceil(4) as usize;
    let mut parts: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    names.iter().for_each(|name| parts.entry(bucket(name)).or_default().push(name.clone()));
    let links: Vec<(String, Cid)> = parts
        .into_iter()
        .map(|(bucket, names)| match names.as_slice() {
            [name] => (format!("{bucket:0digits$X}{name}"), sha256_cid(RAW, b"")),
            names => (format!("{bucket:0digits$X}"), hamt(blocks, bits, used + 1, names)),
        })
        .collect();
    let links: Vec<(&str, &Cid)> = links.iter().map(|(name, cid)| (name.as_str(), cid)).collect();
    let mut fanout = unsigned_varint::encode::u64_buffer();
    let fanout = unsigned_varint::encode::u64(1 << bits, &mut fanout);
    put(blocks, &node(&links, &[b"\x08\x05\x28\x22\x30", fanout].concat()))
}

#[test]
fn hamts_of_every_fanout_are_read() {
    let mut names: Vec<String> = (0..400).map(|n| format!("name {n}")).collect();
    names.sort();
    for bits in 3..=10 {
        let mut blocks = MemoryBlocks::new();
        blocks.put(&sha256_cid(RAW, b""), b"").unwrap();
        let root = hamt(&mut blocks, bits, 0, &names);
        let listed: Vec<String> =
            list(&blocks, &root).unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(listed, names, "{bits}");
        for name in &names {
            let found = resolve(&blocks, &root, &[name]).unwrap();
            assert_eq!(found.kind, Kind::File { size: 0 }, "{bits} {name}");
        }
        assert!(matches!(resolve(&blocks, &root, &["none"]), Err(ReadError::NotFound { .. })));
    }
    // As Kubo's own: the first byte of the hash, then the next.
    let mut buckets = Buckets::of("name 0");
    let wide = [buckets.next(8).unwrap(), buckets.next(8).unwrap()];
    let mut buckets = Buckets::of("name 0");
    let narrow = (0..4).fold(0, |all, _| all << 4 | buckets.next(4).unwrap());
    assert_eq!(narrow, wide[0] << 8 | wide[1]);
}

/// A directory with an entry whose CID holds 65 bytes, beside a record (IPLD's limit is 128).
#[test]
fn what_is_not_ours_does_not_keep_ours_from_being_read() {
    let car = "OqJlcm9vdHOB2CpYJQABcBIg6PyC9HmbZrH7KfciU5qki1r3NLMeQsiEzTWiDMzaERFndmVyc2lvbgGjAQFwEiDo/IL0eZtmsfsp9yJTmqSLWvc0sx5CyITNNaIMzNoRERJMCkUBVQBBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUESAWEYQRIrCiQBVRIgLXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIESAWIYAQoCCAElAVUSIC1xFkK3JrBEAWJ8qfusMvXIUw+xkDzE2wIlhxeSGkiBeA==";
    let car = data_encoding::BASE64.decode(car.as_bytes()).unwrap();
    let car = super::super::CarReader::new(&car[..]).unwrap();
    let (root, mut blocks) = (car.roots()[0], MemoryBlocks::new());
    car.for_each(|block| {
        let (cid, data) = block.unwrap();
        blocks.insert(cid, data);
    });
    let names: Vec<(String, bool)> = list(&blocks, &root)
        .unwrap()
        .into_iter()
        .map(|entry| (entry.name, entry.cid.is_ok()))
        .collect();
    assert_eq!(names, [("a".to_owned(), false), ("b".to_owned(), true)]);
    let b = resolve(&blocks, &root, &["b"]).unwrap();
    assert_eq!(read_file(&blocks, &b.cid, 9).unwrap(), "x");
    let error = resolve(&blocks, &root, &["a"]).unwrap_err();
    assert!(error.to_string().contains("more than 64 bytes"), "{error}");
    check_complete(&blocks, &root).unwrap();

    // A name that is no UTF-8.
    let leaf = sha256_cid(RAW, b"leaf");
    blocks.put(&leaf, b"leaf").unwrap();
    let mut block = node(&[("a", &leaf), ("\u{0}\u{0}", &leaf)], b"\x08\x01");
    let at = block.windows(2).position(|bytes| bytes == [0, 0]).unwrap();
    block[at..at + 2].copy_from_slice(&[0xff, 0xfe]);
    let root = put(&mut blocks, &block);
    assert_eq!(resolve(&blocks, &root, &["a"]).unwrap().cid, leaf);
    assert_eq!(list(&blocks, &root).unwrap().iter().filter(|entry| entry.cid.is_ok()).count(), 1);
}

proptest! {
    #[test]
    fn arbitrary_blocks_do_not_panic(block in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut blocks = MemoryBlocks::new();
        for block in [block.clone(), node(&[], &block)] {
            let cid = put(&mut blocks, &block);
            let _ = list(&blocks, &cid);
            let _ = read_file(&blocks, &cid, 1000);
            let _ = resolve(&blocks, &cid, &["a"]);
        }
    }
}
