//! `publish --ahead`: what holds later, uploaded and signed now, for a machine without keys to put
//! in turn; and the same again whenever something else is published.

use std::time::Duration;

use cid::Cid;
use jiff::Timestamp;
use namesys::ipfs::upload::Upload;
use namesys::ipns::Validity;
use namesys::keys::IpnsKey;
use namesys::publish::{
    AHEAD_DIR, Needs, PublishOutcome, TurnRecord, TurnRoot, TurnTrees, adopt_folder, are_ahead,
    is_ahead, refuse_out_of_turn, sign_turns, turn_trees, turns_ahead, turns_kept, valid_beyond,
};
use namesys::published::BaseFile;
use namesys::report::{AheadReport, ErrorKind};
use namesys::workspace::{Workspace, turns};

use super::publication::Publication;
use super::report::Ahead;
use crate::cli::cmd::list::expected;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};

/// The trees of the turns to come, before anything is sent.
pub struct Prepared {
    trees: Option<TurnTrees>,
    /// Whether it is asked for, or something was signed ahead before.
    is_ahead: bool,
}

/// Packs what is to be published at each turn, where `asked`, or where something was signed ahead
/// before; and says what that needs of the record of now.
///
/// # Errors
/// A phase that is not signed; files.
pub fn prepare(
    asked: bool,
    context: &Context,
    publication: &mut Publication<'_>,
) -> Result<Prepared, CliError> {
    let session = &publication.session;
    let workspace = session.workspace.clone();
    let name = publication.name();
    adopt_folder(&workspace, &name)?;
    let is_ahead = is_ahead(&workspace, &name)? || asked;
    let none = Prepared { trees: None, is_ahead };
    if !is_ahead {
        return Ok(none);
    }
    let (config, records) = (session.config.clone(), workspace.records(&session.config)?);
    refuse_out_of_turn(&workspace, &config, &records, &expected(&config))?;
    if turns(&records).is_empty() {
        if asked {
            context.output.note("no record changes by time: there is nothing to sign ahead");
        }
        let stands = are_ahead(&workspace, &name, &[])?;
        publication.permission.needs = Needs { above_ahead: !stands, until: None };
        return Ok(none);
    }
    let scratch = || {
        let failed = |error| CliError::io("a temporary file cannot be made", &error);
        tempfile::tempfile().map_err(failed)
    };
    let scratch = [scratch()?, scratch()?];
    let (own, looked_at) = (context.own_keys(), workspace.clone());
    let trees = context.blocking(move || {
        turn_trees(&looked_at, &config, &records, (&expected(&config), &own), scratch)
    })??;
    let stands = are_ahead(&workspace, &name, &trees.turns)?;
    let until = valid_beyond(trees.turns.first().map(|turn| turn.at));
    publication.permission.needs = Needs { above_ahead: !stands, until };
    outlast(publication, until)?;
    Ok(Prepared { trees: Some(trees), ..none })
}

/// A new record of now is valid thirty days beyond the first turn: a machine may be late.
fn outlast(publication: &mut Publication<'_>, until: Option<Timestamp>) -> Result<(), CliError> {
    let Some(until) = until else { return Ok(()) };
    let given = publication.given_validity();
    if publication.validity_of_new().instant() >= until {
        return Ok(());
    }
    if let Some(given) = given {
        let message = format!(
            "--validity ends at {}, before thirty days after the first turn, {until}: a machine that \
             is late would leave nothing",
            given.until()
        );
        return Err(CliError::usage(message).hint("give a later one, or none"));
    }
    publication.validity = Some(Validity::from(until));
    Ok(())
}

impl Prepared {
    /// The tree of now, where the others were made from it.
    pub fn now(&self) -> Option<Cid> {
        self.trees.as_ref().map(|trees| *trees.now())
    }

    /// Sends the trees of the turns to every upload; one of them is to have all.
    ///
    /// # Errors
    /// Where none has.
    fn send(
        &self,
        context: &Context,
        workspace: &Workspace,
        uploads: &[Box<dyn Upload>],
    ) -> Result<(), CliError> {
        let Some(trees) = &self.trees else { return Ok(()) };
        let folder = workspace.temporary_dir()?;
        let mut is_sent = uploads.is_empty();
        for upload in uploads {
            let sent = context.block_on(async { Ok(trees.send(&**upload, &folder).await) })?;
            if let Some(error) = &sent.error {
                let to = &sent.to;
                context.output.warn(format_args!("{to} lacks what is to come: {error}"));
            }
            is_sent |= sent.ok;
        }
        match is_sent {
            true => Ok(()),
            false => Err(CliError::new(
                Exit::Failed,
                ErrorKind::Incomplete,
                "no upload took the trees of what is to come: what holds now is published, and \
                 nothing is signed ahead",
            )
            .hint("the same command again, once a service of [[uploads]] answers")),
        }
    }
}

/// What is signed once the record of now is out.
pub struct Then {
    workspace: Workspace,
    key: IpnsKey,
    ttl: Duration,
}

impl Then {
    /// Of a publication that is about to be sent.
    pub fn of(publication: &Publication<'_>) -> Self {
        let (key, ttl) = publication.key_and_ttl();
        Self { workspace: publication.session.workspace.clone(), key, ttl }
    }

    /// Sends the trees that are prepared, now that the record of now is out, and signs the turns
    /// over it.
    ///
    /// # Errors
    /// No upload takes them; files.
    pub fn send_and_sign(
        &self,
        context: &Context,
        prepared: &Prepared,
        outcome: &PublishOutcome,
        uploads: &[Box<dyn Upload>],
    ) -> Ahead {
        if !prepared.is_ahead || !is_out(outcome) {
            return Ok(Vec::new());
        }
        prepared.send(context, &self.workspace, uploads)?;
        let roots = prepared.trees.as_ref().map(|trees| trees.turns.clone()).unwrap_or_default();
        self.sign(context, outcome, &roots)
    }

    /// Signs anew what was signed ahead before, with the same trees: after a `renew` also what a
    /// machine was late with, after a `rollback` only what is still to come.
    ///
    /// # Errors
    /// Files.
    pub fn sign_anew(
        &self,
        context: &Context,
        outcome: &PublishOutcome,
        Kept { turns, is_ahead }: &Kept,
        missed: bool,
    ) -> Ahead {
        if !is_ahead || !is_out(outcome) {
            return Ok(Vec::new());
        }
        let roots = turns_ahead(turns, &outcome.record, (self.workspace.now(), missed));
        self.sign(context, outcome, &roots)
    }

    /// Others may have published since the record went out: then nothing is signed over it.
    fn sign(&self, context: &Context, outcome: &PublishOutcome, roots: &[TurnRoot]) -> Ahead {
        let _lock = self.workspace.lock()?;
        let signed = sign_turns(&self.workspace, &self.key, &outcome.record, roots, self.ttl)?;
        told(context, &signed);
        Ok(reports(&signed))
    }
}

/// Whether the first publisher has it: until then nothing is signed over it. What was refused has
/// no publications; what was lost on purpose has.
fn is_out(outcome: &PublishOutcome) -> bool {
    outcome.publications.first().is_some_and(|first| first.read_back)
}

/// What was signed ahead before a record is renewed, or an older tree published.
#[derive(Default)]
pub struct Kept {
    turns: Vec<TurnRoot>,
    is_ahead: bool,
}

/// Before a record is renewed: what is signed ahead, beyond the first turn of which it is to be
/// valid.
///
/// # Errors
/// A `--validity` that is shorter; what is signed ahead is not what was written down.
pub fn renewing(publication: &mut Publication<'_>) -> Result<Kept, CliError> {
    let workspace = publication.session.workspace.clone();
    let name = publication.name();
    let (turns, is_ahead) = (turns_kept(&workspace, &name)?, is_ahead(&workspace, &name)?);
    let known = BaseFile::read(&workspace)?.of(&name);
    if let Some(base) = known.base {
        let roots = turns_ahead(&turns, base.record(), (workspace.now(), true));
        outlast(publication, valid_beyond(roots.first().map(|turn| turn.at)))?;
    }
    Ok(Kept { turns, is_ahead })
}

fn told(context: &Context, signed: &[TurnRecord]) {
    if !signed.is_empty() {
        context.output.note(format_args!(
            "{AHEAD_DIR} is for a machine without keys: namesys ipns put --due {AHEAD_DIR} --watch; \
             whoever has it can publish what is in it before its time"
        ));
    }
}

fn reports(signed: &[TurnRecord]) -> Vec<AheadReport> {
    let report = |one: &TurnRecord| {
        let fields = one.record.fields();
        AheadReport {
            at: one.at.to_string(),
            root: fields.value.strip_prefix("/ipfs/").unwrap_or(&fields.value).to_owned(),
            sequence: fields.sequence,
            validity: fields.until(),
            file: one.file.display().to_string(),
        }
    };
    signed.iter().map(report).collect()
}
