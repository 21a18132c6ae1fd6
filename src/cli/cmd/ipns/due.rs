//! `ipns put --due DIR`: of a series that was signed ahead, the record whose time has come.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use namesys::ipns::VerifiedRecord;
use namesys::publish::{Author, Permission, Scheduled, Series, Subject, made_over};
use namesys::published::PublishedTree;
use namesys::report::{ErrorKind, IpnsPutReport};
use namesys::workspace::Removal;

use super::fields;
use super::network::PutArgs;
use crate::cli::cmd::publish::fan_out::{FanOut, Sending};
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::Outcome;
use crate::cli::session::Session;
use crate::cli::words::when;

/// How long a wait is at most: a clock may be set, and a machine may sleep.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// After a failure.
const TRY_AGAIN: Duration = Duration::from_secs(300);

/// Publishes what is due; with `--watch` until nothing is left.
pub fn run(args: &PutArgs, dir: &Path, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open_if_any(context)?;
    let recorded = session.as_ref().and_then(|session| session.config.keys().ipns_name);
    let name = args.name.or(recorded).ok_or_else(|| {
        CliError::usage("a record does not carry its name").hint("give --name k51…")
    })?;
    // A workspace of another name knows nothing of this one.
    let session = session.filter(|_| recorded == Some(name));
    let (mut last, mut sent) = (None, None);
    loop {
        let series = Series::open(dir, &name)?;
        let next = match sent {
            // One whose time came meanwhile is not left out.
            Some(sequence) => series.after(sequence),
            None => series.due(Timestamp::now()).or(series.next(Timestamp::now())),
        };
        let Some(next) = next else { return last.unwrap_or_else(|| Err(nothing(dir))) };
        if next.due > Timestamp::now() {
            let when = when(&next.due.to_string());
            if !args.watch {
                return Err(nothing(dir).hint(format!("the first is due {when}")));
            }
            context.output.note(format_args!("the next is due {when}"));
            wait(next.due, context)?;
        }
        let due = series.due(Timestamp::now()).unwrap_or(next);
        let before: Vec<_> = series.before(due.record.fields().sequence).cloned().collect();
        let done = put(args, due, before, session.as_ref(), context);
        let failed = match &done {
            Ok(outcome) => outcome.error(),
            Err(error) => Some(error),
        };
        match failed {
            _ if !args.watch => return done,
            None => (last, sent) = (Some(done), Some(due.record.fields().sequence)),
            Some(error) if !is_passing(error) => return done,
            Some(error) => {
                let message = &error.message;
                context.output.warn(format_args!("it is tried again in a while: {message}"));
                sleep(context, TRY_AGAIN)?;
            }
        }
    }
}

fn nothing(dir: &Path) -> CliError {
    let message = format!("{} holds no record whose time has come", dir.display());
    CliError::new(Exit::NotFound, ErrorKind::NotFound, message)
}

/// Whether another try may end otherwise.
fn is_passing(error: &CliError) -> bool {
    use ErrorKind as K;
    error.exit == Exit::Failed
        && !matches!(
            error.kind,
            K::Outdated | K::Changed | K::WouldLose | K::Expired | K::Unsupported | K::Io
        )
}

fn wait(until: Timestamp, context: &Context) -> Result<(), CliError> {
    while Timestamp::now() < until {
        let left = until.duration_since(Timestamp::now());
        sleep(context, Duration::try_from(left).unwrap_or_default().min(LOOK_AGAIN))?;
    }
    Ok(())
}

fn sleep(context: &Context, time: Duration) -> Result<(), CliError> {
    context.block_on(async {
        tokio::time::sleep(time).await;
        Ok(())
    })
}

/// Sends the record that is due over what the series was made over, or its own predecessor.
fn put(
    args: &PutArgs,
    due: &Scheduled,
    mut over: Vec<VerifiedRecord>,
    session: Option<&Session>,
    context: &Context,
) -> Result<Outcome, CliError> {
    let (now, name) = (Timestamp::now(), due.record.name());
    if due.record.is_expired(now) {
        let message = format!("{} has expired", due.file.display());
        return Err(CliError::new(Exit::Failed, ErrorKind::Expired, message)
            .hint("sign a new series: namesys ipns sign --count N --every 30d --out DIR"));
    }
    let root = PublishedTree::of(&due.record).map(|tree| *tree.root());
    let root = root.ok_or_else(|| {
        let message =
            format!("{} names no root: {}", due.file.display(), due.record.fields().value);
        CliError::new(Exit::Failed, ErrorKind::Unsupported, message)
            .hint("namesys ipns put FILE publishes such a record")
    })?;
    let workspace = session.map(|session| &session.workspace);
    let locked = workspace.map(|workspace| Ok::<_, CliError>((workspace, workspace.lock()?)));
    let locked = locked.transpose()?;
    let made = workspace.map(|workspace| made_over(workspace, &due.record)).transpose()?;
    over.extend(made.flatten());
    let config = session.map(|session| &session.config);
    let publishers = args.publishers.for_single_records(context, config)?;
    let fan_out = FanOut::to_all(context, publishers, args.gateways.get(context, config)?)?;
    let sent = fan_out.send(
        context,
        Sending {
            locked,
            names: (config.map(|config| config.name()), *name),
            subject: Subject::Root(root),
            author: Author::Signed { record: &due.record, over: &over },
            judge: None,
            permission: Permission::default(),
            removal: Removal::Any,
        },
    )?;
    let report = IpnsPutReport {
        fields: fields(Some(name), sent.record.fields()),
        publications: sent.publications,
    };
    Ok(Outcome::partial(report, sent.shortfall.map(CliError::from)))
}
