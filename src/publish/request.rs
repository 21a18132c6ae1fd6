//! What is to be published: what the record points to, where it comes from, and who gets it.

use std::path::Path;
use std::time::Duration;

use cid::Cid;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::verdict::Enough;
use super::{HistoryTarget, Part, PublishNotice, Sight, Trees};
use crate::ipfs::upload::Upload;
use crate::ipns::{Publisher, RecordSource, Validity, VerifiedRecord};
use crate::keys::{IpnsKey, IpnsName};
use crate::net::Progress;
use crate::published::{Loss, Standing};
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
    /// What was planned: a new record is sent only over what was published then.
    pub planned: Option<Planned>,
    /// What the record has to be.
    pub needs: Needs,
}

/// What a record has to be for those that are signed ahead of it ([why](crate::spec::phases)): one
/// that stands and is not is no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Above all that was signed ahead here before, so that none of that wins any more.
    pub above_ahead: bool,
    /// Valid so long.
    pub until: Option<Timestamp>,
}

/// What a [plan](crate::plan) lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// What stood when it was made, one for each value.
    pub over: Vec<Stood>,
    /// What is known to be lost.
    pub losses: Vec<Loss>,
}

/// A record that stood.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stood {
    /// Its sequence.
    pub sequence: u64,
    /// `/ipfs/…`
    pub value: String,
}

impl Stood {
    /// What stands, in an order of its own.
    pub fn of(standing: &Standing) -> Vec<Self> {
        let stood = standing.newest.iter().map(|stands| {
            let fields = stands.record.fields();
            Self { sequence: fields.sequence, value: fields.value.clone() }
        });
        let mut stood: Vec<Self> = stood.collect();
        stood.sort();
        stood
    }
}

impl Permission {
    /// Whether a loss may be.
    pub(super) fn lets_go(&self, loss: &Loss) -> bool {
        let is_it = |listed: &Loss| {
            (&listed.path, &listed.there, &listed.here) == (&loss.path, &loss.there, &loss.here)
        };
        let planned = self.planned.as_ref();
        self.replace || planned.is_some_and(|planned| planned.losses.iter().any(is_it))
    }
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
        /// Whom the packed tree is for, where it is only a part.
        part: Option<Part<'a>>,
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
        /// What may have been published before it; none where nothing was known to be. It is sent
        /// over one of these alone.
        over: &'a [VerifiedRecord],
    },
    /// Nobody makes it yet: what would be made is foreseen, without the key.
    Later {
        /// Until when a new record would be valid.
        validity: Validity,
    },
}

impl Author<'_> {
    /// Until when a new record would be valid; none where none is made.
    pub(super) fn validity(&self) -> Option<&Validity> {
        match self {
            Self::Key { validity, .. } | Self::Later { validity } => Some(validity),
            Self::Signed { .. } => None,
        }
    }

    /// The sequence that is asked for.
    pub(super) fn sequence(&self) -> Option<u64> {
        match self {
            Self::Key { sequence, .. } => *sequence,
            Self::Signed { .. } | Self::Later { .. } => None,
        }
    }
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

    /// Whether the packed tree on this disk is only what is new of it.
    pub(super) fn is_part(&self) -> bool {
        matches!(self, Self::Tree { part: Some(_), .. })
    }

    /// The packed tree on this disk.
    pub(super) fn car(&self) -> Option<&Path> {
        match self {
            Self::Tree { car, .. } => Some(car),
            Self::Root(_) | Self::Newest { .. } => None,
        }
    }
}
