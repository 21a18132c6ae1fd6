//! The chain's side of `status`: does the name's recordhash point to what is published here?

use std::fmt;
use std::io::{self, Write};

use alloy_primitives::Address;
use futures_util::future::join_all;
use namesys::chain::{NameFacts, Rpc, Walk};
use namesys::ens::Name;
use namesys::keys::IpnsName;
use namesys::publish::site::SiteUrl;
use namesys::recordhash::{Recordhash, Target, shown_bytes};
use namesys::report::{ChainStatusReport, ErrorKind};
use namesys::workspace::{ApprovalMode, Config};

use crate::cli::cmd::setup::source;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::shown;

/// What the recordhash may point to.
pub struct Published<'a> {
    /// The workspace's IPNS name.
    pub ipns: Option<&'a IpnsName>,
    /// Addresses of its web hosts.
    pub sites: Vec<&'a SiteUrl>,
}

impl Published<'_> {
    /// Whether a recordhash leads to one of them.
    pub fn is_at(&self, target: &Target) -> bool {
        match target {
            Target::Ipns(found) => self.ipns == Some(found),
            // Without any known here it is a server of one's own, and meant so.
            Target::Https(found) => {
                self.sites.is_empty() || self.sites.iter().any(|site| site.url() == found)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Published<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ipns = self.ipns.map(|name| format!("ipns://{name}"));
        let sites = self.sites.iter().map(ToString::to_string);
        let all: Vec<String> = ipns.into_iter().chain(sites).collect();
        match all.is_empty() {
            true => f.write_str("an https:// address"),
            false => f.write_str(&all.join(" or ")),
        }
    }
}

/// Asks the chain about each of the workspace's names; what is wrong there goes with the rest of
/// the report.
pub async fn ask(
    rpc: &Rpc,
    config: &Config,
    published: &Published<'_>,
) -> Vec<(ChainStatusReport, Option<CliError>)> {
    let of_name = |name| async move {
        let (report, error) = match read(rpc, config, name).await {
            Ok(found) => judged(name, published, found),
            Err(error) => (ChainStatusReport::default(), Some(error)),
        };
        let said = error.as_ref().map(|error| error.message.clone());
        let several = config.names().len() > 1;
        let name = several.then(|| name.to_string());
        (ChainStatusReport { name, matches: error.is_none(), error: said, ..report }, error)
    };
    join_all(config.names().iter().map(of_name)).await
}

/// What the chain says.
struct Found {
    facts: NameFacts,
    /// Of a records resolver.
    walk: Option<Walk>,
    /// The wallet whose keys sign here, where the owner is another and has not approved it.
    stranger: Option<Address>,
}

async fn read(rpc: &Rpc, config: &Config, name: &Name) -> Result<Found, CliError> {
    rpc.check_chain_id(Some(config.chain_id)).await?;
    let view = rpc.at(rpc.latest().await?.value);
    let facts = view.name_facts(name).await?.value;
    let Some(resolver) = facts.resolver.as_ref().map(|resolver| resolver.address) else {
        return Ok(Found { facts, walk: None, stranger: None });
    };
    if !view.is_records_resolver(resolver).await?.value {
        return Ok(Found { facts, walk: None, stranger: None });
    }
    let walk = view.walk(resolver, name).await?.value;
    let keys = config.keys();
    let mut stranger = keys.wallet.filter(|wallet| *wallet != walk.owner);
    // A manager who signs SIGN 3; or the signer itself, where records carry no SIGN 3.
    let on_chain = config.approval_mode() == Some(ApprovalMode::OnChain);
    for by in [keys.wallet, keys.signer.filter(|_| on_chain)].into_iter().flatten() {
        if stranger.is_none() {
            break;
        }
        let (owner, node) = (walk.owner, walk.node);
        if view.is_approved_signer(resolver, owner, node, by).await?.value {
            stranger = None;
        }
    }
    Ok(Found { facts, walk: Some(walk), stranger })
}

fn judged(
    name: &Name,
    published: &Published<'_>,
    Found { facts, walk, stranger }: Found,
) -> (ChainStatusReport, Option<CliError>) {
    let resolver = facts.resolver.as_ref().map(|resolver| resolver.address.to_string());
    let owner = Some(facts.owner()).filter(|owner| !owner.is_zero());
    let mut report = ChainStatusReport {
        owner: owner.map(|owner| owner.to_string()),
        resolver,
        ..ChainStatusReport::default()
    };
    let differs = |message: String| {
        let error = CliError::new(Exit::Failed, ErrorKind::NotSetUp, message);
        let https = match (published.ipns, published.sites.first()) {
            (None, Some(site)) => format!(" --https {site}"),
            (None, None) => " --https URL".to_owned(),
            (Some(_), _) => String::new(),
        };
        Some(error.hint(format!("namesys setup {name}{https} shows what is missing, and sends it")))
    };
    let Some(walk) = walk else {
        let message = match &report.resolver {
            Some(found) => format!("the resolver of {name} is {found}, no records resolver"),
            None => format!("{name} has no resolver"),
        };
        return (report, differs(message));
    };
    report.owner = Some(walk.owner.to_string());
    report.recordhash = shown_bytes(&walk.recordhash);
    report.recordhash_of = source(&walk.source);
    if let Some(wallet) = stranger {
        let message = format!(
            "{name} belongs to {}, and what is signed here is approved by {wallet}: it does not \
             verify any more",
            walk.owner
        );
        let error = CliError::new(Exit::Failed, ErrorKind::OtherOwner, message).hint(
            "the new owner makes a workspace with a wallet of its own (namesys init in another \
             folder); namesys verify --owner checks what is signed",
        );
        return (report, Some(error));
    }
    let found = Recordhash::parse(&walk.recordhash);
    let error = match found.as_ref().map(Recordhash::target) {
        Ok(target) if published.is_at(target) => None,
        Ok(_) | Err(_) => {
            let found = report.recordhash.clone().unwrap_or_else(|| "empty".to_owned());
            differs(format!("the recordhash of {name} is {found}, not {published}"))
        }
    };
    (report, error)
}

/// The lines of the report.
pub fn human(report: &ChainStatusReport, out: &mut dyn Write) -> io::Result<()> {
    let of_name = report.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    let text = |value: &Option<String>| shown(value.as_deref().unwrap_or("none"));
    let error = report.error.as_deref().map(|error| error.replace("\n  ", " "));
    if let (None, None, Some(error)) = (&report.owner, &report.resolver, &error) {
        return writeln!(out, "on chain: {of_name}{}", shown(error));
    }
    writeln!(
        out,
        "on chain: {of_name}owner {}, resolver {}",
        text(&report.owner),
        text(&report.resolver)
    )?;
    let of = report.recordhash_of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
    writeln!(out, "  recordhash {}{of}", text(&report.recordhash))?;
    error.iter().try_for_each(|error| writeln!(out, "  {}", shown(error)))
}
