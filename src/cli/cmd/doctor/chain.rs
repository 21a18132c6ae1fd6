//! The nodes, ENS on their chain, the name, and the gateways its resolver sends clients to.

use alloy_primitives::{Address, B256};
use jiff::Timestamp;
use namesys::chain::{ChainError, ChainView, Rpc, RpcUrl};
use namesys::ens::Name;
use namesys::keys::IpnsName;
use namesys::net::{Guard, Http, NetError};
use namesys::publish::site::Site;
use namesys::record::RecordKey;
use namesys::recordhash::Recordhash;
use namesys::report::CheckReport;
use namesys::resolve::{Gateway, GatewayFault, LookupProbe, ProbedGateway, probe_lookup};
use namesys::workspace::Records;

use super::{Args, bad, good, skipped};
use crate::cli::cmd::status::Published;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::rpc_args::how_to_give;
use crate::cli::session::Session;

/// A newest block that is older says that the node lags, in seconds.
const STALE: i64 = 600;
/// Chains of one's own make blocks when they have transactions.
const DEVNETS: [u64; 2] = [1337, 31337];
/// What is probed of the chain.
pub struct Chain {
    nodes: Vec<(RpcUrl, Rpc)>,
    /// How a node is given, where there is none.
    how_to_give: &'static str,
    expected: Option<u64>,
    names: Vec<Subject>,
    /// Where the workspace's records are.
    own: Option<Own>,
    http: Http,
}

/// A name that is probed.
struct Subject {
    name: Name,
    /// Whether it is the workspace's.
    is_own: bool,
    /// A record that it should have, where the workspace knows one.
    record: Option<RecordKey>,
}

/// What a workspace publishes, and where.
struct Own {
    ipns: Option<IpnsName>,
    sites: Vec<Site>,
}

impl Own {
    fn published(&self) -> Published<'_> {
        let sites = self.sites.iter().filter_map(|site| site.url.as_ref()).collect();
        Published { ipns: self.ipns.as_ref(), sites }
    }
}

impl Chain {
    /// Prepares; nothing is sent.
    pub fn open(
        args: &Args,
        names: &[Name],
        session: Option<&Session>,
        context: &Context,
    ) -> Result<Self, CliError> {
        let config = session.map(|session| &session.config);
        let chosen = args.gateways.chosen(context, config)?;
        let trusted = Guard::trusting(chosen.iter().filter_map(Gateway::trusted_url));
        let guard = (!args.allow_private_gateways).then_some(trusted);
        let is_own =
            |name: &Name| session.is_some_and(|session| session.config.names().contains(name));
        let records = match session.filter(|_| names.iter().any(is_own)) {
            Some(session) => Some(session.workspace.records(&session.config)?),
            None => None,
        };
        let subject = |name: &Name| {
            let first = records.iter().flat_map(Records::iter).find(|(of, _, _)| *of == name);
            let record = first.map(|(_, key, _)| key.clone());
            Subject { name: name.clone(), is_own: is_own(name), record }
        };
        let own = match session.filter(|_| names.iter().any(is_own)) {
            Some(Session { config, .. }) => {
                let (ipns, sites) = (config.keys().ipns_name, args.sites.get(context, config)?);
                Some(Own { ipns, sites })
            }
            None => None,
        };
        // Without keys and web hosts nothing is published yet.
        let own = own.filter(|own| own.ipns.is_some() || !own.sites.is_empty());
        Ok(Self {
            nodes: args.rpc.open_each(context, &context.http()?)?,
            how_to_give: how_to_give(context),
            expected: args
                .chain_id
                .or(config.map(|config| config.chain_id))
                .or(context.network()?.0.chain_id()),
            names: names.iter().map(subject).collect(),
            own,
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
            checks.push(skipped("Ethereum node", "none is given", hint));
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
        for subject in &self.names {
            match self.name(view, subject).await {
                Ok(of_name) => checks.extend(of_name),
                Err(error) => {
                    let what = format!("{} on chain", subject.name);
                    checks.push(bad(what, error.to_string(), "run it again"));
                }
            }
        }
        checks
    }

    async fn name(
        &self,
        view: &ChainView,
        subject: &Subject,
    ) -> Result<Vec<CheckReport>, ChainError> {
        let name = &subject.name;
        let own = self.own.as_ref().filter(|_| subject.is_own);
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
        checks.push(match (&found, own) {
            (Err(error), _) => bad(what, error.to_string(), setup),
            (Ok(found), Some(own)) if !own.published().is_at(found.target()) => {
                bad(what, format!("{found}, this workspace's is {}", own.published()), setup)
            }
            (Ok(found), _) => good(what, format!("{found}, owner {}", walk.owner)),
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
            checks.extend(self.lookup(view, resolver.address, subject).await?);
        }
        Ok(checks)
    }

    /// Asks the resolver for a record of the name, and every gateway to which it sends clients.
    async fn lookup(
        &self,
        view: &ChainView,
        resolver: Address,
        Subject { name, record, .. }: &Subject,
    ) -> Result<Vec<CheckReport>, ChainError> {
        let usual = || RecordKey::parse("address/60").expect("address/60 is a record type");
        let key = record.clone().unwrap_or_else(usual);
        let what = format!("lookup of {name} {key}");
        let stands = "namesys setup shows what stands";
        Ok(match probe_lookup(view, &self.http, resolver, name, &key).await? {
            LookupProbe::OnChain => vec![good(what, "answered on chain, no gateway is needed")],
            LookupProbe::Refused(revert) => vec![bad(what, revert.to_string(), stands)],
            LookupProbe::Foreign(sender) => {
                let detail = format!("it is of {sender}, not of the contract that was called");
                vec![bad(what, detail, stands)]
            }
            LookupProbe::Gateways(probed) if probed.is_empty() => {
                vec![bad(what, "the resolver names no gateway", stands)]
            }
            LookupProbe::Gateways(probed) => {
                probed.into_iter().map(|probed| gateway(probed, record.is_some())).collect()
            }
        })
    }
}

/// One to which clients are sent; `known` is whether the record should be there.
fn gateway(ProbedGateway { address, outcome }: ProbedGateway, known: bool) -> CheckReport {
    let what = format!("on-chain gateway {address}");
    let error = match outcome {
        Ok(()) => return good(what, "it serves the record"),
        Err(error) => error,
    };
    let hint = match &error {
        GatewayFault::Net(NetError::Status { status: 404, .. }) if !known => {
            return good(what, "it answers; this record is not set");
        }
        GatewayFault::Net(NetError::Status { status: 404, .. }) => {
            "is it published? namesys publish"
        }
        GatewayFault::Net(NetError::Private { .. }) => {
            "--allow-private-gateways asks it all the same"
        }
        _ => "clients go on to the next one; give gateways of your own with --gateway",
    };
    bad(what, error.to_string(), hint)
}
