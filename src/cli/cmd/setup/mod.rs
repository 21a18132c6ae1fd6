//! `setup [NAME]`: makes a name use its records: what stands on chain, what is missing, and the
//! transactions that bring it about.

mod checks;
pub mod own;
mod pointer;
mod prepared;
mod replaces;
mod sending;
mod show;
mod signers;

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{Address, U256};
use jiff::Timestamp;
use namesys::chain::Rpc;
use namesys::chain::setup::{
    Clear, Nonces, Plan, Pointer, Sender, SetupRequest, SetupTransaction, SignerChange, Standing,
    plan, safe_batch,
};
use namesys::ens::Name;
use namesys::plan::PlannedTransaction;
use namesys::report::{ErrorKind, ReplacedReport, SetupNamesReport};
use namesys::wallet::{Wallet, WalletError};

use crate::cli::context::Context;
use crate::cli::cost_args::CostArgs;
use crate::cli::deriver::DeriveArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::{IpnsKeyArgs, SignerKeyArgs};
use crate::cli::output::Outcome;
use crate::cli::rpc_args::{RpcArgs, no_rpc};
use crate::cli::session::{Session, parse_name};
use crate::cli::values::write_file;
use crate::cli::wallet_args::{OpenWallet, address};
use pointer::PointerArgs;
use prepared::Prepared;
pub use show::source;
use show::{Ended, Shown, done, spent, sums};
use signers::SignersArgs;

/// `setup …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name; default: the workspace's names
    name: Option<String>,
    #[command(flatten)]
    pointer: PointerArgs,
    /// Set it up for a subname that need not be registered: its labels, leftmost first
    #[arg(long, value_name = "LABELS", num_args = 1.., value_parser = label)]
    sub: Vec<String>,
    #[command(flatten)]
    signers: SignersArgs,
    /// The records resolver; default: the name's own where it is one, else the deployed one
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    resolver: Option<Address>,
    /// Print targets and calldata for a wallet elsewhere, and send nothing
    #[arg(long)]
    calldata: bool,
    /// Write the transactions as a file of Safe's Transaction Builder, and send nothing
    #[arg(long, value_name = "FILE")]
    safe: Option<PathBuf>,
    /// Send without asking
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    cost: CostArgs,
    /// How long to wait until a transaction is mined, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait: u64,
    /// The chain that is expected [default: the workspace's]
    #[arg(long, value_name = "N")]
    chain_id: Option<u64>,
    #[command(flatten)]
    ipns_key: IpnsKeyArgs,
    #[command(flatten)]
    signer_key: SignerKeyArgs,
    #[command(flatten)]
    derive: DeriveArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Args {
    /// Whether something is only taken away.
    fn only_takes(&self) -> bool {
        let takes = self.signers.revoke() || self.pointer.clear() != Clear::default();
        takes && !self.signers.approve() && !self.pointer.is_given()
    }

    /// Whether the workspace's IPNS name is set.
    fn sets_own_name(&self) -> bool {
        self.pointer.is_workspaces() && !self.only_takes()
    }
}

/// A dot may mean the name itself, which would then be set up below itself.
fn label(text: &str) -> Result<String, String> {
    match text.contains('.') {
        true => Err("a label has no dot; give labels apart, and NAME before --sub".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// Shows, and sends what was confirmed.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let (session, names) = subjects(&args, context)?;
    let rpc = args.rpc.open(context, &context.http()?)?;
    let rpc = rpc.ok_or_else(|| no_rpc("what stands on chain", context))?;
    let wallet = wallet(&args, context)?;
    let (session, claims) = checks::keys(session, &args, wallet.as_ref(), context)?;
    let pointer = match args.only_takes() {
        true => None,
        false => args.pointer.get(session.as_ref())?,
    };
    let signers = args.signers.get(session.as_ref())?;
    let (terms, nonces, spent) = (&Terms::of(&args), Nonces::default(), Cell::default());
    let course = Course {
        terms,
        context,
        names: &names,
        session,
        rpc,
        wallet,
        claims,
        pointer,
        signers,
        nonces,
        spent,
    };
    match &names[..] {
        [name] => {
            let ended = match course.sends() {
                true => course.bring(name)?,
                false => course.elsewhere(vec![course.prepare(name, &[])?])?.remove(0),
            };
            Ok(outcome(ended))
        }
        names => course.of_all(names),
    }
}

/// How names are set up.
struct Terms {
    resolver: Option<Address>,
    set_resolver: bool,
    clear: Clear,
    chain_id: Option<u64>,
    /// In seconds.
    wait: u64,
    max_cost: U256,
    /// Sends without asking.
    yes: bool,
    /// Sends at all.
    sends: bool,
    safe: Option<PathBuf>,
    /// Whether what is signed here is to verify.
    checks_tree: bool,
    /// What a plan lists: nothing else is sent.
    planned: Option<Vec<PlannedTransaction>>,
}

impl Terms {
    fn of(args: &Args) -> Self {
        Self {
            resolver: args.resolver,
            set_resolver: !args.only_takes(),
            clear: args.pointer.clear(),
            chain_id: args.chain_id,
            wait: args.wait,
            max_cost: args.cost.max_cost,
            yes: args.yes,
            sends: !args.calldata && args.safe.is_none(),
            safe: args.safe.clone(),
            checks_tree: true,
            planned: None,
        }
    }
}

/// What names are set up with.
struct Course<'a> {
    terms: &'a Terms,
    context: &'a Context,
    /// All of them.
    names: &'a [Name],
    session: Option<Session>,
    rpc: Rpc,
    wallet: Option<OpenWallet>,
    claims: checks::Claims,
    pointer: Option<Pointer>,
    signers: Vec<SignerChange>,
    nonces: Nonces,
    /// Of the limit, on the names before.
    spent: Cell<U256>,
}

impl Course<'_> {
    fn sends(&self) -> bool {
        self.terms.sends
    }

    /// What stands for a name, and what is missing but for what is `seen`; each simulated.
    fn prepare(&self, name: &Name, seen: &[SetupTransaction]) -> Result<Prepared, CliError> {
        let Self { terms, context, session, .. } = self;
        let session = session.as_ref();
        let request = SetupRequest {
            name: name.clone(),
            sender: self.wallet.as_ref().map(|wallet| wallet.as_wallet().address()),
            resolver: terms.resolver,
            set_resolver: terms.set_resolver,
            pointer: self.pointer.clone(),
            clear: terms.clear,
            signers: self.signers.clone(),
            with: self.names.iter().filter(|other| *other != name).cloned().collect(),
        };
        let expected = terms.chain_id.or(session.map(|session| session.config.chain_id));
        let expected = expected.or(context.network()?.0.chain_id());
        let prepared = context.block_on(async {
            let rpc = self.rpc.clone();
            let chain_id = rpc.check_chain_id(expected).await?;
            let view = rpc.at(rpc.latest().await?.value);
            let standing = view.standing(&request).await?;
            let mut plan = plan(view.contracts(), &request, &standing)?;
            plan.transactions.retain(|transaction| !transaction.is_within(seen));
            let checked = session.filter(|_| terms.checks_tree);
            let tree = checks::tree(checked, &view, &request, &standing, chain_id, context).await?;
            plan.warnings.extend(tree);
            let replaces = self.remarks(&request, &standing, &mut plan, chain_id).await?;
            let patience = Duration::from_secs(terms.wait);
            let max_cost = terms.max_cost.saturating_sub(self.spent.get());
            let nonces = self.nonces.clone();
            let sender = Sender { rpc, chain_id, patience, max_cost, nonces };
            for transaction in &plan.transactions {
                sender.simulate(standing.sender, transaction).await?;
            }
            let costs = match (plan.transactions.is_empty(), self.sends()) {
                (true, _) => Vec::new(),
                (false, true) => sender.costs(standing.sender, &plan.transactions).await?,
                // What is only shown may go without.
                (false, false) => {
                    let costs = sender.costs(standing.sender, &plan.transactions).await;
                    costs.unwrap_or_default()
                }
            };
            Ok(Prepared { request, standing, plan, costs, replaces, sender })
        })?;
        prepared.plan.warnings.iter().for_each(|warning| context.output.warn(warning));
        Ok(prepared)
    }

    /// What is no longer read afterwards; and warnings of that, and of a key without a record.
    async fn remarks(
        &self,
        request: &SetupRequest,
        standing: &Standing,
        plan: &mut Plan,
        chain_id: u64,
    ) -> Result<Vec<ReplacedReport>, CliError> {
        if plan.transactions.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = match &self.session {
            Some(session) => {
                let unpublished =
                    replaces::unpublished(request.pointer.as_ref(), session, self.context).await;
                plan.warnings.extend(unpublished);
                Some(session.workspace.records(&session.config)?)
            }
            None => None,
        };
        let (wanted, context) = (wanted.as_ref(), self.context);
        let found =
            replaces::replaced(&self.rpc, chain_id, standing, request, wanted, context).await?;
        plan.warnings.extend(found.warnings);
        if self.session.is_none() {
            plan.warnings.extend(
                replaces::unverified(&self.rpc, chain_id, standing, request, context).await,
            );
        }
        Ok(found.replaces)
    }

    /// Sends what is missing for a name, or says why it is not sent.
    fn bring(&self, name: &Name) -> Result<Ended, CliError> {
        let prepared = self.prepare(name, &[])?;
        if let Some(planned) = &self.terms.planned {
            own::check(planned, &prepared)?;
        }
        if prepared.plan.transactions.is_empty() {
            return Ok(done(&prepared, Shown::default(), None));
        }
        if matches!(self.wallet, Some(OpenWallet::Local(_))) {
            self.claims.confirm()?;
        }
        let Some(wallet) = &self.wallet else {
            let error = CliError::new(Exit::Usage, ErrorKind::NoWallet, "a wallet is needed to send them")
                .hint("give the owner's, such as --private-key-file or --account; or print them for a wallet elsewhere: --calldata, --safe FILE");
            return self.unsent(&prepared, error);
        };
        if let OpenWallet::External(external) = wallet {
            let error = WalletError::NoTransactions { wallet: external.address() }.into();
            return self.unsent(&prepared, error);
        }
        let ended = sending::run(self.terms.yes, &prepared, wallet, self.context)?;
        self.spent.set(self.spent.get().saturating_add(spent(&ended.0)));
        Ok(ended)
    }

    /// What would be sent, with why it is not; without the transactions where they are what only
    /// `namesys.toml` says: whoever reads them may send them with a wallet elsewhere.
    fn unsent(&self, prepared: &Prepared, error: CliError) -> Result<Ended, CliError> {
        match self.claims.is_empty() {
            true => Ok(done(prepared, Shown::default(), Some(error))),
            false => Err(error),
        }
    }

    /// For a multisig, or any wallet that is not here: the transactions of all of them, in one
    /// file where one is asked for.
    fn elsewhere(&self, all: Vec<Prepared>) -> Result<Vec<Ended>, CliError> {
        let transactions: Vec<SetupTransaction> =
            all.iter().flat_map(|prepared| prepared.plan.transactions.clone()).collect();
        let ended = |safe: Option<String>, mut error: Option<CliError>| {
            let shown = |prepared: &Prepared| {
                let shown = Shown { safe: safe.clone(), ..Shown::default() };
                done(prepared, shown, error.take())
            };
            all.iter().map(shown).collect()
        };
        let Some(first) = all.first().filter(|_| !transactions.is_empty()) else {
            return Ok(ended(None, None));
        };
        self.claims.confirm()?;
        // What others sign and send is held to the same limit, as far as it is decided here.
        if let Err(error) = first.sender.check_cost(&transactions, &[]) {
            return Ok(ended(None, Some(error.into())));
        }
        let Some(file) = &self.terms.safe else { return Ok(ended(None, None)) };
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        let names: Vec<&str> = all.iter().map(|prepared| prepared.request.name.as_str()).collect();
        let description = format!("namesys setup {}", names.join(" "));
        let (chain_id, safe) = (first.sender.chain_id, first.standing.sender);
        let batch = safe_batch(chain_id, safe, now, &description, &transactions);
        write_file(file, format!("{batch:#}\n").as_bytes())?;
        Ok(ended(Some(file.display().to_string()), None))
    }

    /// One name after the other; what is set for all of them is sent once.
    fn of_all(&self, names: &[Name]) -> Result<Outcome, CliError> {
        if self.sends() {
            return match self.bring_all(names) {
                (ended, Some(error)) if ended.is_empty() => Err(error),
                (ended, error) => Ok(outcome_of_all(ended, error)),
            };
        }
        let all = self.prepare_all(names)?;
        Ok(outcome_of_all(self.elsewhere(all)?, None))
    }

    /// One after the other, as far as it goes.
    fn bring_all(&self, names: &[Name]) -> (Vec<Ended>, Option<CliError>) {
        let mut ended = Vec::new();
        for name in names {
            match self.bring(name) {
                Ok(one) => ended.push(one),
                // What was sent for those before is reported.
                Err(error) => return (ended, Some(error)),
            }
            if ended.last().is_some_and(|(_, error)| error.is_some()) {
                break;
            }
        }
        (ended, None)
    }

    /// What is missing for each; what is set for all of them stands once.
    fn prepare_all(&self, names: &[Name]) -> Result<Vec<Prepared>, CliError> {
        let (mut all, mut seen) = (Vec::new(), Vec::new());
        for name in names {
            let prepared = self.prepare(name, &seen)?;
            seen.extend(prepared.plan.transactions.clone());
            all.push(prepared);
        }
        Ok(all)
    }
}

fn outcome((report, error): Ended) -> Outcome {
    Outcome::partial(report, error)
}

fn outcome_of_all(ended: Vec<Ended>, error: Option<CliError>) -> Outcome {
    let (report, error) = report_of_all(ended, error);
    Outcome::partial(report, error)
}

fn report_of_all(
    ended: Vec<Ended>,
    error: Option<CliError>,
) -> (SetupNamesReport, Option<CliError>) {
    let (names, errors): (Vec<_>, Vec<_>) = ended.into_iter().unzip();
    let transactions = names.iter().flat_map(|report| report.transactions.clone()).collect();
    let error = error.or(errors.into_iter().flatten().next());
    let replaces = names.iter().flat_map(|report| report.replaces.clone()).collect();
    let (max_cost, cost) = sums(&names);
    (SetupNamesReport { names, transactions, replaces, max_cost, cost }, error)
}

/// The workspace, where the names are of one, and the names.
fn subjects(args: &Args, context: &Context) -> Result<(Option<Session>, Vec<Name>), CliError> {
    let session = Session::open_if_any(context)?;
    let names = match (&args.name, &session) {
        (Some(name), _) => vec![parse_name(context, name)?],
        (None, Some(session)) => session.config.names().to_vec(),
        (None, None) => {
            context.refuse_foreign()?;
            return Err(CliError::usage("which name?")
                .hint("give NAME, or -C DIR for a workspace (namesys init NAME makes one)"));
        }
    };
    let below = |name: Name| match &args.sub[..] {
        [] => Ok(name),
        labels => parse_name(context, &format!("{}.{name}", labels.join("."))),
    };
    let names: Vec<Name> = names.into_iter().map(below).collect::<Result<_, _>>()?;
    let is_own =
        |session: &Session| names.iter().all(|name| session.config.root_of(name).is_some());
    Ok((session.filter(is_own), names))
}

/// The wallet: where it is given, and the one of the user's file where something is to be sent.
fn wallet(args: &Args, context: &Context) -> Result<Option<OpenWallet>, CliError> {
    let sends = !args.calldata && args.safe.is_none();
    let wallet = &args.derive.wallet;
    match wallet.is_given()? || (sends && wallet.is_at_hand(context)?) {
        true => args.derive.wallet.open(context).map(Some),
        false => Ok(None),
    }
}
