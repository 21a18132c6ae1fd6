//! How long a server may be silent.

use std::time::Duration;

/// How long a server may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Until the connection stands. It is the client's, not a single request's.
    pub connect: Duration,
    /// Between the request's last part taken and the answer's head, and between two parts of the
    /// answer.
    pub idle: Duration,
    /// From the head of the answer to its last byte.
    pub body: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(30),
            body: Duration::from_secs(120),
        }
    }
}
