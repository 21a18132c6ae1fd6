//! Services that take a CAR file and keep its blocks.

mod kubo;

use std::path::Path;

use cid::Cid;
use futures_util::future::BoxFuture;
use url::Url;

pub use kubo::{ApiAddressError, Kubo, parse_api_address};

use crate::net::{NetError, Progress};

/// A service that imports a CAR file and pins its root.
pub trait Upload: Send + Sync {
    /// Kind and address, for a person: `kubo at http://127.0.0.1:5001/`.
    fn describe(&self) -> String;

    /// The service's address.
    fn url(&self) -> &Url;

    /// Whether the service is seen to keep `root` and all below it, by one cheap question. `false`
    /// also when it cannot say: then the file is sent, which does no harm.
    fn has<'a>(&'a self, root: &'a Cid) -> BoxFuture<'a, bool>;

    /// Sends the file at `car` and checks that the service has taken `root`. Repeating it does
    /// no harm.
    fn upload<'a>(
        &'a self,
        car: &'a Path,
        root: &'a Cid,
        progress: Option<Progress>,
    ) -> BoxFuture<'a, Result<(), UploadError>>;
}

/// Why an upload did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// The network, or the file.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The service refuses.
    #[error("{to} refuses the upload: {message}")]
    Rejected {
        /// The service.
        to: String,
        /// What it says.
        message: String,
    },
    /// The service took a root, but another.
    #[error("{to} took the root {got}, but {expected} was meant: is the CAR file the right one?")]
    OtherRoot {
        /// The service.
        to: String,
        /// The root that was meant.
        expected: Box<Cid>,
        /// The root it names.
        got: String,
    },
    /// The blocks arrived, but the service does not keep them.
    #[error("{to} has {root} but did not pin it: {message}")]
    NotPinned {
        /// The service.
        to: String,
        /// The root.
        root: Box<Cid>,
        /// What it says.
        message: String,
    },
    /// The answer does not name a root.
    #[error("{to} did not confirm the upload: {reason}; is it a Kubo RPC address?")]
    NotConfirmed {
        /// The service.
        to: String,
        /// What the answer is instead.
        reason: String,
    },
}
