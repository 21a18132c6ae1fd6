//! `publish --to database`: the signed records to the gateway of a database, name by name, read
//! back from there.

use std::io::{self, Write};
use std::sync::Arc;

use alloy_primitives::Address;
use namesys::keys::SignerKey;
use namesys::publish::Source;
use namesys::publish::database::{
    DatabaseError, DatabaseGateway, DatabaseOutcome, DatabaseRecord, DatabaseRequest, LeftOut,
    PlannedDatabase, database_records, publish_databases,
};
use namesys::report::{DatabasePublishReport, DatabaseReport, ErrorKind, NotPostedReport};
use namesys::workspace::Facts;

use crate::cli::cmd::publish::publication::PermissionArgs;
use crate::cli::cmd::verify::check_known;
use crate::cli::context::Context;
use crate::cli::endpoints::DatabaseArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::SignerKeyArgs;
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::progress::Unit;
use crate::cli::session::Session;

/// Posts what is signed and reads it back; `permission` says what may go.
pub fn run(
    databases: &DatabaseArgs,
    signer: &SignerKeyArgs,
    permission: &PermissionArgs,
    context: &Context,
    session: &Session,
) -> Result<Outcome, CliError> {
    let databases = databases.get(context, &session.config)?;
    if databases.is_empty() {
        return Err(CliError::usage("no database is configured")
            .hint("[[databases]] in namesys.toml, or --database-url https://…"));
    }
    let signer = signer.get(context)?;
    let facts = Facts::of(&session.config);
    if !facts.have_owner() {
        return Err(no_owner());
    }
    let _lock = session.workspace.lock()?;
    let replace = permission.get(Some(session)).replace;
    let posting = Posting { databases: &databases, signer: signer.as_ref(), replace, shown: None };
    let (report, error) = post(&posting, context, session)?;
    Ok(Outcome::partial(report, error))
}

/// Where to, and what may go.
pub struct Posting<'a> {
    pub databases: &'a [DatabaseGateway],
    pub signer: Option<&'a SignerKey>,
    pub replace: bool,
    /// What was agreed to.
    pub shown: Option<&'a [PlannedDatabase]>,
}

/// Posts what is signed in a workspace that is locked: what was done, and why not all.
///
/// # Errors
/// Nothing was posted.
pub fn post(
    posting: &Posting<'_>,
    context: &Context,
    session: &Session,
) -> Result<(DatabasePublishReport, Option<CliError>), CliError> {
    let facts = Facts::of(&session.config);
    // Before anything is asked or sent: a database forgets nothing.
    Source::Workspace(session.workspace.clone()).refuse_private_keys(&context.own_keys())?;
    let checked = check_known(&facts, context, &session.workspace)?;
    let (records, left_out) = database_records(&session.workspace, checked)?;
    if records.is_empty() {
        let message = "no text, address or contenthash record is signed here";
        return Err(CliError::new(Exit::NotFound, ErrorKind::NothingSigned, message)
            .hint("a database takes no others: namesys set …, then namesys sign"));
    }
    if let Some(signer) = posting.signer {
        check_signer(signer.address(), &records)?;
    }
    let bar = context.output.progress("asking", Unit::Things("records"));
    let progress_bar = bar.clone();
    let request = DatabaseRequest {
        workspace: &session.workspace,
        records: &records,
        databases: posting.databases,
        chain_id: facts.chain_id,
        signer: posting.signer,
        replace: posting.replace,
        shown: posting.shown,
        progress: Some(Arc::new(move |done, total| {
            progress_bar.at_then(done, total, "posting, and reading it back");
        })),
    };
    let outcome = context.block_on(async { Ok(publish_databases(&request).await?) });
    bar.finish();
    let outcome = outcome?;
    let is_refused = outcome.lost_count > 0 && !posting.replace && posting.shown.is_none();
    let failed = |database: &DatabaseOutcome| {
        database.error.clone().map(|error| failure(&database.to, error))
    };
    let error = match is_refused {
        true => Some(would_lose(outcome.lost_count)),
        false => outcome.databases.iter().find_map(failed),
    };
    let report = DatabasePublishReport {
        lost: outcome.lost,
        left_out: left_out.into_iter().map(not_posted_report).collect(),
        databases: outcome.databases.into_iter().map(report).collect(),
    };
    Ok((report, error))
}

/// Refuses a signer's key that vouches for none of the records.
fn check_signer(signer: Address, records: &[DatabaseRecord]) -> Result<(), CliError> {
    if records.iter().any(|record| record.payload.signer == signer) {
        return Ok(());
    }
    let other = records.first().map(|record| record.payload.signer.to_string());
    let message = format!(
        "the records signer given is {signer}, and the records here are signed by {}",
        other.unwrap_or_else(|| "nobody".to_owned())
    );
    Err(CliError::usage(message).hint("namesys sign makes them anew with that key; or give theirs"))
}

/// What is signed cannot be told from what is not.
pub fn no_owner() -> CliError {
    CliError::usage("who owns the names is not recorded: what is signed cannot be checked")
        .hint("namesys keygen records the wallet; or owner = \"0x…\" in namesys.toml")
}

/// Why nothing was posted: so much would go.
pub fn would_lose(count: usize) -> CliError {
    let records = if count == 1 { "record" } else { "records" };
    let message =
        format!("publishing would lose {count} {records} that the database has from elsewhere");
    CliError::new(Exit::Failed, ErrorKind::WouldLose, message).hint(
        "set here what is to stay, and sign it; or let it go, this once: --replace. Where another \
         machine published, published.toml belongs in git with the records; where this workspace \
         is the whole truth: [publish] replace = true",
    )
}

/// What happened at one.
pub fn failure(to: &str, error: DatabaseError) -> CliError {
    let error = CliError::from(error);
    let message = match error.message.contains(to) {
        true => error.message,
        false => format!("{to}: {}", error.message),
    };
    CliError { message, ..error }
}

fn report(outcome: DatabaseOutcome) -> DatabaseReport {
    DatabaseReport {
        ok: outcome.error.is_none(),
        to: outcome.to,
        posted: outcome.posted as u64,
        unchanged: outcome.unchanged as u64,
        remaining: outcome.remaining,
        error: outcome.error.map(|error| error.to_string()),
    }
}

/// What is reported of a file that is not posted.
pub fn not_posted_report(LeftOut { path, reason }: LeftOut) -> NotPostedReport {
    NotPostedReport { path, reason }
}

impl From<DatabaseError> for CliError {
    fn from(error: DatabaseError) -> Self {
        let message = error.to_string();
        let failed = |kind| Self::new(Exit::Failed, kind, message.clone());
        match error {
            DatabaseError::Net(error) => error.into(),
            DatabaseError::Unread { .. } => failed(ErrorKind::Unreadable),
            DatabaseError::Body { .. } => failed(ErrorKind::BadRecord),
            DatabaseError::Refused { .. } => failed(ErrorKind::Rejected)
                .hint("nothing of that body is kept; namesys verify says what the chain takes"),
            DatabaseError::Changed { .. } => failed(ErrorKind::Changed)
                .hint("nothing of that body is kept; the same command again shows what is there"),
            DatabaseError::Conflict { .. } => failed(ErrorKind::Changed).hint(
                "to go back to what was there before, give the records signer, who says so: \
                 --signer-key-file FILE (namesys keygen --export DIR writes it)",
            ),
            DatabaseError::NotKept { .. } => failed(ErrorKind::NotReadBack)
                .hint("the same command again; a cache before the gateway may have the older one"),
        }
    }
}

impl Human for DatabasePublishReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for loss in &self.lost {
            writeln!(out, "lost       {}", shown(&loss.to_string()))?;
        }
        for NotPostedReport { path, reason } in &self.left_out {
            writeln!(out, "left out   {}: {}", shown(path), shown(reason))?;
        }
        for DatabaseReport { to, posted, unchanged, remaining, error, .. } in &self.databases {
            let to = shown(to);
            match error {
                Some(error) => writeln!(out, "database   FAILED  {to}: {}", shown(error))?,
                None => {
                    let word = if *posted > 0 { "ok    " } else { "has it" };
                    let counts = format!("{posted} posted and read back, {unchanged} unchanged");
                    writeln!(out, "database   {word}  {to} ({counts})")?;
                }
            }
            for record in remaining {
                writeln!(out, "remains    {} at {to}: a database forgets nothing", shown(record))?;
            }
        }
        Ok(())
    }
}
