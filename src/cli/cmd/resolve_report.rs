//! What `resolve` with a chain shows.

use std::io::{self, Write};

use alloy_primitives::Address;
use jiff::Timestamp;
use namesys::chain::{RecordhashSource, Walk};
use namesys::report::{
    BlockReport, ChainRecordReport, ChainResolveReport, FoundReport, ManyReport, NameOutcomeReport,
    RecordhashOrigin, ResolverSource, ResolverWord, ReverseReport, VerdictsReport,
};
use namesys::resolve::{
    Freshness, IpnsEvidence, Judgement, NameResolution, OnchainRecord, ResolverKind, Step,
};

use super::verify::basis;
use crate::cli::output::{Human, shown};

/// The report on a name.
pub fn report(
    resolution: NameResolution,
    chain_id: u64,
    trace: Option<Vec<Step>>,
) -> ChainResolveReport {
    let NameResolution { facts, universal, block, kind, ipns, notes, listed, records, .. } =
        resolution;
    let resolver = facts.resolver.as_ref();
    let (mut owner, mut recordhash, mut from, mut of, mut lists) =
        (facts.owner(), None, None, None, None);
    let resolver_kind = match &kind {
        ResolverKind::Records(records) => {
            owner = records.walk.owner;
            recordhash = records.recordhash.as_ref().map(ToString::to_string);
            (from, of) = source(&records.walk, &facts.name);
            lists = Some(records.gateways.clone());
            ResolverWord::Records
        }
        ResolverKind::Plain(resolver) if resolver.extended => ResolverWord::Extended,
        ResolverKind::Plain(_) => ResolverWord::Plain,
    };
    let time = i64::try_from(block.timestamp).ok().and_then(|s| Timestamp::from_second(s).ok());
    ChainResolveReport {
        name: facts.name.to_string(),
        chain_id,
        block: BlockReport {
            number: block.number,
            hash: block.hash.to_string(),
            time: time.map(|time| time.to_string()).unwrap_or_default(),
        },
        node: facts.name.node().to_string(),
        resolver: resolver.map(|resolver| resolver.address.to_string()).unwrap_or_default(),
        resolver_kind,
        resolver_of: resolver.map(|resolver| resolver.level.to_string()).unwrap_or_default(),
        resolver_by: if universal {
            ResolverSource::UniversalResolver
        } else {
            ResolverSource::Registry
        },
        wildcard: facts.is_wildcard(),
        owner: owner.to_string(),
        registry_owner: facts.registry_owner.to_string(),
        wrapper_owner: facts.wrapper_owner.map(|owner| owner.to_string()),
        registrant: facts.registrant.map(|owner| owner.to_string()),
        recordhash,
        recordhash_from: from,
        recordhash_of: of,
        gateways: lists,
        ipns,
        notes,
        listed,
        records: records.into_iter().map(record).collect(),
        trace,
    }
}

fn source(walk: &Walk, name: &namesys::ens::Name) -> (Option<RecordhashOrigin>, Option<String>) {
    match &walk.source {
        RecordhashSource::Name(of) if of == name => {
            (Some(RecordhashOrigin::Name), Some(of.to_string()))
        }
        RecordhashSource::Name(of) => (Some(RecordhashOrigin::Parent), Some(of.to_string())),
        RecordhashSource::Owner(of) => (Some(RecordhashOrigin::Owner), Some(of.to_string())),
        RecordhashSource::Web2Default => (Some(RecordhashOrigin::Web2), None),
    }
}

/// The line about it.
pub fn write_ipns(out: &mut dyn Write, ipns: Option<&IpnsEvidence>) -> io::Result<()> {
    let Some(IpnsEvidence { sequence, validity, value, seen, superseded, .. }) = ipns else {
        return Ok(());
    };
    let among = match (superseded, seen.len()) {
        (Some(newer), _) => format!(" (replaced by {newer}, which has expired)"),
        (None, 0 | 1) => String::new(),
        (None, count) => format!(" (the newest of {count} that were seen)"),
    };
    writeln!(out, "sequence {sequence}{among}, valid until {validity}, {value}")
}

fn record(record: OnchainRecord) -> ChainRecordReport {
    let verified = record.value.is_ok();
    let approval = match (&record.signed, &record.gateway) {
        _ if !verified => None,
        (Some((signer, why)), _) => Some(basis(*why, *signer)),
        (None, Some(_)) => Some("accepted by the resolver contract".to_owned()),
        (None, None) => Some("kept by the resolver contract".to_owned()),
    };
    let kept_on_chain = record.gateway.is_none() && verified;
    let freshness = match (&record.proof, kept_on_chain) {
        (Some(proof), _) => Some(proof.freshness()),
        (None, true) => Some(Freshness::Chain),
        (None, false) => record.gateway.is_some().then_some(Freshness::Unproven),
    };
    let absent = record.is_absent();
    let text = |judgement: Option<Judgement>| judgement.map(|judgement| judgement.to_string());
    ChainRecordReport {
        record: record.key.to_string(),
        verified,
        signer: record.signed.map(|(signer, _)| signer.to_string()),
        approval,
        proven: freshness.is_some_and(|freshness| freshness != Freshness::Unproven),
        freshness,
        gateway: record.gateway,
        redirects: record.redirects.iter().map(ToString::to_string).collect(),
        verdicts: VerdictsReport { local: text(record.local), contract: text(record.contract) },
        absent,
        error: record.value.as_ref().err().map(ToString::to_string),
        value: record.value.ok().map(|value| value.to_string()),
    }
}

impl Human for ChainResolveReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}  owner {}", self.name, self.owner)?;
        write_owners(out, self)?;
        let of = match self.wildcard {
            true => format!(" of {}", self.resolver_of),
            false => String::new(),
        };
        let by = match self.resolver_by {
            ResolverSource::Registry => "",
            ResolverSource::UniversalResolver => {
                ", by the Universal Resolver: the registry has none (ENSv2)"
            }
        };
        writeln!(out, "resolver {} ({}){of}{by}", self.resolver, self.resolver_kind)?;
        if let Some(from) = self.recordhash_from {
            let hash = self.recordhash.as_deref().unwrap_or("none");
            let of = self.recordhash_of.as_deref().unwrap_or("the resolver's own gateways");
            writeln!(out, "recordhash {} ({from}: {of})", shown(hash))?;
        }
        write_ipns(out, self.ipns.as_ref())?;
        let width = self.records.iter().map(|record| record.record.len()).max().unwrap_or(0);
        for record in &self.records {
            record.write(out, width)?;
        }
        write_trace(out, self.trace.as_deref())
    }
}

/// Who else has a say: the registry's owner is the manager of a name.
fn write_owners(out: &mut dyn Write, report: &ChainResolveReport) -> io::Result<()> {
    let ChainResolveReport { owner, registry_owner, wrapper_owner, registrant, .. } = report;
    match wrapper_owner {
        Some(wrapper_owner) if wrapper_owner == owner => {
            return writeln!(out, "wrapped in the NameWrapper");
        }
        Some(wrapper_owner) => {
            return writeln!(out, "wrapped, owner in the NameWrapper {wrapper_owner}");
        }
        None => {}
    }
    let is_registered = *registry_owner != Address::ZERO.to_string();
    if is_registered && registry_owner != owner {
        writeln!(out, "manager {registry_owner} (the registry's owner)")?;
    }
    match registrant {
        Some(registrant) if registrant != registry_owner => {
            writeln!(out, "registrant {registrant}, manager {registry_owner}")
        }
        _ => Ok(()),
    }
}

trait Line {
    fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()>;
}

impl Line for ChainRecordReport {
    fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let Self { record, verdicts, .. } = self;
        match (&self.value, &self.error) {
            (Some(value), _) => {
                let proven = if self.proven { "" } else { " (freshness not proven)" };
                let approval = self.approval.as_deref().unwrap_or_default();
                writeln!(out, "  ok      {record:width$}  {}", shown(value))?;
                let redirects: String =
                    self.redirects.iter().map(|name| format!(", redirected to {name}")).collect();
                writeln!(out, "          {:width$}  {approval}{redirects}{proven}", "")?;
            }
            (None, error) => {
                let error = error.as_deref().unwrap_or_default().replace("\n  ", " ");
                let what = if self.absent { "none  " } else { "FAILED" };
                writeln!(out, "  {what}  {record:width$}  {}", shown(&error))?;
            }
        }
        if let (Some(local), Some(contract)) = (&verdicts.local, &verdicts.contract) {
            let (local, contract) = (shown(local), shown(contract));
            writeln!(out, "          {:width$}  namesys: {local}; contract: {contract}", "")?;
        }
        Ok(())
    }
}

fn write_trace(out: &mut dyn Write, trace: Option<&[Step]>) -> io::Result<()> {
    for step in trace.unwrap_or_default() {
        let Step { what, by, said, ms } = step;
        writeln!(out, "{ms:>7} ms  {}  [{}]  {}", shown(what), shown(by), shown(said))?;
    }
    Ok(())
}

impl Human for ReverseReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(forward) = &self.forward {
            writeln!(out, "{}  {} (checked forward)", self.address, forward.name)?;
            forward.human(out)?;
        }
        write_trace(out, self.trace.as_deref())
    }
}

impl Human for NameOutcomeReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.found {
            FoundReport::Name(report) => report.human(out)?,
            FoundReport::Address(report) => report.human(out)?,
            FoundReport::Nothing { .. } => {}
        }
        if let Some(error) = &self.error {
            let name = match &self.found {
                FoundReport::Name(report) => &report.name,
                FoundReport::Address(report) => &report.address,
                FoundReport::Nothing { name } => name,
            };
            let message = error.message.strip_prefix(&format!("{name}: "));
            let message = message.unwrap_or(&error.message).replace("\n  ", " ");
            writeln!(out, "{}: {}", shown(name), shown(&message))?;
        }
        Ok(())
    }
}

impl Human for ManyReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for name in &self.names {
            name.human(out)?;
        }
        writeln!(out, "{} resolved, {} did not", self.ok, self.failed)
    }
}
