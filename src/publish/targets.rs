//! What happens at each target.

use std::path::Path;
use std::time::Instant;

use cid::Cid;
use serde::{Deserialize, Serialize};

use super::{Part, told};
use crate::ipfs::upload::Upload;
use crate::ipns::{
    PublishError, Published, Publisher, ReadBack, VerifiedRecord, publish_and_read_back,
};
use crate::net::Progress;

/// How one target did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetOutcome {
    /// Kind and address.
    pub to: String,
    /// Whether it has what it should.
    pub ok: bool,
    /// Whether it took that now; a target that is seen to have it is not sent it again.
    pub sent: bool,
    /// Whether it was seen to serve it (publishers).
    pub read_back: bool,
    /// Why not.
    pub error: Option<String>,
}

/// What services get.
pub(super) struct Sent<'a> {
    /// The packed tree, or a part of it.
    pub(super) car: &'a Path,
    /// Its root.
    pub(super) root: &'a Cid,
    /// Whom a part is for.
    pub(super) part: Option<&'a Part<'a>>,
    /// Told about the bytes.
    pub(super) progress: &'a Option<Progress>,
}

pub(super) async fn send(upload: &dyn Upload, tree: &Sent<'_>) -> TargetOutcome {
    let (to, since) = (upload.describe(), Instant::now());
    let outcome = if upload.has(tree.root).await {
        TargetOutcome { to, ok: true, sent: false, read_back: false, error: None }
    } else {
        let error = send_blocks(upload, tree).await.err();
        TargetOutcome { to, ok: error.is_none(), sent: error.is_none(), read_back: false, error }
    };
    told::target("tree", &outcome.to, outcome.sent, outcome.error.as_deref(), since);
    outcome
}

/// What is new, to a service that has all the rest, and says then that it has all; otherwise the
/// whole tree.
async fn send_blocks(upload: &dyn Upload, tree: &Sent<'_>) -> Result<(), String> {
    let Sent { car, root, part, progress } = tree;
    let car = match part {
        Some(Part { base, whole }) if upload.takes_blocks() => {
            if upload.takes_parts() && upload.has(base).await {
                match upload.upload(car, root, (*progress).clone()).await {
                    Ok(()) => return Ok(()),
                    Err(error) => told::part_not_taken(&upload.describe(), &error.to_string()),
                }
            }
            whole.car().await?
        }
        _ => car,
    };
    let sent = upload.upload(car, root, (*progress).clone()).await;
    sent.map_err(|error| error.to_string())
}

/// How a publisher did that was given a record.
pub(super) struct Given {
    pub(super) outcome: TargetOutcome,
    /// It stored the record, and is a node without network, which nobody can read from.
    pub(super) without_network: bool,
    /// It refused it for another one: somebody else was first.
    pub(super) refused: bool,
}

impl Given {
    /// It was not sent.
    pub(super) fn not(to: String, error: String) -> Self {
        let error = Some(error);
        let outcome = TargetOutcome { to, ok: false, sent: false, read_back: false, error };
        Self { outcome, without_network: false, refused: false }
    }
}

/// Gives a publisher the record, unless it has it.
pub(super) async fn give(
    publisher: &dyn Publisher,
    served: &Result<Option<VerifiedRecord>, PublishError>,
    record: &VerifiedRecord,
) -> Given {
    let since = Instant::now();
    let given = give_untold(publisher, served, record).await;
    let TargetOutcome { to, sent, error, .. } = &given.outcome;
    told::target("record", to, *sent, error.as_deref(), since);
    given
}

async fn give_untold(
    publisher: &dyn Publisher,
    served: &Result<Option<VerifiedRecord>, PublishError>,
    record: &VerifiedRecord,
) -> Given {
    let to = publisher.describe();
    let done = |outcome| Given { outcome, without_network: false, refused: false };
    match served {
        Ok(Some(has)) if has.bytes() == record.bytes() => {
            return done(TargetOutcome { to, ok: true, sent: false, read_back: true, error: None });
        }
        // Patience with it is at an end already.
        Err(PublishError::Net(error)) if error.is_no_connection() => {
            let error = Some(error.to_string());
            return done(TargetOutcome { to, ok: false, sent: false, read_back: false, error });
        }
        _ => {}
    }
    let in_between = |sequence: u64| {
        format!(
            "another publication came in between: it has sequence {sequence} now; publish again, \
             which takes the sequence after that"
        )
    };
    let published = publish_and_read_back(publisher, record, ReadBack::default()).await;
    let without_network =
        matches!(published, Err(PublishError::WithoutNetwork { taken: true, .. }));
    let not_read_back = matches!(published, Err(PublishError::NotReadBack { .. }));
    let taken = published.is_ok() || not_read_back || without_network;
    let refused =
        matches!(published, Ok(Published::Superseded(_)) | Err(PublishError::Outdated { .. }));
    let error = match published {
        Ok(Published::Same) => None,
        Ok(Published::Superseded(other)) => Some(in_between(other.fields().sequence)),
        Err(PublishError::Outdated { has, .. }) => Some(in_between(has)),
        Err(error) => Some(error.to_string()),
    };
    let ok = error.is_none();
    let outcome = TargetOutcome { to, ok, sent: taken, read_back: ok, error };
    Given { outcome, without_network, refused }
}
