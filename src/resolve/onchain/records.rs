//! A records resolver (CCIP2): its records, each asked of the contract, fetched and judged.

use alloy::sol_types::{SolCall, SolValue};
use alloy_primitives::{Address, Bytes};
use futures_util::StreamExt;
use futures_util::stream;

use super::super::{FetchError, GatewayNote, Proof, RecordFiles};
use super::judge::foreign;
use super::lookup::Answered;
use super::plain::readable;
use super::resolution::{
    Judgement, NameResolution, OnchainRecord, OnchainRecordError, RecordsFacts, ResolveError,
    ResolverKind,
};
use super::{Asked, CONCURRENT_RECORDS, NameResolver, Subject, profile};
use crate::chain::{Answer, BlockReader, ChainError, Walk, calls};
use crate::record::RecordKey;
use crate::recordhash::{Recordhash, RecordhashError};
use crate::request::SIGNED_REDIRECT_SELECTOR;

/// A name of a records resolver, with its files where block hashes can be checked.
pub(super) struct Case<'a> {
    pub(super) subject: &'a Subject,
    pub(super) resolver: Address,
    pub(super) walk: Walk,
    pub(super) recordhash: Option<Recordhash>,
    pub(super) files: Option<RecordFiles>,
    /// Gateways that served an IPNS record that does not hold.
    pub(super) refuted: Vec<GatewayNote>,
    /// Why there are no files, where every IPNS record that was served is such a one.
    pub(super) bad_ipns_record: Option<FetchError>,
}

/// What a gateway gave.
pub(super) struct Fetched {
    pub(super) payload: Result<Bytes, String>,
    pub(super) gateway: String,
    pub(super) proof: Option<Proof>,
}

impl NameResolver {
    pub(super) async fn resolve_records_of(
        &self,
        subject: &Subject,
        resolver: Address,
        keys: &[RecordKey],
    ) -> Result<NameResolution, ResolveError> {
        let mut case = self.case(subject, resolver).await?;
        let clock = subject.trace.clock();
        let Answer { value: gateways, by } = subject.view.gateway_lists(resolver).await?;
        subject.trace.step(clock, "gateways of the resolver", by, &gateways);
        let usual = profile();
        let notes = self.open_files(&mut case, keys.first().unwrap_or(&usual[0])).await?;
        let mut listed = None;
        if keys.is_empty() {
            listed = self.list(&case).await;
        }
        let is_listed = listed.is_some();
        let wanted: Vec<(RecordKey, Option<Fetched>)> = match listed {
            Some(listed) => listed,
            None if keys.is_empty() => usual.into_iter().map(|key| (key, None)).collect(),
            None => keys.iter().map(|key| (key.clone(), None)).collect(),
        };
        let records = stream::iter(wanted.into_iter().map(|(key, fetched)| {
            let case = &case;
            async move { self.record(case, &key, fetched).await.record }
        }));
        let mut records: Vec<OnchainRecord> = records.buffered(CONCURRENT_RECORDS).collect().await;
        let mut unfetched = None;
        if keys.is_empty() {
            records.retain(|record| !record.is_absent() && !is_unknown(record));
            unfetched = OnchainRecord::all_unfetched(&records);
        }
        if unfetched.is_some() {
            records.clear();
        }
        let ipns = case.files.as_ref().and_then(|files| files.ipns_record().cloned());
        let Case { walk, recordhash, .. } = case;
        let records_facts = RecordsFacts { walk, recordhash, gateways };
        let kind = ResolverKind::Records(Box::new(records_facts));
        let (facts, block) = (subject.facts.clone(), subject.view.block());
        let listed = is_listed;
        let universal = subject.universal;
        Ok(NameResolution {
            facts,
            universal,
            block,
            kind,
            ipns,
            notes,
            listed,
            records,
            unfetched,
        })
    }

    /// One record of a name that was redirected to.
    pub(super) async fn one_record_of(
        &self,
        subject: &Subject,
        resolver: Address,
        key: &RecordKey,
    ) -> Result<Asked, ResolveError> {
        let mut case = self.case(subject, resolver).await?;
        self.open_files(&mut case, key).await?;
        Ok(self.record(&case, key, None).await)
    }

    async fn case<'a>(
        &self,
        subject: &'a Subject,
        resolver: Address,
    ) -> Result<Case<'a>, ResolveError> {
        let name = &subject.facts.name;
        let clock = subject.trace.clock();
        let Answer { value: walk, by } = subject.view.walk(resolver, name).await?;
        subject.trace.step(clock, format!("recordhash of {name}"), by, &walk);
        let mut case = Case {
            subject,
            resolver,
            walk,
            recordhash: None,
            files: None,
            refuted: Vec::new(),
            bad_ipns_record: None,
        };
        if !case.walk.recordhash.is_empty() {
            match Recordhash::parse(&case.walk.recordhash) {
                Ok(recordhash) => case.recordhash = Some(recordhash),
                Err(error) => return Err(self.bad_recordhash(&case, &error).await?),
            }
        }
        Ok(case)
    }

    /// What is kept as recordhash is none: what the contract makes of it.
    async fn bad_recordhash(
        &self,
        case: &Case<'_>,
        error: &RecordhashError,
    ) -> Result<ResolveError, ChainError> {
        let contract = match self.ask(case, &RecordKey::Contenthash).await?.value {
            Answered::Value(_) => "it answers without a lookup".to_owned(),
            Answered::Lookup(lookup) => {
                let first = lookup.urls.first().map_or("nowhere", |url| url.as_str());
                format!("it sends its clients to {}", first.chars().take(200).collect::<String>())
            }
            Answered::Reverted(revert) => revert.to_string(),
            Answered::ForeignLookup(sender) => foreign(sender).to_string(),
        };
        let (name, reason) = (case.subject.facts.name.clone(), error.to_string());
        Ok(ResolveError::Recordhash { name, reason, contract })
    }

    /// Asks the contract for a record: it answers where to look.
    pub(super) async fn ask(
        &self,
        case: &Case<'_>,
        key: &RecordKey,
    ) -> Result<Answer<Answered>, ChainError> {
        let Subject { view, facts, .. } = case.subject;
        let request = calls::resolveCall {
            name: facts.name.dns().into(),
            data: key.resolver_call_of(&facts.name).into(),
        };
        let (what, data) = (&format!("{key} of {}", facts.name), &request.abi_encode());
        let ask = |at: BlockReader| async move {
            let answer = at.read(what, case.resolver, data.clone()).await?;
            Ok(Answered::new(case.resolver, answer))
        };
        view.agreed(what, ask).await
    }

    async fn record(&self, case: &Case<'_>, key: &RecordKey, fetched: Option<Fetched>) -> Asked {
        match self.try_record(case, key, fetched).await {
            Ok(asked) => asked,
            Err(error) => Asked { record: OnchainRecord::of(key, Err(error)), payload: None },
        }
    }

    async fn try_record(
        &self,
        case: &Case<'_>,
        key: &RecordKey,
        fetched: Option<Fetched>,
    ) -> Result<Asked, OnchainRecordError> {
        let trace = &case.subject.trace;
        let clock = trace.clock();
        let Answer { value: answered, by } = self.ask(case, key).await?;
        let lookup = match answered {
            Answered::Lookup(lookup) => lookup,
            Answered::Value(answer) => {
                trace.step(clock, format!("{key}: resolve()"), by, "a value, without a lookup");
                let value = Bytes::abi_decode(&answer).unwrap_or_default();
                let mut record = OnchainRecord::of(key, readable(key, &value));
                record.contract = Some(Judgement::Accepted);
                return Ok(Asked { record, payload: None });
            }
            Answered::Reverted(revert) => {
                trace.step(clock, format!("{key}: resolve()"), by, &revert);
                return Err(OnchainRecordError::Resolver(revert.to_string()));
            }
            Answered::ForeignLookup(sender) => return Err(foreign(sender)),
        };
        trace.step(clock, format!("{key}: resolve()"), by, "a lookup (EIP-3668)");
        let fetched = match fetched {
            Some(fetched) => fetched,
            None => self.fetch(case, key, &lookup).await?,
        };
        let Fetched { payload, gateway, proof } = fetched;
        let mut asked = match payload {
            Err(reason) => {
                let mut record =
                    OnchainRecord::of(key, Err(OnchainRecordError::Unverified(reason.clone())));
                record.local = Some(Judgement::Refused(reason));
                Asked { record, payload: None }
            }
            Ok(payload) if payload.starts_with(&SIGNED_REDIRECT_SELECTOR) => {
                self.redirected(case, key, &lookup, payload).await?
            }
            Ok(payload) => self.judged(case, key, &lookup, payload).await?,
        };
        // What a redirect leads to is no fresher than the redirect; on chain it is as fresh.
        let on_chain = asked.record.value.is_ok() && asked.record.gateway.is_none();
        let redirected = !asked.record.redirects.is_empty();
        asked.record.proof = match (asked.record.proof, proof) {
            (found, proof) if redirected && !on_chain => weaker(found, proof),
            (_, proof) => proof,
        };
        asked.record.gateway = Some(gateway);
        Ok(asked)
    }
}

/// Of two proofs that a value rests on, the one that proves less.
fn weaker(one: Option<Proof>, other: Option<Proof>) -> Option<Proof> {
    let (one, other) = (one?, other?);
    Some(if one.freshness() > other.freshness() { one } else { other })
}

/// Whether the resolver has no such kind of record: nothing that a listing need mention.
fn is_unknown(record: &OnchainRecord) -> bool {
    matches!(record.value, Err(OnchainRecordError::Resolver(_)))
}
