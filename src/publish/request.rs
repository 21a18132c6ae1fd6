//! What is to be published: what the record points to, where it comes from, and who gets it.

use std::path::Path;
use std::time::Duration;

use cid::Cid;
use jiff::Timestamp;

use super::verdict::Enough;
use super::{HistoryTarget, PublishNotice, Sight, Trees};
use crate::ipfs::upload::Upload;
use crate::ipns::{Publisher, RecordSource, Validity, VerifiedRecord};
use crate::keys::{IpnsKey, IpnsName};
use crate::net::Progress;
use crate::workspace::{Removal, Workspace};

/// What to publish and where. The caller holds the workspace's lock.
pub struct PublishRequest<'a> {
    /// Where records made here are kept; a signed one may be published without.
    pub workspace: Option<&'a Workspace>,
    /// Whose record it is.
    pub name: IpnsName,
    /// What the record points to.
    pub subject: Subject<'a>,
    /// Where the record comes from.
    pub author: Author<'a>,
    /// Every one gets the record.
    pub publishers: &'a [Box<dyn Publisher>],
    /// Looked at once the record is out.
    pub gateways: &'a [Box<dyn RecordSource>],
    /// Compares what is published with what would be; without, nothing unknown is replaced.
    pub trees: Option<&'a Trees>,
    /// What of it may go.
    pub permission: &'a Permission,
    /// Whether most of it may.
    pub removal: Removal<'a>,
    /// When that is enough.
    pub enough: Enough,
    /// The clock.
    pub now: Timestamp,
    /// Told what a person should know before the record goes out.
    pub notice: &'a (dyn Fn(&PublishNotice) + Send + Sync),
    /// Told who is waited for, after every round but the last.
    pub waiting: &'a (dyn Fn(&Sight) + Send + Sync),
}

/// What the user says of what is published ([rule 11](crate::spec::published)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    /// It is known: what goes is listed, and goes.
    pub replace: bool,
    /// Nothing is sent unless this is published.
    pub expect: Option<HistoryTarget>,
}

/// What the record points to.
pub enum Subject<'a> {
    /// A tree that is uploaded first.
    Tree {
        /// The packed tree; one that was made for this publication is moved to
        /// [`KEPT_TREE`](super::KEPT_TREE) once it was seen published.
        car: &'a Path,
        /// Its root.
        root: Cid,
        /// Every one gets the tree.
        uploads: &'a [Box<dyn Upload>],
        /// Told about the bytes of the uploads.
        progress: Option<Progress>,
    },
    /// A tree that was uploaded earlier.
    Root(Cid),
    /// What was last seen published, the base, in a new record of another validity.
    Newest {
        /// What is published, whoever published it.
        foreign: bool,
    },
}

/// Where the record comes from.
pub enum Author<'a> {
    /// It is made with the key, where the newest known one does not do.
    Key {
        /// The name's key.
        key: &'a IpnsKey,
        /// Until when a new record is valid.
        validity: Validity,
        /// How long a reader may keep a new record.
        ttl: Duration,
        /// The sequence of a new record, in place of the next one.
        sequence: Option<u64>,
    },
    /// It was signed elsewhere, or earlier.
    Signed {
        /// The record.
        record: &'a VerifiedRecord,
        /// What was the newest then; none where nothing was known to be published.
        over: Option<&'a VerifiedRecord>,
    },
}

impl Subject<'_> {
    pub(super) fn root(&self) -> Option<Cid> {
        match self {
            Self::Tree { root, .. } | Self::Root(root) => Some(*root),
            Self::Newest { .. } => None,
        }
    }

    /// Whether it is what is published already, for longer.
    pub(super) fn is_renewal(&self) -> bool {
        matches!(self, Self::Newest { .. })
    }

    /// Whether it is renewed without being seen here.
    pub(super) fn is_foreign(&self) -> bool {
        matches!(self, Self::Newest { foreign: true })
    }

    /// The packed tree on this disk.
    pub(super) fn car(&self) -> Option<&Path> {
        match self {
            Self::Tree { car, .. } => Some(car),
            Self::Root(_) | Self::Newest { .. } => None,
        }
    }
}
