//! Directories in parts, three at a time: parts that are the same in two of them are not read.

use std::collections::BTreeMap;

use cid::Cid;

use super::block::BlockSource;
use super::reader::{MAX_LEVELS, ReadError, list_shards, load, malformed};
use super::reader_node::{LinkCid, NodeLink, Shard, UnixFsNode};
use super::tree_budget::TreeBudget;

/// What three directories have under a name; or why it cannot be read.
pub type ThreeLinks = [Option<Result<Cid, &'static str>>; 3];

/// Parts of the three directories that belong together.
type Parts = [Option<(Cid, Shard)>; 3];

/// The entries of three directories by name, but for those in parts that are the same in the
/// second and the third. None where they are not all in parts of one kind: then all entries have
/// to be listed.
///
/// # Errors
/// As [`list`](super::list).
pub fn unlike_in_shards(
    source: &dyn BlockSource,
    three: &[Option<Cid>; 3],
    budget: &TreeBudget,
) -> Result<Option<BTreeMap<String, ThreeLinks>>, ReadError> {
    let mut roots: Parts = [None, None, None];
    for (part, cid) in roots.iter_mut().zip(three) {
        let Some(cid) = cid else { continue };
        match load(source, cid)? {
            UnixFsNode::Shard(shard) => *part = Some((*cid, shard)),
            _ => return Ok(None),
        }
    }
    let mut bits = roots.iter().flatten().map(|(_, shard)| shard.bits);
    let first = bits.next();
    if first.is_none() || !bits.all(|bits| Some(bits) == first) {
        return Ok(None);
    }
    for _ in roots.iter().flatten() {
        budget.directory()?;
    }
    let mut comparing = Comparing { source, budget, entries: BTreeMap::new() };
    let mut left = vec![(roots, 1)];
    while let Some((parts, level)) = left.pop() {
        if !comparing.parts(parts, level, &mut left)? {
            return Ok(None);
        }
    }
    Ok(Some(comparing.entries))
}

struct Comparing<'a> {
    source: &'a dyn BlockSource,
    budget: &'a TreeBudget,
    entries: BTreeMap<String, ThreeLinks>,
}

impl Comparing<'_> {
    /// `false` where they are not of one kind.
    fn parts(
        &mut self,
        parts: Parts,
        level: usize,
        left: &mut Vec<(Parts, usize)>,
    ) -> Result<bool, ReadError> {
        let mut buckets: BTreeMap<u64, [Option<(String, NodeLink)>; 3]> = BTreeMap::new();
        let (mut of, mut bits) = ([None; 3], 0);
        for (place, part) in parts.into_iter().enumerate() {
            let Some((cid, mut shard)) = part else { continue };
            self.budget.entries(shard.links.len())?;
            for link in std::mem::take(&mut shard.links) {
                let Some((bucket, entry)) = shard.split(&link.name) else {
                    return Err(malformed(&cid, "a HAMT link without its bucket"));
                };
                let entry = entry.to_owned();
                if buckets.entry(bucket).or_default()[place].replace((entry, link)).is_some() {
                    return Ok(false);
                }
            }
            (of[place], bits) = (Some(cid), shard.bits);
        }
        for three in buckets.into_values() {
            let is_same = match (&three[1], &three[2]) {
                (Some((one, a)), Some((other, b))) => one == other && a.cid == b.cid,
                (None, None) => true,
                _ => false,
            };
            if is_same {
                continue;
            }
            let is_part = |(entry, _): &(String, NodeLink)| entry.is_empty();
            match three.iter().flatten().all(is_part) {
                true => left.push((self.below(three, &of, bits, level)?, level + 1)),
                false => self.all(three, &of)?,
            }
        }
        Ok(true)
    }

    /// The parts that links lead to.
    fn below(
        &self,
        three: [Option<(String, NodeLink)>; 3],
        of: &[Option<Cid>; 3],
        bits: u32,
        level: usize,
    ) -> Result<Parts, ReadError> {
        let mut below: Parts = [None, None, None];
        for (place, link) in three.into_iter().enumerate() {
            let Some((_, link)) = link else { continue };
            let above = of[place].unwrap_or_default();
            let LinkCid::Cid(cid) = link.cid else {
                return Err(malformed(&above, "a HAMT link without its bucket"));
            };
            below[place] = Some((cid, self.part(&cid, bits, level)?));
        }
        Ok(below)
    }

    fn part(&self, cid: &Cid, bits: u32, level: usize) -> Result<Shard, ReadError> {
        match load(self.source, cid)? {
            UnixFsNode::Shard(part)
                if !part.links.is_empty() && part.bits == bits && level < MAX_LEVELS =>
            {
                Ok(part)
            }
            _ => Err(malformed(cid, "not the HAMT part it should be")),
        }
    }

    /// Everything at and below links of which one at least is an entry.
    fn all(
        &mut self,
        three: [Option<(String, NodeLink)>; 3],
        of: &[Option<Cid>; 3],
    ) -> Result<(), ReadError> {
        for (place, link) in three.into_iter().enumerate() {
            let Some((entry, link)) = link else { continue };
            let above = of[place].unwrap_or_default();
            if !entry.is_empty() {
                self.add(&above, place, entry, link.cid)?;
                continue;
            }
            let LinkCid::Cid(cid) = link.cid else {
                return Err(malformed(&above, "a HAMT link without its bucket"));
            };
            let UnixFsNode::Shard(part) = load(self.source, &cid)? else {
                return Err(malformed(&cid, "not the HAMT part it should be"));
            };
            let (source, budget) = (self.source, self.budget);
            let mut add = |name: String, link: LinkCid, _: u64| self.add(&cid, place, name, link);
            list_shards(source, &cid, part, budget, &mut add)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        of: &Cid,
        place: usize,
        name: String,
        link: LinkCid,
    ) -> Result<(), ReadError> {
        let link = match link {
            LinkCid::Cid(cid) => Ok(cid),
            LinkCid::Unreadable(reason) => Err(reason),
        };
        let three = self.entries.entry(name.clone()).or_default();
        match (&three[place], link.is_ok()) {
            (Some(_), true) => Err(malformed(of, &format!("{name:?} is there twice"))),
            (Some(_), false) => Ok(()),
            (None, _) => {
                three[place] = Some(link);
                Ok(())
            }
        }
    }
}
