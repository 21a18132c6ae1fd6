//! Where the blocks of a CAR file lie, by their CIDs: a sorted table, short enough to be kept in a
//! file and searched as it was read.

use std::collections::HashMap;

use cid::{Cid, Version};

use super::block::MAX_BLOCK_BYTES;

/// What a row is sorted by: the digest, then the codec.
const KEY_BYTES: usize = 32 + 1;
/// With the place (big-endian) and the length (little-endian) of the block.
pub(crate) const ROW_BYTES: usize = KEY_BYTES + 8 + 4;

/// A block: its key, place and length.
pub(crate) type Row = [u8; ROW_BYTES];

/// Where each block begins, and how long it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CarPlaces {
    /// Sorted by key, none twice.
    rows: Vec<Row>,
    /// Of many rows, where those begin whose key begins with each two bytes, and where all end.
    starts: Vec<u32>,
    /// Blocks whose CID has no key: not of version 1 and sha2-256.
    others: HashMap<Cid, (u64, usize)>,
}

/// A CAR file's places, its roots, and where its last whole block ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CarLayout {
    pub(crate) places: CarPlaces,
    pub(crate) roots: Vec<Cid>,
    pub(crate) end: u64,
}

fn key(cid: &Cid) -> Option<[u8; KEY_BYTES]> {
    let digest: &[u8; 32] = cid.hash().digest().try_into().ok()?;
    let codec = u8::try_from(cid.codec()).ok()?;
    let mut key = [codec; KEY_BYTES];
    key[..32].copy_from_slice(digest);
    (cid.version() == Version::V1 && cid.hash().code() == 0x12).then_some(key)
}

fn key_of(row: &Row) -> &[u8] {
    &row[..KEY_BYTES]
}

/// From so many rows on it is kept where they begin.
const MANY: usize = 4096;
/// As many as two bytes can be.
const HEADS: usize = 1 << 16;

fn head(key: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([key[0], key[1]]))
}

/// Where the rows of each head begin, and where the last end; nothing of few rows.
fn starts(rows: &[Row]) -> Vec<u32> {
    if rows.len() < MANY || u32::try_from(rows.len()).is_err() {
        return Vec::new();
    }
    let mut starts = vec![0; HEADS + 1];
    rows.iter().for_each(|row| starts[head(row) + 1] += 1);
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    starts
}

impl CarPlaces {
    /// Of blocks as they come; of one that is there twice, the last.
    pub(super) fn of(blocks: impl IntoIterator<Item = (Cid, (u64, usize))>) -> Self {
        let mut places = Self::default();
        for (cid, (start, length)) in blocks {
            match (key(&cid), u32::try_from(length)) {
                (_, Err(_)) => {} // No block is so long.
                (Some(key), Ok(length)) => {
                    let mut row = [0; ROW_BYTES];
                    row[..KEY_BYTES].copy_from_slice(&key);
                    row[KEY_BYTES..KEY_BYTES + 8].copy_from_slice(&start.to_be_bytes());
                    row[KEY_BYTES + 8..].copy_from_slice(&length.to_le_bytes());
                    places.rows.push(row);
                }
                (None, Ok(_)) => _ = places.others.insert(cid, (start, length)),
            }
        }
        places.rows.sort_unstable();
        places.unite();
        places.starts = starts(&places.rows);
        places
    }

    /// From its rows, as [`rows`](Self::rows) gives them; none where they are not sorted.
    pub(crate) fn of_rows(rows: &[Row]) -> Option<Self> {
        let is_sorted = rows.is_sorted_by(|a, b| key_of(a) < key_of(b));
        is_sorted.then(|| Self {
            rows: rows.to_vec(),
            starts: starts(rows),
            others: HashMap::new(),
        })
    }

    /// All of it in rows; none where some blocks have another place.
    pub(crate) fn rows(&self) -> Option<&[Row]> {
        self.others.is_empty().then_some(&self.rows)
    }

    /// With those of `more`, which lie `further` on in the file.
    pub(super) fn with(&self, more: &Self, further: u64) -> Self {
        let mut both = Self { others: self.others.clone(), ..Self::default() };
        both.rows.reserve_exact(self.rows.len() + more.rows.len());
        both.rows.extend_from_slice(&self.rows);
        for row in &more.rows {
            let (start, mut row) = (start_of(row) + further, *row);
            row[KEY_BYTES..KEY_BYTES + 8].copy_from_slice(&start.to_be_bytes());
            both.rows.push(row);
        }
        // Two sorted runs: a stable sort puts them together.
        both.rows.sort();
        both.unite();
        both.starts = starts(&both.rows);
        let moved =
            |(cid, (start, length)): (&Cid, &(u64, usize))| (*cid, (start + further, *length));
        both.others.extend(more.others.iter().map(moved));
        both
    }

    fn unite(&mut self) {
        self.rows.dedup_by(|later, kept| {
            let is_same = key_of(later) == key_of(kept);
            if is_same {
                *kept = *later;
            }
            is_same
        });
    }

    /// Where the block begins, and how long it is.
    pub(super) fn get(&self, cid: &Cid) -> Option<(u64, usize)> {
        let Some(key) = key(cid) else { return self.others.get(cid).copied() };
        let rows = self.rows_like(&key);
        let row = &rows[rows.binary_search_by(|row| key_of(row).cmp(&key)).ok()?];
        let (_, length) = row.split_last_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        // A table may say anything.
        (length <= MAX_BLOCK_BYTES).then(|| (start_of(row), length))
    }

    /// The rows among which that of the key is, if it is there: few of many, for a hash is spread
    /// evenly, and each row elsewhere would have to be fetched from memory.
    fn rows_like(&self, key: &[u8; KEY_BYTES]) -> &[Row] {
        let head = head(key);
        match self.starts.get(head..head + 2) {
            Some(&[first, end]) => &self.rows[first as usize..end as usize],
            _ => &self.rows,
        }
    }

    /// How many blocks there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.rows.len() + self.others.len()
    }
}

fn start_of(row: &Row) -> u64 {
    let start = row[KEY_BYTES..].first_chunk().expect("a row has 12 bytes after its key");
    u64::from_be_bytes(*start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{DAG_PB, RAW, sha256_cid};
    use multihash::Multihash;

    #[test]
    fn every_block_is_found_and_no_other() {
        let codec = |n: u32| if n.is_multiple_of(3) { DAG_PB } else { RAW };
        let cid = |n: u32| sha256_cid(codec(n), &n.to_be_bytes());
        let blocks: Vec<_> = (0..500).map(|n| (cid(n), (u64::from(n) * 7, n as usize))).collect();
        let old = Cid::new_v0(*cid(3).hash()).unwrap();
        let identity = Cid::new_v1(RAW, Multihash::wrap(0, &[7; 32]).unwrap());
        let odd = [(old, (9_000, 1)), (identity, (9_001, 2))];
        let places = CarPlaces::of(blocks.iter().copied().chain(odd));
        for (cid, place) in blocks.iter().chain(&odd) {
            assert_eq!(places.get(cid), Some(*place));
        }
        assert_eq!((places.get(&cid(500)), places.len()), (None, 502));
        assert_eq!(places.rows(), None, "some have no row");
        let other_codec = Cid::new_v1(RAW, *cid(3).hash());
        assert_eq!(places.get(&other_codec), None);

        let plain = CarPlaces::of(blocks.clone());
        let rows = plain.rows().unwrap();
        assert_eq!(CarPlaces::of_rows(rows).as_ref(), Some(&plain));
        let mut wrong = rows.to_vec();
        wrong.swap(1, 2);
        assert_eq!(CarPlaces::of_rows(&wrong), None);
        wrong = rows.to_vec();
        wrong[1] = wrong[0];
        assert_eq!(CarPlaces::of_rows(&wrong), None);
    }

    #[test]
    fn of_many_blocks_each_is_found_too() {
        let cid = |n: u32| sha256_cid(RAW, &n.to_be_bytes());
        let blocks = |from: u32, to| (from..to).map(move |n| (cid(n), (u64::from(n), 7)));
        let places = CarPlaces::of(blocks(0, 5000));
        let again = CarPlaces::of_rows(places.rows().unwrap()).unwrap();
        let both = CarPlaces::of(blocks(0, 4090)).with(&CarPlaces::of(blocks(0, 910)), 4090);
        for places in [&places, &again] {
            assert!(!places.starts.is_empty());
            assert!(blocks(0, 5000).all(|(cid, place)| places.get(&cid) == Some(place)));
            assert!(blocks(5000, 9000).all(|(cid, _)| places.get(&cid).is_none()));
        }
        assert!(both.starts.is_empty() && both.len() == 4090);
        let both = CarPlaces::of(blocks(0, 4090)).with(&CarPlaces::of(blocks(4090, 5000)), 1);
        assert!(!both.starts.is_empty());
        assert!(
            (0..5000).all(|n| both.get(&cid(n)).unwrap().0 == u64::from(n + u32::from(n >= 4090)))
        );
    }

    #[test]
    fn of_a_block_that_is_there_twice_the_last_counts() {
        let cid = |n: u8| sha256_cid(RAW, &[n]);
        let first = CarPlaces::of([(cid(1), (40, 3)), (cid(1), (50, 3)), (cid(2), (60, 4))]);
        assert_eq!((first.get(&cid(1)), first.len()), (Some((50, 3)), 2));
        let more = CarPlaces::of([(cid(2), (1, 4)), (cid(3), (2, 5))]);
        let both = first.with(&more, 100);
        let found: Vec<_> = [1, 2, 3].iter().map(|n| both.get(&cid(*n)).unwrap()).collect();
        assert_eq!((found, both.len()), (vec![(50, 3), (101, 4), (102, 5)], 3));
    }

    #[test]
    fn a_length_that_no_block_has_is_none() {
        let cid = sha256_cid(RAW, b"x");
        assert_eq!(CarPlaces::of([(cid, (0, MAX_BLOCK_BYTES + 1))]).get(&cid), None);
    }
}
