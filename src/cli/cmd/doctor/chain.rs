//! The nodes, ENS on their chain, the name, and the gateways its resolver sends clients to.

use alloy::sol_types::{SolCall, SolError};
use alloy_primitives::{B256, hex};
use jiff::Timestamp;
use namesys::chain::{
    BlockReader, ChainError, ChainView, OffchainLookup, Revert, Rpc, RpcUrl, calls,
};
use namesys::ens::Name;
use namesys::keys::IpnsName;
use namesys::net::{Guard, Http, NetError, Request};
use namesys::record::RecordKey;
use namesys::recordhash::{Recordhash, Target};
use namesys::report::CheckReport;
use namesys::resolve::Gateway;

use super::{Args, bad, good};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::rpc_args::how_to_give;
use crate::cli::session::Session;

/// A newest block that is older says that the node lags, in seconds.
const STALE: i64 = 600;
/// Chains of one's own make blocks when they have transactions.
const DEVNETS: [u64; 2] = [1337, 31337];
/// URLs of one lookup that are asked at most.
const MAX_URLS: usize = 8;
/// More of a URL is not shown, in characters.
const MAX_SHOWN: usize = 400;
/// Most bytes of a record file.
const MAX_FILE: usize = 1 << 20;

/// What is probed of the chain.
pub struct Chain {
    nodes: Vec<(RpcUrl, Rpc)>,
    /// How a node is given, where there is none.
    how_to_give: &'static str,
    expected: Option<u64>,
    name: Option<Name>,
    ipns: Option<IpnsName>,
    /// A record that the name should have, where the workspace knows one.
    record: Option<RecordKey>,
    http: Http,
}

impl Chain {
    /// Prepares; nothing is sent.
    pub fn open(
        args: &Args,
        name: Option<&Name>,
        session: Option<&Session>,
        context: &Context,
    ) -> Result<Self, CliError> {
        let own = session.filter(|session| name == Some(session.config.name()));
        let config = session.map(|session| &session.config);
        let chosen = args.gateways.chosen(context, config)?;
        let trusted = Guard::trusting(chosen.iter().filter_map(Gateway::trusted_url));
        let guard = (!args.allow_private_gateways).then_some(trusted);
        let record = match own {
            Some(session) => {
                let records = session.workspace.records(&session.config)?;
                let first = records.iter().find(|(of, _, _)| Some(*of) == name);
                first.map(|(_, key, _)| key.clone())
            }
            None => None,
        };
        let ipns = match own {
            Some(session) => session.config.keys().ipns_name,
            None => None,
        };
        Ok(Self {
            nodes: args.rpc.open_each(context, &context.http()?)?,
            how_to_give: how_to_give(context),
            expected: args.chain_id.or(config.map(|config| config.chain_id)),
            name: name.cloned(),
            ipns,
            record,
            http: context.gateway_http(guard)?,
        })
    }

    /// Probes each node, and through the first good one the rest.
    pub async fn probe(&self) -> Vec<CheckReport> {
        let mut checks = Vec::new();
        let mut view = None;
        if self.nodes.is_empty() {
            let hint = format!(
                "{}; without it owner and recordhash are given by hand (namesys resolve --help)",
                self.how_to_give
            );
            checks.push(bad("Ethereum node", "none is given", hint));
        }
        for (url, rpc) in &self.nodes {
            let (check, found) = self.node(url, rpc).await;
            view = view.or(found.filter(|_| check.ok));
            checks.push(check);
        }
        if let Some(view) = view {
            checks.extend(self.ens(&view).await);
        }
        checks
    }

    async fn node(&self, url: &RpcUrl, rpc: &Rpc) -> (CheckReport, Option<ChainView>) {
        let what = format!("Ethereum node {url}");
        let failed = |error: &ChainError| {
            let hint = match error {
                ChainError::OtherChain { .. } => {
                    "give a node of the workspace's chain, or --chain-id"
                }
                _ => "check the address and its key, or give another node with --rpc-url",
            };
            (bad(what.clone(), error.to_string(), hint), None)
        };
        let chain_id = match rpc.check_chain_id(self.expected).await {
            Ok(chain_id) => chain_id,
            Err(error) => return failed(&error),
        };
        let block = match rpc.latest().await {
            Ok(block) => block.value,
            Err(error) => return failed(&error),
        };
        let made = i64::try_from(block.timestamp).unwrap_or(i64::MAX);
        let age = Timestamp::now().as_second().saturating_sub(made);
        let detail = format!("chain {chain_id}, block {} made {age} s ago", block.number);
        if age > STALE && !DEVNETS.contains(&chain_id) {
            let hint = "the node lags behind its chain: wait until it has caught up, or give \
                        another one with --rpc-url";
            return (bad(what, detail, hint), None);
        }
        (good(what, detail), Some(rpc.at(block)))
    }

    async fn ens(&self, view: &ChainView) -> Vec<CheckReport> {
        let registry = view.contracts().registry;
        let what = format!("ENS registry {registry}");
        let mut checks = match view.owner(B256::ZERO).await {
            Ok(owner) => vec![good(what, format!("the root belongs to {}", owner.value))],
            Err(error) => {
                let hint = "this chain has no ENS where mainnet has it: give a node of another";
                return vec![bad(what, error.to_string(), hint)];
            }
        };
        if let Some(name) = &self.name {
            match self.name(view, name).await {
                Ok(of_name) => checks.extend(of_name),
                Err(error) => {
                    checks.push(bad(format!("{name} on chain"), error.to_string(), "run it again"));
                }
            }
        }
        checks
    }

    async fn name(&self, view: &ChainView, name: &Name) -> Result<Vec<CheckReport>, ChainError> {
        let facts = view.name_facts(name).await?.value;
        let what = format!("resolver of {name}");
        let setup = format!("namesys setup {name}");
        let Some(resolver) = facts.resolver else {
            return Ok(vec![bad(what, "it has none", setup)]);
        };
        if !view.is_records_resolver(resolver.address).await?.value {
            let detail = format!("{} keeps its records elsewhere", resolver.address);
            return Ok(vec![bad(what, detail, setup)]);
        }
        let mut checks = vec![good(what, format!("{} of {}", resolver.address, resolver.level))];
        let walk = view.walk(resolver.address, name).await?.value;
        let what = format!("recordhash of {name}");
        let found = Recordhash::parse(&walk.recordhash);
        let own = self.ipns.as_ref();
        checks.push(match (&found, own) {
            (Err(error), _) => bad(what, error.to_string(), setup),
            (Ok(found), Some(own)) => match found.target() {
                Target::Ipns(name) if name != own => {
                    bad(what, format!("{found}, this workspace's is ipns://{own}"), setup)
                }
                _ => good(what, format!("{found}, owner {}", walk.owner)),
            },
            (Ok(found), None) => good(what, format!("{found}, owner {}", walk.owner)),
        });
        let lists = view.gateway_lists(resolver.address).await?.value;
        let primary = Some(lists.primary).filter(|primary| !primary.is_empty());
        let listed: Vec<String> = primary.into_iter().chain(lists.web3).chain(lists.web2).collect();
        let what = format!("gateways listed by {}", lists.manager);
        checks.push(match listed.is_empty() {
            true => bad(what, "there are none", "give some of your own: --gateway URL"),
            false => good(what, listed.join(", ")),
        });
        if found.is_ok() {
            checks.extend(self.lookup(view, resolver.address, name).await?);
        }
        Ok(checks)
    }

    /// Asks every URL to which the resolver sends clients for a record of the name.
    async fn lookup(
        &self,
        view: &ChainView,
        resolver: alloy_primitives::Address,
        name: &Name,
    ) -> Result<Vec<CheckReport>, ChainError> {
        let known = self.record.is_some();
        let key = match &self.record {
            Some(key) => key.clone(),
            None => RecordKey::parse("address/60").expect("address/60 is a record type"),
        };
        let data = key.resolver_call_of(name).into();
        let call = calls::resolveCall { name: name.dns().into(), data };
        let what = format!("lookup of {name} {key}");
        let data = &call.abi_encode();
        let ask = |at: BlockReader| async move {
            at.call("a lookup", resolver, data.clone()).await.map(Called)
        };
        let revert = match view.agreed("a lookup", ask).await?.value.0 {
            Ok(_) => return Ok(vec![good(what, "answered on chain, no gateway is needed")]),
            Err(revert) => revert,
        };
        let Ok(lookup) = OffchainLookup::abi_decode(&revert.0) else {
            return Ok(vec![bad(what, revert.to_string(), "namesys setup shows what stands")]);
        };
        let mut checks = Vec::new();
        let sender = format!("{:#x}", lookup.sender);
        let data = hex::encode_prefixed(&lookup.callData);
        for url in lookup.urls.iter().take(MAX_URLS) {
            let url = url.replace("{sender}", &sender).replace("{data}", &data);
            checks.push(self.gateway(&url, known).await);
        }
        Ok(checks)
    }

    async fn gateway(&self, url: &str, known: bool) -> CheckReport {
        let short: String = url.split('?').next().unwrap_or(url).chars().take(MAX_SHOWN).collect();
        let what = format!("on-chain gateway {short}");
        let Ok(url) = url.parse() else {
            return bad(what, "its address is no URL", "the list's owner must correct it");
        };
        let request = Request::get(url).max_body(MAX_FILE).attempts(1);
        let hint = "clients go on to the next one; give gateways of your own with --gateway";
        match self.http.send(&request).await {
            Ok(answer) if answer.status == 200 => match is_json(&answer.body) {
                true => good(what, "it serves the record"),
                false => bad(what, "it answers 200, but not with a record", hint),
            },
            Ok(answer) if answer.status == 404 && !known => {
                good(what, "it answers; this record is not set")
            }
            Ok(answer) if answer.status == 404 => {
                bad(what, answer.to_error().to_string(), "is it published? namesys publish")
            }
            Ok(answer) => bad(what, answer.to_error().to_string(), hint),
            Err(error @ NetError::Private { .. }) => {
                bad(what, error.to_string(), "--allow-private-gateways asks it all the same")
            }
            Err(error) => bad(what, error.to_string(), hint),
        }
    }
}

#[derive(PartialEq)]
struct Called(Result<alloy_primitives::Bytes, Revert>);

impl std::fmt::Display for Called {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Ok(answer) => answer.fmt(f),
            Err(revert) => revert.fmt(f),
        }
    }
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body).is_ok_and(|value| value.is_object())
}
