//! Signed redirects: verified here, followed by this program and by the contract.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use alloy::network::TransactionBuilder;
use alloy::providers::{CcipReadError, CcipReadGateway, CcipReadGatewayError, CcipReadRequest};
use alloy::rpc::json_rpc::RpcError;
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::SolValue;
use alloy_primitives::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::case::Case;
use super::judge::stale;
use super::lookup::{Answered, LookupGateways, callback, client};
use super::plain::canonical;
use super::resolution::{Judgement, OnchainRecord, OnchainRecordError, ResolveError};
use super::{Asked, MAX_REDIRECTS, NameResolver, Subject};
use crate::chain::{
    Answer, Block, BlockReader, ChainError, OffchainLookup, Revert, is_execution_failure,
};
use crate::ens::Name;
use crate::record::RecordKey;
use crate::request::{SignedRedirect, VerifiedRedirect, VerifyContext};

/// Lookups one after the other that the contract may want for one record.
const MAX_LOOKUPS: usize = 4;

impl NameResolver {
    /// A redirect that a gateway answered.
    pub(super) async fn redirected(
        &self,
        case: &Case<'_>,
        key: &RecordKey,
        lookup: &OffchainLookup,
        payload: Bytes,
    ) -> Result<Asked, OnchainRecordError> {
        let Subject { view, trace, depth, .. } = case.subject;
        let mut verified = self.verify_redirect(case, &payload, self.config.chain_id).await?;
        if let (Err(_), Some(chain_id)) = (&verified, self.config.other_chain_id()) {
            verified = self.verify_redirect(case, &payload, chain_id).await?.or(verified);
        }
        let redirect = match verified {
            Ok(redirect) => redirect,
            Err(reason) => return self.refused_redirect(case, key, lookup, &payload, reason).await,
        };
        let target = redirect.target();
        trace.note(format!("{key}: {} is redirected to {target}", case.subject.facts.name));
        if *depth >= MAX_REDIRECTS {
            return Err(OnchainRecordError::TooManyRedirects(depth + 1));
        }
        let followed = self.follow(target, key, view.block(), &case.subject.trace, depth + 1).await;
        let mut asked = match followed {
            Ok(asked) => asked,
            Err(ResolveError::Chain(error)) => return Err(error.into()),
            Err(error) => {
                let reason = format!("it is redirected to {target}: {error}");
                return Err(match error {
                    ResolveError::NoContract { .. } => OnchainRecordError::NoContract(reason),
                    ResolveError::Recordhash { .. } => OnchainRecordError::Malformed(reason),
                    _ => OnchainRecordError::Resolver(reason),
                });
            }
        };
        let nested = asked.payload.take();
        let Answer { value: contract, by } =
            self.contract_follows(case, lookup, &payload, nested).await?;
        let record = &mut asked.record;
        record.redirects.insert(0, target.clone());
        record.contract = Some(match &contract {
            Ok(_) => Judgement::Accepted,
            Err(reason) => Judgement::Refused(reason.clone()),
        });
        let said = record.contract.as_ref().map(ToString::to_string).unwrap_or_default();
        trace.step(trace.clock(), format!("{key}: redirect in the contract"), by, said);
        let differ = match (&record.value, &contract) {
            (Ok(value), Ok(result)) => (canonical(key, result).as_deref()
                != Some(&value.abi_encode()[..]))
            .then(|| "accepted, with another value".to_owned()),
            (Ok(_), Err(reason)) => Some(format!("refused: {reason}")),
            (Err(OnchainRecordError::Unverified(_)), Ok(_)) => Some("accepted".to_owned()),
            (Err(_), _) => None,
        };
        if let Some(contract) = differ {
            let local = match &record.value {
                Ok(_) => "accepted".to_owned(),
                Err(error) => format!("refused: {error}"),
            };
            record.value = Err(OnchainRecordError::Differ { local, contract });
        }
        if record.value.is_ok() {
            record.local = Some(Judgement::Accepted);
            record.signed = Some((redirect.signer(), redirect.basis()));
        }
        asked.payload = Some(payload);
        Ok(asked)
    }

    async fn verify_redirect(
        &self,
        case: &Case<'_>,
        payload: &[u8],
        chain_id: u64,
    ) -> Result<Result<VerifiedRedirect, String>, OnchainRecordError> {
        let redirect = match SignedRedirect::decode(payload) {
            Ok(redirect) => redirect,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let (name, owner) = (&case.subject.facts.name, case.owner);
        let by = redirect.needs_approval_of(name, owner, chain_id, &self.approvals);
        let approved_signers = self.approved(case, by).await?;
        let context = VerifyContext { name, owner, chain_id, approved_signers: &approved_signers };
        Ok(redirect.verify_with(&context, &self.approvals).map_err(|error| error.to_string()))
    }

    /// A redirect that this program refuses: the contract must refuse it too.
    async fn refused_redirect(
        &self,
        case: &Case<'_>,
        key: &RecordKey,
        lookup: &OffchainLookup,
        payload: &[u8],
        reason: String,
    ) -> Result<Asked, OnchainRecordError> {
        let answered = self.call_back(case, callback(lookup, payload)).await?.value;
        let local = Judgement::Refused(reason.clone());
        let (contract, error) = match answered {
            Answered::Reverted(revert) => (
                Judgement::Refused(revert.to_string()),
                OnchainRecordError::Unverified(format!("its redirect: {reason}")),
            ),
            _ => {
                let (local, contract) = (local.to_string(), "accepted".to_owned());
                (Judgement::Accepted, OnchainRecordError::Differ { local, contract })
            }
        };
        let mut record = OnchainRecord::of(key, Err(error));
        (record.local, record.contract) = (Some(local), Some(contract));
        Ok(Asked { record, payload: None })
    }

    /// The same record of the name redirected to, by its own resolver.
    fn follow<'a>(
        &'a self,
        target: &'a Name,
        key: &'a RecordKey,
        block: Block,
        trace: &'a super::Trace,
        depth: usize,
    ) -> BoxFuture<'a, Result<Asked, ResolveError>> {
        async move {
            let subject = self.subject(target, block, trace, depth).await?;
            let Some(resolver) = subject.facts.resolver.clone() else {
                return Err(ResolveError::NoResolver { facts: Box::new(subject.facts) });
            };
            if let Some(dialect) = self.dialect(&subject, resolver.address).await? {
                return self.one_record_of(&subject, resolver.address, dialect, key).await;
            }
            self.check_is_contract(&subject, resolver.address).await?;
            let record = self.plain_record(&subject, &resolver, key).await;
            Ok(Asked { record, payload: None })
        }
        .boxed()
    }

    /// What the contract ends with, given the redirect: the value as the record's ABI, or why
    /// not. `nested` is the other name's payload, where this program has it.
    async fn contract_follows(
        &self,
        case: &Case<'_>,
        lookup: &OffchainLookup,
        payload: &[u8],
        nested: Option<Bytes>,
    ) -> Result<Answer<Result<Bytes, String>>, OnchainRecordError> {
        let (data, nested) = (&callback(lookup, payload), &nested);
        let follow = |at: BlockReader| self.follows(at, case, data.clone(), nested.clone());
        let Answer { value, by } =
            case.subject.view.agreed("the callback of a redirect", follow).await?;
        let value = match value {
            Ended::Value(value) => Ok(value),
            Ended::Refused(reason) => Err(reason),
            Ended::Stale(reason) => return Err(OnchainRecordError::Stale { reason, attempts: 1 }),
        };
        Ok(Answer { value, by })
    }

    async fn follows(
        &self,
        at: BlockReader,
        case: &Case<'_>,
        data: Vec<u8>,
        nested: Option<Bytes>,
    ) -> Result<Ended, ChainError> {
        let limits = &self.config.limits;
        let trace = &case.subject.trace;
        let then = LookupGateways::new(&self.http, limits.file, limits.lenient, trace);
        let gateways = KnownFirst { known: Mutex::new(nested), then: then.clone() };
        let client = client(gateways, MAX_LOOKUPS, limits.file);
        let request = TransactionRequest::default().with_to(case.resolver).with_input(data);
        Ok(match client.call_at(&at.provider(), request, at.block_id()).await {
            Ok(answer) => Bytes::abi_decode(&answer).map_or_else(
                |_| Ended::Refused("it returns something else than bytes".to_owned()),
                Ended::Value,
            ),
            Err(CcipReadError::Transport(RpcError::ErrorResp(error)))
                if is_execution_failure(&error) =>
            {
                let revert = Revert(error.as_revert_data().unwrap_or_default());
                stale(&revert).map_or_else(|| Ended::Refused(revert.to_string()), Ended::Stale)
            }
            Err(CcipReadError::Transport(error)) => {
                return Err(at.error("the callback of a redirect", &error));
            }
            Err(error) => Ended::Refused(match then.outcome() {
                Some(Err(error)) => error.to_string(),
                _ => error.to_string(),
            }),
        })
    }
}

/// How the contract ends a redirect.
#[derive(PartialEq)]
enum Ended {
    Value(Bytes),
    Refused(String),
    /// It was asked at another block than the lookup.
    Stale(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Refused(reason) | Self::Stale(reason) => f.write_str(reason),
        }
    }
}

/// Gateways of which the first answer is known already.
struct KnownFirst {
    known: Mutex<Option<Bytes>>,
    then: LookupGateways,
}

#[async_trait::async_trait]
impl CcipReadGateway for KnownFirst {
    async fn request(
        &self,
        request: &CcipReadRequest,
        max_response_size: usize,
    ) -> Result<Bytes, CcipReadGatewayError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).take();
        match known {
            Some(payload) => Ok(payload),
            None => self.then.request(request, max_response_size).await,
        }
    }
}
