//! The report of `setup`, and its text.

use std::io::{self, Write};

use alloy_primitives::{B256, U256};
use namesys::chain::RecordhashSource;
use namesys::chain::setup::{ether, total};
use namesys::recordhash::shown_bytes;
use namesys::report::{
    SetupNamesReport, SetupReport, StandingReport, TransactionReport, TransactionState,
};

use super::prepared::Prepared;
use crate::cli::error::CliError;
use crate::cli::output::{Human, shown};

/// What came of one transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Known before it is handed to a node, where the wallet is here.
    pub hash: Option<B256>,
    pub state: TransactionState,
    /// What it came to, once it was mined, in wei.
    pub cost: Option<U256>,
}

/// What came of the transactions.
#[derive(Default)]
pub struct Shown {
    pub sent: Vec<Sent>,
    pub safe: Option<String>,
}

/// What a recordhash is set for.
pub fn source(source: &RecordhashSource) -> Option<String> {
    match source {
        RecordhashSource::Name(name) => Some(name.to_string()),
        RecordhashSource::Owner(owner) => Some(owner.to_string()),
        RecordhashSource::Web2Default => None,
    }
}

/// What the setup of one name ends with.
pub type Ended = (SetupReport, Option<CliError>);

/// The report, beside what went wrong.
pub fn done(prepared: &Prepared, shown: Shown, error: Option<CliError>) -> Ended {
    (report(prepared, shown), error)
}

/// What stood, and what was or would be sent.
fn report(prepared: &Prepared, shown: Shown) -> SetupReport {
    let Prepared { request, standing, plan, costs, replaces, sender } = prepared;
    let Shown { sent, safe } = shown;
    let transactions = plan.transactions.iter().enumerate().map(|(number, transaction)| {
        let (cost, sent) = (costs.get(number), sent.get(number));
        TransactionReport {
            to: transaction.to.to_string(),
            data: transaction.data.to_string(),
            value: transaction.value.to_string(),
            hash: sent.and_then(|sent| sent.hash).map(|hash| hash.to_string()),
            state: sent.map_or(TransactionState::NotSent, |sent| sent.state),
            description: transaction.description.clone(),
            gas: cost.map(|cost| cost.gas),
            max_cost: cost.map(|cost| cost.at_most().saturating_add(transaction.value).to_string()),
            cost: sent.and_then(|sent| sent.cost).map(|cost| cost.to_string()),
        }
    });
    let paid = sent.iter().filter_map(|sent| sent.cost).reduce(U256::saturating_add);
    let resolver = Some(standing.resolver_now).filter(|resolver| !resolver.is_zero());
    SetupReport {
        name: request.name.to_string(),
        chain_id: sender.chain_id,
        sender: standing.sender.to_string(),
        standing: StandingReport {
            level: standing.base.name.to_string(),
            owner: standing.base.owner().to_string(),
            wrapped: standing.base.wrapper_owner.is_some(),
            resolver: resolver.map(|resolver| resolver.to_string()),
            recordhash: shown_bytes(&standing.walk.recordhash),
            recordhash_of: source(&standing.walk.source),
            ownerhash: shown_bytes(&standing.ownerhash),
            signer_approved: standing.signer_approved(),
        },
        transactions: transactions.collect(),
        max_cost: total(&plan.transactions, costs).to_string(),
        cost: paid.map(|paid| paid.to_string()),
        warnings: plan.warnings.clone(),
        replaces: replaces.clone(),
        safe,
    }
}

impl Human for SetupReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let StandingReport { level, owner, resolver, recordhash, .. } = &self.standing;
        let none = || "none".to_owned();
        let wrapped = if self.standing.wrapped { " (wrapped)" } else { "" };
        writeln!(out, "{}  on chain {}", self.name, self.chain_id)?;
        writeln!(out, "owner       {owner} of {level}{wrapped}")?;
        let sent = self.transactions.iter().any(|transaction| transaction.hash.is_some());
        let before = if sent { " before" } else { "" };
        writeln!(out, "resolver    {}{before}", resolver.clone().unwrap_or_else(none))?;
        let of = self.standing.recordhash_of.as_ref().map(|of| format!(" of {of}"));
        let recordhash = recordhash.clone().unwrap_or_else(none);
        let of = of.unwrap_or_default();
        writeln!(out, "recordhash  {}{of}{before}", shown(&recordhash))?;
        if let Some(approved) = self.standing.signer_approved {
            let said = if approved { "approved on chain" } else { "not approved on chain" };
            writeln!(out, "signer      {said}{before}")?;
        }
        if self.transactions.is_empty() {
            return writeln!(out, "everything stands: nothing to send");
        }
        for (number, transaction) in self.transactions.iter().enumerate() {
            writeln!(out, "\n{}. {}", number + 1, shown(&transaction.description))?;
            let word = match transaction.state {
                TransactionState::NotSent => "not sent",
                TransactionState::Sent => "sent, not seen mined",
                TransactionState::Mined => "mined",
                TransactionState::Failed => "failed",
            };
            match &transaction.hash {
                Some(hash) => {
                    let cost = transaction.cost.as_deref().and_then(in_ether);
                    let cost = cost.map(|cost| format!(", {cost} ether")).unwrap_or_default();
                    writeln!(out, "   {word}: {hash}{cost}")?;
                }
                None => planned(transaction, out)?,
            }
        }
        if self.transactions.iter().all(|transaction| transaction.hash.is_none())
            && let Some(max) = in_ether(&self.max_cost)
        {
            writeln!(out, "\nin all at most {max} ether")?;
        }
        if let Some(paid) = self.cost.as_deref().and_then(in_ether) {
            writeln!(out, "\npaid in all {paid} ether, gas and what was sent along")?;
        }
        self.safe.iter().try_for_each(|file| writeln!(out, "\nwrote {}", shown(file)))
    }
}

impl Human for SetupNamesReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for (number, report) in self.names.iter().enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            report.human(out)?;
        }
        for name in &self.not_begun {
            writeln!(out, "not begun  {name}: the same command goes on")?;
        }
        match (self.cost.as_deref().and_then(in_ether), in_ether(&self.max_cost)) {
            (Some(paid), _) => writeln!(out, "\nfor all names paid {paid} ether"),
            (None, Some(max)) if !self.transactions.is_empty() => {
                writeln!(out, "\nfor all names at most {max} ether")
            }
            _ => Ok(()),
        }
    }
}

/// What was spent on a name, or may be: of what was sent and not seen mined, the most.
pub fn spent(report: &SetupReport) -> U256 {
    let sent = report.transactions.iter().filter(|transaction| transaction.hash.is_some());
    let wei = sent.filter_map(|sent| sent.cost.as_ref().or(sent.max_cost.as_ref())?.parse().ok());
    wei.fold(U256::ZERO, U256::saturating_add)
}

/// What all names may come to, and what was paid, in wei.
pub fn sums(names: &[SetupReport]) -> (String, Option<String>) {
    let most = names.iter().filter_map(|report| report.max_cost.parse().ok());
    let paid = names.iter().filter_map(|report| report.cost.as_ref()?.parse().ok());
    let paid = paid.reduce(U256::saturating_add);
    (most.fold(U256::ZERO, U256::saturating_add).to_string(), paid.map(|paid| paid.to_string()))
}

/// A transaction that was not sent.
fn planned(transaction: &TransactionReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "   to     {}", transaction.to)?;
    writeln!(out, "   value  {}", transaction.value)?;
    writeln!(out, "   data   {}", transaction.data)?;
    let max = transaction.max_cost.as_deref().and_then(in_ether);
    match (transaction.gas, max) {
        (Some(gas), Some(max)) => writeln!(out, "   gas    {gas}, at most {max} ether in all"),
        _ => Ok(()),
    }
}

/// Wei of a report, for people.
fn in_ether(wei: &str) -> Option<String> {
    wei.parse::<U256>().ok().map(ether)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A name's report; of each transaction whether it was sent, the most it may cost, and its cost.
    fn report(transactions: &[(bool, &str, Option<&str>)]) -> SetupReport {
        let one = |(sent, max, cost): &(bool, &str, Option<&str>)| {
            json!({
                "to": "0x", "data": "0x", "value": "0", "hash": sent.then_some("0xab"),
                "state": "sent", "description": "x", "gas": 1, "max_cost": max, "cost": cost,
            })
        };
        let paid: Vec<u64> =
            transactions.iter().filter_map(|(.., cost)| cost.map(|c| c.parse().unwrap())).collect();
        let most: u64 = transactions.iter().map(|(_, max, _)| max.parse::<u64>().unwrap()).sum();
        let cost = (!paid.is_empty()).then(|| paid.iter().sum::<u64>().to_string());
        serde_json::from_value(json!({
            "name": "nick.eth", "chain_id": 1, "sender": "0x",
            "standing": {"level": "nick.eth", "owner": "0x", "wrapped": false},
            "transactions": transactions.iter().map(one).collect::<Vec<_>>(),
            "max_cost": most.to_string(), "cost": cost, "warnings": [],
        }))
        .unwrap()
    }

    /// `--max-cost` is for all names: what was sent and not seen mined may cost the most.
    #[test]
    fn what_is_spent_and_its_sums() {
        let first = report(&[(true, "100", Some("40")), (true, "50", None), (false, "30", None)]);
        assert_eq!(spent(&first), U256::from(40 + 50));
        let second = report(&[(false, "7", None)]);
        assert_eq!(spent(&second), U256::ZERO);
        assert_eq!(sums(&[first, second.clone()]), ("187".to_owned(), Some("40".to_owned())));
        assert_eq!(sums(&[second]), ("7".to_owned(), None));
        let mut text = Vec::new();
        report(&[(true, "3000000000000000", Some("2000000000000000"))]).human(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("sent, not seen mined: 0xab, 0.002 ether\n"), "{text}");
        assert!(text.ends_with("paid in all 0.002 ether, gas and what was sent along\n"), "{text}");
        assert!(!text.contains("at most"), "{text}");
    }
}
