//! A signed payload, judged by this program and by the contract.

use alloy::sol_types::SolValue;
use alloy_primitives::{Address, Bytes};
use futures_util::future::try_join;

use super::case::Case;
use super::dialect::Said;
use super::fetched::Layout;
use super::lookup::{Answered, callback};
use super::resolution::{Judgement, OnchainRecord, OnchainRecordError};
use super::{Asked, NameResolver, Subject, dev3};
use crate::chain::{Answer, BlockReader, ChainError, OffchainLookup, Revert};
use crate::record::RecordKey;
use crate::request::{PayloadError, VerifiedRecord, VerifyError};

impl NameResolver {
    /// Both judgements on a signed record.
    pub(super) async fn judged(
        &self,
        case: &Case<'_>,
        key: &RecordKey,
        lookup: &OffchainLookup,
        payload: Bytes,
    ) -> Result<Asked, OnchainRecordError> {
        let trace = &case.subject.trace;
        let clock = trace.clock();
        let chain_id = self.config.chain_id;
        let (mut local, contract) = try_join(
            self.judge_locally(case, key, &payload, chain_id, Layout::Nested),
            self.contract_answer(case, callback(lookup, &payload)),
        )
        .await?;
        if let (Err(_), Ok(_), Some(chain_id)) =
            (&local, &contract.value, self.config.other_chain_id())
        {
            let again = self.judge_locally(case, key, &payload, chain_id, Layout::Nested).await?;
            local = again.or(local);
        }
        let Answer { value: contract, by } = contract;
        let said = contract.as_ref().err().map_or("accepted", String::as_str);
        trace.step(clock, format!("{key}: callback of the contract"), by, said);
        let said = local.as_ref().err().map_or("accepted".to_owned(), ToString::to_string);
        trace.step(clock, format!("{key}: signatures"), "namesys", said);
        let judgement = |reason: Option<String>| match reason {
            None => Judgement::Accepted,
            Some(reason) => Judgement::Refused(reason),
        };
        let ours = judgement(local.as_ref().err().map(ToString::to_string));
        let theirs = judgement(contract.as_ref().err().cloned());
        let differ =
            || OnchainRecordError::Differ { local: ours.to_string(), contract: theirs.to_string() };
        let mut record = OnchainRecord::of(key, Err(OnchainRecordError::NotSet));
        record.value = match (&local, &contract) {
            (Ok(verified), Ok(result)) if verified.result() == result => {
                record.signed = Some((verified.signer(), verified.basis()));
                Ok(verified.value().clone())
            }
            (Ok(_), Ok(_)) => Err(OnchainRecordError::Differ {
                local: ours.to_string(),
                contract: "accepted, with another value".to_owned(),
            }),
            (Ok(_), Err(_)) => Err(differ()),
            // The contract does not look into values.
            (Err(Refusal::Verify(error @ VerifyError::Value { .. })), Ok(_)) => {
                Err(OnchainRecordError::Unverified(error.to_string()))
            }
            (Err(_), Ok(_)) => Err(differ()),
            (Err(error), Err(_)) => Err(OnchainRecordError::Unverified(error.to_string())),
        };
        (record.local, record.contract) = (Some(ours), Some(theirs));
        Ok(Asked { record, payload: Some(payload) })
    }

    /// This program's judgement alone, on a payload that the contract's clients never get.
    pub(super) async fn judged_alone(
        &self,
        case: &Case<'_>,
        key: &RecordKey,
        payload: &[u8],
        layout: Layout,
    ) -> Result<OnchainRecord, OnchainRecordError> {
        let chain_id = self.config.chain_id;
        let mut local = self.judge_locally(case, key, payload, chain_id, layout).await?;
        if let (Err(_), Some(chain_id)) = (&local, self.config.other_chain_id()) {
            local = self.judge_locally(case, key, payload, chain_id, layout).await?.or(local);
        }
        let mut record = OnchainRecord::of(key, Err(OnchainRecordError::NotSet));
        record.flat = layout == Layout::Flat;
        match local {
            Ok(verified) => {
                record.signed = Some((verified.signer(), verified.basis()));
                record.value = Ok(verified.value().clone());
                record.local = Some(Judgement::Accepted);
            }
            Err(error) => {
                record.value = Err(OnchainRecordError::Unverified(error.to_string()));
                record.local = Some(Judgement::Refused(error.to_string()));
            }
        }
        Ok(record)
    }

    async fn judge_locally(
        &self,
        case: &Case<'_>,
        key: &RecordKey,
        payload: &[u8],
        chain_id: u64,
        layout: Layout,
    ) -> Result<Result<VerifiedRecord, Refusal>, OnchainRecordError> {
        let record = match layout.decode(payload) {
            Ok(record) => record,
            Err(error) => return Ok(Err(Refusal::Payload(error))),
        };
        let Some(terms) = case.terms(chain_id) else { return Ok(Err(Refusal::NoGateway)) };
        let by = terms.approver(&record, &self.approvals);
        let approved = self.approved(case, by).await?;
        Ok(terms.verify(record, key, &approved, &self.approvals).map_err(Refusal::Verify))
    }

    /// `by`, if it is approved on chain.
    pub(super) async fn approved(
        &self,
        case: &Case<'_>,
        by: Option<Address>,
    ) -> Result<Vec<Address>, ChainError> {
        let Some(by) = by else { return Ok(Vec::new()) };
        let Subject { view, trace, .. } = case.subject;
        let (resolver, clock) = (case.resolver, trace.clock());
        let approved = match &case.said {
            Said::Ccip2(walk) => {
                view.is_approved_signer(resolver, walk.owner, walk.node, by).await?
            }
            Said::Dev3(Some(space)) => dev3::is_approved(view, resolver, space, by).await?,
            Said::Dev3(None) => return Ok(Vec::new()),
        };
        trace.step(clock, format!("approval of {by}"), approved.by, approved.value);
        Ok(if approved.value { vec![by] } else { Vec::new() })
    }

    /// What the contract makes of a gateway's answer: the value as the record's ABI, or why it
    /// refuses.
    async fn contract_answer(
        &self,
        case: &Case<'_>,
        data: Vec<u8>,
    ) -> Result<Answer<Result<Bytes, String>>, OnchainRecordError> {
        Ok(self.call_back(case, data).await?.map(|answered| match answered {
            Answered::Value(answer) => Bytes::abi_decode(&answer)
                .map_err(|_| "its callback returns something else than bytes".to_owned()),
            Answered::Reverted(revert) => Err(revert.to_string()),
            Answered::Lookup(_) => Err("it asks for another lookup".to_owned()),
            Answered::ForeignLookup(sender) => Err(foreign(sender).to_string()),
        }))
    }

    /// Runs a callback; a block that the nodes do not share is told from a refusal.
    pub(super) async fn call_back(
        &self,
        case: &Case<'_>,
        data: Vec<u8>,
    ) -> Result<Answer<Answered>, OnchainRecordError> {
        let (what, data) = ("the callback", &data);
        let ask = |at: BlockReader| async move {
            let answer = at.call(what, case.resolver, data.clone()).await?;
            Ok(Answered::new(case.resolver, answer))
        };
        let answered = case.subject.view.agreed(what, ask).await?;
        match &answered.value {
            Answered::Reverted(revert) => match stale(revert) {
                Some(reason) => Err(OnchainRecordError::Stale { reason, attempts: 1 }),
                None => Ok(answered),
            },
            _ => Ok(answered),
        }
    }
}

/// How a records resolver refuses a callback at another block than its lookup's.
pub(super) fn stale(revert: &Revert) -> Option<String> {
    let reason = revert.invalid_request()?;
    let is_stale = matches!(
        &*reason,
        "BAD_CHECKSUM" | "BLOCK_TIMEOUT" | "CHECKSUM_FAILED" | "CALLBACK_TIMEOUT"
    );
    is_stale.then_some(reason)
}

/// Why this program refuses a payload.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Payload(PayloadError),
    #[error(transparent)]
    Verify(VerifyError),
    #[error("the resolver has no gateway for the name")]
    NoGateway,
}

pub(super) fn foreign(sender: Address) -> OnchainRecordError {
    OnchainRecordError::Unverified(format!(
        "the lookup is of {sender}, not of the contract that was called (EIP-3668)"
    ))
}
