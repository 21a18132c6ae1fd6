//! How files go over HTTP, and to whom: what the devnet, `serve`, `publish` and `browser` share.

// The devnet's gateway uses all of both.
#[cfg(feature = "serve")]
#[cfg_attr(not(feature = "devnet"), allow(dead_code))]
mod conditional;
#[cfg(feature = "serve")]
mod connections;
mod content_type;
#[cfg(feature = "serve")]
#[cfg_attr(not(feature = "devnet"), allow(dead_code))]
mod cors;
#[cfg(feature = "serve")]
mod crowd;
#[cfg(feature = "serve")]
mod limits;
#[cfg(any(feature = "devnet", feature = "gateway"))]
mod rate_limit;
#[cfg(feature = "serve")]
#[cfg_attr(not(feature = "devnet"), allow(dead_code))]
mod who_asks;

/// How long a browser or a cache may keep a file without asking again.
pub(crate) const CACHE: &str = "public, max-age=60";

#[cfg(feature = "serve")]
pub(crate) use conditional::none_match;
#[cfg(feature = "devnet")]
pub(crate) use conditional::{Wanted, wanted};
#[cfg(feature = "serve")]
pub(crate) use connections::serve;
pub(crate) use content_type::content_type;
#[cfg(any(feature = "devnet", feature = "gateway"))]
pub(crate) use cors::cors;
#[cfg(feature = "serve")]
pub(crate) use cors::cors_read_only;
#[cfg(feature = "gateway")]
pub(crate) use crowd::network;
#[cfg(feature = "serve")]
pub use limits::ServeLimits;
#[cfg(any(feature = "devnet", feature = "gateway"))]
pub use rate_limit::RateLimit;
#[cfg(any(feature = "devnet", feature = "gateway"))]
pub(crate) use rate_limit::RateLimiter;
#[cfg(feature = "devnet")]
pub(crate) use who_asks::is_read_only;
#[cfg(feature = "serve")]
pub(crate) use who_asks::{OwnHosts, Pages};
