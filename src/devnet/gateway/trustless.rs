//! Answers a client can verify by itself: raw blocks, CAR streams, IPNS records.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cid::Cid;
use jiff::Timestamp;
use minicbor::Encoder;
use minicbor::data::Tag;
use sha2::{Digest, Sha256};

use super::body::{Parts, lazy};
use super::format::{CarParams, RAW, Scope};
use super::path::Root;
use super::unixfs::{self, FindError, Found};
use super::{Ask, Target, attachment, cache_control, mutable, not_modified, set_roots, unresolved};
use crate::devnet::network::Network;
use crate::devnet::reply::{Form, IPNS_RECORD, Refusal, set};
use crate::devnet::routing::record_etag;
use crate::devnet::store::BlockStore;
use crate::ipfs::{BlockSource, FileParts, Kind, ReadError, TreeBudget, TreeLimits, Walk, list};
use crate::keys::{IpnsName, IpnsNameError};
use crate::web::none_match;

/// Sent at once.
const CHUNK_BYTES: usize = 64 << 10;

/// `?format=raw`: the block the path leads to.
pub(super) fn raw(network: &Network, ask: &Ask, target: &Target) -> Result<Response, Refusal> {
    let blocks = &network.store.blocks;
    // A block of any codec can be had by its own CID.
    let roots = match target.segments.as_slice() {
        [] => vec![target.root],
        _ => unixfs::find(blocks.as_ref(), target).map_err(|error| error.at(&ask.path))?.roots,
    };
    let cid = *roots.last().expect("the root is the first of the roots");
    let etag = format!("\"{cid}.raw\"");
    let cache = cache_control(target.ttl, &ask.path);
    if none_match(&ask.headers, &[&etag]) {
        return Ok(not_modified(&etag, cache));
    }
    let block = blocks
        .get_verified(&cid)
        .map_err(|error| unresolved(StatusCode::INTERNAL_SERVER_ERROR, &ask.path, error))?
        .ok_or_else(|| FindError::from(ReadError::Missing(cid)).at(&ask.path))?;
    let mut response = unixfs::short(ask, &block, RAW, &etag)?;
    let headers = response.headers_mut();
    attachment(ask, headers, &format!("{cid}.bin"));
    if let Some(cache) = cache {
        set(headers, header::CACHE_CONTROL, cache);
    }
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set_roots(headers, &roots);
    Ok(response)
}

/// `?format=ipns-record`: the signed record of the name, the path being the name alone.
pub(super) fn ipns_record(network: &Network, ask: &Ask) -> Result<Response, Refusal> {
    let bad = |text: &str| Refusal::bad(Form::Line, text);
    let Root::Ipns(name) = &ask.path.root else {
        return Err(bad(&format!("{} is not an IPNS link", ask.path)));
    };
    if !ask.path.segments.is_empty() {
        return Err(bad("cannot find ipns key for subpath"));
    }
    let name: IpnsName = name.parse().map_err(|error: IpnsNameError| bad(&error.to_string()))?;
    let failed = |text: &str| Refusal::internal(Form::Line, text);
    let now = Timestamp::now();
    let record = network
        .names
        .get(&network.store, &name)
        .map_err(|error| failed(&error.to_string()))?
        .filter(|record| !record.is_expired(now))
        .ok_or_else(|| failed("routing: not found"))?;
    let etag = record_etag(&record);
    let max_age = mutable::time_to_live(&record, now).as_secs();
    let cache = format!("public, max-age={max_age}");
    if none_match(&ask.headers, &[&etag]) {
        return Ok(not_modified(&etag, Some(cache)));
    }
    let mut response = Body::from(record.bytes().to_vec()).into_response();
    let headers = response.headers_mut();
    set(headers, header::CONTENT_TYPE, IPNS_RECORD);
    set(headers, header::ETAG, etag);
    set(headers, header::CACHE_CONTROL, cache);
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    attachment(ask, headers, &format!("{name}.ipns-record"));
    Ok(response)
}

/// `?format=car`: the blocks of the path from the root on, then what the scope says.
pub(super) fn car(
    network: &Network,
    ask: &Ask,
    target: &Target,
    params: CarParams,
) -> Result<Response, Refusal> {
    let etag = car_etag(target, params);
    let cache = cache_control(target.ttl, &ask.path);
    if none_match(&ask.headers, &[&etag]) {
        return Ok(not_modified(&etag, cache));
    }
    let recording = Recording::new(&network.store.blocks);
    let found = match unixfs::find(&recording, target) {
        Ok(found) => Some(found),
        // The blocks so far prove that there is nothing; boxo sends them with an empty root.
        Err(error) if error.status == StatusCode::NOT_FOUND => None,
        Err(error) => return Err(error.at(&ask.path)),
    };
    let path_blocks = recording.into_read();
    let roots = found.as_ref().map_or(vec![target.root], |found| found.roots.clone());
    let kind = "application/vnd.ipld.car; version=1; order=dfs; dups=n";
    let blocks = car_blocks(&network.store.blocks, found.as_ref(), &path_blocks, params);
    let none = Cid::new_v1(0x55, cid::multihash::Multihash::default());
    let named = found.as_ref().map_or(none, |found| found.cid);
    let mut response = lazy(Car::new(&named, blocks)).into_response();
    let headers = response.headers_mut();
    set(headers, header::CONTENT_TYPE, kind);
    set(headers, header::ETAG, etag);
    set(headers, header::ACCEPT_RANGES, "none");
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Some(cache) = cache {
        set(headers, header::CACHE_CONTROL, cache);
    }
    let last = target.segments.last().map(|name| format!("_{name}")).unwrap_or_default();
    attachment(ask, headers, &format!("{}{last}.car", target.root));
    set_roots(headers, &roots);
    Ok(response)
}

/// All at and below `root`, as a CAR.
pub(crate) fn whole(store: &Arc<BlockStore>, root: &Cid) -> Body {
    let walk = Some(Walk::new(root, TreeBudget::new(TreeLimits::WHOLE)));
    let (store, first, failed) = (store.clone(), VecDeque::new(), None);
    lazy(Car::new(root, CarBlocks { store, first, failed, walk, sent: HashSet::new() }))
}

/// Weak, since the same DAG may be streamed in other ways.
fn car_etag(target: &Target, params: CarParams) -> String {
    let what = format!("{:?} {:?} {params:?}", target.root, target.segments);
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(what)[..8]);
    format!("W/\"{}.car.{hash}\"", target.root)
}

/// The blocks of a CAR: those of the path, then what the scope says.
fn car_blocks(
    store: &Arc<BlockStore>,
    found: Option<&Found>,
    path_blocks: &[Cid],
    CarParams { scope, bytes }: CarParams,
) -> CarBlocks {
    let mut failed = None;
    let mut first: VecDeque<Cid> = path_blocks.iter().copied().collect();
    let walk = match found {
        // Its block is the last of the path's.
        Some(_) if scope == Scope::Block => None,
        // Nor what a DAG-CBOR document links to.
        Some(Found { kind: None, .. }) if scope == Scope::Entity => None,
        // A directory's own blocks are those a listing reads.
        Some(Found { cid, kind: Some(Kind::Directory), .. }) if scope == Scope::Entity => {
            let recording = Recording::new(store);
            failed = list(&recording, cid, &TreeBudget::new(unixfs::LISTED)).err();
            first.extend(recording.into_read());
            None
        }
        // Of a file the blocks that hold the range.
        Some(Found { cid, kind: Some(Kind::File { size }), .. })
            if let Some(bytes) = bytes.filter(|_| scope == Scope::Entity) =>
        {
            let recording = Recording::new(store);
            let mut parts = FileParts::new(cid, *size, bytes.range(*size));
            while let Some(part) = parts.next(&recording) {
                if let Err(error) = part {
                    failed = Some(error);
                    break;
                }
            }
            first.extend(recording.into_read());
            None
        }
        found => found.map(|found| Walk::new(&found.cid, TreeBudget::new(TreeLimits::WHOLE))),
    };
    CarBlocks { store: store.clone(), first, failed, walk, sent: HashSet::new() }
}

/// The blocks of a CAR, each read when it is its turn, and sent once.
struct CarBlocks {
    store: Arc<BlockStore>,
    first: VecDeque<Cid>,
    /// Why there are no more of these.
    failed: Option<ReadError>,
    walk: Option<Walk>,
    sent: HashSet<Cid>,
}

impl CarBlocks {
    fn next(&mut self) -> Option<io::Result<(Cid, Bytes)>> {
        loop {
            let next = match self.first.pop_front() {
                Some(cid) => self.stored(&cid).map(|block| (cid, block)),
                None if self.failed.is_some() => Err(io::Error::other(self.failed.take()?)),
                None => self.walk.as_mut()?.next(self.store.as_ref())?.map_err(io::Error::other),
            };
            match next {
                Ok((cid, _)) if !self.sent.insert(cid) => {}
                next => return Some(next),
            }
        }
    }

    fn stored(&self, cid: &Cid) -> io::Result<Bytes> {
        let block = self.store.get_verified(cid)?;
        block.ok_or_else(|| io::Error::other(ReadError::Missing(*cid)))
    }
}

/// A CAR as it is sent: the header, then sections.
struct Car {
    blocks: CarBlocks,
    buffer: Vec<u8>,
    /// What the blocks ended with, once they have; it is told after what could be sent.
    end: Option<Option<io::Error>>,
}

impl Car {
    fn new(root: &Cid, blocks: CarBlocks) -> Self {
        let mut car = Self { blocks, buffer: Vec::new(), end: None };
        car.section(&header_of(root), &[]);
        car
    }

    /// A section of a CAR: its length, then both parts.
    fn section(&mut self, first: &[u8], second: &[u8]) {
        let mut varint = unsigned_varint::encode::usize_buffer();
        let len = unsigned_varint::encode::usize(first.len() + second.len(), &mut varint);
        for part in [len, first, second] {
            self.buffer.extend_from_slice(part);
        }
    }
}

impl Parts for Car {
    fn next(&mut self) -> Option<io::Result<Bytes>> {
        while self.end.is_none() && self.buffer.len() < CHUNK_BYTES {
            match self.blocks.next() {
                Some(Ok((cid, block))) => self.section(&cid.to_bytes(), &block),
                Some(Err(error)) => self.end = Some(Some(error)),
                None => self.end = Some(None),
            }
        }
        if self.buffer.is_empty() {
            return self.end.take()?.map(Err);
        }
        Some(Ok(std::mem::take(&mut self.buffer).into()))
    }
}

/// Remembers which blocks were read, in order.
struct Recording<'a> {
    source: &'a BlockStore,
    read: Mutex<Vec<Cid>>,
}

impl<'a> Recording<'a> {
    fn new(source: &'a BlockStore) -> Self {
        Self { source, read: Mutex::default() }
    }

    /// The blocks that were asked for and there.
    fn into_read(self) -> Vec<Cid> {
        self.read.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlockSource for Recording<'_> {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        let block = self.source.get(cid)?;
        if block.is_some() {
            self.read.lock().unwrap_or_else(PoisonError::into_inner).push(*cid);
        }
        Ok(block)
    }
}

/// The header of CAR version 1 with one root.
fn header_of(root: &Cid) -> Vec<u8> {
    let link = [&[0], root.to_bytes().as_slice()].concat();
    let mut cbor = Encoder::new(Vec::new());
    cbor.map(2)
        .and_then(|c| c.str("roots")?.array(1)?.tag(Tag::new(42))?.bytes(&link))
        .and_then(|c| c.str("version")?.u8(1))
        .expect("writing to memory does not fail");
    cbor.into_writer()
}
