//! What is published, taken into a workspace: [`pull`] merges it, [rule 8](crate::spec::published).
//!
//! | file | what it does |
//! | --- | --- |
//! | `fetch` | blocks of trees from this disk and from gateways |
//! | `sides` | the files in which base, published and here differ, and names that no file can have |
//! | `plan` | what becomes of each of them |
//! | `request` | [`pull`]: asks, reads, plans |
//! | `write` | writes what was planned, `published.toml` last |

mod error;
mod fetch;
mod items;
mod plan;
mod request;
mod sides;
mod write;

pub use error::PullError;
pub use fetch::TreeSource;
pub use items::{Conflict, Item, Refused, Signers};
pub use request::{PullRequest, Pulled, pull};
pub use sides::BadName;
