//! What a setup will do.

use namesys::chain::setup::{Cost, Plan, Sender, SetupRequest, SetupTransaction, Standing};
use namesys::plan::{PlanChanged, PlannedTransaction};
use namesys::report::ReplacedReport;

use crate::cli::error::CliError;

/// Everything that is decided before anything is sent.
pub struct Prepared {
    pub request: SetupRequest,
    pub standing: Standing,
    pub plan: Plan,
    /// Of each transaction; none where the nodes cannot tell.
    pub costs: Vec<Cost>,
    /// Records that are no longer read afterwards.
    pub replaces: Vec<ReplacedReport>,
    pub sender: Sender,
}

/// Its transactions, as a plan file has them.
pub fn planned(prepared: &Prepared) -> Vec<PlannedTransaction> {
    let one = |transaction: &SetupTransaction| PlannedTransaction {
        name: prepared.request.name.clone(),
        to: transaction.to.to_string(),
        data: transaction.data.to_string(),
        value: transaction.value.to_string(),
        before: prepared.standing.before(transaction),
        description: transaction.description.clone(),
    };
    prepared.plan.transactions.iter().map(one).collect()
}

/// Refuses what was not planned.
pub fn check(listed: &[PlannedTransaction], prepared: &Prepared) -> Result<(), CliError> {
    let found = planned(prepared).into_iter().find(|one| !one.is_listed(listed));
    match found {
        None => Ok(()),
        Some(one) => Err(PlanChanged {
            what: format!("{} on chain", one.name),
            planned: "no such transaction, or something else before it".to_owned(),
            found: format!("{} ({})", one.description, one.before),
        }
        .into()),
    }
}
