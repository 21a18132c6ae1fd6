//! Files read from blocks that any gateway may serve, each checked against its hash.

use std::collections::HashMap;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use cid::Cid;
use url::Url;

use super::form::{Content, Gateway};
use super::limits::FetchLimits;
use crate::ens::Name;
use crate::ipfs::{BlockSource, CarError, CarReader, MAX_BLOCK_BYTES, ReadError, verify_block};
use crate::net::{Http, NetError, Request, Response};

const CAR_MEDIA_TYPE: &str = "application/vnd.ipld.car";
const RAW_MEDIA_TYPE: &str = "application/vnd.ipld.raw";

/// A root that is known, and the blocks at and below it that were fetched so far.
pub(super) struct BlockTree {
    /// Where the paths of records start.
    pub(super) root: Cid,
    /// The path from the root to there; usually none.
    prefix: Vec<String>,
    /// For gateways whose template has a place for an IPNS name only.
    ipns: Option<Content>,
    cache: Mutex<BlockCache>,
    /// By gateway: whether it has shown that it serves no CAR.
    without_car: Vec<AtomicBool>,
}

/// Why a gateway did not help.
pub(super) enum Obstacle {
    /// It says that there is no such thing.
    NotFound,
    /// It serves no blocks.
    Incapable(String),
    /// It failed.
    Failed(String),
    /// What it serves is not what was asked for: another hash.
    Wrong(String),
}

/// What is read and in what way it may be asked for at once.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a Name,
    pub(super) path: &'a [&'a str],
    /// `entity` (one file) or `all` (all below a directory).
    pub(super) scope: &'static str,
}

/// Verified blocks, under their CID in version 1, since links may use either version.
#[derive(Default)]
pub(super) struct BlockCache {
    blocks: HashMap<Cid, Bytes>,
    bytes: usize,
}

impl BlockCache {
    fn insert(&mut self, cid: &Cid, data: Bytes, max: usize) -> Result<(), Obstacle> {
        let size = data.len();
        if self.bytes + size > max {
            return Err(Obstacle::Failed(format!("there are more than {max} bytes of blocks")));
        }
        if self.blocks.insert(version_1(cid), data).is_none() {
            self.bytes += size;
        }
        Ok(())
    }
}

impl BlockSource for BlockCache {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        Ok(self.blocks.get(&version_1(cid)).cloned())
    }
}

fn version_1(cid: &Cid) -> Cid {
    cid.into_v1().unwrap_or(*cid)
}

impl BlockTree {
    pub(super) fn new(
        root: Cid,
        prefix: Vec<String>,
        ipns: Option<Content>,
        gateways: usize,
    ) -> Self {
        let without_car = (0..gateways).map(|_| AtomicBool::new(false)).collect();
        Self { root, prefix, ipns, cache: Mutex::default(), without_car }
    }

    /// `segments` from the root on.
    pub(super) fn path<'a>(&'a self, segments: &[&'a str]) -> Vec<&'a str> {
        self.prefix.iter().map(String::as_str).chain(segments.iter().copied()).collect()
    }

    /// The address of `segments` at `gateway`: under the root or, where its template has a place
    /// for that only, under the IPNS name.
    pub(super) fn url(&self, gateway: &Gateway, name: &Name, segments: &[&str]) -> Option<Url> {
        let under_root = gateway.url(&Content::Ipfs(self.root), name, &self.path(segments));
        under_root.or_else(|| gateway.url(self.ipns.as_ref()?, name, segments))
    }

    /// Reads with `read`, which is called again and again while blocks it misses are fetched from
    /// `gateway`: first a CAR of what is wanted, then block by block.
    ///
    /// `Ok(None)` is that the verified blocks show that there is no such entry.
    pub(super) async fn read<T>(
        &self,
        http: &Http,
        (number, gateway): (usize, &Gateway),
        wanted: &Wanted<'_>,
        limits: &FetchLimits,
        read: &(dyn Fn(&BlockCache) -> Result<T, ReadError> + Sync),
    ) -> Result<Option<T>, Obstacle> {
        let mut missing = match self.try_read(read)? {
            Ok(value) => return Ok(value),
            Err(missing) => missing,
        };
        let mut said_not_found = false;
        if !self.without_car[number].load(Ordering::Relaxed) {
            match self.fetch_car(http, gateway, wanted, limits).await {
                Ok(()) => {}
                Err(Obstacle::NotFound) => said_not_found = true,
                Err(Obstacle::Incapable(_)) => {
                    self.without_car[number].store(true, Ordering::Relaxed);
                }
                Err(failed) => return Err(failed),
            }
        }
        for _ in 0..limits.single_blocks {
            missing = match self.try_read(read)? {
                Ok(value) => return Ok(value),
                Err(missing) => missing,
            };
            match self.fetch_block(http, gateway, wanted.name, &missing, limits).await {
                Ok(()) => {}
                Err(_) if said_not_found => return Err(Obstacle::NotFound),
                Err(obstacle) => return Err(obstacle),
            }
        }
        let count = limits.single_blocks;
        Err(Obstacle::Failed(format!("after {count} single blocks {missing} is still missing")))
    }

    /// What the blocks at hand give: a value, that there is none, or the block that is missing.
    fn try_read<T>(
        &self,
        read: &(dyn Fn(&BlockCache) -> Result<T, ReadError> + Sync),
    ) -> Result<Result<Option<T>, Cid>, Obstacle> {
        match read(&self.cache()) {
            Ok(value) => Ok(Ok(Some(value))),
            Err(ReadError::NotFound { .. } | ReadError::NotDirectory(_)) => Ok(Ok(None)),
            Err(ReadError::Missing(cid)) => Ok(Err(cid)),
            Err(error) => Err(Obstacle::Failed(error.to_string())),
        }
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, BlockCache> {
        // Each insertion is complete or not made: a panic elsewhere leaves the cache sound.
        self.cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn fetch_car(
        &self,
        http: &Http,
        gateway: &Gateway,
        wanted: &Wanted<'_>,
        limits: &FetchLimits,
    ) -> Result<(), Obstacle> {
        let url = self.url(gateway, wanted.name, wanted.path);
        let Some(mut url) = url.filter(|_| !gateway.is_by_name()) else {
            return Err(Obstacle::Incapable("its template has no place for a root".to_owned()));
        };
        url.set_query(Some(&format!("format=car&dag-scope={}", wanted.scope)));
        let request = Request::get(url).accept(CAR_MEDIA_TYPE).max_body(limits.car);
        let body = expect(http.send(&request).await, CAR_MEDIA_TYPE)?;
        let failed = |error: &dyn std::fmt::Display| Obstacle::Failed(error.to_string());
        let mut cache = self.cache();
        for block in CarReader::new(&body[..]).map_err(|error| failed(&error))? {
            let (cid, data) = block.map_err(|error| match error {
                CarError::Block(error) => Obstacle::Wrong(error.to_string()),
                error => failed(&error),
            })?;
            cache.insert(&cid, data, limits.memory)?;
        }
        Ok(())
    }

    async fn fetch_block(
        &self,
        http: &Http,
        gateway: &Gateway,
        name: &Name,
        cid: &Cid,
        limits: &FetchLimits,
    ) -> Result<(), Obstacle> {
        let url = gateway.url(&Content::Ipfs(*cid), name, &[]).filter(|_| !gateway.is_by_name());
        let Some(mut url) = url else {
            return Err(Obstacle::Incapable("its template has no place for a block".to_owned()));
        };
        url.set_query(Some("format=raw"));
        let request = Request::get(url).accept(RAW_MEDIA_TYPE).max_body(MAX_BLOCK_BYTES);
        let body = match expect(http.send(&request).await, RAW_MEDIA_TYPE) {
            // The block must exist: that this gateway lacks it says nothing about the path.
            Err(Obstacle::NotFound) => {
                return Err(Obstacle::Failed(format!("it does not have block {cid}")));
            }
            other => other?,
        };
        verify_block(cid, &body).map_err(|error| Obstacle::Wrong(error.to_string()))?;
        self.cache().insert(cid, body, limits.memory)
    }
}

/// The body, if the answer is of the type asked for.
fn expect(answer: Result<Response, NetError>, media_type: &str) -> Result<Bytes, Obstacle> {
    let answer = answer.map_err(|error| Obstacle::Failed(error.to_string()))?;
    match answer.status {
        200 if answer.media_type == media_type => Ok(answer.body),
        200 | 400 | 405 | 406 | 415 | 501 => {
            Err(Obstacle::Incapable(format!("it does not serve {media_type}")))
        }
        404 | 410 => Err(Obstacle::NotFound),
        _ => Err(Obstacle::Failed(answer.to_error().to_string())),
    }
}
