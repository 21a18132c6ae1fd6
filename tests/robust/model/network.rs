//! The doors of a command, and what happens at them.

use std::future::Future;
use std::pin::Pin;

use namesys::ipfs::upload::{Kubo, Upload};
use namesys::ipns::{Publisher, RecordSource, VerifiedRecord, W3name};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::mind::{Edition, Errand, Made, check_publication};
use super::taps::{At, Both, Event, Gate, Late, Tap, Uploading, Which};
use super::world::{Fault, Mutation, Seat, World};

/// What is to happen at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Whoever asks is ended.
    Kill,
    /// It fails.
    Fail,
    /// Somebody else acts in between.
    Race,
}

/// At which door something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Upload,
    Get(Which),
    Put(Which),
    Taken(Which),
}

/// One thing that happens to a command, once.
pub type Chance = Option<(Door, Fate)>;

/// What is done with a command's doors open.
pub struct Doors {
    pub publishers: Vec<Box<dyn Publisher>>,
    pub gateways: Vec<Box<dyn RecordSource>>,
    pub uploads: Vec<Box<dyn Upload>>,
    pub events: UnboundedReceiver<Event>,
}

/// How a command ended.
#[derive(Debug)]
pub enum End<T> {
    Came(T),
    Killed,
}

impl World {
    /// Doors to everybody.
    pub fn doors(&mut self) -> Doors {
        let (sender, events) = unbounded_channel();
        let gate = Gate(sender);
        // A new client each time: its own limit is not what is tested.
        let tap = |which, url: String| {
            let inner = Box::new(W3name::new(self.http.clone(), url.parse().unwrap()));
            Tap { which, inner, gate: gate.clone() }
        };
        let first = tap(Which::First, self.devnet.urls().w3name);
        let second = tap(Which::Second, self.second.urls().w3name);
        let publishers: Vec<Box<dyn Publisher>> = match self.mutation {
            Some(Mutation::ParallelPuts) => vec![Box::new(Both(first, second))],
            _ => vec![Box::new(first), Box::new(second)],
        };
        let inner = Kubo::new(self.http.clone(), self.devnet.urls().kubo.parse().unwrap(), None);
        let upload = Uploading { inner: Box::new(inner), gate };
        let late = match self.random.below(3) {
            0 if !self.out.is_empty() => {
                let at = self.random.below(self.out.len());
                Some(self.out[at].record.clone())
            }
            _ => None,
        };
        let gateways: Vec<Box<dyn RecordSource>> = vec![Box::new(Late(late))];
        Doors { publishers, gateways, uploads: vec![Box::new(upload)], events }
    }

    /// The first publisher has taken a record.
    fn take(&mut self, errand: &Errand, record: &VerifiedRecord) -> Result<(), Fault> {
        if self.out.iter().any(|edition| edition.record == *record) {
            return Ok(());
        }
        let tree = self.tree_of(record);
        let checked = check_publication(errand, self.newest(), &tree.content);
        self.note(format!("  taken: {} sequence {} {:?}", errand.who, tree.sequence, tree.content));
        self.out.push(Edition { record: record.clone(), tree });
        checked
    }

    /// Runs a command to its end, and lets happen at one door what is to happen there.
    pub async fn drive<T>(
        &mut self,
        seat: Option<&mut Seat>,
        errand: &Errand,
        by_key: bool,
        (mut events, mut chance): (UnboundedReceiver<Event>, Chance),
        command: impl Future<Output = T>,
    ) -> Result<End<T>, Fault> {
        let mut command = Box::pin(command);
        let mut seat = seat;
        let (mut was_put, mut was_taken) = (false, false);
        loop {
            let event = tokio::select! {
                biased;
                Some(event) = events.recv() => event,
                came = &mut command => return Ok(End::Came(came)),
            };
            let door = match &event.at {
                At::Upload => Door::Upload,
                At::Get(which) => Door::Get(*which),
                At::Put(which, _) => Door::Put(*which),
                At::Taken(which, _) => Door::Taken(*which),
            };
            was_put |= matches!(event.at, At::Put(Which::First, _));
            let is_parallel = self.mutation == Some(Mutation::ParallelPuts);
            match (&event.at, seat.as_mut()) {
                // It is written down before it is sent.
                (At::Put(Which::First, record), Some(seat)) if by_key => {
                    let made = Made {
                        record: record.clone(),
                        tree: self.tree_of(record),
                        is_ahead: false,
                    };
                    seat.mind.made.retain(|other| other.record != made.record);
                    seat.mind.made.push(made);
                }
                // And seen before the second gets it.
                (At::Put(Which::Second, record), Some(seat))
                    if !is_parallel && (was_taken || !was_put) =>
                {
                    seat.mind.see(self.tree_of(record));
                }
                _ => {}
            }
            if let At::Taken(which, record) = &event.at
                && (*which == Which::First || is_parallel)
            {
                was_taken = true;
                self.take(errand, record)?;
            }
            match chance.take_if(|(at, _)| *at == door) {
                None => _ = event.go_on.send(true),
                Some((_, Fate::Fail)) => {
                    self.count("fault");
                    self.note(format!("  fails: {door:?}"));
                    _ = event.go_on.send(false);
                }
                Some((_, Fate::Kill)) => {
                    self.count("kill");
                    self.note(format!("  killed: {door:?}"));
                    return Ok(End::Killed);
                }
                Some((_, Fate::Race)) => {
                    self.count("race");
                    self.note(format!("  in between: {door:?}"));
                    self.in_between().await?;
                    _ = event.go_on.send(true);
                }
            }
        }
    }

    /// Somebody else changes something and publishes it.
    fn in_between(&mut self) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + '_>> {
        Box::pin(async move {
            let free: Vec<usize> =
                (0..self.seats.len()).filter(|number| self.seats[*number].is_some()).collect();
            let number = free[self.random.below(free.len())];
            let mut seat = self.seats[number].take().unwrap();
            let fails = if self.mutation == Some(Mutation::ParallelPuts) { 6 } else { 2 };
            let chance = match self.random.below(8) {
                number if number < fails => Some((Door::Put(Which::First), Fate::Fail)),
                7 => Some((Door::Taken(Which::First), Fate::Kill)),
                _ => None,
            };
            let ended = self.change_and_publish(&mut seat, chance).await;
            self.seats[number] = Some(seat);
            ended
        })
    }
}
