//! Files read from blocks that any gateway may serve, each checked against its hash.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use cid::Cid;
use tokio::sync::RwLock;
use url::Url;

use super::cache::{Cache, scratch_in};
use super::form::{Content, Gateway};
use super::limits::FetchLimits;
use super::node::{BlockNode, Server};
use super::obstacle::Obstacle;
use crate::ens::Name;
use crate::ipfs::{CarError, CarFileIndex, CarIndex, MAX_BLOCK_BYTES, TreeBudget, TreeLimits};
use crate::net::{Http, NetError, Request, Response, Timeouts};

const CAR_MEDIA_TYPE: &str = "application/vnd.ipld.car";
const RAW_MEDIA_TYPE: &str = "application/vnd.ipld.raw";
/// The blocks that lead to a file, in bytes: directories of a megabyte are large ones.
const PATH_BYTES: usize = 8 << 20;
/// Blocks of one CAR file: those of a name with hundreds of thousands of subnames.
const MAX_CAR_BLOCKS: usize = 1 << 20;
/// A CAR of hundreds of megabytes takes its time.
const LARGE_TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    idle: Duration::from_secs(30),
    body: Duration::from_secs(3600),
};

/// A root that is known, and the blocks at and below it that were fetched so far.
pub(super) struct BlockTree {
    /// Where the paths of records start.
    pub(super) root: Cid,
    /// The path from the root to there; usually none.
    prefix: Vec<String>,
    /// For gateways whose template has a place for an IPNS name only.
    ipns: Option<Content>,
    /// Verified blocks.
    cache: Mutex<Cache>,
    /// Where large CARs go; in memory without.
    scratch: Option<PathBuf>,
    /// Of all that is read of the tree, record by record.
    pub(super) budget: Arc<TreeBudget>,
    /// Shared by those who read at the same time; one alone has it whole.
    pub(super) turn: RwLock<()>,
    /// By gateway: of what it sends.
    received: Vec<TreeBudget>,
    /// By gateway: whether it has shown that it serves no CAR.
    pub(super) without_car: Vec<AtomicBool>,
}

/// What is read and in what way it may be asked for at once.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a Name,
    pub(super) path: &'a [&'a str],
    /// `entity` (one file) or `all` (all below a directory).
    pub(super) scope: &'static str,
}

impl BlockTree {
    pub(super) fn new(
        root: Cid,
        prefix: Vec<String>,
        ipns: Option<Content>,
        gateways: usize,
        limits: &FetchLimits,
    ) -> Self {
        let without_car = (0..gateways).map(|_| AtomicBool::new(false)).collect();
        let of_one = TreeLimits { bytes: limits.received, ..limits.tree };
        let received = (0..gateways).map(|_| TreeBudget::new(of_one)).collect();
        let budget = Arc::new(TreeBudget::new(limits.tree));
        let (cache, turn, scratch) = (Mutex::default(), RwLock::default(), None);
        Self { root, prefix, ipns, cache, scratch, budget, turn, received, without_car }
    }

    /// Keeps what it reads in files of `scratch` without names, and not in memory.
    pub(super) fn in_scratch(mut self, scratch: Option<&Path>) -> Self {
        if let Some(folder) = scratch {
            self.cache = Mutex::new(Cache::Disk(folder.to_owned(), None));
            self.scratch = Some(folder.to_owned());
        }
        self
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

    /// A block that was met already.
    pub(super) fn cached(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        self.cache().get(cid)
    }

    /// Keeps a block, once it is seen to be that of `cid`.
    pub(super) fn keep(&self, cid: &Cid, data: &Bytes) -> io::Result<()> {
        let mut cache = self.cache();
        if !cache.has(cid) {
            self.budget.block(data.len()).map_err(io::Error::other)?;
            cache.put(cid, data)?;
        }
        Ok(())
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // Each insertion is complete or not made: a panic elsewhere leaves the cache sound.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The blocks of a CAR of what is wanted, not checked yet.
    pub(super) async fn fetch_car(
        &self,
        http: &Http,
        (number, server): (usize, Server<'_>),
        wanted: &Wanted<'_>,
        limits: &FetchLimits,
    ) -> Result<Car, Obstacle> {
        let gateway = match server {
            Server::Node(node) => return self.export(number, node, wanted, limits).await,
            Server::Gateway(gateway) => gateway,
        };
        let url = self.url(gateway, wanted.name, wanted.path);
        let Some(mut url) = url.filter(|_| !gateway.is_by_name()) else {
            return Err(Obstacle::Incapable("its template has no place for a root".to_owned()));
        };
        url.set_query(Some(&format!("format=car&dag-scope={}", wanted.scope)));
        // One file and what leads there is short; many are fetched at a time.
        let longest = match wanted.scope {
            "entity" => limits.car.min(limits.file + PATH_BYTES),
            _ => limits.car,
        };
        let request = Request::get(url).accept(CAR_MEDIA_TYPE).max_body(longest);
        let Some(folder) = self.scratch.as_deref().filter(|_| wanted.scope == "all") else {
            let body = self.receive(http, number, &request, CAR_MEDIA_TYPE).await?;
            return CarIndex::new(body, MAX_CAR_BLOCKS).map(Car::Memory).map_err(unread);
        };
        let file = Arc::new(scratch_in(folder).map_err(|error| failed(&error))?);
        let request = request.timeouts(LARGE_TIMEOUTS).into_file(file.clone());
        let received = self.receive(http, number, &request, CAR_MEDIA_TYPE).await;
        self.in_file(number, &file, received.map(drop))
    }

    /// As [`fetch_car`](Self::fetch_car), of a node: whole trees alone.
    async fn export(
        &self,
        number: usize,
        node: &BlockNode,
        wanted: &Wanted<'_>,
        limits: &FetchLimits,
    ) -> Result<Car, Obstacle> {
        let folder = self.scratch.as_deref().filter(|_| wanted.scope == "all");
        let Some(folder) = folder else { return Err(Obstacle::TooLong) };
        self.left(number)?;
        let file = Arc::new(scratch_in(folder).map_err(|error| failed(&error))?);
        let received = node.tree(&self.root, &file, limits.car).await;
        self.in_file(number, &file, received)
    }

    /// What came into the file, also where it broke off: the rest may be asked for block by block.
    fn in_file(
        &self,
        number: usize,
        file: &File,
        received: Result<(), Obstacle>,
    ) -> Result<Car, Obstacle> {
        let length = file.metadata().map_err(|error| failed(&error))?.len();
        // The next one is refused when this was too much.
        let _ = self.received[number].bytes(length);
        match received {
            Ok(()) => {}
            Err(Obstacle::Failed(reason)) if length > 0 => {
                tracing::info!("a CAR broke off after {length} bytes: {reason}");
            }
            Err(obstacle) => return Err(obstacle),
        }
        let file = file.try_clone().map_err(|error| failed(&error))?;
        CarFileIndex::new(file, MAX_CAR_BLOCKS).map(Car::File).map_err(unread)
    }

    /// A block by itself, not checked yet.
    pub(super) async fn fetch_block(
        &self,
        http: &Http,
        (number, server): (usize, Server<'_>),
        name: &Name,
        cid: &Cid,
    ) -> Result<Bytes, Obstacle> {
        let gateway = match server {
            Server::Node(node) => {
                self.left(number)?;
                let block = node.block(cid).await?;
                let _ = self.received[number].bytes(block.len() as u64);
                return Ok(block);
            }
            Server::Gateway(gateway) => gateway,
        };
        let url = gateway.url(&Content::Ipfs(*cid), name, &[]).filter(|_| !gateway.is_by_name());
        let Some(mut url) = url else {
            return Err(Obstacle::Incapable("its template has no place for a block".to_owned()));
        };
        url.set_query(Some("format=raw"));
        let request = Request::get(url).accept(RAW_MEDIA_TYPE).max_body(MAX_BLOCK_BYTES);
        match self.receive(http, number, &request, RAW_MEDIA_TYPE).await {
            // The block must exist: that this gateway lacks it says nothing about the path.
            Err(Obstacle::NotFound) => {
                Err(Obstacle::Failed(format!("it does not have block {cid}")))
            }
            other => other,
        }
    }

    /// Whether more is taken of this one.
    fn left(&self, number: usize) -> Result<(), Obstacle> {
        self.received[number].bytes(0).map_err(|over| Obstacle::Spent(spent(over.limit)))
    }

    /// The body of an answer, which counts whether it is of use or not.
    async fn receive(
        &self,
        http: &Http,
        number: usize,
        request: &Request,
        media_type: &str,
    ) -> Result<Bytes, Obstacle> {
        self.left(number)?;
        let received = &self.received[number];
        let answer = http.send(request).await;
        let length = match &answer {
            Ok(answer) => answer.body.len(),
            Err(NetError::TooLarge { limit, .. }) => *limit,
            Err(_) => 0,
        };
        // The next one is refused when this was too much.
        let _ = received.bytes(length as u64);
        expect(answer, media_type)
    }
}

fn spent(limit: u64) -> String {
    match limit >> 20 {
        0 => format!("it has sent more than {limit} bytes, the most that is taken of one gateway"),
        mib => format!("it has sent more than {mib} MiB, the most that is taken of one gateway"),
    }
}

fn unread(error: CarError) -> Obstacle {
    match error {
        CarError::Blocks(_) => Obstacle::TooLong,
        error => Obstacle::Failed(error.to_string()),
    }
}

fn failed(error: &io::Error) -> Obstacle {
    Obstacle::Failed(error.to_string())
}

/// Blocks that came at once, none of them checked.
pub(super) enum Car {
    Memory(CarIndex),
    File(CarFileIndex),
}

impl Car {
    pub(super) fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        match self {
            Self::Memory(car) => Ok(car.get(cid)),
            Self::File(car) => car.get(cid),
        }
    }
}

/// The body, if the answer is of the type asked for.
fn expect(answer: Result<Response, NetError>, media_type: &str) -> Result<Bytes, Obstacle> {
    if let Err(NetError::TooLarge { .. }) = &answer {
        return Err(Obstacle::TooLong);
    }
    let answer = answer.map_err(|error| Obstacle::Failed(error.to_string()))?;
    match answer.status {
        200 if answer.media_type == media_type => Ok(answer.body),
        200 | 400 | 405 | 406 | 415 | 501 => {
            Err(Obstacle::Incapable(format!("it does not serve {media_type}")))
        }
        // 410 is a refusal (a list of what must not be served): others may serve it.
        404 => Err(Obstacle::NotFound),
        _ => Err(Obstacle::Failed(answer.to_error().to_string())),
    }
}
