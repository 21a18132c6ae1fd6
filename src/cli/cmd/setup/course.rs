//! How names are set up, one after the other: what is missing for each, and sending it.

use std::cell::Cell;
use std::time::Duration;

use alloy_primitives::U256;
use jiff::Timestamp;
use namesys::chain::Rpc;
use namesys::chain::setup::{
    Nonces, Plan, Pointer, Sender, SetupRequest, SetupTransaction, SignerChange, Standing, plan,
    safe_batch,
};
use namesys::ens::Name;
use namesys::report::{ErrorKind, ReplacedReport, SetupNamesReport};
use namesys::wallet::{Wallet, WalletError};

use super::prepared::{Prepared, check};
use super::show::{Ended, Shown, done, spent, sums};
use super::terms::Terms;
use super::{checks, hides, replaces, sending};
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::output::Outcome;
use crate::cli::session::Session;
use crate::cli::values::write_file;

/// What names are set up with.
pub struct Course<'a> {
    pub terms: &'a Terms,
    pub context: &'a Context,
    /// All of them.
    pub names: &'a [Name],
    pub session: Option<Session>,
    pub rpc: Rpc,
    pub wallet: Option<OpenWallet>,
    pub claims: checks::Claims,
    pub pointer: Option<Pointer>,
    pub signers: Vec<SignerChange>,
    pub nonces: Nonces,
    /// Of the limit, on the names before.
    pub spent: Cell<U256>,
}

impl Course<'_> {
    pub fn sends(&self) -> bool {
        self.terms.sends
    }

    /// What stands for a name, and what is missing but for what is `seen`; each simulated.
    pub fn prepare(&self, name: &Name, seen: &[SetupTransaction]) -> Result<Prepared, CliError> {
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
            let tree =
                checks::tree(checked, &view, &request, &standing, chain_id, seen, context).await?;
            plan.warnings.extend(tree);
            let replaces = self.remarks(&request, &standing, &mut plan, (chain_id, seen)).await?;
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
        (chain_id, seen): (u64, &[SetupTransaction]),
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
        let asks = (self.session.as_ref(), context);
        let hidden = hides::hidden(&self.rpc, chain_id, standing, request, wanted, asks).await?;
        plan.warnings.extend(hidden.warnings);
        if self.session.is_none() {
            plan.warnings.extend(
                replaces::unverified(&self.rpc, chain_id, standing, request, seen, context).await,
            );
        }
        Ok([found.replaces, hidden.replaces].concat())
    }

    /// Sends what is missing for a name, or says why it is not sent.
    pub fn bring(&self, name: &Name) -> Result<Ended, CliError> {
        let prepared = self.prepare(name, &[])?;
        if let Some(planned) = &self.terms.planned {
            check(planned, &prepared)?;
        }
        if prepared.plan.transactions.is_empty() {
            return Ok(done(&prepared, Shown::default(), None));
        }
        if self.wallet.as_ref().is_some_and(OpenWallet::is_at_hand) {
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
    pub fn elsewhere(&self, all: Vec<Prepared>) -> Result<Vec<Ended>, CliError> {
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
    pub fn of_all(&self, names: &[Name]) -> Result<Outcome, CliError> {
        if self.sends() {
            let brought = self.bring_all(names);
            return match brought.error {
                Some(error) if brought.ended.is_empty() && brought.left.is_empty() => Err(error),
                error => Ok(outcome_of_all(Brought { error, ..brought })),
            };
        }
        let all = self.prepare_all(names)?;
        Ok(outcome_of_all(Brought { ended: self.elsewhere(all)?, ..Brought::default() }))
    }

    /// One after the other, as far as it goes.
    pub fn bring_all(&self, names: &[Name]) -> Brought {
        let mut brought = Brought::default();
        for (number, name) in names.iter().enumerate() {
            match self.bring(name) {
                Ok(one) => brought.ended.push(one),
                // What was sent for those before is reported.
                Err(error) => brought.error = Some(error),
            }
            let failed = brought.ended.last().is_some_and(|(_, error)| error.is_some());
            if failed || brought.error.is_some() {
                brought.left = names[number + 1..].to_vec();
                break;
            }
        }
        brought
    }

    /// What is missing for each; what is set for all of them stands once.
    pub fn prepare_all(&self, names: &[Name]) -> Result<Vec<Prepared>, CliError> {
        let (mut all, mut seen) = (Vec::new(), Vec::new());
        for name in names {
            let prepared = self.prepare(name, &seen)?;
            seen.extend(prepared.plan.transactions.clone());
            all.push(prepared);
        }
        Ok(all)
    }
}

/// How far it went with several names.
#[derive(Default)]
pub struct Brought {
    /// Those that were come to.
    pub ended: Vec<Ended>,
    /// Why it ended before there was a report.
    pub error: Option<CliError>,
    /// Those after one that failed.
    pub left: Vec<Name>,
}

fn outcome_of_all(brought: Brought) -> Outcome {
    let (report, error) = report_of_all(brought);
    Outcome::partial(report, error)
}

pub fn report_of_all(brought: Brought) -> (SetupNamesReport, Option<CliError>) {
    let Brought { ended, error, left } = brought;
    let (names, errors): (Vec<_>, Vec<_>) = ended.into_iter().unzip();
    let transactions = names.iter().flat_map(|report| report.transactions.clone()).collect();
    let error = error.or(errors.into_iter().flatten().next());
    let replaces = names.iter().flat_map(|report| report.replaces.clone()).collect();
    let (max_cost, cost) = sums(&names);
    let not_begun = left.iter().map(ToString::to_string).collect();
    (SetupNamesReport { names, transactions, replaces, not_begun, max_cost, cost }, error)
}
