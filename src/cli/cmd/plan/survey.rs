//! What there is to do: what `plan` shows and `apply` does.

use std::sync::Arc;

use alloy_primitives::U256;
use namesys::ipfs::upload::Upload;
use namesys::ipns::Validity;
use namesys::plan::{Draft, Plan, PlanFile};
use namesys::publish::backend::NamesysBackend;
use namesys::publish::database::LeftOut;
use namesys::publish::{Foreseen, Permission, Shortfall, lacking};
use namesys::published::Missing;
use namesys::report::ErrorKind;
use namesys::workspace::Records;

use super::{ahead, databases};
use crate::cli::cmd::list::expected;
use crate::cli::cmd::publish::database::would_lose;
use crate::cli::cmd::publish::fan_out::{FanOut, Foreseeing};
use crate::cli::cmd::publish::publication::judge;
use crate::cli::cmd::setup::own::{OnChain, Own};
use crate::cli::context::Context;
use crate::cli::endpoints::ChosenDatabase;
use crate::cli::error::{CliError, Exit};
use crate::cli::mass_removal;
use crate::cli::progress::Unit;
use crate::cli::rpc_args::{RpcArgs, no_rpc};
use crate::cli::session::Session;

/// Who is asked, and who would be sent something.
#[derive(Clone, Copy)]
pub struct Services<'a> {
    pub fan_out: &'a FanOut,
    pub uploads: &'a [Box<dyn Upload>],
    pub databases: &'a [ChosenDatabase],
    pub backends: &'a [NamesysBackend],
}

/// What there is to do.
pub struct Survey {
    pub plan: Plan,
    /// What is wanted.
    pub wanted: Arc<Records>,
    /// The same as a file has it.
    pub file: PlanFile,
    /// Why it is not known, or cannot be done.
    pub problem: Option<CliError>,
    /// What is missing on chain; none where it was not asked, or the IPNS name is not known yet.
    pub on_chain: Option<OnChain>,
    /// Files that no database is given.
    pub left_out: Vec<LeftOut>,
    /// The NameSys backends that are told of it, by kind and address.
    pub backends: Vec<String>,
    /// Why it is not known what a database has; the rest is.
    pub unknown_database: Option<CliError>,
    /// How much databases would lose, where that is not permitted.
    pub databases_lose: usize,
}

/// Compares the workspace with what is published; nothing is changed.
///
/// # Errors
/// Files that cannot be read, or are wrong; Ctrl-C.
pub fn survey(
    context: &Context,
    session: &Session,
    services: Services<'_>,
    validity: Validity,
    permission: &Permission,
) -> Result<Survey, CliError> {
    let wanted = session.workspace.wanted(&session.config)?;
    let draft = draft(context, session, &wanted, false)?;
    let (draft, uploads) = lacking_uploads(context, session, &wanted, services, draft)?;
    let name = session.config.keys().ipns_name;
    let signed_ahead = ahead::look(context, session, &wanted, draft.is_signed())?;
    let validity = signed_ahead.outlasting(validity);
    let mut permission = permission.clone();
    permission.needs = signed_ahead.needs;
    let ahead_is_behind = signed_ahead.needs.above_ahead;
    let foresight = match (name, draft.tree()) {
        (Some(name), Some(tree)) => {
            let judge = judge(session, Missing::IsLost, context)?;
            Some(services.fan_out.foresee(
                context,
                Foreseeing {
                    session,
                    name,
                    tree,
                    judge: judge.listing(draft.to_be_signed.clone()),
                    permission: &permission,
                    validity: validity.clone(),
                },
            )?)
        }
        _ => None,
    };
    if name.is_none() {
        context.output.note(
            "the IPNS name is not derived yet, so it is not known what is published under it: \
             namesys keygen derives it, and so does namesys apply",
        );
    }
    let is_first = foresight.as_ref().is_some_and(|foresight| foresight.standing.newest.is_empty());
    let new_files = if is_first { draft.beside(&wanted).map_err(unread)? } else { Vec::new() };
    let backends: Vec<String> = services.backends.iter().map(NamesysBackend::describe).collect();
    let publishers = services.fan_out.publishers.iter().map(|to| to.describe());
    let publishers = publishers.chain(backends.iter().cloned()).collect();
    let at_databases = databases::foresee(context, session, services.databases, &draft)?;
    let databases::Foreseen { databases, left_out, problem: unknown_database } = at_databases;
    let lost = databases.iter().map(|database| database.lost.len()).sum();
    let databases_lose = if permission.replace { 0 } else { lost };
    let mut plan = Plan {
        draft,
        foresight,
        new_files,
        publishers,
        uploads,
        validity,
        ahead_is_behind,
        databases,
    };
    let problem = problem(&mut plan);
    let file = PlanFile::of(&plan, &session.config).map_err(unread)?;
    let on_chain = None;
    Ok(Survey {
        plan,
        wanted,
        file,
        problem,
        on_chain,
        left_out,
        backends,
        unknown_database,
        databases_lose,
    })
}

/// What each upload lacks. Where one gets all of the tree, all of it is counted.
fn lacking_uploads(
    context: &Context,
    session: &Session,
    wanted: &Arc<Records>,
    services: Services<'_>,
    draft: Draft,
) -> Result<(Draft, Vec<Foreseen>), CliError> {
    if draft.tree().is_none() {
        return Ok((draft, Vec::new()));
    }
    let (root, base) = (draft.root(), draft.base());
    let asked = async { Ok(lacking(services.uploads, root.as_ref(), base.as_ref()).await) };
    let uploads = context.block_on(asked)?;
    let gets_all = |to: &Foreseen| to.lacks && to.takes_blocks && !to.has_base;
    if !uploads.iter().any(gets_all) {
        return Ok((draft, uploads));
    }
    let draft = match measured(context, draft)? {
        Some(draft) => draft,
        None => self::draft(context, session, wanted, true)?,
    };
    Ok((draft, uploads))
}

/// All of it counted; none where some of it is not there any more. Ctrl-C ends it at once.
fn measured(context: &Context, mut draft: Draft) -> Result<Option<Draft>, CliError> {
    let bar = context.output.progress("comparing", Unit::Things("blocks"));
    let shown = bar.clone();
    let measured = context.blocking(move || {
        let is_known = draft.measure(&mut |blocks| shown.count(blocks));
        is_known.then_some(draft)
    });
    bar.finish();
    measured
}

/// The tree as it will be, packed into files without a name: what is new of it, where that is known,
/// or `all`.
///
/// # Errors
/// Files that cannot be read, or are wrong; Ctrl-C.
pub fn draft(
    context: &Context,
    session: &Session,
    wanted: &Arc<Records>,
    all: bool,
) -> Result<Draft, CliError> {
    let scratch = || {
        let failed = |error| CliError::io("a temporary file cannot be made", &error);
        tempfile::tempfile().map_err(failed)
    };
    let scratch = [scratch()?, scratch()?, scratch()?];
    let bar = context.output.progress("comparing", Unit::Things("files"));
    let shown = bar.clone();
    let (workspace, config) = (session.workspace.clone(), session.config.clone());
    let (records, expected) = (wanted.clone(), expected(&session.config));
    let drafted = context.blocking(move || {
        let progress = &mut |files| shown.count(files);
        Draft::of(&workspace, (&config, &records, &expected), scratch, all, progress)
    });
    bar.finish();
    Ok(drafted??)
}

/// What was packed cannot be read back.
pub fn unread(error: impl std::fmt::Display) -> CliError {
    CliError::new(Exit::Failed, ErrorKind::Io, error.to_string())
}

/// Why it is not known what is to be done, or cannot be done.
fn problem(plan: &mut Plan) -> Option<CliError> {
    if plan.draft.tree().is_none() && !plan.draft.steps.is_empty() {
        let message = "no record would be left, and a tree without any is not published";
        return Some(
            CliError::new(Exit::NotFound, ErrorKind::NothingSigned, message)
                .hint("namesys set … wants one; restore records.toml where it was lost"),
        );
    }
    Some(plan.foresight.as_mut()?.problem.take()?.into())
}

impl Survey {
    /// Asks what is missing on chain.
    ///
    /// # Errors
    /// Exit 2 where no node is given.
    pub fn ask_the_chain(
        &mut self,
        context: &Context,
        session: &Session,
        rpc: &RpcArgs,
        max_cost: U256,
    ) -> Result<(), CliError> {
        let rpc = rpc.open(context, &context.http()?)?;
        let rpc = rpc.ok_or_else(|| no_rpc("what stands on chain", context))?;
        if session.config.keys().ipns_name.is_none() {
            return Ok(());
        }
        let Session { workspace, config } = session;
        let session = Session { workspace: workspace.clone(), config: config.clone() };
        match (Own { context, session, rpc, max_cost }).foresee(self.plan.draft.is_signed()) {
            Ok(on_chain) => {
                self.file.transactions = Some(on_chain.planned.clone());
                self.on_chain = Some(on_chain);
            }
            Err(error) if error.exit == Exit::Interrupted => return Err(error),
            Err(error) => _ = self.problem.get_or_insert(error),
        }
        Ok(())
    }

    /// Says what a person should know.
    pub fn warn(&self, context: &Context) {
        let Some(foresight) = &self.plan.foresight else { return };
        foresight.notices.iter().for_each(|notice| context.output.warn(notice));
        foresight.silent.iter().for_each(|silent| context.output.warn(silent));
    }

    /// Says what `apply` refuses, and how it is permitted.
    pub fn warn_of_refusals(&self, context: &Context) {
        let foresight = self.plan.foresight.as_ref();
        let judged = foresight.and_then(|foresight| foresight.judged.mass.as_ref());
        for (mass, what) in [(self.plan.draft.mass.as_ref(), "signed"), (judged, "published")] {
            if let Some(mass) = mass {
                context.output.warn(format_args!(
                    "{mass} {what} files go: apply asks, or needs {}, or a plan file that lists it",
                    mass_removal::FLAG
                ));
            }
        }
        if let Some(lost) = self.would_lose() {
            context.output.warn(format_args!(
                "{lost}: apply refuses it; namesys pull takes over what is there, and a plan file \
                 that lists it (--out FILE) permits it"
            ));
        }
        if self.databases_lose > 0 {
            context.output.warn(format_args!(
                "{}: apply refuses it; a plan file that lists it (--out FILE) permits it",
                would_lose(self.databases_lose).message
            ));
        }
    }

    /// What would be lost, where that is not permitted.
    pub fn would_lose(&self) -> Option<Shortfall> {
        let foresight = self.plan.foresight.as_ref()?;
        let from = foresight.refused.clone()?;
        Some(Shortfall::WouldLose { lost: foresight.judged.lost, from })
    }
}
