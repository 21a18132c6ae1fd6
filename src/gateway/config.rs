//! What a gateway is made of, what one client may take, and why there is no gateway.

use std::net::SocketAddr;
use std::time::Duration;

use super::check::Checker;
use super::roster::Roster;
use super::store::Store;
use crate::serve::{TlsError, TlsFiles};
use crate::web::{RateLimit, ServeLimits};

/// What a gateway is made of.
pub struct GatewayConfig {
    /// The records.
    pub store: Store,
    /// What may be written.
    pub checker: Checker,
    /// Records that change by time, which are answered by the clock in place of the database's.
    pub roster: Option<Roster>,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate and key; none for plain HTTP.
    pub tls: Option<TlsFiles>,
    /// What one client may take.
    pub limits: GatewayLimits,
}

/// What one client may take.
#[derive(Clone, Copy, Debug)]
pub struct GatewayLimits {
    /// Of connections.
    pub serve: ServeLimits,
    /// Bytes of a body.
    pub body: usize,
    /// Until all of a body is there.
    pub body_time: Duration,
    /// Bodies from one address; none for any number.
    pub by_address: Option<RateLimit>,
    /// Bodies of one name.
    pub by_name: Option<RateLimit>,
    /// Whether the last address of `X-Forwarded-For` is the client's: a proxy of the same owner
    /// stands before.
    pub behind_proxy: bool,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        let rate = |requests, seconds| RateLimit { requests, window: Duration::from_secs(seconds) };
        Self {
            serve: ServeLimits { connections: 896, per_address: 256, ..ServeLimits::default() },
            body: 4 << 20,
            body_time: Duration::from_secs(30),
            by_address: Some(rate(600, 10)),
            by_name: Some(rate(60, 10)),
            behind_proxy: false,
        }
    }
}

/// Why there is no gateway.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {addr}: {error}; choose another address with --listen")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The system's error.
        error: std::io::Error,
    },
    /// Certificate or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
}
