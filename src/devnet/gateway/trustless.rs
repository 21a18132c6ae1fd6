//! Answers a client can verify by itself: raw blocks, CAR streams, IPNS records.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cid::Cid;
use futures_util::stream;
use jiff::Timestamp;
use minicbor::Encoder;
use minicbor::data::Tag;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::format::{CarParams, RAW, Scope};
use super::path::Root;
use super::unixfs::{self, FindError, Found};
use super::{Ask, Target, attachment, cache_control, mutable, not_modified, set_roots, unresolved};
use crate::devnet::network::{Network, Shared};
use crate::devnet::reply::{Form, IPNS_RECORD, Refusal, set};
use crate::devnet::routing::record_etag;
use crate::devnet::store::BlockStore;
use crate::ipfs::{BlockSource, Kind, ReadError, list, walk};
use crate::keys::{IpnsName, IpnsNameError};
use crate::web::none_match;

/// Sent at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks that may wait for the client.
const CHUNKS_WAITING: usize = 8;

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
    let mut response = unixfs::content(ask, &block, RAW, &etag)?;
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
    network: &Shared,
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
    let store = Arc::clone(&network.store.blocks);
    let body = streamed(move |out| write_car(&store, found, &path_blocks, params.scope, out));
    let mut response = body.into_response();
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

/// Weak, since the same DAG may be streamed in other ways.
fn car_etag(target: &Target, params: CarParams) -> String {
    let what = format!("{:?} {:?} {params:?}", target.root, target.segments);
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(what)[..8]);
    format!("W/\"{}.car.{hash}\"", target.root)
}

fn write_car(
    store: &BlockStore,
    found: Option<Found>,
    path_blocks: &[Cid],
    scope: Scope,
    out: &mut Chunks,
) -> io::Result<()> {
    let none = Cid::new_v1(0x55, cid::multihash::Multihash::default());
    out.section(&header_of(found.as_ref().map_or(&none, |found| &found.cid)), &[])?;
    let mut sent: HashSet<Cid> = HashSet::new();
    let mut once = |cid: &Cid, block: &Bytes| match sent.insert(*cid) {
        true => out.section(&cid.to_bytes(), block),
        false => Ok(()),
    };
    let stored = |cid: &Cid| {
        store.get_verified(cid)?.ok_or_else(|| io::Error::other(ReadError::Missing(*cid)))
    };
    for cid in path_blocks {
        once(cid, &stored(cid)?)?;
    }
    match found {
        // Its block is the last of the path's.
        Some(_) if scope == Scope::Block => {}
        // A directory's own blocks are those a listing reads.
        Some(Found { cid, kind: Kind::Directory, .. }) if scope == Scope::Entity => {
            let recording = Recording::new(store);
            list(&recording, &cid).map_err(io::Error::other)?;
            for cid in recording.into_read() {
                once(&cid, &stored(&cid)?)?;
            }
        }
        Some(found) => walk(store, &found.cid, &mut once).map_err(io::Error::other)?,
        None => {}
    }
    out.flush()
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

/// A body that is written on a thread that may block, as fast as the client reads.
fn streamed(write: impl FnOnce(&mut Chunks) -> io::Result<()> + Send + 'static) -> Body {
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING);
    tokio::task::spawn_blocking(move || {
        let mut chunks = Chunks { sender, buffer: Vec::new() };
        if let Err(error) = write(&mut chunks) {
            // The client sees the stream break off after what could be sent. If it has gone,
            // nobody needs to know.
            let _ = chunks.flush();
            let _ = chunks.sender.blocking_send(Err(error));
        }
    });
    Body::from_stream(stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    }))
}

/// The writing end of [`streamed`].
struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Chunks {
    /// A section of a CAR: its length, then both parts.
    fn section(&mut self, first: &[u8], second: &[u8]) -> io::Result<()> {
        let mut varint = unsigned_varint::encode::usize_buffer();
        let len = unsigned_varint::encode::usize(first.len() + second.len(), &mut varint);
        for part in [len, first, second] {
            self.buffer.extend_from_slice(part);
        }
        if self.buffer.len() >= CHUNK_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        let chunk = Bytes::from(std::mem::take(&mut self.buffer));
        self.sender
            .blocking_send(Ok(chunk))
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the client has gone"))
    }
}
