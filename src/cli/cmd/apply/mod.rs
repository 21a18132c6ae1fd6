//! `apply`: does what `plan` shows. Every step looks whether it is done, so the same command goes
//! on where one was cut short.

mod agreed;
mod databases;
mod planned;
mod report;

use std::path::PathBuf;

use namesys::ipfs::upload::Upload;
use namesys::ipns::Validity;
use namesys::keys::IpnsKey;
use namesys::plan::PlanFile;
use namesys::publish::backend::NamesysBackend;
use namesys::publish::database::DatabaseGateway;
use namesys::publish::{Permission, PublishOutcome};
use namesys::report::{ApplyReport, ErrorKind, PlanReport, SetupNamesReport};
use namesys::workspace::{ApprovalMode, MassRemoval, RecordedKeys, Removal};

use crate::cli::cmd::plan::report::{report as plan_report, show_all_that_goes};
use crate::cli::cmd::plan::survey::{Services, Survey, survey, unread};
use crate::cli::cmd::publish::author_args::validity_or_default;
use crate::cli::cmd::publish::backend::and_tell;
use crate::cli::cmd::publish::fan_out::FanOut;
use crate::cli::cmd::publish::publication::PublicationArgs;
use crate::cli::cmd::publish::report::Ahead;
use crate::cli::cmd::publish::{check_tree, send_all};
use crate::cli::cmd::setup::own::{OnChain, Own};
use crate::cli::cmd::sign::{Signed, Signing, sign};
use crate::cli::context::Context;
use crate::cli::cost_args::CostArgs;
use crate::cli::deriver::KeysFor;
use crate::cli::endpoints::{DatabaseArgs, UploadArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::SignerKeyArgs;
use crate::cli::mass_removal::ask;
use crate::cli::output::Outcome;
use crate::cli::prompt;
use crate::cli::rpc_args::{RpcArgs, no_rpc};
use crate::cli::session::Session;

/// `apply …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What plan --out wrote: it permits what it lists, the losses and removals too, and nothing
    /// else; where something is neither as it was then nor as it was to become, nothing is done
    /// [default: a plan of this moment]
    #[arg(value_name = "FILE|-")]
    plan: Option<PathBuf>,
    /// Do it without asking; it permits no loss that FILE does not list
    #[arg(long, short)]
    yes: bool,
    /// Then set up: send to the chain what is missing there, as setup does
    #[arg(long)]
    chain: bool,
    #[command(flatten)]
    cost: CostArgs,
    #[command(flatten)]
    rpc: RpcArgs,
    #[command(flatten)]
    uploads: UploadArgs,
    #[command(flatten)]
    databases: DatabaseArgs,
    #[command(flatten)]
    signer_key: SignerKeyArgs,
    #[command(flatten)]
    publication: PublicationArgs,
}

/// Shows the plan, and does it.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    args.publication.author.check()?;
    let planned = args.plan.as_deref().map(|file| planned::read(file, context)).transpose()?;
    if let Some(planned) = &planned {
        check_flags(&args, planned)?;
    }
    let session = Session::open(context)?;
    let config = Some(&session.config);
    let fan_out = args.publication.fan_out.open(context, config)?;
    let fan_out = fan_out.reading(&args.uploads, context, config)?;
    let uploads = args.uploads.get(context, config)?;
    let mut permission = args.publication.permission.get(Some(&session));
    if let Some(planned) = &planned {
        // It permits what it lists, and nothing else, whatever the workspace says.
        permission.replace = false;
        permission.planned = planned.planned();
    }
    let validity = validity(&args, planned.as_ref())?;
    let databases = args.databases.each(context, &session.config)?;
    // What the user has to say is said before anything is done.
    let wrong = databases.iter().find_map(|database| database.gateway.as_ref().err());
    if let Some(wrong) = wrong {
        return Err(wrong.clone());
    }
    let may_loop = args.databases.may_loop();
    let backends = args.publication.fan_out.backends(context, config, may_loop)?;
    let services = Services {
        fan_out: &fan_out,
        uploads: &uploads,
        databases: &databases,
        backends: &backends,
    };
    let mut survey = survey(context, &session, services, validity.clone(), &permission)?;
    if args.chain {
        survey.ask_the_chain(context, &session, &args.rpc, args.cost.max_cost)?;
    }
    survey.warn(context);
    let plan = plan_report(&survey, &session.config);
    let done = ApplyReport { plan, sign: None, publish: None, database: None, setup: None };
    // What is not known is neither as it was planned nor otherwise.
    if let Some(problem) = survey.problem {
        return Ok(Outcome::partial(done, Some(problem)));
    }
    if let Some(planned) = &planned {
        if let Some(unknown) = survey.unknown_database {
            return Ok(Outcome::partial(done, Some(unknown)));
        }
        survey.databases_lose = 0;
        let now = survey.file.clone().beside(&survey.plan.draft, planned).map_err(unread)?;
        planned.check(&now, &survey.wanted)?;
    }
    // Before the keys are derived it is not known what is missing on chain.
    let is_open = args.chain && survey.on_chain.is_none();
    if !done.plan.to_do && !is_open {
        return Ok(Outcome::partial(done, survey.unknown_database));
    }
    if let Err(error) = agree(&args, context, &survey, &done.plan, &mut permission) {
        return Ok(Outcome::partial(done, Some(error)));
    }
    // Nor is anything published over what was not shown.
    if !permission.replace && permission.planned.is_none() {
        permission.planned = survey.file.planned();
    }
    let listed = planned.unwrap_or_default();
    let databases = databases.into_iter().filter_map(|database| database.gateway.ok()).collect();
    let services = (&uploads[..], databases, backends);
    let work = Work { args: &args, context, services, permission, validity, listed };
    let (done, error) = work.run(session, fan_out, &survey, done);
    Ok(Outcome::partial(done, error.or(survey.unknown_database)))
}

/// What a plan file has is all that is done, and all of it is.
fn check_flags(args: &Args, planned: &PlanFile) -> Result<(), CliError> {
    if args.publication.permission.replace {
        return Err(CliError::usage("--replace permits more than what the plan lists")
            .hint("leave it out: a plan permits the losses that it lists"));
    }
    match (args.chain, &planned.transactions) {
        (true, None) => Err(CliError::usage("the plan has nothing about the chain")
            .hint("plan with it: namesys plan --chain --out FILE; or leave --chain out")),
        (false, Some(transactions)) if !transactions.is_empty() => {
            Err(CliError::usage("the plan has transactions, which are sent with --chain only")
                .hint("namesys apply FILE --chain; or plan without it: namesys plan --out FILE"))
        }
        _ => Ok(()),
    }
}

/// Until when a new record is valid: as planned, where there is a plan.
fn validity(args: &Args, planned: Option<&PlanFile>) -> Result<Validity, CliError> {
    let given = args.publication.author.validity.as_ref();
    let Some(planned) = planned else { return Ok(validity_or_default(given)) };
    let planned = planned.planned_validity()?;
    if given.is_some_and(|given| *given != planned) {
        let message = format!("the plan has a record that is valid until {}", planned.until());
        return Err(CliError::usage(message).hint("leave --validity out, or plan with it"));
    }
    if planned.instant() <= jiff::Timestamp::now() {
        let message = format!("the plan has a record that was valid until {}", planned.until());
        return Err(CliError::new(Exit::Failed, ErrorKind::Changed, message)
            .hint("plan again: namesys plan --out FILE"));
    }
    Ok(planned)
}

/// Shows the plan and asks, or takes `--yes`, which permits no loss.
fn agree(
    args: &Args,
    context: &Context,
    survey: &Survey,
    plan: &PlanReport,
    permission: &mut Permission,
) -> Result<(), CliError> {
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = show_all_that_goes(plan, &mut text);
    let text = String::from_utf8_lossy(&text);
    let text = text.trim_end();
    let lost = agreed::lost(survey);
    if args.yes || !prompt::has_terminal() {
        context.output.announce(text);
        return match (lost, args.yes) {
            (Some(lost), true) => Err(lost),
            (None, true) => Ok(()),
            (_, false) => prompt::confirm("Apply this", "--yes").map(drop),
        };
    }
    context.output.ask_about(text);
    let question = match &lost {
        None => "Apply this".to_owned(),
        Some(lost) => format!("{}. Apply this all the same", lost.message),
    };
    if !prompt::confirm(&question, "--yes")? {
        let error = CliError::new(Exit::Failed, ErrorKind::NotConfirmed, "nothing was done");
        return Err(error.hint("the same command asks again"));
    }
    // Whoever saw the list and said yes permits what it lists.
    if lost.is_some() {
        permission.planned = survey.file.planned();
    }
    Ok(())
}

/// What was agreed to, and with what it is done.
struct Work<'a> {
    args: &'a Args,
    context: &'a Context,
    /// Who is given the tree, who the records, and who is told of it.
    services: (&'a [Box<dyn Upload>], Vec<DatabaseGateway>, Vec<NamesysBackend>),
    permission: Permission,
    validity: Validity,
    /// What a plan file lists.
    listed: PlanFile,
}

impl Work<'_> {
    /// Each step that is to do; what was done stands in the report, whatever ended it.
    fn run(
        &self,
        mut session: Session,
        fan_out: FanOut,
        survey: &Survey,
        mut done: ApplyReport,
    ) -> (ApplyReport, Option<CliError>) {
        let (mut ipns, mut signer) = (None, None);
        if !survey.plan.draft.is_signed() {
            match self.sign(&mut session, survey) {
                Ok(signed) => {
                    done.sign = Some(signed.report);
                    (ipns, signer) = (signed.ipns, signed.signer);
                    if signed.error.is_some() {
                        return (done, signed.error);
                    }
                }
                Err(error) => return (done, Some(error)),
            }
        }
        let sets_up = self.args.chain
            && survey.on_chain.as_ref().is_none_or(|found| !found.transactions.is_empty());
        if survey.plan.publishes() {
            let again =
                Session { workspace: session.workspace.clone(), config: session.config.clone() };
            match self.publish(again, fan_out, ipns, survey) {
                Ok(published) => {
                    let (backends, workspace) = (&self.services.2, session.workspace.clone());
                    let (report, error) = and_tell(backends, self.context, workspace, published);
                    done.publish = Some(report);
                    if error.is_some() {
                        return (done, error);
                    }
                }
                Err(error) => return (done, Some(error)),
            }
        }
        if survey.plan.posts() {
            match self.post(&mut session, signer, survey) {
                Ok((report, error)) => {
                    done.database = Some(report);
                    if error.is_some() {
                        return (done, error);
                    }
                }
                Err(error) => return (done, Some(error)),
            }
        }
        if !sets_up {
            return (done, None);
        }
        match self.set_up(session, survey.on_chain.as_ref()) {
            Ok((report, error)) => {
                done.setup = Some(report);
                (done, error)
            }
            Err(error) => (done, Some(error)),
        }
    }

    /// Sends what is missing on chain. The keys are derived, or given: what only `namesys.toml` says
    /// goes nowhere. What was not shown is asked about.
    fn set_up(
        &self,
        mut session: Session,
        shown: Option<&OnChain>,
    ) -> Result<(SetupNamesReport, Option<CliError>), CliError> {
        let Self { args, context, .. } = self;
        let author = &args.publication.author;
        session.config = session.workspace.config()?;
        author.key(context, &mut session)?;
        let rpc = args.rpc.open(context, &context.http()?)?;
        let rpc = rpc.ok_or_else(|| no_rpc("what stands on chain", context))?;
        if session.config.approval_mode() == Some(ApprovalMode::OnChain) {
            prove_signer(args, context, &mut session)?;
        }
        let wallet = author.derive.wallet.open(context)?;
        let planned = match (&self.listed.transactions, shown) {
            (Some(listed), _) => Some(listed.clone()),
            (None, shown) => shown.map(|shown| shown.planned.clone()),
        };
        let yes = args.yes || shown.is_some();
        Own { context, session, rpc, max_cost: args.cost.max_cost }.send(wallet, yes, planned)
    }

    fn sign(&self, session: &mut Session, shown: &Survey) -> Result<Signed, CliError> {
        let PublicationArgs { author, permission, .. } = &self.args.publication;
        let may = may(&self.listed);
        let signing = Signing {
            only: None,
            force: false,
            approval: None,
            owner: None,
            flat: false,
            metadata: false,
            removal: permission.mass_removal.removal(&may),
            agreed: Some(&|session, records| agreed::check_pending(shown, session, records)),
            signer_key: &self.args.signer_key,
            derive: &author.derive,
            with_ipns: !author.ipns_key.is_given()?,
        };
        sign(&signing, self.context, session)
    }

    fn publish(
        &self,
        mut session: Session,
        fan_out: FanOut,
        derived: Option<IpnsKey>,
        shown: &Survey,
    ) -> Result<(PublishOutcome, Ahead), CliError> {
        let Self { args, context, .. } = self;
        check_tree((false, false), context, &session)?;
        let key = match derived {
            Some(key) => {
                context.keep_secret(&key);
                key
            }
            None => args.publication.author.key(context, &mut session)?,
        };
        let may = may(&self.listed);
        let mut publication = args.publication.open_with(context, session, fan_out, key)?;
        publication.root = agreed::check_signed(shown, context, &publication.session)?;
        publication.permission = self.permission.clone();
        publication.validity = Some(self.validity.clone());
        if let Removal::Ask(_) = publication.removal {
            publication.removal = Removal::Ask(&may);
        }
        send_all(false, context, publication, self.services.0, None)
    }
}

/// The signer that is approved on chain is the one that signs: given, or derived.
fn prove_signer(args: &Args, context: &Context, session: &mut Session) -> Result<(), CliError> {
    let derive = &args.publication.author.derive;
    let recorded = session.config.keys().clone();
    let signer = match derive.signer_at_hand(&args.signer_key, context, &recorded)? {
        Some(key) => key.address(),
        None => {
            let keys_for = KeysFor::from(&session.config);
            derive.open(context, keys_for, &recorded)?.signer_key(context)?.address()
        }
    };
    session.record_keys(&RecordedKeys { signer: Some(signer), ..RecordedKeys::default() })
}

/// Whether so much may go: a plan lists it, or somebody says yes.
fn may(listed: &PlanFile) -> impl Fn(&MassRemoval) -> bool + Send + Sync + '_ {
    |removal: &MassRemoval| listed.lists(removal) || ask(removal)
}

impl From<namesys::plan::PlanChanged> for CliError {
    fn from(error: namesys::plan::PlanChanged) -> Self {
        Self::new(Exit::Failed, ErrorKind::Changed, error.to_string())
            .hint("look at it, and plan again: namesys plan --out FILE")
    }
}
