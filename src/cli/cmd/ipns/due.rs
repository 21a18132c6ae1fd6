//! `ipns put --due DIR`: of a series that was signed ahead, the record whose time has come.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use namesys::keys::IpnsName;
use namesys::publish::{Author, Permission, Series, Subject, known_before};
use namesys::published::PublishedTree;
use namesys::report::{ErrorKind, IpnsPutReport};
use namesys::workspace::Removal;

use super::fields;
use super::network::PutArgs;
use crate::cli::cmd::publish::ipfs::{FanOut, Sending};
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
    loop {
        let series = Series::open(dir, &name)?;
        let done = put(args, &series, name, session.as_ref(), context);
        let next = series.next(Timestamp::now()).map(|next| next.due);
        let wait = match (&done, next) {
            _ if !args.watch => return done,
            (Ok(_), None) => return done,
            (Ok(outcome), Some(_)) if outcome.error().is_none() => None,
            (Ok(outcome), _) => outcome.error().map(|error| error.message.clone()),
            (Err(error), _) if error.exit == Exit::Interrupted => return done,
            (Err(error), _) => Some(error.message.clone()),
        };
        if let Some(failed) = wait {
            context.output.warn(format_args!("it is tried again in a while: {failed}"));
            sleep(context, TRY_AGAIN)?;
            continue;
        }
        if let Some(due) = next {
            context.output.note(format_args!("the next is due {}", when(&due.to_string())));
            while Timestamp::now() < due {
                let left = due.duration_since(Timestamp::now());
                sleep(context, Duration::try_from(left).unwrap_or_default().min(LOOK_AGAIN))?;
            }
        }
    }
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
    series: &Series,
    name: IpnsName,
    session: Option<&Session>,
    context: &Context,
) -> Result<Outcome, CliError> {
    let now = Timestamp::now();
    let Some(due) = series.due(now) else {
        let message = match series.next(now) {
            Some(next) => format!("the first is due {}", when(&next.due.to_string())),
            None => "there are no records".to_owned(),
        };
        return Err(CliError::new(Exit::NotFound, ErrorKind::NotFound, message));
    };
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
    let first = series.first().unwrap_or(due).record.fields().sequence;
    let over = workspace.map(|workspace| known_before(workspace, &name, first)).transpose()?;
    let config = session.map(|session| &session.config);
    let publishers = args.publishers.for_single_records(context, config)?;
    let fan_out = FanOut::to_all(context, publishers, args.gateways.get(context, config)?)?;
    let sent = fan_out.send(
        context,
        Sending {
            locked,
            names: (config.map(|config| config.name()), name),
            subject: Subject::Root(root),
            author: Author::Signed { record: &due.record, over: over.flatten().as_ref() },
            judge: None,
            permission: Permission::default(),
            removal: Removal::Any,
        },
    )?;
    let report = IpnsPutReport {
        fields: fields(Some(&name), sent.record.fields()),
        publications: sent.publications,
    };
    Ok(Outcome::partial(report, sent.shortfall.map(CliError::from)))
}
