//! A records resolver: its records, each asked of the contract, fetched and judged.

use alloy_primitives::{Address, Bytes};
use futures_util::StreamExt;
use futures_util::stream;

use super::super::{FetchError, Proof};
use super::case::Case;
use super::dialect::{Dialect, Said};
use super::fetched::{Fetched, Layout};
use super::judge::foreign;
use super::lookup::{Answered, ask_resolver};
use super::plain::{readable, unwrapped};
use super::resolution::{
    Judgement, NameResolution, OnchainRecord, OnchainRecordError, ResolveError,
};
use super::{Asked, CONCURRENT_RECORDS, NameResolver, Subject, dev3, profile};
use crate::chain::{Answer, ChainError, GatewayLists};
use crate::record::RecordKey;
use crate::recordhash::{Recordhash, RecordhashError};
use crate::request::SIGNED_REDIRECT_SELECTOR;

impl NameResolver {
    pub(super) async fn resolve_records_of(
        &self,
        subject: &Subject,
        resolver: Address,
        dialect: Dialect,
        keys: &[RecordKey],
    ) -> Result<NameResolution, ResolveError> {
        let mut case = self.case(subject, resolver, dialect).await?;
        let gateways = self.gateway_lists(&case).await?;
        let usual = profile();
        let notes = self.open_files(&mut case, keys.first().unwrap_or(&usual[0])).await?;
        let (mut listed, mut unlisted, mut over) = (None, None, None);
        if keys.is_empty() {
            match self.list(&case).await {
                Ok(found) => listed = found,
                // What is too much to be listed is not looked at in part: nothing could be said.
                Err(error @ FetchError::OverBudget { .. }) => {
                    (listed, over) = (Some(Vec::new()), Some(error));
                }
                Err(error) => unlisted = Some(error),
            }
        }
        let is_listed = listed.is_some() && over.is_none();
        let wanted: Vec<(RecordKey, Option<Fetched>)> = match listed {
            Some(listed) => listed.into_iter().map(|(key, file)| (key, Some(file))).collect(),
            None if keys.is_empty() => usual.into_iter().map(|key| (key, None)).collect(),
            None => keys.iter().map(|key| (key.clone(), None)).collect(),
        };
        let records = stream::iter(wanted.into_iter().map(|(key, fetched)| {
            let case = &case;
            async move { self.record(case, &key, fetched).await.record }
        }));
        let records: Vec<OnchainRecord> = records.buffered(CONCURRENT_RECORDS).collect().await;
        let mut resolution = NameResolution {
            name: subject.facts.name.clone(),
            ipns: case.files.as_ref().and_then(|files| files.ipns_record().cloned()),
            notes,
            listed: is_listed,
            unlisted,
            records,
            unfetched: None,
            source: self.source(subject, case.kind(gateways)),
        };
        if keys.is_empty() {
            resolution.leave_out_unset();
            resolution.say_unfetched_once();
        }
        if over.is_some() {
            resolution.unfetched = over;
        }
        Ok(resolution)
    }

    /// The gateways of a resolver that lists its own.
    async fn gateway_lists(&self, case: &Case<'_>) -> Result<GatewayLists, ChainError> {
        if case.said.dialect() == Dialect::Dev3 {
            return Ok(GatewayLists::default());
        }
        let Subject { view, trace, .. } = case.subject;
        let clock = trace.clock();
        let Answer { value: gateways, by } = view.gateway_lists(case.resolver).await?;
        trace.step(clock, "gateways of the resolver", by, &gateways);
        Ok(gateways)
    }

    /// One record of a name that was redirected to.
    pub(super) async fn one_record_of(
        &self,
        subject: &Subject,
        resolver: Address,
        dialect: Dialect,
        key: &RecordKey,
    ) -> Result<Asked, ResolveError> {
        let mut case = self.case(subject, resolver, dialect).await?;
        self.open_files(&mut case, key).await?;
        Ok(self.record(&case, key, None).await)
    }

    async fn case<'a>(
        &self,
        subject: &'a Subject,
        resolver: Address,
        dialect: Dialect,
    ) -> Result<Case<'a>, ResolveError> {
        let Subject { view, facts, trace, .. } = subject;
        let (name, clock) = (&facts.name, trace.clock());
        let (said, owner, kept) = match dialect {
            Dialect::Ccip2 => {
                let Answer { value: walk, by } = view.walk(resolver, name).await?;
                trace.step(clock, format!("recordhash of {name}"), by, &walk);
                let (owner, kept) = (walk.owner, walk.recordhash.clone());
                (Said::Ccip2(walk), owner, kept)
            }
            Dialect::Dev3 => {
                let Answer { value: space, by } = dev3::space(view, resolver, name).await?;
                let said = space.as_ref().map_or("none".to_owned(), ToString::to_string);
                trace.step(clock, format!("gateway of {name}"), by, said);
                (Said::Dev3(space), facts.owner(), Bytes::new())
            }
        };
        let mut case = Case {
            subject,
            resolver,
            said,
            owner,
            recordhash: None,
            files: None,
            refuted: Vec::new(),
            bad_ipns_record: None,
        };
        if !kept.is_empty() {
            match Recordhash::parse(&kept) {
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
        ask_resolver(view, case.resolver, &facts.name, key).await
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
                let value = unwrapped(&answer).and_then(|value| readable(key, &value));
                let mut record = OnchainRecord::of(key, value);
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
        let Fetched { payload, gateway, proof, layout } = fetched;
        let mut asked = match payload {
            Err(reason) => {
                let mut record =
                    OnchainRecord::of(key, Err(OnchainRecordError::Unverified(reason.clone())));
                record.local = Some(Judgement::Refused(reason));
                Asked { record, payload: None }
            }
            Ok(payload) if layout == Layout::Flat => {
                let record = self.judged_alone(case, key, &payload, layout).await?;
                Asked { record, payload: None }
            }
            Ok(payload)
                if case.said.dialect().has_redirects()
                    && payload.starts_with(&SIGNED_REDIRECT_SELECTOR) =>
            {
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
