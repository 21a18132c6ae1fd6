//! The deployed NameSys backend, told of a publication after the first publisher has its record
//! ([deployed client](crate::spec::deployed_client)). Experimental: it verifies nothing, and whether
//! one runs is not known.
//!
//! | file | what it does |
//! | --- | --- |
//! | `types` | which of its short types a record is, and what it has no place for |
//! | `body` | the bodies it is posted: `/write`, `/revision`, `/read` |
//! | `client` | [`NamesysBackend`]: the backend as it is asked and written to |
//! | `tell` | [`tell_backend`]: asks, posts, and asks again |

mod body;
mod client;
mod tell;
mod types;

use crate::net::NetError;

pub use body::{BackendPlace, HashType};
pub use client::NamesysBackend;
pub use tell::{BackendNews, BackendOutcome, tell_backend};
pub use types::{backend_records, backend_type};

/// Why a backend does not have what it should.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BackendError {
    /// The network, or an answer that is none.
    #[error(transparent)]
    Net(#[from] NetError),
    /// What it answers is not what it is known to answer.
    #[error("its answer to /{path} is none of the deployed backend: {reason}")]
    Unread {
        /// Where.
        path: &'static str,
        /// Why.
        reason: String,
    },
    /// It does not take it.
    #[error("it does not take /{path} (status {status})")]
    Refused {
        /// Where.
        path: &'static str,
        /// The status.
        status: u16,
    },
    /// What was posted does not come back.
    #[error("it took it, and does not give back {0}")]
    NotKept(String),
    /// It said that it took it, and does not say what it has.
    #[error("it took it; whether it has it is not checked: {0}")]
    NotChecked(String),
}
