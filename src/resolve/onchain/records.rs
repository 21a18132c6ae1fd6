//! A records resolver (CCIP2): where its files are, and the payloads in them.

use alloy::sol_types::{SolCall, SolValue};
use alloy_primitives::{Address, Bytes};
use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;

use super::super::{FetchError, Gateway, GatewayNote, Proof, RecordFiles, Recordhash, Target};
use super::judge::foreign;
use super::lookup::{Answered, LookupGateways, origin};
use super::plain::readable;
use super::resolution::{
    Judgement, NameResolution, OnchainRecord, OnchainRecordError, RecordsFacts, ResolveError,
    ResolverKind,
};
use super::{Asked, CONCURRENT_RECORDS, NameResolver, Subject, profile};
use crate::chain::{ChainError, ChainView, OffchainLookup, Walk, calls};
use crate::record::RecordKey;
use crate::request::SIGNED_REDIRECT_SELECTOR;
use crate::workspace::{PathMeaning, RecordFile, meaning, record_path};

/// A name of a records resolver, with its files where block hashes can be checked.
pub(super) struct Case<'a> {
    pub(super) subject: &'a Subject,
    pub(super) resolver: Address,
    pub(super) walk: Walk,
    pub(super) recordhash: Option<Recordhash>,
    pub(super) files: Option<RecordFiles>,
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
        let gateways = subject.view.gateway_lists(resolver).await?;
        let said = format!("{} {:?} {:?}", gateways.primary, gateways.web3, gateways.web2);
        subject.trace.step(clock, "gateways of the resolver", self.rpc.answered_by(), said);
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
        if keys.is_empty() {
            records.retain(|record| !record.is_absent() && !is_unknown(record));
        }
        let ipns = case.files.as_ref().and_then(|files| files.ipns_record().cloned());
        let Case { walk, recordhash, .. } = case;
        let records_facts = RecordsFacts { walk, recordhash, gateways };
        let kind = ResolverKind::Records(Box::new(records_facts));
        let (facts, block) = (subject.facts.clone(), subject.view.block());
        Ok(NameResolution { facts, block, kind, ipns, notes, listed: is_listed, records })
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
        let what = format!("recordhash of {name}");
        let walk = |view: ChainView| {
            let name = name.clone();
            async move { view.walk(resolver, &name).await }
        };
        let walk = self.rpc.agreed(&what, subject.view.block(), walk).await?;
        subject.trace.step(clock, what, self.rpc.answered_by(), &walk);
        let recordhash = match &walk.recordhash[..] {
            [] => None,
            bytes => Some(Recordhash::parse(bytes).map_err(|error| {
                let reason = error.to_string();
                ResolveError::Recordhash { name: name.clone(), reason }
            })?),
        };
        Ok(Case { subject, resolver, walk, recordhash, files: None })
    }

    /// Opens the files behind an IPNS name or an IPFS root, where blocks can be checked: on the
    /// user's gateways, and on those the contract sends its clients to.
    async fn open_files(
        &self,
        case: &mut Case<'_>,
        key: &RecordKey,
    ) -> Result<Vec<GatewayNote>, ResolveError> {
        let recordhash = match &case.recordhash {
            Some(recordhash) if is_content(recordhash.target()) => recordhash,
            _ => return Ok(Vec::new()),
        };
        let Subject { facts, trace, .. } = case.subject;
        let mut gateways = self.config.gateways.clone();
        if let Answered::Lookup(lookup) = self.ask(case, key).await? {
            for gateway in path_gateways(&lookup.urls) {
                if !gateways.contains(&gateway) {
                    gateways.push(gateway);
                }
            }
        }
        let clock = trace.clock();
        let (http, limits) = (self.http.clone(), self.config.limits);
        let now = Timestamp::now();
        match RecordFiles::open(http, gateways, recordhash, &facts.name, limits, now).await {
            Ok(files) => {
                if let Some(record) = files.ipns_record() {
                    let said = format!("sequence {}, {}", record.sequence, record.value);
                    trace.step(clock, "IPNS record, verified", &record.gateway, said);
                }
                let notes = files.notes().to_vec();
                case.files = Some(files);
                Ok(notes)
            }
            Err(error) => {
                trace.step(clock, "IPNS record", "gateways", &error);
                let reason = error.to_string();
                Ok(vec![GatewayNote { gateway: recordhash.to_string(), reason }])
            }
        }
    }

    /// Every record that the tree lists; `None` where it cannot be listed.
    async fn list(&self, case: &Case<'_>) -> Option<Vec<(RecordKey, Option<Fetched>)>> {
        let files = case.files.as_ref()?;
        let root = files.root()?;
        let Subject { facts, trace, .. } = case.subject;
        let (clock, directory) = (trace.clock(), facts.name.well_known());
        let tree = match files.fetch_tree(&facts.name, &directory).await {
            Ok(tree) => tree,
            Err(FetchError::NotFound { proven: true, .. }) => Vec::new(),
            Err(error) => {
                trace.step(clock, "list of the tree", "gateways", &error);
                return None;
            }
        };
        trace.step(clock, "list of the tree", "gateways", format!("{} files", tree.len()));
        let sequence = files.ipns_record().map(|record| record.sequence);
        let gateway = files.first_gateway();
        let mut records = Vec::new();
        for file in tree {
            let PathMeaning::Records(meant) = meaning(&format!("{directory}/{}", file.path)) else {
                continue;
            };
            // Files below are also those of subnames; they have names of their own.
            let Some((_, key)) = meant.into_iter().find(|(name, _)| *name == facts.name) else {
                continue;
            };
            let proof = Some(Proof::Blocks { root, sequence });
            let payload = payload_of(&file.bytes);
            records.push((key, Some(Fetched { payload, gateway: gateway.clone(), proof })));
        }
        records.sort_by(|a, b| a.0.cmp(&b.0));
        Some(records)
    }

    /// Asks the contract for a record: it answers where to look.
    async fn ask(&self, case: &Case<'_>, key: &RecordKey) -> Result<Answered, ChainError> {
        let Subject { view, facts, .. } = case.subject;
        let request = calls::resolveCall {
            name: facts.name.dns().into(),
            data: key.resolver_call_of(&facts.name).into(),
        };
        let what = format!("{key} of {}", facts.name);
        let answer = view.read(&what, case.resolver, request.abi_encode()).await?;
        Ok(Answered::new(case.resolver, answer))
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
        let answered = self.ask(case, key).await?;
        let by = self.rpc.answered_by();
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
        asked.record.gateway = Some(gateway);
        // What a redirect leads to is as fresh as its own proof says, no more.
        let redirected = !asked.record.redirects.is_empty();
        asked.record.proof = if redirected { asked.record.proof.and(proof) } else { proof };
        Ok(asked)
    }

    /// The payload: from the tree, every block checked, where a gateway allows it; else from the
    /// addresses the contract names, in its order, on the word of those that serve no blocks: one
    /// whose blocks are wrong is not believed without them.
    async fn fetch(
        &self,
        case: &Case<'_>,
        key: &RecordKey,
        lookup: &OffchainLookup,
    ) -> Result<Fetched, OnchainRecordError> {
        let Subject { facts, trace, .. } = case.subject;
        let mut earlier = Vec::new();
        if let Some(files) = &case.files {
            let clock = trace.clock();
            match files.fetch(&facts.name, &record_path(&facts.name, key)).await {
                Ok(fetched) => {
                    trace.step(clock, format!("{key}: file"), &fetched.gateway, "found");
                    let payload = payload_of(&fetched.bytes);
                    let (gateway, proof) = (fetched.gateway, Some(fetched.proof));
                    return Ok(Fetched { payload, gateway, proof });
                }
                Err(FetchError::Failed { notes, .. }) => earlier = notes,
                Err(error) => {
                    trace.step(clock, format!("{key}: file"), "gateways", &error);
                    return Err(error.into());
                }
            }
        }
        let limits = &self.config.limits;
        let gateways = LookupGateways::new(&self.http, limits.file, limits.lenient, trace);
        let urls = unfailed(&lookup.urls, &earlier);
        if urls.is_empty() && !earlier.is_empty() {
            let what = record_path(&facts.name, key);
            return Err(FetchError::Failed { what, notes: earlier }.into());
        }
        match gateways.fetch(&urls, lookup.sender, &lookup.callData).await {
            Ok((payload, gateway)) => {
                let reason = "no gateway serves blocks to check".to_owned();
                Ok(Fetched { payload: Ok(payload), gateway, proof: Some(Proof::None(reason)) })
            }
            Err(FetchError::Failed { what, mut notes }) => {
                earlier.retain(|note| notes.iter().all(|other| other.gateway != note.gateway));
                notes.splice(..0, earlier);
                Err(FetchError::Failed { what, notes }.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn payload_of(file: &[u8]) -> Result<Bytes, String> {
    RecordFile::payload(file).map(Bytes::from).map_err(|error| error.to_string())
}

/// Whether the resolver has no such kind of record: nothing that a listing need mention.
fn is_unknown(record: &OnchainRecord) -> bool {
    matches!(record.value, Err(OnchainRecordError::Resolver(_)))
}

fn is_content(target: &Target) -> bool {
    matches!(target, Target::Ipns(_) | Target::Ipfs(_))
}

/// The addresses of a lookup whose gateways are not among those that failed already.
fn unfailed(urls: &[String], failed: &[GatewayNote]) -> Vec<String> {
    let has_failed = |template: &String| {
        template.parse().is_ok_and(|url| {
            let gateway = origin(&url);
            let gateway = gateway.as_str().trim_end_matches('/');
            failed.iter().any(|note| note.gateway.trim_end_matches('/') == gateway)
        })
    };
    urls.iter().filter(|template| !has_failed(template)).cloned().collect()
}

/// The gateways among a lookup's addresses that serve paths, `https://host/ipns/…`.
fn path_gateways(urls: &[String]) -> impl Iterator<Item = Gateway> {
    urls.iter().take(8).filter_map(|template| {
        let url: url::Url = template.parse().ok()?;
        let serves_paths = ["/ipns/", "/ipfs/"].iter().any(|path| url.path().starts_with(path));
        serves_paths.then(|| origin(&url).as_str().trim_end_matches('/').parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_of_a_lookup() {
        let urls = [
            "https://e501.ff.ipfs2.eth.limo/.well-known/eth/nick/text/avatar.json?t={data}",
            "https://dweb.link/ipns/f0172/.well-known/eth/nick/text/avatar.json?t={data}",
            "http://127.0.0.1:5559/ipfs/f01/.well-known/eth/nick/text/avatar.json?t={data}",
            "nonsense",
        ];
        let found: Vec<String> =
            path_gateways(&urls.map(str::to_owned)).map(|gateway| gateway.to_string()).collect();
        assert_eq!(found, ["https://dweb.link", "http://127.0.0.1:5559"]);
    }

    #[test]
    fn a_gateway_whose_blocks_are_wrong_is_not_asked_again() {
        let urls = ["https://dweb.link/ipns/f01/a?t={data}", "https://ipfs.io/ipns/f01/a", "?"];
        let urls = urls.map(str::to_owned);
        let note = |gateway: &str| GatewayNote {
            gateway: gateway.to_owned(),
            reason: "the block has another hash".to_owned(),
        };
        assert_eq!(unfailed(&urls, &[note("https://dweb.link")]), urls[1..]);
        assert_eq!(unfailed(&urls, &[note("https://other.link")]), urls);
    }
}
