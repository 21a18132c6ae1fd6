use std::time::Duration;

use super::*;
use crate::ipfs::{MemoryBlocks, TreeLimits};
use crate::keys::{SignerKey, Storage};
use crate::published::compare::tests::packed;
use crate::record::record_path;
use crate::workspace::RecordedKeys;

/// The files of records of nick.eth, signed by the owner itself.
struct Signer(SignerKey);

impl Signer {
    fn new(byte: u8) -> Self {
        Self(SignerKey::from_scalar(&[byte; 32].into()).unwrap())
    }

    fn file(&self, name: &str, key: &str, value: &str) -> (String, String) {
        let (name, key) = (Name::parse(name).unwrap(), RecordKey::parse(key).unwrap());
        let value = Value::parse(&key, value).unwrap();
        let record = self.0.sign_record(&name, &key, &value, 1, None);
        let json = RecordFile::new(&record.encode()).to_json();
        (record_path(&name, &key), String::from_utf8(json).unwrap())
    }
}

fn judge(owner: &Signer, wanted: &str) -> Judge {
    let name = Name::parse("nick.eth").unwrap();
    let mut config = Config::new(name.clone(), Storage::Domain, Storage::Domain, 1);
    let keys = RecordedKeys { wallet: Some(owner.0.address()), ..RecordedKeys::default() };
    config.record_keys(&keys).unwrap();
    Judge::new(&config, Some(Records::parse(wanted, &[name]).unwrap()), Missing::IsLost)
}

type Files<'a> = &'a [(String, String)];

fn judged(judge: &Judge, base: Option<Files<'_>>, there: Files<'_>, here: Files<'_>) -> Judged {
    let mut blocks = MemoryBlocks::new();
    let mut pack = |files: Files<'_>| {
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (&**p, &**t)).collect();
        packed(&mut blocks, &files)
    };
    let roots = Roots { base: base.map(&mut pack), there: pack(there), here: pack(here) };
    judge.judge(&blocks, &roots, &TreeBudget::new(TreeLimits::default())).unwrap()
}

fn lost(judged: &Judged) -> Vec<String> {
    judged.losses.iter().map(ToString::to_string).collect()
}

const AVATAR: &str = "[\"nick.eth\"]\n\"text/avatar\" = \"a\"\n";

#[test]
fn what_was_set_changed_or_removed_there_is_lost() {
    let signer = Signer::new(1);
    let judge = judge(&signer, AVATAR);
    let avatar = |value| signer.file("nick.eth", "text/avatar", value);
    let url = |value| signer.file("nick.eth", "text/url", value);
    let (base, set) = ([avatar("a")], [avatar("a"), url("u")]);
    assert_eq!(
        lost(&judged(&judge, Some(&base), &set, &base)),
        ["nick.eth text/url: published \"u\", here nothing, last seen nothing"]
    );
    assert_eq!(
        lost(&judged(&judge, Some(&base), &[avatar("b")], &[avatar("c")])),
        ["nick.eth text/avatar: published \"b\", here \"c\", last seen \"a\""]
    );
    assert_eq!(
        lost(&judged(&judge, Some(&set), &base, &set)),
        ["nick.eth text/url: published nothing, here \"u\", last seen \"u\""]
    );
    // What was known may change, and what is new here was nobody's.
    let changed = judged(&judge, Some(&base), &base, &[avatar("c"), url("u")]);
    assert_eq!(changed, Judged::default());
    // Nothing is known: all that is not so here is lost.
    assert_eq!(judged(&judge, None, &set, &[avatar("b")]).lost, 2);
    assert_eq!(judged(&judge, None, &set, &[avatar("a"), url("u")]), Judged::default());
}

#[test]
fn records_are_compared_by_value_where_ours_verifies() {
    let (ours, theirs) = (Signer::new(1), Signer::new(2));
    let there = [theirs.file("nick.eth", "text/avatar", "a")];
    let here = [ours.file("nick.eth", "text/avatar", "a")];
    assert_eq!(judged(&judge(&ours, AVATAR), None, &there, &here), Judged::default());
    // Ours is nobody's here: the bytes count.
    assert_eq!(judged(&judge(&theirs, AVATAR), None, &there, &here).lost, 1);
    let other = [ours.file("nick.eth", "text/avatar", "b")];
    assert_eq!(judged(&judge(&ours, AVATAR), None, &there, &other).lost, 1);
}

#[test]
fn only_records_that_are_no_longer_wanted_are_removed_on_purpose() {
    let signer = Signer::new(1);
    let judge = judge(&signer, AVATAR);
    let base = [
        signer.file("nick.eth", "text/avatar", "a"),
        signer.file("nick.eth", "text/url", "u"),
        signer.file("other.eth", "text/url", "u"),
        (".well-known/security.txt".to_owned(), "Contact: me".to_owned()),
    ];
    let found = judged(&judge, Some(&base), &base, &[]);
    assert_eq!(found.removed, [".well-known/eth/nick/text/url.json"]);
    assert_eq!(
        lost(&found),
        [
            "nick.eth text/avatar: published \"a\", here nothing, last seen \"a\"",
            "other.eth text/url: published \"u\", here nothing, last seen \"u\"",
            ".well-known/security.txt: published a file of 11 bytes, here nothing, last seen a \
             file of 11 bytes"
        ]
    );
    // An older tree that was asked for.
    let back = Judge { missing: Missing::MayGo, ..judge };
    assert_eq!(judged(&back, Some(&base), &base, &[]).lost, 0);
    // What was set there since is lost to it, too.
    assert_eq!(judged(&back, Some(&base[..3]), &base, &[]).lost, 1);
}

#[test]
fn a_tree_without_end_is_not_read() {
    let mut blocks = MemoryBlocks::new();
    let there = packed(&mut blocks, &[("a/b/c", "1")]);
    let here = packed(&mut blocks, &[("x", "1")]);
    let limits = TreeLimits { directories: 2, ..TreeLimits::default() };
    let judge = judge(&Signer::new(1), AVATAR);
    let roots = Roots { base: None, there, here };
    let start = std::time::Instant::now();
    let outcome = judge.judge(&blocks, &roots, &TreeBudget::new(limits));
    assert!(matches!(outcome, Err(ReadError::OverBudget(_))), "{outcome:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}
