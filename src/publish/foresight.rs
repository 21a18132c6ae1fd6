//! What a publication would do: asked and decided as [`publish`](super::publish) does, without the
//! key, and nothing is sent.

use cid::Cid;
use futures_util::future::join_all;

use super::PublishNotice;
use super::answers::Answers;
use super::author::{Intent, intend};
use super::decision::{Going, expect, going};
use super::error::PublishTreeError;
use super::ledger::Ledger;
use super::request::PublishRequest;
use crate::ipfs::upload::Upload;
use crate::ipns::VerifiedRecord;
use crate::published::{Judged, Standing};

/// What a publication would do.
#[derive(Debug)]
pub struct Foresight {
    /// What stands published.
    pub standing: Standing,
    /// Why each publisher that tells nothing does not.
    pub silent: Vec<String>,
    /// The sequence of the record that all should have.
    pub sequence: u64,
    /// The record, where one that stands does.
    pub stands: Option<VerifiedRecord>,
    /// Whether that record is written down as the base; one that was cut short before is not.
    pub is_noted: bool,
    /// What goes.
    pub judged: Judged,
    /// Whose what is lost is, in words; where it must not be.
    pub refused: Option<String>,
    /// Why it is not known what goes.
    pub problem: Option<PublishTreeError>,
    /// What a person should know.
    pub notices: Vec<PublishNotice>,
    /// What each publisher has, by its kind and address.
    pub publishers: Vec<Foreseen>,
}

/// A target, and whether it has to be sent anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// Kind and address.
    pub to: String,
    /// Whether it lacks what it should have.
    pub lacks: bool,
    /// Whether it gets the blocks; a service that fetches them is told the root alone.
    pub takes_blocks: bool,
    /// Whether it gets only what is new, for it has all else.
    pub has_base: bool,
}

/// Asks who is asked before a publication, and decides; nothing is written, and nothing sent.
///
/// # Errors
/// Those of the record, and of files.
pub async fn foresee(request: &PublishRequest<'_>) -> Result<Foresight, PublishTreeError> {
    let known = Ledger::open(request.workspace, request.name)?.known;
    let answers = Answers::ask(request).await;
    let standing = answers.standing(request, known.base.as_ref());
    let silent = answers.failed(request);
    let unexpected = expect(request, &standing).err();
    let intent = intend(request, &known, &standing, silent.clone())?;
    let Intent { value, sequence, stands, mut notices, .. } = intent;
    let (mut judged, mut refused, mut problem) = (Judged::default(), None, None);
    if stands.is_none() {
        let reason = answers.silent_first(request).filter(|_| !request.permission.replace);
        problem = reason.map(|reason| PublishTreeError::UnknownPublished { reason });
        match going(request, &known, &standing, &value).await {
            Ok(going) => {
                let Going { notices: more, .. } = going;
                (judged, refused) = (going.judged, going.refused);
                notices.extend(more);
            }
            Err(error) => problem = Some(error),
        }
    }
    let problem = unexpected.or(problem);
    let is_base =
        |record: &VerifiedRecord| known.base.as_ref().is_some_and(|base| base.record() == record);
    let is_noted = request.workspace.is_none() || stands.as_ref().is_none_or(is_base);
    let said = request.publishers.iter().zip(&answers.publishers);
    let publishers = said.map(|(publisher, said)| {
        let has = match (said, &stands) {
            (Ok(Some(has)), Some(stands)) => has.bytes() == stands.bytes(),
            _ => false,
        };
        Foreseen { to: publisher.describe(), lacks: !has, takes_blocks: false, has_base: false }
    });
    let publishers = publishers.collect();
    Ok(Foresight {
        standing,
        silent,
        sequence,
        stands,
        is_noted,
        judged,
        refused,
        problem,
        notices,
        publishers,
    })
}

/// Which uploads lack the tree, all of them where its root is not known yet; and which of these have
/// `base`, from which on only what is new is sent.
pub async fn lacking(
    uploads: &[Box<dyn Upload>],
    root: Option<&Cid>,
    base: Option<&Cid>,
) -> Vec<Foreseen> {
    let has = async |upload: &dyn Upload, root: Option<&Cid>| match root {
        Some(root) => upload.has(root).await,
        None => false,
    };
    let look = async |upload: &dyn Upload| {
        let (to, takes_blocks) = (upload.describe(), upload.takes_blocks());
        let lacks = !has(upload, root).await;
        let asks_base = lacks && takes_blocks && upload.takes_parts();
        let has_base = asks_base && has(upload, base).await;
        Foreseen { to, lacks, takes_blocks, has_base }
    };
    join_all(uploads.iter().map(|upload| look(&**upload))).await
}
