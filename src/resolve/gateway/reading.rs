//! Reading on a thread that may take its time, while blocks it lacks are fetched here.
//!
//! The thread asks for each block it has not got. When whoever waits for it goes away, on Ctrl-C
//! say, it is not answered any more and ends.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use cid::Cid;
use tokio::sync::{mpsc, oneshot};

use super::FetchLimits;
use super::blocks::{BlockTree, Car, Wanted};
use super::node::Server;
use super::obstacle::Obstacle;
use crate::ipfs::{BlockError, BlockSource, OverBudget, ReadError, TreeBudget, verify_block};
use crate::net::Http;

/// Reads what is wanted from blocks, within a budget.
pub(super) type Reader<T> =
    Arc<dyn Fn(&dyn BlockSource, &TreeBudget) -> Result<T, ReadError> + Send + Sync>;

/// A block that the thread needs, and where it is waited for.
type Ask = (Cid, oneshot::Sender<Bytes>);

/// The blocks of a tree as the reading thread has them.
struct Asking {
    tree: Arc<BlockTree>,
    /// What came at once need not be asked for.
    car: Arc<OnceLock<Car>>,
    asks: mpsc::Sender<Ask>,
}

impl Asking {
    fn ask(&self, cid: &Cid) -> Option<Bytes> {
        let (answer, answered) = oneshot::channel();
        self.asks.blocking_send((*cid, answer)).ok()?;
        answered.blocking_recv().ok()
    }
}

impl BlockSource for Asking {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        if self.asks.is_closed() {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        if let Some(block) = self.tree.cached(cid)? {
            return Ok(Some(block));
        }
        let block = match self.car.get().map_or(Ok(None), |car| car.get(cid))? {
            Some(block) => block,
            None => self.ask(cid).ok_or_else(|| io::Error::other("it was not fetched"))?,
        };
        if verify_block(cid, &block).is_ok() {
            self.tree.keep(cid, &block)?;
        }
        // Whoever reads it sees that it is wrong.
        Ok(Some(block))
    }
}

/// Where blocks come from: a CAR of what is wanted first, then one by one.
struct Supply<'a> {
    tree: &'a BlockTree,
    http: &'a Http,
    number: usize,
    server: Server<'a>,
    wanted: &'a Wanted<'a>,
    limits: &'a FetchLimits,
    car: Arc<OnceLock<Car>>,
    has_asked_for_car: bool,
    said_not_found: bool,
    singles: usize,
}

impl BlockTree {
    /// Reads with `read` from blocks of `server`: those of a CAR of what is wanted, then others.
    ///
    /// `Ok(None)` is that the verified blocks show that there is no such entry.
    ///
    /// What others read at the same time counts while they do, though they may fail and give it
    /// back: what is over the budget beside them is read again once they have ended, alone.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        http: &Http,
        server: (usize, Server<'_>),
        wanted: &Wanted<'_>,
        limits: &FetchLimits,
        read: &Reader<T>,
    ) -> Result<Option<T>, Obstacle> {
        let beside = self.turn.read().await;
        let outcome = self.read_once(http, server, wanted, limits, read, false).await;
        drop(beside);
        if !matches!(outcome, Err(Obstacle::Over(_))) {
            return outcome;
        }
        let _alone = self.turn.write().await;
        self.read_once(http, server, wanted, limits, read, true).await
    }

    async fn read_once<T: Send + 'static>(
        self: &Arc<Self>,
        http: &Http,
        (number, server): (usize, Server<'_>),
        wanted: &Wanted<'_>,
        limits: &FetchLimits,
        read: &Reader<T>,
        is_alone: bool,
    ) -> Result<Option<T>, Obstacle> {
        let (asks, mut asked) = mpsc::channel::<Ask>(1);
        let car = Arc::new(OnceLock::new());
        let source = Asking { tree: self.clone(), car: car.clone(), asks };
        let read = read.clone();
        let attempt = TreeBudget::attempt(&self.budget);
        let reading = tokio::task::spawn_blocking(move || {
            let outcome = read(&source, &attempt);
            // What was met of the tree counts where it decides; the next gateway is read anew.
            let counts = |error: &ReadError| decides(error) && (is_alone || !is_over(error));
            if outcome.as_ref().is_err_and(|error| !counts(error)) {
                attempt.give_back();
            }
            outcome
        });
        let mut supply = Supply {
            tree: self,
            http,
            number,
            server,
            wanted,
            limits,
            car,
            has_asked_for_car: self.without_car[number].load(Ordering::Relaxed),
            said_not_found: false,
            singles: 0,
        };
        let mut failed = None;
        while let Some((cid, answer)) = asked.recv().await {
            match supply.block(&cid).await {
                // The thread has ended when nobody takes it.
                Ok(block) => _ = answer.send(block),
                Err(obstacle) => {
                    failed = Some(obstacle);
                    break;
                }
            }
        }
        // Without an answer it ends, and gives back what it spent.
        drop(asked);
        let outcome = reading.await;
        if let Some(obstacle) = failed {
            return Err(obstacle);
        }
        match outcome {
            Ok(Ok(value)) => Ok(Some(value)),
            Ok(Err(ReadError::NotFound { .. } | ReadError::NotDirectory(_))) => Ok(None),
            Ok(Err(error)) => Err(obstacle(error)),
            Err(error) => Err(Obstacle::Failed(format!("reading it failed: {error}"))),
        }
    }
}

/// Whether whoever reads it from other gateways would end so too.
fn decides(error: &ReadError) -> bool {
    let is_shown = matches!(
        error,
        ReadError::NotFound { .. } | ReadError::NotDirectory(_) | ReadError::Bound { .. }
    );
    is_shown || is_over(error)
}

/// Whether the budget is spent, by whomever.
fn is_over(error: &ReadError) -> bool {
    match error {
        ReadError::OverBudget(_) => true,
        ReadError::Source { source, .. } => {
            source.get_ref().is_some_and(|source| source.is::<OverBudget>())
        }
        _ => false,
    }
}

fn obstacle(error: ReadError) -> Obstacle {
    let said = error.to_string();
    match error {
        ReadError::OverBudget(_) | ReadError::Bound { .. } => Obstacle::Over(said),
        ReadError::Block(BlockError::Hash(_) | BlockError::TooLarge { .. }) => {
            Obstacle::Wrong(said)
        }
        ReadError::Source { source, .. } => match source.downcast::<OverBudget>() {
            Ok(error) => error.into(),
            Err(_) => Obstacle::Failed(said),
        },
        _ => Obstacle::Failed(said),
    }
}

impl Supply<'_> {
    /// A block, not checked yet.
    async fn block(&mut self, cid: &Cid) -> Result<Bytes, Obstacle> {
        if !self.has_asked_for_car {
            self.has_asked_for_car = true;
            self.ask_for_car().await?;
        }
        let in_car = self.car.get().map_or(Ok(None), |car| car.get(cid));
        if let Some(block) = in_car.map_err(|error| Obstacle::Failed(error.to_string()))? {
            return Ok(block);
        }
        if self.singles == self.limits.single_blocks {
            let count = self.singles;
            let said = format!(
                "after {count} single blocks, the most that are asked for, {cid} is still missing"
            );
            return Err(Obstacle::Failed(said));
        }
        self.singles += 1;
        let from = (self.number, self.server);
        let block = self.tree.fetch_block(self.http, from, self.wanted.name, cid).await;
        match block {
            Err(enough @ (Obstacle::Over(_) | Obstacle::Spent(_) | Obstacle::Absent(_))) => {
                Err(enough)
            }
            Err(_) if self.said_not_found => Err(Obstacle::NotFound),
            block => block,
        }
    }

    async fn ask_for_car(&mut self) -> Result<(), Obstacle> {
        let from = (self.number, self.server);
        match self.tree.fetch_car(self.http, from, self.wanted, self.limits).await {
            // It is asked for once.
            Ok(car) => _ = self.car.set(car),
            Err(Obstacle::NotFound) => self.said_not_found = true,
            Err(Obstacle::Incapable(_)) => {
                self.tree.without_car[self.number].store(true, Ordering::Relaxed);
            }
            // Of what is in it a part may be wanted.
            Err(Obstacle::TooLong) => {}
            Err(failed) => return Err(failed),
        }
        Ok(())
    }
}
