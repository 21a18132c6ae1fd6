//! What `resolve` shows.

use std::io::{self, Write};

use alloy_primitives::Address;
use jiff::Timestamp;
use namesys::chain::{RecordhashSource, Walk};
use namesys::recordhash::Recordhash;
use namesys::report::{
    BlockReport, ChainFactsReport, Dev3Report, FoundReport, ManyReport, NameOutcomeReport,
    RecordhashOrigin, ResolveReport, ResolvedReport, ResolverSource, ResolverWord, ReverseReport,
    VerdictsReport,
};
use namesys::resolve::{
    ChainFacts, FactsSource, Freshness, IpnsEvidence, IpnsHop, Judgement, NameResolution,
    OnchainRecord, ResolverKind, Step,
};

use crate::cli::cmd::verify::basis;
use crate::cli::output::{Human, shown};
use crate::cli::words::{Tone, pad, state, when, width};

/// The report on a name.
pub fn report(resolution: NameResolution, trace: Option<Vec<Step>>) -> ResolveReport {
    let NameResolution { name, source, ipns, notes, listed, records, .. } = resolution;
    let is_judged = matches!(source, FactsSource::Chain(_));
    let Facts { resolver, owner, chain, recordhash } = match source {
        FactsSource::Chain(facts) => of_chain(*facts, listed),
        FactsSource::Hand(facts) => Facts {
            resolver: None,
            owner: facts.owner,
            chain: None,
            recordhash: Some(facts.recordhash),
        },
    };
    ResolveReport {
        name: name.to_string(),
        resolver: resolver.map(|resolver| resolver.to_string()),
        owner: owner.to_string(),
        chain,
        recordhash: recordhash.map(|recordhash| recordhash.to_string()),
        ipns,
        notes,
        records: records.into_iter().map(|found| record(found, is_judged)).collect(),
        trace,
    }
}

/// What is said about a name, by whomever.
struct Facts {
    resolver: Option<Address>,
    owner: Address,
    chain: Option<ChainFactsReport>,
    recordhash: Option<Recordhash>,
}

fn of_chain(facts: ChainFacts, listed: bool) -> Facts {
    let ChainFacts { name: facts, chain_id, universal, block, kind } = facts;
    let resolver = facts.resolver.as_ref();
    let time = i64::try_from(block.timestamp).ok().and_then(|s| Timestamp::from_second(s).ok());
    let mut chain = ChainFactsReport {
        chain_id,
        block: BlockReport {
            number: block.number,
            hash: block.hash.to_string(),
            time: time.map(|time| time.to_string()).unwrap_or_default(),
        },
        node: facts.name.node().to_string(),
        resolver_kind: ResolverWord::Plain,
        resolver_of: resolver.map(|resolver| resolver.level.to_string()).unwrap_or_default(),
        resolver_by: match universal {
            true => ResolverSource::UniversalResolver,
            false => ResolverSource::Registry,
        },
        wildcard: facts.is_wildcard(),
        registry_owner: facts.registry_owner.to_string(),
        wrapper_owner: facts.wrapper_owner.map(|owner| owner.to_string()),
        registrant: facts.registrant.map(|owner| owner.to_string()),
        recordhash_from: None,
        recordhash_of: None,
        gateways: None,
        dev3: None,
        listed,
    };
    let (mut owner, mut recordhash) = (facts.owner(), None);
    match kind {
        ResolverKind::Records(records) => {
            chain.resolver_kind = ResolverWord::Records;
            (chain.recordhash_from, chain.recordhash_of) = source(&records.walk, &facts.name);
            chain.gateways = Some(records.gateways);
            (owner, recordhash) = (records.walk.owner, records.recordhash);
        }
        ResolverKind::Dev3(space) => {
            chain.resolver_kind = ResolverWord::Dev3;
            chain.dev3 = space.map(|space| Dev3Report {
                gateway: space.gateway,
                of: space.level.to_string(),
                core: space.core,
            });
        }
        ResolverKind::Plain(resolver) if resolver.extended => {
            chain.resolver_kind = ResolverWord::Extended;
        }
        ResolverKind::Plain(_) => {}
    }
    let resolver = facts.resolver.map(|resolver| resolver.address);
    Facts { resolver, owner, chain: Some(chain), recordhash }
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
fn write_ipns(out: &mut dyn Write, ipns: Option<&IpnsEvidence>) -> io::Result<()> {
    let Some(IpnsEvidence { sequence, validity, value, seen, superseded, via, .. }) = ipns else {
        return Ok(());
    };
    let among = match (superseded, seen.len()) {
        (Some(newer), _) => format!(" (replaced by {newer}, which has expired)"),
        (None, 0 | 1) => String::new(),
        (None, count) => format!(" (the newest of {count} that were seen)"),
    };
    let when = when(&validity.to_string());
    writeln!(out, "sequence {sequence}{among}, valid until {when}, {}", shown(value))?;
    for IpnsHop { sequence, value, .. } in via {
        writeln!(out, "  there sequence {sequence}, {}", shown(value))?;
    }
    Ok(())
}

fn record(record: OnchainRecord, is_judged: bool) -> ResolvedReport {
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
    let (local, contract) = (text(record.local), text(record.contract));
    ResolvedReport {
        record: record.key.to_string(),
        verified,
        signer: record.signed.map(|(signer, _)| signer.to_string()),
        approval,
        proven: freshness.is_some_and(|freshness| freshness != Freshness::Unproven),
        freshness,
        gateway: record.gateway,
        flat: record.flat,
        redirects: record.redirects.iter().map(ToString::to_string).collect(),
        verdicts: is_judged.then_some(VerdictsReport { local, contract }),
        absent,
        error: record.value.as_ref().err().map(ToString::to_string),
        value: record.value.ok().map(|value| value.to_string()),
    }
}

impl Human for ResolveReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}  owner {}", self.name, self.owner)?;
        match (&self.chain, &self.recordhash) {
            (Some(chain), _) => write_chain(out, self, chain)?,
            (None, recordhash) => {
                writeln!(out, "recordhash {}", shown(recordhash.as_deref().unwrap_or("none")))?;
            }
        }
        write_ipns(out, self.ipns.as_ref())?;
        let columns = self.records.iter().map(|record| width(&record.record)).max().unwrap_or(0);
        for record in &self.records {
            record.write(out, columns)?;
        }
        write_trace(out, self.trace.as_deref())
    }
}

/// What the chain says.
fn write_chain(
    out: &mut dyn Write,
    report: &ResolveReport,
    chain: &ChainFactsReport,
) -> io::Result<()> {
    write_owners(out, &report.owner, chain)?;
    let of = match chain.wildcard {
        true => format!(" of {}", chain.resolver_of),
        false => String::new(),
    };
    let by = match chain.resolver_by {
        ResolverSource::Registry => "",
        ResolverSource::UniversalResolver => {
            ", by the Universal Resolver: the registry has none (ENSv2)"
        }
    };
    let resolver = report.resolver.as_deref().unwrap_or_default();
    writeln!(out, "resolver {resolver} ({}){of}{by}", chain.resolver_kind)?;
    if let Some(from) = chain.recordhash_from {
        let hash = report.recordhash.as_deref().unwrap_or("none");
        let of = chain.recordhash_of.as_deref().unwrap_or("the resolver's own gateways");
        writeln!(out, "recordhash {} ({from}: {of})", shown(hash))?;
    }
    if let Some(Dev3Report { gateway, of, core }) = &chain.dev3 {
        let core = if *core { ", core" } else { "" };
        writeln!(out, "gateway {} (of {of}{core})", shown(gateway))?;
    }
    Ok(())
}

/// Who else has a say: the registry's owner is the manager of a name.
fn write_owners(out: &mut dyn Write, owner: &str, chain: &ChainFactsReport) -> io::Result<()> {
    let ChainFactsReport { registry_owner, wrapper_owner, registrant, .. } = chain;
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

/// Of a record that nobody else finds.
const FLAT: &str = "in the older flat layout alone: the resolver does not send its clients there; \
                    sign it anew (namesys sign)";

trait Line {
    fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()>;
}

impl Line for ResolvedReport {
    fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let Self { verdicts, .. } = self;
        let record = pad(&self.record, width);
        match (&self.value, &self.error) {
            (Some(value), _) => {
                let proven = if self.proven { "" } else { " (freshness not proven)" };
                let approval = self.approval.as_deref().unwrap_or_default();
                writeln!(out, "  {}      {record}  {}", state(Tone::Good, "ok"), shown(value))?;
                let redirects: String =
                    self.redirects.iter().map(|name| format!(", redirected to {name}")).collect();
                writeln!(out, "          {:width$}  {approval}{redirects}{proven}", "")?;
                if self.flat {
                    writeln!(out, "          {:width$}  {FLAT}", "")?;
                }
            }
            (None, error) => {
                let error = error.as_deref().unwrap_or_default().replace("\n  ", " ");
                let what = match self.absent {
                    true => state(Tone::Open, "none  "),
                    false => state(Tone::Bad, "FAILED"),
                };
                writeln!(out, "  {what}  {record}  {}", shown(&error))?;
            }
        }
        if let Some(VerdictsReport { local: Some(local), contract: Some(contract) }) = verdicts {
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
