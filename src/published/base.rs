//! What a workspace knows of one IPNS name: rules 2 and 3 of [the model](crate::spec::published).

use cid::Cid;
use jiff::Timestamp;

use crate::ipns::VerifiedRecord;
use crate::multiformats::parse_cid;

/// A tree, and the IPNS record that names it: whoever has the name's key said that it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedTree {
    root: Cid,
    record: VerifiedRecord,
}

/// The root that a record's value names; none where it names something else.
pub(crate) fn root_in(value: &str) -> Option<Cid> {
    parse_cid(value.strip_prefix("/ipfs/")?).ok()
}

impl PublishedTree {
    /// Of a record whose value is a root; `None` of one that names something else.
    pub fn of(record: &VerifiedRecord) -> Option<Self> {
        let root = root_in(&record.fields().value)?;
        Some(Self { root, record: record.clone() })
    }

    /// The tree.
    pub fn root(&self) -> &Cid {
        &self.root
    }

    /// The record.
    pub fn record(&self) -> &VerifiedRecord {
        &self.record
    }

    /// The record's sequence.
    pub fn sequence(&self) -> u64 {
        self.record.fields().sequence
    }
}

/// A record that was made here and not yet seen published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What it names.
    pub tree: PublishedTree,
    /// Whether it is meant to be sent later, so that its sequence is taken.
    pub is_ahead: bool,
    /// Of a series: the newest that was known when it was made, over which alone it is sent.
    pub over: Option<VerifiedRecord>,
    /// Of a [turn](crate::spec::phases): from when on it is to be published.
    pub turn: Option<Timestamp>,
}

/// What is known of an IPNS name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// What was last seen published; none: nothing is known of what is out.
    pub base: Option<PublishedTree>,
    /// What was made since.
    pub signed: Vec<Signed>,
    /// The last tree of the deployed web client that was pulled here. Its trees show what that
    /// client has, and nothing that others published.
    pub client: Option<PublishedTree>,
    /// Why an entry does not count, for a person.
    pub doubt: Option<String>,
}

/// What the base is towards a tree that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Towards {
    /// It is that very tree.
    Itself,
    /// That tree was made later.
    Before(Cid),
    /// It was not made over the base, or nothing is known.
    Empty,
}

impl Known {
    /// What the base is towards `root`, which `record` names.
    pub fn towards(&self, record: &VerifiedRecord, root: &Cid) -> Towards {
        let made_here = |signed: &Signed| signed.tree.record == *record;
        match &self.base {
            Some(base) if base.root == *root => Towards::Itself,
            _ if self.signed.iter().any(made_here) => Towards::Itself,
            Some(base) if record.fields().sequence > base.sequence() => Towards::Before(base.root),
            _ => Towards::Empty,
        }
    }

    /// The highest sequence that no new record may have: the base's, or one signed ahead.
    pub fn reserved(&self) -> Option<&PublishedTree> {
        self.taken().max_by_key(|tree| tree.sequence())
    }

    /// The newest of them before `sequence`.
    pub fn before(&self, sequence: u64) -> Option<&PublishedTree> {
        let before = self.taken().filter(|tree| tree.sequence() < sequence);
        before.max_by_key(|tree| tree.sequence())
    }

    fn taken(&self) -> impl Iterator<Item = &PublishedTree> {
        let ahead = self.signed.iter().filter(|signed| signed.is_ahead).map(|signed| &signed.tree);
        ahead.chain(&self.base)
    }

    /// The sequences that were signed ahead and cannot be sent any more, now that `out` is out:
    /// it stands over them, or over what they were made over.
    pub fn in_vain(&self, out: &VerifiedRecord) -> Vec<u64> {
        let mut ahead: Vec<&PublishedTree> = self
            .signed
            .iter()
            .filter(|signed| signed.is_ahead)
            .map(|signed| &signed.tree)
            .collect();
        ahead.sort_by_key(|tree| tree.sequence());
        let is_out = |tree: &PublishedTree| tree.record == *out;
        let sequence = out.fields().sequence;
        let in_vain = match self.taken().any(is_out) {
            // Those that were left out.
            true => ahead.iter().take_while(|tree| tree.sequence() < sequence).collect(),
            false => {
                let over = |tree: &PublishedTree| self.before(tree.sequence());
                let is_over_it = |tree: &&&PublishedTree| {
                    over(tree).is_some_and(|over| over.sequence() > sequence)
                };
                ahead.iter().skip_while(is_over_it).collect::<Vec<_>>()
            }
        };
        in_vain.into_iter().map(|tree| tree.sequence()).collect()
    }

    /// A record was made here; it is sent, or kept for later.
    pub fn sign(&mut self, tree: PublishedTree, is_ahead: bool) {
        self.put(Signed { tree, is_ahead, over: None, turn: None });
    }

    /// A record of a series was made here, over `over`; it is kept for later.
    pub fn sign_over(&mut self, tree: PublishedTree, over: Option<VerifiedRecord>) {
        self.put(Signed { tree, is_ahead: true, over, turn: None });
    }

    /// As [`sign_over`](Self::sign_over), to be published from `turn` on.
    pub fn sign_turn(
        &mut self,
        tree: PublishedTree,
        over: Option<VerifiedRecord>,
        turn: Timestamp,
    ) {
        self.put(Signed { tree, is_ahead: true, over, turn: Some(turn) });
    }

    /// What was signed for turns and the base has not passed, in order.
    pub fn turns(&self) -> Vec<(Timestamp, &PublishedTree)> {
        let base = self.base.as_ref().map(PublishedTree::sequence);
        let turns = self.signed.iter().filter_map(|one| Some((one.turn?, &one.tree)));
        let mut turns: Vec<_> = turns.filter(|(_, tree)| Some(tree.sequence()) > base).collect();
        turns.sort_by_key(|(_, tree)| tree.sequence());
        // Those above signed the same turns anew.
        let anew = |pair: &[(Timestamp, &PublishedTree)]| pair[1].0 <= pair[0].0;
        let from = turns.windows(2).rposition(anew).map_or(0, |last| last + 1);
        turns.split_off(from)
    }

    fn put(&mut self, new: Signed) {
        self.signed.retain(|signed| signed.tree.record != new.tree.record);
        self.signed.push(new);
    }

    /// It was seen published: it is the base, and what was made before it counts no more.
    pub fn see(&mut self, tree: PublishedTree) {
        self.signed.retain(|signed| signed.tree.sequence() > tree.sequence());
        (self.base, self.doubt) = (Some(tree), None);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ipfs::{RAW, sha256_cid};
    use crate::ipns::{UnverifiedRecord, create};
    use crate::keys::IpnsKey;

    pub(in crate::published) fn root(text: &str) -> Cid {
        sha256_cid(RAW, text.as_bytes())
    }

    /// A record of a key of the tests, valid for long.
    pub(in crate::published) fn record(sequence: u64, value: &str) -> VerifiedRecord {
        let key = IpnsKey::from_seed(&[7; 32].into());
        let validity = "2100-01-01T00:00:00Z".parse().unwrap();
        let bytes = create(&key, value, sequence, validity, Duration::from_secs(60)).unwrap();
        UnverifiedRecord::parse(&bytes).unwrap().verify_signature(&key.name()).unwrap()
    }

    pub(in crate::published) fn tree(sequence: u64, text: &str) -> PublishedTree {
        PublishedTree::of(&record(sequence, &format!("/ipfs/{}", root(text)))).unwrap()
    }

    fn towards(known: &Known, out: &PublishedTree) -> Towards {
        known.towards(out.record(), out.root())
    }

    #[test]
    fn what_was_not_made_over_the_base_has_none() {
        let mut known = Known { base: Some(tree(5, "a")), ..Known::default() };
        assert_eq!(towards(&known, &tree(5, "a")), Towards::Itself);
        assert_eq!(towards(&known, &tree(9, "a")), Towards::Itself, "renewed elsewhere");
        assert_eq!(towards(&known, &tree(6, "b")), Towards::Before(root("a")));
        for sequence in [4, 5] {
            assert_eq!(towards(&known, &tree(sequence, "b")), Towards::Empty, "{sequence}");
        }
        assert_eq!(towards(&Known::default(), &tree(6, "b")), Towards::Empty);
        known.sign(tree(6, "b"), false);
        assert_eq!(towards(&known, &tree(6, "b")), Towards::Itself, "it was made here");
        assert_eq!(towards(&known, &tree(6, "c")), Towards::Before(root("a")));
        // The same tree under another sequence was published by somebody else.
        assert_eq!(towards(&known, &tree(7, "b")), Towards::Before(root("a")));
    }

    #[test]
    fn what_is_sent_reserves_no_sequence_and_what_is_for_later_does() {
        let mut known = Known { base: Some(tree(5, "a")), ..Known::default() };
        known.sign(tree(6, "b"), false);
        assert_eq!(known.reserved().unwrap().sequence(), 5);
        known.sign(tree(9, "b"), true);
        assert_eq!(known.reserved().unwrap().sequence(), 9);
        known.see(tree(6, "b"));
        assert_eq!((known.base.as_ref().unwrap().sequence(), known.signed.len()), (6, 1));
        known.see(tree(9, "b"));
        assert!(known.signed.is_empty(), "the base has passed it");
    }

    #[test]
    fn the_turns_are_those_that_were_signed_last() {
        let mut known = Known { base: Some(tree(5, "a")), ..Known::default() };
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let turns = |known: &Known| -> Vec<u64> {
            known.turns().iter().map(|(_, tree)| tree.sequence()).collect()
        };
        known.sign(tree(6, "x"), true);
        known.sign_turn(tree(7, "b"), None, at(100));
        known.sign_turn(tree(8, "c"), None, at(200));
        assert_eq!(turns(&known), [7, 8]);
        known.sign_turn(tree(9, "d"), None, at(200));
        assert_eq!(turns(&known), [9], "signed anew");
        known.see(tree(9, "d"));
        assert_eq!(turns(&known), [0; 0]);
    }

    #[test]
    fn what_was_signed_ahead_is_in_vain_once_something_else_is_out() {
        let mut known = Known { base: Some(tree(5, "a")), ..Known::default() };
        known.sign(tree(6, "b"), true);
        known.sign(tree(7, "c"), true);
        let in_vain = |out: &PublishedTree| known.in_vain(out.record());
        assert_eq!(in_vain(&tree(5, "a")), [0; 0], "their base");
        assert_eq!(in_vain(&tree(6, "b")), [0; 0], "the first of them");
        assert_eq!(in_vain(&tree(7, "c")), [6], "the first was left out");
        // Of somebody else: over the base, over the first, over all of them.
        for (sequence, expected) in
            [(5, vec![6, 7]), (6, vec![6, 7]), (7, vec![6, 7]), (9, vec![6, 7])]
        {
            assert_eq!(in_vain(&tree(sequence, "x")), expected, "{sequence}");
        }
        assert_eq!(in_vain(&tree(4, "x")), [0; 0], "a late copy");
        known.signed.remove(0);
        assert_eq!(known.in_vain(tree(6, "x").record()), [7]);
        let sent = Known {
            signed: vec![Signed { tree: tree(6, "b"), is_ahead: false, over: None, turn: None }],
            ..known
        };
        assert_eq!(sent.in_vain(tree(6, "x").record()), [0; 0]);
    }

    #[test]
    fn a_value_that_is_no_root_is_no_tree() {
        for value in
            [&format!("/ipfs/{}/a", root("a")), &format!("/ipns/{}", tree(1, "a").record().name())]
        {
            assert_eq!(PublishedTree::of(&record(1, value)), None, "{value}");
        }
    }
}
