//! Who is connected to a server, and who gives way when there is no room.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;

use super::limits::ServeLimits;

/// How often it is looked again whether a guest may be sent away.
const RECONSIDER: Duration = Duration::from_secs(1);

/// Everybody who is connected.
pub(super) struct Crowd {
    limits: ServeLimits,
    guests: Mutex<Guests>,
    /// Told when somebody leaves.
    room: Notify,
}

#[derive(Default)]
struct Guests {
    next: u64,
    by_number: HashMap<u64, Guest>,
}

struct Guest {
    address: IpAddr,
    /// Whether a request of it is being answered.
    busy: bool,
    /// Since when that is so, or since a part of a body moved.
    since: Instant,
    /// Tells it to leave.
    leave: Arc<Notify>,
}

/// A connection's place, until it is dropped.
pub(super) struct Seat {
    crowd: Arc<Crowd>,
    number: u64,
    leave: Arc<Notify>,
}

/// A request that is being answered, until it is dropped.
pub(super) struct Busy(Arc<Seat>);

impl Crowd {
    pub(super) fn new(limits: ServeLimits) -> Self {
        Self { limits, guests: Mutex::default(), room: Notify::new() }
    }

    /// A place for a connection from `address`, once there is one. `None` when its address has as
    /// many as it may have, all of them busy.
    pub(super) async fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Arc<Seat>> {
        let address = network(address);
        loop {
            let room = self.room.notified();
            {
                let mut guests = self.lock();
                let of_address = |guest: &Guest| guest.address == address;
                let count = guests.by_number.values().filter(|guest| of_address(guest)).count();
                if count >= self.limits.per_address
                    && !guests.send_away(|guest| of_address(guest) && !guest.busy)
                {
                    return None;
                }
                if guests.by_number.len() < self.limits.connections
                    || guests.send_away(|guest| !guest.busy)
                    || guests.send_away(|guest| guest.since.elapsed() > self.limits.head)
                {
                    return Some(Arc::new(self.seat(&mut guests, address)));
                }
            }
            // A guest may become idle, or too slow, without leaving.
            let _ = timeout(RECONSIDER, room).await;
        }
    }

    fn seat(self: &Arc<Self>, guests: &mut Guests, address: IpAddr) -> Seat {
        let (number, leave) = (guests.next, Arc::new(Notify::new()));
        guests.next += 1;
        let guest = Guest { address, busy: false, since: Instant::now(), leave: leave.clone() };
        guests.by_number.insert(number, guest);
        Seat { crowd: self.clone(), number, leave }
    }

    fn lock(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guests {
    /// Of those who may go, the one that has been so for longest, at the address that has the
    /// most connections. `false` when there is none.
    fn send_away(&mut self, may_go: impl Fn(&Guest) -> bool) -> bool {
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        for guest in self.by_number.values() {
            *counts.entry(guest.address).or_default() += 1;
        }
        let candidates = self.by_number.iter().filter(|(_, guest)| may_go(guest));
        let rank = |guest: &Guest| (counts[&guest.address], Reverse(guest.since));
        let goes = candidates.max_by_key(|(_, guest)| rank(guest)).map(|(number, _)| *number);
        match goes.and_then(|number| self.by_number.remove(&number)) {
            Some(guest) => {
                guest.leave.notify_one();
                true
            }
            None => false,
        }
    }
}

impl Seat {
    /// Until it has to make room.
    pub(super) fn told_to_leave(&self) -> impl Future<Output = ()> + use<> {
        let leave = self.leave.clone();
        async move { leave.notified().await }
    }

    /// From now on a request is answered.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.turn(true);
        Busy(self.clone())
    }

    /// It takes what it asked for, or sends what it has to say.
    pub(super) fn moves(&self) {
        if let Some(guest) = self.crowd.lock().by_number.get_mut(&self.number) {
            guest.since = Instant::now();
        }
    }

    fn turn(&self, busy: bool) {
        if let Some(guest) = self.crowd.lock().by_number.get_mut(&self.number) {
            (guest.busy, guest.since) = (busy, Instant::now());
        }
    }
}

impl Busy {
    /// As [`Seat::moves`].
    pub(super) fn moves(&self) {
        self.0.moves();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.turn(false);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.crowd.lock().by_number.remove(&self.number);
        self.crowd.room.notify_one();
    }
}

/// What counts as one client: an address, or an IPv6 network of 64 bits, which one subscriber has.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(connections: usize, per_address: usize) -> Arc<Crowd> {
        let limits = ServeLimits { connections, per_address, ..ServeLimits::default() };
        Arc::new(Crowd::new(limits))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    async fn is_sent_away(seat: &Seat) -> bool {
        let moment = std::time::Duration::from_millis(20);
        tokio::time::timeout(moment, seat.told_to_leave()).await.is_ok()
    }

    #[tokio::test]
    async fn an_address_has_its_share_and_its_own_idle_ones_give_way() {
        let crowd = crowd(10, 2);
        let (here, there) = (ip("192.0.2.1"), ip("::ffff:192.0.2.2"));
        let first = crowd.admit(here).await.unwrap();
        let second = crowd.admit(here).await.unwrap();
        let other = crowd.admit(there).await.unwrap();
        let answering = first.busy();
        let third = crowd.admit(here).await.unwrap();
        assert!(is_sent_away(&second).await && !is_sent_away(&first).await);
        let also = third.busy();
        assert!(crowd.admit(here).await.is_none(), "both are busy");
        drop(answering);
        crowd.admit(here).await.unwrap();
        assert!(is_sent_away(&first).await && !is_sent_away(&other).await);
        drop(also);
        assert_eq!(network(ip("2001:db8::1")), network(ip("2001:db8::ffff:0:0:1")));
        assert_ne!(network(ip("2001:db8::1")), network(ip("2001:db8:0:1::1")));
    }

    #[tokio::test]
    async fn whoever_has_the_most_gives_way_and_the_busy_are_waited_for() {
        let crowd = crowd(3, 3);
        let lone = crowd.admit(ip("192.0.2.9")).await.unwrap();
        let one = crowd.admit(ip("192.0.2.1")).await.unwrap();
        let two = crowd.admit(ip("192.0.2.1")).await.unwrap();
        let new = crowd.admit(ip("192.0.2.5")).await.unwrap();
        assert!(is_sent_away(&one).await && !is_sent_away(&lone).await);
        let busy = [lone.busy(), two.busy(), new.busy()];
        let waiting = crowd.admit(ip("192.0.2.6"));
        let moment = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(moment, waiting).await.is_err());
        drop(busy);
        crowd.admit(ip("192.0.2.6")).await.unwrap();
    }

    #[tokio::test]
    async fn whoever_takes_its_answer_is_not_too_slow() {
        let head = Duration::from_millis(100);
        let limits = ServeLimits { connections: 2, per_address: 2, head, ..ServeLimits::default() };
        let crowd = Arc::new(Crowd::new(limits));
        let [taking, stalled] = [crowd.admit(ip("192.0.2.1")), crowd.admit(ip("192.0.2.2"))];
        let (taking, stalled) = (taking.await.unwrap(), stalled.await.unwrap());
        let _busy = (taking.busy(), stalled.busy());
        tokio::time::sleep(Duration::from_millis(150)).await;
        taking.moves();
        crowd.admit(ip("192.0.2.3")).await.unwrap();
        assert!(is_sent_away(&stalled).await && !is_sent_away(&taking).await);
    }

    #[tokio::test]
    async fn without_a_share_of_an_address_its_slow_ones_give_way() {
        let limits = ServeLimits {
            connections: 2,
            per_address: ServeLimits::ANY,
            head: Duration::from_millis(50),
            ..ServeLimits::default()
        };
        let crowd = Arc::new(Crowd::new(limits));
        let here = ip("127.0.0.1");
        let seats = [crowd.admit(here).await.unwrap(), crowd.admit(here).await.unwrap()];
        let _busy = seats.each_ref().map(Seat::busy);
        assert!(crowd.admit(here).await.is_some(), "it waits until one is too slow");
    }
}
