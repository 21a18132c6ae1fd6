//! What is to be published, and whether it may be: rules 4 to 7 and 11 of
//! [the model](crate::spec::published).

use std::time::Instant;

use super::answers::Answers;
use super::author::{Next, next_record};
use super::error::PublishTreeError;
use super::request::{Author, PublishRequest, Stood};
use super::told::said;
use super::{HistoryTarget, PublishNotice, told};
use crate::ipns::VerifiedRecord;
use crate::published::{Judged, Known, PublishedTree, Roots, Standing, Stands, Towards, root_in};

/// What is to be published.
pub(super) struct Decision {
    /// The record that all should have.
    pub(super) record: VerifiedRecord,
    /// Whether nobody has it yet.
    pub(super) is_new: bool,
    /// What it loses and removes.
    pub(super) judged: Judged,
    /// Whose that is, in words; where it must not be lost.
    pub(super) refused: Option<String>,
    /// What a person should know.
    pub(super) notices: Vec<PublishNotice>,
}

/// Decides from what was answered.
///
/// # Errors
/// Those of the record, and when it is not known what is published.
pub(super) async fn decide(
    request: &PublishRequest<'_>,
    known: &Known,
    answers: &Answers,
) -> Result<Decision, PublishTreeError> {
    let standing = answers.standing(request, known.base.as_ref());
    told::standing(&standing);
    expect(request, &standing)?;
    let failed = answers.failed(request);
    let next = next_record(request, known, &standing, failed)?;
    told::record(&next.record, next.is_new, &next.why);
    let Next { record, is_new, mut notices, .. } = next;
    if !is_new {
        let judged = Judged::default();
        return Ok(Decision { record, is_new, judged, refused: None, notices });
    }
    planned(request, &standing)?;
    match answers.silent_first(request) {
        Some(reason) if !request.permission.replace => {
            return Err(PublishTreeError::UnknownPublished { reason });
        }
        _ => {}
    }
    let Going { judged, refused, notices: more } =
        going(request, known, &standing, &record.fields().value).await?;
    notices.extend(more);
    match judged.mass {
        Some(removal) if refused.is_none() && !request.removal.may(&removal) => {
            return Err(PublishTreeError::MassRemoval(removal));
        }
        _ => {}
    }
    Ok(Decision { record, is_new, judged, refused, notices })
}

/// What goes of what is published.
pub(super) struct Going {
    pub(super) judged: Judged,
    /// Whose what is lost is, in words; where it must not be.
    pub(super) refused: Option<String>,
    pub(super) notices: Vec<PublishNotice>,
}

/// What publishing `value` over what stands loses and removes.
///
/// # Errors
/// When it is not known what is published.
pub(super) async fn going(
    request: &PublishRequest<'_>,
    known: &Known,
    standing: &Standing,
    value: &str,
) -> Result<Going, PublishTreeError> {
    let replaces = request.permission.replace;
    let (mut judged, mut refused, mut notices) = (Judged::default(), None, Vec::new());
    for stands in &standing.newest {
        let one = match over(request, known, stands, value).await {
            Ok(one) => one,
            Err(reason) if replaces => {
                notices.push(PublishNotice::GoesUnread { reason });
                continue;
            }
            Err(reason) => return Err(unknown(stands, known, &reason)),
        };
        let may_go = |one: &Judged| {
            let told = one.losses.iter().all(|loss| request.permission.lets_go(loss));
            replaces || told && one.lost == one.losses.len() as u64
        };
        match one.lost {
            0 => notices.extend(not_ours(known, stands, value)),
            _ if may_go(&one) => {}
            _ => _ = refused.get_or_insert_with(|| said(stands)),
        }
        judged.losses.extend(one.losses);
        judged.lost += one.lost;
        judged.removed.extend(one.removed);
        judged.changed.extend(one.changed);
        judged.mass = judged.mass.or(one.mass);
        notices.extend(one.unread.map(|reason| PublishNotice::GoesUnread { reason }));
    }
    // Two values that stand may lose the same.
    judged.removed.sort();
    judged.removed.dedup();
    Ok(Going { judged, refused, notices })
}

/// Refuses where something else is published than when it was planned.
fn planned(request: &PublishRequest<'_>, standing: &Standing) -> Result<(), PublishTreeError> {
    match &request.permission.planned {
        Some(planned) if planned.over != Stood::of(standing) => {
            Err(PublishTreeError::NotPlanned { found: standing.newest.iter().map(said).collect() })
        }
        _ => Ok(()),
    }
}

/// Refuses where something else is published than was expected.
pub(super) fn expect(
    request: &PublishRequest<'_>,
    standing: &Standing,
) -> Result<(), PublishTreeError> {
    let Some(expected) = &request.permission.expect else { return Ok(()) };
    let is_it = |stands: &Stands| match expected {
        HistoryTarget::Sequence(sequence) => stands.record.fields().sequence == *sequence,
        HistoryTarget::Root(root) => {
            PublishedTree::of(&stands.record).is_some_and(|tree| tree.root() == root)
        }
    };
    match standing.newest.is_empty() || !standing.newest.iter().all(is_it) {
        false => Ok(()),
        true => Err(PublishTreeError::NotExpected {
            expected: expected.to_string(),
            found: standing.newest.iter().map(said).collect(),
        }),
    }
}

/// What publishing `value` over a record that stands loses.
async fn over(
    request: &PublishRequest<'_>,
    known: &Known,
    stands: &Stands,
    value: &str,
) -> Result<Judged, String> {
    let nothing = Ok(Judged::default());
    if stands.record.fields().value == value {
        return nothing;
    }
    let is_signed = matches!(request.author, Author::Signed { .. });
    // That it was made over this is checked already.
    if is_signed && request.trees.is_none() {
        return nothing;
    }
    let no_tree = || format!("its value {:?} is no tree", stands.record.fields().value);
    let there = *PublishedTree::of(&stands.record).ok_or_else(no_tree)?.root();
    let here = root_in(value).ok_or_else(|| "what would be published is no tree".to_owned())?;
    let base = match known.towards(&stands.record, &there) {
        _ if is_signed => Some(there),
        Towards::Itself => Some(there),
        Towards::Before(base) => Some(base),
        Towards::Empty => None,
    };
    let trees = request.trees.ok_or_else(|| "there is nothing to read it with".to_owned())?;
    let (since, roots) = (Instant::now(), Roots { base, there, here });
    let judged = trees.judge(roots, request.subject.car()).await;
    told::compared(&roots, &judged, since);
    let (knows_all, lets_go) = (base == Some(there), trees.judge.lets_go());
    match judged {
        // All that is out was known, and may go: only how much it is may matter.
        Ok(Judged { mass, changed, .. }) if knows_all && lets_go => {
            Ok(Judged { mass, changed, ..Judged::default() })
        }
        // How much goes is not known; that it may go was said, or whoever signed it knew it.
        Err(reason) if knows_all && (lets_go || is_signed) => {
            Ok(Judged { unread: Some(reason), ..Judged::default() })
        }
        // How much may go was for whoever signed it to say.
        Ok(judged) if is_signed => Ok(Judged { mass: None, ..judged }),
        judged => judged,
    }
}

/// Says that somebody else published what is replaced without a loss.
fn not_ours(known: &Known, stands: &Stands, value: &str) -> Option<PublishNotice> {
    let fields = stands.record.fields();
    let root = *PublishedTree::of(&stands.record)?.root();
    let is_ours = known.towards(&stands.record, &root) == Towards::Itself;
    (!is_ours && fields.value != value).then(|| PublishNotice::NotOurs {
        from: stands.from.clone().unwrap_or_default(),
        sequence: fields.sequence,
        value: fields.value.clone(),
    })
}

fn unknown(stands: &Stands, known: &Known, reason: &str) -> PublishTreeError {
    let doubt = known.doubt.iter().map(|doubt| format!("; {doubt}")).collect::<String>();
    let reason = format!("{}: {reason}{doubt}", said(stands));
    PublishTreeError::UnknownPublished { reason }
}
