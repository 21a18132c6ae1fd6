//! The NameSys backends, told of a publication once the first publisher has its record. Experimental.

use namesys::ipns::ReadBack;
use namesys::keys::Storage;
use namesys::publish::PublishOutcome;
use namesys::publish::backend::{
    BackendError, BackendNews, BackendOutcome, BackendPlace, HashType, NamesysBackend,
    backend_records, tell_backend,
};
use namesys::report::{BackendReport, ErrorKind, NotPostedReport, PublishReport};
use namesys::workspace::{Config, Facts, PublisherTarget, Workspace};

use super::database::{no_owner, not_posted_report};
use super::report::{Ahead, with_ahead};
use crate::cli::cmd::verify::check_known;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};

/// What came of a publication, and of telling the backends of it.
pub fn and_tell(
    backends: &[NamesysBackend],
    context: &Context,
    workspace: Workspace,
    (outcome, ahead): (PublishOutcome, Ahead),
) -> (PublishReport, Option<CliError>) {
    let told = tell(backends, context, workspace, &outcome);
    let (mut report, error) = with_ahead(outcome, ahead);
    let failure = match told {
        Ok((told, failure)) => {
            report.backends = told;
            failure
        }
        Err(failure) => Some(failure),
    };
    (report, error.or(failure))
}

/// Says that backends are not told of what `publish` did not do.
pub fn note_untold(context: &Context, config: &Config) {
    let is_backend = |target: &PublisherTarget| matches!(target, PublisherTarget::Namesys { .. });
    if config.publishers.iter().any(is_backend) {
        context.output.note("a NameSys backend is told of it by the next namesys publish alone");
    }
}

/// Tells each of `backends`, where the first publisher has the record: what is reported, and what of
/// it is a failure.
///
/// # Errors
/// Files that cannot be read; Ctrl-C.
fn tell(
    backends: &[NamesysBackend],
    context: &Context,
    workspace: Workspace,
    outcome: &PublishOutcome,
) -> Result<(Vec<BackendReport>, Option<CliError>), CliError> {
    let is_out = outcome.publications.first().is_some_and(|first| first.read_back);
    let (mut reports, mut failure) = (Vec::new(), None);
    if backends.is_empty() || !is_out || outcome.is_refused() {
        return Ok((reports, failure));
    }
    // Where the keys were derived just now it says whose they are.
    let config = workspace.config()?;
    let facts = Facts::of(&config);
    let controller = facts.owner.ok_or_else(no_owner)?;
    let checked = check_known(&facts, context, &workspace)?;
    let (records, left_out) = backend_records(&workspace, checked, config.names())?;
    let place = BackendPlace {
        hash_type: match config.storage {
            Storage::Domain => HashType::Recordhash,
            Storage::Wallet => HashType::Ownerhash,
        },
        chain_id: facts.chain_id,
        controller,
        ipns: *outcome.record.name(),
    };
    let read_back = ReadBack::default();
    let (published, records) = (&outcome.record, &records[..]);
    let news = BackendNews { place: &place, records, published, read_back };
    for backend in backends {
        let told = context.block_on(async { Ok(tell_backend(backend, &news).await) })?;
        let BackendOutcome { posted, replaced, remaining, too_long, read_back, error } = told;
        let told = error.as_ref().map(ToString::to_string);
        failure = failure.or(error.map(|error| failed(&backend.describe(), error)));
        let too_long = too_long.into_iter().map(|record| NotPostedReport {
            path: record,
            reason: "it is too long for the backend".to_owned(),
        });
        reports.push(BackendReport {
            to: backend.describe(),
            ok: told.is_none(),
            posted: posted as u64,
            read_back,
            replaced,
            remaining,
            left_out: left_out.iter().cloned().map(not_posted_report).chain(too_long).collect(),
            error: told,
        });
    }
    Ok((reports, failure))
}

fn failed(to: &str, error: BackendError) -> CliError {
    let message = format!("{to}: {error}");
    let kind = match &error {
        BackendError::Net(_) => return CliError { message, ..cli_error(error) },
        BackendError::Unread { .. } => ErrorKind::Unreadable,
        BackendError::Refused { .. } => ErrorKind::Rejected,
        BackendError::NotKept(_) | BackendError::NotChecked(_) => ErrorKind::NotReadBack,
    };
    CliError::new(Exit::Failed, kind, message).hint(
        "the record is published all the same; the same command again tells the backend alone",
    )
}

fn cli_error(error: BackendError) -> CliError {
    match error {
        BackendError::Net(error) => error.into(),
        other => CliError::new(Exit::Failed, ErrorKind::Rejected, other.to_string()),
    }
}
