//! The tree to every upload, the record to every publisher, and whether it is seen.

use std::time::Duration;

use cid::Cid;
use futures_util::future::join_all;
use jiff::Timestamp;

use super::answers::Answers;
use super::bundle::keep;
use super::decision::{Decision, decide};
use super::error::PublishTreeError;
use super::ledger::Ledger;
use super::request::{Author, PublishRequest, Subject};
use super::targets::{Given, Sent, TargetOutcome, give, send};
use super::verdict::{Enough, PublishOutcome, Shortfall, shortfall};
use super::{Agreement, History, Patience, Sight, SightOf, agreement, told, wait_for_agreement};
use crate::ipns::RecordSource;
use crate::workspace::Lock;

/// The first wait between two rounds of asking.
const EVERY: Duration = Duration::from_secs(1);
/// What is said of publishers that were not sent a new record.
const WAITS: &str = "not sent: the first publisher decides, and has not taken it";

/// How often somebody else may be first.
const ROUNDS: usize = 5;

/// Uploads the tree, where there is one to upload, publishes its root, and looks whether it is
/// seen. The lock is given back once the record is out: others need not wait for gateways.
///
/// What is published is asked first, and nothing of it is lost that was not seen
/// ([the model](crate::spec::published)): then nothing is sent, and the outcome says what it is.
/// When what is published holds the same root and has not expired, no new record is made
/// ([`Subject::Newest`] excepted): every target is asked, and those that lack it get it. Without
/// a single upload that succeeds the name is left as it is. The first publisher gets a new record
/// first, and the others only once it has it.
///
/// # Errors
/// Those that stop everything; what happened at each target stands in the outcome.
pub async fn publish(
    request: &PublishRequest<'_>,
    lock: Option<Lock>,
) -> Result<PublishOutcome, PublishTreeError> {
    let mut outcome = send_all(request).await?;
    drop(lock);
    if outcome.shortfall.is_none() {
        outcome.seen = look(request, &mut outcome).await;
        outcome.shortfall = shortfall(&outcome, request.enough);
    }
    Ok(outcome)
}

/// What [`publish`] would do, as far as it is decided before anything is sent: nothing is sent, and
/// nothing written.
///
/// # Errors
/// As [`publish`].
pub async fn rehearse(request: &PublishRequest<'_>) -> Result<PublishOutcome, PublishTreeError> {
    let ledger = Ledger::open(request.workspace, request.name)?;
    let base = ledger.known.base.as_ref().map(|base| *base.root());
    let answers = Answers::ask(request).await;
    let decision = decide(request, &ledger.known, &answers).await?;
    decision.notices.iter().for_each(request.notice);
    Ok(outcome(decision, base, Vec::new(), Vec::new()))
}

async fn send_all(request: &PublishRequest<'_>) -> Result<PublishOutcome, PublishTreeError> {
    let mut ledger = Ledger::open(request.workspace, request.name)?;
    told::known(&ledger.known);
    let base = ledger.known.base.as_ref().map(|base| *base.root());
    let mut answers = Answers::ask(request).await;
    // Before the upload, so that what cannot be is said at once.
    let mut decision = decide(request, &ledger.known, &answers).await?;
    if decision.refused.is_some() {
        return Ok(outcome(decision, base, Vec::new(), Vec::new()));
    }
    let uploads = match &request.subject {
        Subject::Tree { car, root, part, uploads, progress } => {
            let tree = Sent { car, root, part: part.as_ref(), progress };
            join_all(uploads.iter().map(|upload| send(&**upload, &tree))).await
        }
        Subject::Root(_) | Subject::Newest { .. } => Vec::new(),
    };
    if !uploads.is_empty() && !uploads.iter().any(|outcome| outcome.ok) {
        return Ok(outcome(decision, base, uploads, Vec::new()));
    }
    let mut rounds = 0;
    let first = loop {
        if decision.is_new {
            // The upload took its time, or somebody else was first.
            answers.ask_again(request).await;
            decision = decide(request, &ledger.known, &answers).await?;
            if decision.refused.is_some() {
                return Ok(outcome(decision, base, uploads, Vec::new()));
            }
        }
        write_down(request, &mut ledger, &decision)?;
        let (Some(to), Some(served)) = (request.publishers.first(), answers.publishers.first())
        else {
            break None;
        };
        let given = give(&**to, served, &decision.record).await;
        rounds += 1;
        let by_key = matches!(request.author, Author::Key { .. });
        if !(given.refused && decision.is_new && by_key && rounds < ROUNDS) {
            break Some(given);
        }
    };
    decision.notices.iter().for_each(request.notice);
    let seen = first.as_ref().is_some_and(|first| first.outcome.read_back);
    if seen && !request.subject.is_foreign() {
        ledger.see(&decision.record)?;
        keep_tree(request);
    }
    let may_follow = seen || !decision.is_new;
    let others = request.publishers.iter().zip(&answers.publishers).skip(1);
    let others = others.map(async |(to, served)| match may_follow {
        true => give(&**to, served, &decision.record).await,
        false => {
            tracing::info!("{} is {WAITS}", to.describe());
            Given::not(to.describe(), WAITS.to_owned())
        }
    });
    let given: Vec<Given> = first.into_iter().chain(join_all(others).await).collect();
    let silent = given.iter().filter(|given| given.without_network);
    let without_network = silent.map(|given| given.outcome.to.clone()).collect();
    let publications = given.into_iter().map(|given| given.outcome).collect();
    let outcome = outcome(decision, base, uploads, publications);
    Ok(PublishOutcome { without_network, ..outcome })
}

/// The next comparison finds what was packed here.
fn keep_tree(request: &PublishRequest<'_>) {
    let made_here = matches!(request.author, Author::Key { .. });
    if let (Some(workspace), Some(car), Some(root), true) =
        (request.workspace, request.subject.car(), request.subject.root(), made_here)
    {
        keep(workspace, car, &root, request.subject.is_part());
    }
}

/// Before it is sent: what was made here is known, whatever happens then.
fn write_down(
    request: &PublishRequest<'_>,
    ledger: &mut Ledger<'_>,
    decision: &Decision,
) -> Result<(), PublishTreeError> {
    let Author::Key { .. } = request.author else { return Ok(()) };
    if decision.is_new && !request.subject.is_foreign() {
        ledger.sign(&decision.record, false)?;
    }
    if let Some(workspace) = request.workspace {
        History::of(workspace).keep(&decision.record)?;
    }
    Ok(())
}

fn outcome(
    decision: Decision,
    base: Option<Cid>,
    uploads: Vec<TargetOutcome>,
    publications: Vec<TargetOutcome>,
) -> PublishOutcome {
    let Decision { record, is_new, judged, refused, .. } = decision;
    let lost = judged.lost;
    PublishOutcome {
        record,
        new_record: is_new && refused.is_none(),
        base,
        lost: judged.losses,
        removed: judged.removed,
        uploads,
        publications,
        without_network: Vec::new(),
        seen: Agreement::default(),
        shortfall: refused.map(|from| Shortfall::WouldLose { lost, from }),
    }
}

fn told<'a>(sights: impl Iterator<Item = &'a Sight>) {
    sights.for_each(|sight| told::sight(&sight.from, sight.ok, sight.error.as_deref()));
}

/// Asks the gateways; with a wait the publishers too, until all agree. A publisher that serves the
/// record only by then counts.
async fn look(request: &PublishRequest<'_>, outcome: &mut PublishOutcome) -> Agreement {
    let Enough { require, wait } = request.enough;
    let taken = outcome.publications.iter().filter(|target| target.ok || target.sent).count();
    if taken == 0 || (wait.is_some() && taken < require) {
        return Agreement::default();
    }
    let gateways = request.gateways.iter().map(|gateway| &**gateway).collect();
    let mut of = SightOf { record: &outcome.record, publishers: Vec::new(), gateways };
    let Some(limit) = wait else {
        let seen = agreement(&of, Timestamp::now()).await;
        told(seen.gateways.iter());
        return seen;
    };
    of.publishers =
        request.publishers.iter().map(|publisher| &**publisher as &dyn RecordSource).collect();
    let round = |seen: &Agreement| seen.behind().for_each(request.waiting);
    let patience = Patience { limit, every: EVERY };
    let seen = wait_for_agreement(&of, require, patience, &round).await;
    told(seen.publishers.iter().chain(&seen.gateways));
    for (target, sight) in outcome.publications.iter_mut().zip(&seen.publishers) {
        if sight.ok == Some(true) && !target.ok {
            (target.ok, target.read_back, target.error) = (true, true, None);
        }
    }
    seen
}
