//! How much of a server its clients may take.

use std::time::Duration;

/// What one client may take, and all together.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// Connections at once. When there are as many, one that is idle, or has not taken its answer
    /// for [`head`](Self::head), gives way to a new one; else that waits until one ends.
    pub connections: usize,
    /// Connections at once from one address, or one IPv6 network of 64 bits. A further one takes
    /// the place of an idle one of the same, else it is closed.
    pub per_address: usize,
    /// Until hands are shaken (TLS), and from then or from the last answer until the whole head
    /// of a request is there.
    pub head: Duration,
    /// From the beginning of a connection until it is asked to end: it gets `grace` then.
    pub connection: Duration,
    /// For requests under way, once they are to end.
    pub grace: Duration,
}

impl ServeLimits {
    /// For [`per_address`](Self::per_address): any number, where all come from one machine.
    pub const ANY: usize = usize::MAX;
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections: 512,
            per_address: 256,
            head: Duration::from_secs(10),
            connection: Duration::from_secs(120),
            grace: Duration::from_secs(10),
        }
    }
}
