//! The blocks of a CAR in memory, by their hashes.

use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;
use cid::Cid;
use cid::multihash::Multihash;

use super::car::{CarError, sections};

/// A CAR as somebody sent it, none of its blocks checked: what nobody asks for may be anything.
#[derive(Clone, Debug)]
pub struct CarIndex {
    car: Bytes,
    places: HashMap<Multihash<64>, Range<usize>>,
}

impl CarIndex {
    /// Finds the places of at most `max_blocks` blocks.
    ///
    /// # Errors
    /// [`CarError`] when it is no CAR, or has more blocks.
    pub fn new(car: Bytes, max_blocks: usize) -> Result<Self, CarError> {
        let mut places = HashMap::new();
        for (index, section) in sections(&car)?.enumerate() {
            let section = section?;
            if index >= max_blocks {
                return Err(CarError::Blocks(max_blocks));
            }
            // What has another kind of CID is asked for by nobody.
            let mut data = &car[section.clone()];
            if let Ok(cid) = Cid::read_bytes(&mut data) {
                places.insert(*cid.hash(), section.end - data.len()..section.end);
            }
        }
        Ok(Self { car, places })
    }

    /// What stands there as the block of `cid`, unchecked. It is a copy: a block does not keep
    /// the whole CAR in memory.
    pub fn get(&self, cid: &Cid) -> Option<Bytes> {
        let place = self.places.get(cid.hash())?;
        Some(Bytes::copy_from_slice(&self.car[place.clone()]))
    }
}
