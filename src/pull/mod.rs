//! What is published, taken into a workspace: [`pull`] merges it
//! ([rule 8](crate::spec::published)), [`clone`] makes a workspace of it.
//!
//! | file | what it does |
//! | --- | --- |
//! | `fetch` | blocks of trees from this disk and from gateways |
//! | `sides` | the files in which base, published and here differ, and names that no file can have |
//! | `plan` | what becomes of each of them |
//! | `request` | [`pull`]: asks, reads, plans |
//! | `tree` | a tree read whole: verified records, what does not verify, foreign files |
//! | `web` | a tree of a web host, by its manifest |
//! | `clone` | a workspace of it |
//! | `write` | writes what was planned, `published.toml` last |

mod clone;
mod error;
mod fetch;
mod items;
mod plan;
mod request;
mod sides;
mod tree;
mod web;
mod write;

pub use clone::{CloneError, CloneRequest, Cloned, clone};
pub use error::PullError;
pub use fetch::TreeSource;
pub use items::{Conflict, Item, Refused, Signers};
pub use request::{PullRequest, Pulled, pull};
pub use sides::BadName;
pub use tree::{ReadTree, TreeFiles};
pub use web::{WebTree, web_tree};
