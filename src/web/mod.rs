//! How files go over HTTP: what the devnet's gateway and `serve` share.

mod conditional;
mod content_type;
mod cors;

pub(crate) use conditional::{Wanted, none_match, wanted};
pub(crate) use content_type::content_type;
pub(crate) use cors::{cors, cors_read_only};
