//! `ipns put --due DIR`: of a series that was signed ahead, the record whose time has come.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use namesys::keys::IpnsName;
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
/// While the folder is not whole.
const PASSING: Duration = Duration::from_secs(2);
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
    let mut series = Series::open(dir, &name)?;
    if !args.watch {
        let due =
            series.due(Timestamp::now()).ok_or_else(|| match series.next(Timestamp::now()) {
                None => nothing(dir),
                Some(next) => {
                    nothing(dir).hint(format!("the first is due {}", when(&next.due.to_string())))
                }
            })?;
        return put(args, due, &series, session.as_ref(), context);
    }
    let mut watch = Watch { dir, context, told: None, sent: None };
    let mut last = None;
    while let Some(next) = watch.next(&series) {
        if watch.waits_for(next)? {
            // The folder may be another by then.
            series = watch.read_again(&name)?;
            continue;
        }
        let due = series.due(Timestamp::now()).unwrap_or(next).clone();
        let done = put(args, &due, &series, session.as_ref(), context);
        let failed = match &done {
            Ok(outcome) => outcome.error(),
            Err(error) => Some(error),
        };
        let is_final = failed.is_some_and(|error| !is_passing(error));
        match failed {
            None => (last, watch.sent) = (Some(done), Some(due.record.fields().sequence)),
            Some(_) if is_final => last = Some(done),
            Some(error) => {
                let message = &error.message;
                context.output.warn(format_args!("it is tried again in a while: {message}"));
                sleep(context, TRY_AGAIN)?;
            }
        }
        series = watch.read_again(&name)?;
        // Somebody may have brought a newer folder meanwhile.
        let now = series.due(Timestamp::now());
        if is_final && now.is_none_or(|now| now.record == due.record) {
            break;
        }
    }
    last.unwrap_or_else(|| Err(nothing(dir)))
}

/// Who waits for what is due next.
struct Watch<'a> {
    dir: &'a Path,
    context: &'a Context,
    /// What the user was told of last.
    told: Option<Timestamp>,
    /// The sequence that was put last.
    sent: Option<u64>,
}

impl Watch<'_> {
    /// What is to be put next, now or later; none where nothing is left.
    fn next<'s>(&self, series: &'s Series) -> Option<&'s Scheduled> {
        let now = Timestamp::now();
        match self.sent {
            // One whose time came meanwhile is not left out.
            Some(sequence) => series.after(sequence),
            None => series.due(now).or(series.next(now)),
        }
    }

    /// Waits a while for what is not due yet; whether it was not.
    fn waits_for(&mut self, next: &Scheduled) -> Result<bool, CliError> {
        let now = Timestamp::now();
        if next.due <= now {
            return Ok(false);
        }
        if self.told.replace(next.due) != Some(next.due) {
            let when = when(&next.due.to_string());
            self.context.output.note(format_args!("the next is due {when}"));
        }
        let left = Duration::try_from(next.due.duration_since(now)).unwrap_or_default();
        sleep(self.context, left.min(LOOK_AGAIN))?;
        Ok(true)
    }

    /// What the folder holds now. What is brought from elsewhere is whole only in the end, so that
    /// a folder in which nothing stands as it should is looked at again in a while.
    fn read_again(&self, name: &IpnsName) -> Result<Series, CliError> {
        let mut is_told = false;
        loop {
            let reason = match Series::open(self.dir, name) {
                Ok(series) if self.is_whole(&series) => return Ok(series),
                Ok(_) => format!("{} lacks what was put last", self.dir.display()),
                Err(error) => error.to_string(),
            };
            if !std::mem::replace(&mut is_told, true) {
                let message = format_args!("it is looked at again in a while: {reason}");
                self.context.output.warn(message);
            }
            sleep(self.context, PASSING)?;
        }
    }

    /// Whether it has what was put last, or what follows it, or is to come.
    fn is_whole(&self, series: &Series) -> bool {
        match self.sent {
            Some(sequence) => series.since(sequence).is_some(),
            None => series.since(0).is_some(),
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
    series: &Series,
    session: Option<&Session>,
    context: &Context,
) -> Result<Outcome, CliError> {
    let (now, name) = (Timestamp::now(), due.record.name());
    let mut over: Vec<_> = series.before(due.record.fields().sequence).cloned().collect();
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
