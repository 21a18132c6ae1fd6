//! How files go over HTTP: what the devnet's gateway, `serve` and `publish` share.

// The devnet's gateway uses all of both.
#[cfg(feature = "serve")]
#[cfg_attr(not(feature = "devnet"), allow(dead_code))]
mod conditional;
mod content_type;
#[cfg(feature = "serve")]
#[cfg_attr(not(feature = "devnet"), allow(dead_code))]
mod cors;

/// How long a browser or a cache may keep a file without asking again.
pub(crate) const CACHE: &str = "public, max-age=60";

#[cfg(feature = "serve")]
pub(crate) use conditional::none_match;
#[cfg(feature = "devnet")]
pub(crate) use conditional::{Wanted, wanted};
pub(crate) use content_type::content_type;
#[cfg(feature = "devnet")]
pub(crate) use cors::cors;
#[cfg(feature = "serve")]
pub(crate) use cors::cors_read_only;
