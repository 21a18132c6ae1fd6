//! Drives the targets: the corpus as it is, then bytes made from it by a few changes each.
//!
//! With `CI=true` each target runs 5 seconds, otherwise 1; `NAMESYS_FUZZ_SECONDS` says otherwise.
//! `NAMESYS_SEED` gives other bytes. What fails is shrunk and printed in hex: put it into
//! `tests/fuzz-corpus/<target>/`, where it is replayed from then on.

use std::path::Path;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::{seeds, targets};

/// Inputs that are longer show nothing new, and take long.
const MAX_BYTES: usize = 16 * 1024;
/// No input may take so long, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

macro_rules! fuzz {
    ($($target:ident),* $(,)?) => {
        /// Each target by its name.
        pub const TRIALS: &[(&str, fn())] = &[
            $((concat!("fuzz::", stringify!($target)), || {
                run(stringify!($target), targets::$target, seeds::$target());
            }),)*
            ("fuzz::targets_are_listed", targets_are_listed),
        ];

        /// Every target by its name, for another driver.
        fn targets_are_listed() {
            let listed: Vec<&str> = targets::ALL.iter().map(|(name, _)| *name).collect();
            assert_eq!(listed, [$(stringify!($target)),*]);
        }
    };
}

fuzz!(
    names,
    record_texts,
    contenthash,
    config_toml,
    records_toml,
    published_toml,
    plan_file,
    csv,
    tables,
    car,
    dag_pb,
    ipns_record,
    revision,
    abi_payload,
    keystore,
    key_files,
    sealed_files,
    agent_line,
    redaction,
    gateway_template,
    ccip_answer,
    recordhash,
    private_keys,
    index,
    invoice,
    signature_files,
    device_answers,
    browser_page,
    blocks,
    deferral,
    version_told,
    posted_body,
    backup_line,
    database_url,
    graphql,
    resolver_call,
    meta_address,
    announcement,
    stealth_state,
);

/// A change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Set(Index, u8),
    Remove(Index, u16),
    Repeat(Index, u16, u8),
    Insert(Index, Vec<u8>),
    /// A number of so many bytes that parsers stumble over.
    Number(Index, u8, u8),
    /// What follows is of another seed.
    Splice(Index, Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at(), 1..64_u16).prop_map(|(at, count)| Change::Remove(at, count)),
        (at(), 1..64_u16, 1..8_u8).prop_map(|(at, count, times)| Change::Repeat(at, count, times)),
        (at(), vec(any::<u8>(), 1..6)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (at(), prop::sample::select(&WORDS[..]))
            .prop_map(|(at, word)| Change::Insert(at, word.as_bytes().to_vec())),
        (at(), 0..4_u8, 0..4_u8).prop_map(|(at, width, which)| Change::Number(at, width, which)),
        (at(), at(), at()).prop_map(|(at, seed, from)| Change::Splice(at, seed, from)),
    ]
}

/// Words of the formats, and characters that text parsers stumble over.
static WORDS: [&str; 28] = [
    ".", "/", "..", "0x", "\"", "'", "{", "}", "[", "]", "=", "\n", "\r\n", ",", "é", "\u{202e}",
    "\u{200d}", "\u{fe0f}", "🏴", "xn--", "ipfs://", "https://", "{ipns}", "@", "#", "%2f", "-",
    "\0",
];

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let place = |at: &Index, bytes: &[u8]| at.index(bytes.len() + 1);
        let cut =
            |at: usize, count: u16, bytes: &[u8]| at..(at + usize::from(count)).min(bytes.len());
        match self {
            Self::Flip(at, bit) => change_byte(bytes, at, |byte| byte ^ (1 << bit)),
            Self::Set(at, byte) => change_byte(bytes, at, |_| *byte),
            Self::Remove(at, count) => {
                let range = cut(place(at, bytes), *count, bytes);
                drop(bytes.drain(range));
            }
            Self::Repeat(at, count, times) => {
                let range = cut(place(at, bytes), *count, bytes);
                let part = bytes[range.clone()].repeat(usize::from(*times));
                bytes.splice(range.end..range.end, part);
            }
            Self::Insert(at, part) => {
                let at = place(at, bytes);
                bytes.splice(at..at, part.iter().copied());
            }
            Self::Number(at, width, which) => {
                let number = [0, u64::MAX, 1 << 63, u64::MAX >> 1][usize::from(*which)];
                let part = &number.to_be_bytes()[..1 << width];
                let at = place(at, bytes);
                let end = (at + part.len()).min(bytes.len());
                bytes.splice(at..end, part.iter().copied());
            }
            Self::Splice(at, seed, from) => {
                let other = seed.get(seeds);
                bytes.truncate(place(at, bytes));
                bytes.extend(&other[place(from, other)..]);
            }
        }
        bytes.truncate(MAX_BYTES);
    }
}

fn change_byte(bytes: &mut [u8], at: &Index, change: impl Fn(u8) -> u8) {
    if !bytes.is_empty() {
        let byte = at.get_mut(bytes);
        *byte = change(*byte);
    }
}

/// Replays the corpus of `name`, and then runs `target` on what follows from it until its time is
/// over.
fn run(name: &str, target: fn(&[u8]), mut seeds: Vec<Vec<u8>>) {
    seeds.extend(corpus(name));
    for seed in &seeds {
        timed(target, seed);
    }
    let seed: u64 = number("NAMESYS_SEED").unwrap_or(1);
    let seconds = if std::env::var_os("CI").is_some() { 5 } else { 1 };
    let end =
        Instant::now() + Duration::from_secs(number("NAMESYS_FUZZ_SECONDS").unwrap_or(seconds));
    let config = Config { failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed.to_be_bytes(); 4].concat());
    let mut runner = TestRunner::new_with_rng(config, rng);
    let known = seeds.clone();
    let inputs = (any::<Index>(), vec(change(), 0..7)).prop_map(move |(of, changes)| {
        let mut bytes = of.get(&known).clone();
        changes.iter().for_each(|change| change.apply(&mut bytes, &known));
        bytes
    });
    let mut count = 0_u64;
    while Instant::now() < end {
        let tree = inputs.new_tree(&mut runner).unwrap();
        count += 1;
        let result = runner.run_one(tree, |input| {
            timed(target, &input);
            Ok(())
        });
        if let Err(proptest::test_runner::TestError::Fail(why, input)) = result {
            panic!(
                "{name}: {why}\nseed {seed}, input {count}: {}",
                alloy_primitives::hex::encode(input)
            );
        }
    }
    assert!(count > 0);
}

/// What once failed.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz-corpus").join(name);
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn timed(target: fn(&[u8]), input: &[u8]) {
    let start = Instant::now();
    target(input);
    assert!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}
