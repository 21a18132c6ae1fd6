//! How files go over HTTP: what the devnet's gateway, `serve` and `site` share.

#[cfg(feature = "serve")]
mod conditional;
mod content_type;
#[cfg(feature = "serve")]
mod cors;

/// How long a browser or a cache may keep a file without asking again.
pub(crate) const CACHE: &str = "public, max-age=60";

pub(crate) use conditional::{Wanted, none_match, wanted};
pub(crate) use content_type::content_type;
pub(crate) use cors::{cors, cors_read_only};
