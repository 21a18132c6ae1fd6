//! Services that take a CAR file and keep its blocks, or that can be told to fetch them.
//!
//! | file | kind |
//! | --- | --- |
//! | `kubo` | the RPC of a Kubo node |
//! | `cluster` | the REST API of IPFS Cluster |
//! | `pinning` | the IPFS Pinning Service API: by CID, the blocks come from elsewhere |
//! | `pinata` | Pinata's own API |
//! | `s3` | a bucket that unpacks CAR files, as Filebase's |
//! | `folder` | a plain folder: a git checkout, GitHub Pages, what rsync takes |

mod cluster;
mod folder;
mod folder_lock;
mod folder_manifest;
mod folder_probe;
mod folder_work;
mod kubo;
mod patience;
mod pinata;
mod pinning;
mod s3;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use cid::Cid;
use url::Url;

pub use cluster::Cluster;
pub use folder::{Changes, Folder};
pub(crate) use folder_manifest::{Manifest, OURS};
pub use kubo::Kubo;
pub use patience::Patience;
pub use pinata::Pinata;
pub use pinning::{Origins, PinningService};
pub use s3::S3;

use crate::ipfs::{OpenTreeError, Tree};
use crate::net::{FileBody, NetError, Progress, Timeouts, beside};

/// A service answers when all is written and pinned, which takes a while on a slow disk.
const UPLOAD_TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    idle: Duration::from_secs(300),
    body: Duration::from_secs(300),
};

/// For a question that is answered from an index, or not worth waiting for.
const QUESTION_TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    idle: Duration::from_secs(5),
    body: Duration::from_secs(5),
};

/// The empty folder: what is asked about when it does not matter what.
fn nothing() -> Cid {
    Cid::try_from("bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354")
        .expect("it is the CID of an empty UnixFS directory")
}

/// What a probe says when there is no more to be said.
fn it_answers<T>(_: T) -> String {
    "it answers".to_owned()
}

/// A service that imports a CAR file and pins its root.
#[async_trait]
pub trait Upload: Send + Sync {
    /// Kind and address, for a person: `kubo at http://127.0.0.1:5001/`.
    fn describe(&self) -> String;

    /// The service's address.
    fn url(&self) -> &Url;

    /// One cheap question, whose answer shows that the service is there and lets us in: in words.
    async fn probe(&self) -> Result<String, UploadError>;

    /// Whether the service is seen to keep `root` and all below it, by one cheap question. `false`
    /// also when it cannot say: then the file is sent, which does no harm.
    async fn has(&self, root: &Cid) -> bool;

    /// Whether it is sent the blocks; otherwise the root alone, and it fetches them.
    fn takes_blocks(&self) -> bool {
        true
    }

    /// Whether a CAR file may leave out blocks that the service has: where [`has`](Self::has) is
    /// said of a tree, those of that tree.
    fn takes_parts(&self) -> bool {
        false
    }

    /// Sends the file at `car` and checks that the service has taken `root`. Repeating it does
    /// no harm.
    async fn upload(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError>;
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
    /// The service took the request, but has not done it yet.
    #[error(
        "{to} has not pinned {root} within {after_s} s, its status is {status}; it goes on by \
         itself: run the same again later"
    )]
    Pending {
        /// The service.
        to: String,
        /// The root.
        root: Box<Cid>,
        /// The last status it gave.
        status: String,
        /// How long it was asked, in seconds.
        after_s: u64,
    },
    /// The answer does not name a root.
    #[error(
        "{to} did not confirm the upload: {}; are its address and its kind right?",
        beside(to, reason)
    )]
    NotConfirmed {
        /// The service.
        to: String,
        /// What the answer is instead.
        reason: String,
    },
    /// The settings of a service do not fit together.
    #[error("{to} cannot be used: {reason}")]
    Settings {
        /// The service.
        to: String,
        /// Why.
        reason: String,
    },
    /// The CAR file cannot be unpacked.
    #[error("{car:?} cannot be unpacked: {reason}")]
    Car {
        /// The file.
        car: std::path::PathBuf,
        /// Why.
        reason: String,
    },
    /// A file of a folder cannot be written or must not be replaced.
    #[error("{to}: {path:?} {reason}")]
    File {
        /// The folder.
        to: String,
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Opens the CAR file that is to be unpacked at `to`.
pub(crate) fn open_tree(to: &str, car: &Path, root: &Cid) -> Result<Tree, UploadError> {
    Tree::open(car, root).map_err(|error| match error {
        OpenTreeError::Car(reason) => UploadError::Car { car: car.to_owned(), reason },
        OpenTreeError::OtherRoot(got) => {
            UploadError::OtherRoot { to: to.to_owned(), expected: Box::new(*root), got }
        }
    })
}

fn car_body(car: &Path, progress: Option<Progress>) -> FileBody {
    FileBody { path: car.to_owned(), media_type: "application/vnd.ipld.car", progress }
}

/// Whether `got`, in whatever form of CID, is `root`.
fn same_cid(got: &str, root: &Cid) -> bool {
    Cid::try_from(got).is_ok_and(|cid| cid == *root)
}

/// The root a service names must be ours.
fn confirm(to: &dyn Upload, root: &Cid, got: &str) -> Result<(), UploadError> {
    if same_cid(got, root) {
        return Ok(());
    }
    let got = got.chars().take(200).collect();
    Err(UploadError::OtherRoot { to: to.describe(), expected: Box::new(*root), got })
}
