//! What `plan --chain` shows and `apply --chain` sends: the workspace's names are to use what it
//! publishes.

use std::cell::Cell;

use alloy_primitives::U256;
use namesys::chain::Rpc;
use namesys::chain::setup::{Clear, Nonces};
use namesys::plan::PlannedTransaction;
use namesys::report::{PlannedTransactionReport, SetupNamesReport};
use namesys::workspace::ApprovalMode;

use super::checks;
use super::course::{Course, report_of_all};
use super::pointer::PointerArgs;
use super::prepared::planned;
use super::show::{Shown, done, sums};
use super::signers::SignersArgs;
use super::terms::Terms;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::open_wallet::OpenWallet;
use crate::cli::session::Session;

/// How long a transaction is waited for, in seconds.
const WAIT: u64 = 300;

/// What is missing on chain.
pub struct OnChain {
    /// As it is shown.
    pub transactions: Vec<PlannedTransactionReport>,
    /// As a file has it.
    pub planned: Vec<PlannedTransaction>,
    /// The most that all of them may come to, in wei.
    pub max_cost: String,
}

/// A workspace's names, and the nodes.
pub struct Own<'a> {
    pub context: &'a Context,
    pub session: Session,
    pub rpc: Rpc,
    pub max_cost: U256,
}

impl Own<'_> {
    /// What would be sent by the owner, simulated; `is_signed`: what is signed here is to verify.
    ///
    /// # Errors
    /// Those of the chain.
    pub fn foresee(self, is_signed: bool) -> Result<OnChain, CliError> {
        let terms = Terms { sends: false, checks_tree: is_signed, ..self.terms() };
        let names = self.session.config.names().to_vec();
        let all = self.course(&terms, None)?.prepare_all(&names)?;
        let planned = all.iter().flat_map(planned).collect();
        let ended = all.iter().map(|one| done(one, Shown::default(), None));
        let reports: Vec<_> = ended.map(|(report, _)| report).collect();
        let transactions = reports.iter().flat_map(|report| {
            report.transactions.iter().map(|transaction| PlannedTransactionReport {
                name: report.name.clone(),
                to: transaction.to.clone(),
                value: transaction.value.clone(),
                description: transaction.description.clone(),
                gas: transaction.gas,
                max_cost: transaction.max_cost.clone(),
            })
        });
        let transactions = transactions.collect();
        Ok(OnChain { transactions, planned, max_cost: sums(&reports).0 })
    }

    /// Sends what is missing, and of a plan nothing else. The keys were proven before.
    ///
    /// # Errors
    /// Those before which nothing was sent.
    pub fn send(
        self,
        wallet: OpenWallet,
        yes: bool,
        planned: Option<Vec<PlannedTransaction>>,
    ) -> Result<(SetupNamesReport, Option<CliError>), CliError> {
        let terms = Terms { yes, planned, ..self.terms() };
        let names = self.session.config.names().to_vec();
        Ok(report_of_all(self.course(&terms, Some(wallet))?.bring_all(&names)))
    }

    fn terms(&self) -> Terms {
        Terms {
            resolver: None,
            set_resolver: true,
            clear: Clear::default(),
            chain_id: None,
            wait: WAIT,
            max_cost: self.max_cost,
            yes: false,
            sends: true,
            safe: None,
            checks_tree: true,
            planned: None,
        }
    }

    fn course<'c>(
        self,
        terms: &'c Terms,
        wallet: Option<OpenWallet>,
    ) -> Result<Course<'c>, CliError>
    where
        Self: 'c,
    {
        let Self { context, session, rpc, .. } = self;
        let signers = match session.config.approval_mode() {
            Some(ApprovalMode::OnChain) => SignersArgs::of_own(),
            _ => SignersArgs::default(),
        };
        Ok(Course {
            terms,
            context,
            // One transaction for each: a plan lists them one by one.
            names: &[],
            pointer: PointerArgs::default().get(Some(&session))?,
            signers: signers.get(Some(&session))?,
            session: Some(session),
            rpc,
            wallet,
            claims: checks::Claims::default(),
            nonces: Nonces::default(),
            spent: Cell::default(),
        })
    }
}
