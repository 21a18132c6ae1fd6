//! What was shown and agreed to, held against what there is once the lock is taken: what is shown is
//! what is signed and published.

use cid::Cid;
use namesys::plan::RecordStep;
use namesys::publish::Shortfall;
use namesys::report::ErrorKind;
use namesys::workspace::Records;

use crate::cli::cmd::list::expected;
use crate::cli::cmd::plan::survey::{Survey, draft, unread};
use crate::cli::cmd::publish::database::would_lose as would_lose_at_databases;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::session::Session;

/// What would be lost, where that is not permitted: of the tree, and of databases.
pub fn lost(survey: &Survey) -> Option<CliError> {
    let of_databases = survey.databases_lose;
    let of_databases = (of_databases > 0).then(|| databases_would_lose(of_databases));
    match (survey.would_lose().map(would_lose), of_databases) {
        (Some(tree), Some(databases)) => {
            let message = format!("{}; {}", tree.message, databases.message);
            Some(CliError { message, ..tree })
        }
        (tree, databases) => tree.or(databases),
    }
}

/// Why nothing is done: databases would lose so much.
fn databases_would_lose(count: usize) -> CliError {
    would_lose_at_databases(count).hint(
        "set here what is to stay, and sign it; or permit what is listed: namesys plan --out FILE, \
         then namesys apply FILE; or let it go, this once: --replace",
    )
}

fn would_lose(lost: Shortfall) -> CliError {
    CliError::from(lost).hint(
        "take it over: namesys pull; or permit what is listed: namesys plan --out FILE, then \
         namesys apply FILE; or let it go, this once: --replace",
    )
}

/// Checks that what is to be signed is what was shown.
///
/// # Errors
/// Exit 1 where it is not.
pub fn check_pending(shown: &Survey, session: &Session, records: &Records) -> Result<(), CliError> {
    let Session { workspace, config } = session;
    let now = RecordStep::pending(workspace, config, records, &expected(config))?;
    match now.iter().eq(shown.plan.draft.pending()) {
        true => Ok(()),
        false => Err(changed("what is to be signed is not what was shown")),
    }
}

/// Checks that all is signed as it was shown, and that nothing else is another: the root that may
/// be published.
///
/// # Errors
/// Exit 1 where it is not.
pub fn check_signed(
    shown: &Survey,
    context: &Context,
    session: &Session,
) -> Result<Option<Cid>, CliError> {
    let wanted = session.workspace.wanted(&session.config)?;
    let draft = draft(context, session, &wanted, false)?;
    if !wanted.iter().eq(shown.wanted.iter()) || !draft.is_signed() {
        return Err(changed("what is wanted, or signed, is not what was shown"));
    }
    let steps = &shown.plan.draft.steps;
    let rest = draft.rest(steps.iter().map(|step| (&step.name, &step.key))).map_err(unread)?;
    match rest == shown.file.rest {
        true => Ok(draft.root()),
        false => Err(changed("files were changed since it was shown what is to be published")),
    }
}

fn changed(message: &str) -> CliError {
    CliError::new(Exit::Failed, ErrorKind::Changed, message)
        .hint("the same command shows it as it is now, and does that")
}
