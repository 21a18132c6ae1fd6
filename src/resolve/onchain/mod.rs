//! From a name alone to verified values: the chain says owner, resolver and recordhash, or a
//! person in its place.
//!
//! | file | what it does |
//! | --- | --- |
//! | `resolution` | what is found: [`NameResolution`], [`OnchainRecord`], [`Judgement`] |
//! | `dialect` | [`Dialect`]: the kinds of resolver whose records are signed |
//! | `dev3` | what a Dev3 resolver says on chain |
//! | `by_hand` | [`resolve_given`]: facts given by hand in place of the chain's |
//! | `lookup` | EIP-3668: the resolver's `OffchainLookup`, its gateways, its callback |
//! | `case` | a name of a resolver whose records are signed |
//! | `records_resolver` | a records resolver: its records, one by one |
//! | `fetched` | record files below a root, and their payloads |
//! | `files` | where its files are, and their payloads fetched |
//! | `judge` | a payload judged, here and by the contract |
//! | `redirect` | signed redirects, followed |
//! | `plain` | every other resolver |
//! | `probe` | what a resolver and its gateways make of a question, for whoever looks for faults |
//! | `profile` | what is asked when nothing is named |
//! | `reverse` | from an address to its primary name, and back |
//! | `trace` | what was asked, who said it, how long it took |

mod by_hand;
mod case;
mod dev3;
mod dialect;
mod fetched;
mod files;
mod judge;
mod lookup;
mod plain;
mod probe;
mod profile;
mod records_resolver;
mod redirect;
mod resolution;
mod reverse;
mod trace;

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, Bytes};
use tokio::time::sleep;

pub use by_hand::resolve_given;
pub use dev3::Dev3Space;
pub use dialect::Dialect;
pub use probe::{GatewayFault, LookupProbe, ProbedGateway, probe_lookup};
pub use profile::{PROFILE, profile};
pub use resolution::{
    ChainFacts, FactsSource, GivenFacts, Judgement, NameResolution, OnchainRecord,
    OnchainRecordError, RecordsFacts, ResolveError, ResolverKind,
};
pub use reverse::{ReverseError, ReverseResolution};
pub use trace::{Step, Trace};

use super::{FetchLimits, Gateway};
use crate::chain::{Answer, Block, ChainError, ChainView, NameFacts, Rpc};
use crate::ens::Name;
use crate::ipns::Publisher;
use crate::net::Http;
use crate::record::RecordKey;
use crate::request::ApprovalCache;

/// How often a name is resolved, when the nodes do not share a block.
const ATTEMPTS: usize = 4;
/// Between two of them, times their number: nodes of a pool catch up within a second or two.
const PAUSE: Duration = Duration::from_millis(250);
const MAINNET: u64 = 1;
/// What a records resolver has in its texts elsewhere than on mainnet when it is new.
const CHAIN_ID_BEFORE_UPDATE: u64 = 5;
/// Redirects from name to name.
const MAX_REDIRECTS: usize = 4;
/// Records of one name asked for at a time.
const CONCURRENT_RECORDS: usize = 8;

/// How names are resolved.
#[derive(Clone, Debug)]
pub struct OnchainConfig {
    /// The chain id, which stands in the texts; elsewhere than on mainnet a records resolver may
    /// have 5 there until its `updateChainID()` is called, and does not say so.
    pub chain_id: u64,
    /// Gateways of the user's, asked before those that contracts name.
    pub gateways: Vec<Gateway>,
    /// Bounds, and the rule about 4xx.
    pub limits: FetchLimits,
}

impl OnchainConfig {
    /// Another chain id that the contract may have in its texts: only it knows.
    fn other_chain_id(&self) -> Option<u64> {
        (self.chain_id != MAINNET).then_some(CHAIN_ID_BEFORE_UPDATE)
    }
}

/// Resolves names with a chain's word for who owns them.
#[derive(Clone)]
pub struct NameResolver {
    rpc: Rpc,
    http: Http,
    config: OnchainConfig,
    approvals: Arc<ApprovalCache>,
    publishers: Arc<[Box<dyn Publisher>]>,
}

/// One record wanted from one name at one block, as a redirect passes it on.
struct Asked {
    record: OnchainRecord,
    /// What the gateway answered, for a lookup that passes through a redirect.
    payload: Option<Bytes>,
}

/// Everything known about a name before its records are asked for.
struct Subject {
    view: ChainView,
    facts: NameFacts,
    /// Whether the resolver is by the Universal Resolver's word.
    universal: bool,
    trace: Trace,
    /// Redirects on the way here.
    depth: usize,
}

impl NameResolver {
    /// `http` fetches from gateways: it should have a [`Guard`](crate::net::Guard), for most of
    /// their addresses come from contracts.
    pub fn new(rpc: Rpc, http: Http, config: OnchainConfig) -> Self {
        Self { rpc, http, config, approvals: Arc::default(), publishers: Arc::new([]) }
    }

    /// Asks `publishers` for IPNS records too: they have them first, and a gateway may be behind,
    /// or hide the newest.
    #[must_use]
    pub fn with_publishers(self, publishers: Vec<Box<dyn Publisher>>) -> Self {
        Self { publishers: publishers.into(), ..self }
    }

    /// The nodes.
    pub fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    /// Resolves `keys` of `name`; without any, all that the tree lists, or else the usual ones
    /// that are set. Everything is read at one block; should the nodes turn out not to have it
    /// (a lagging one behind a common address, a fork), at the newest again, a few times.
    ///
    /// # Errors
    /// [`ResolveError`] where nothing can be said about any record. What is wrong with a single
    /// record stands there.
    pub async fn resolve(
        &self,
        name: &Name,
        keys: &[RecordKey],
        trace: &Trace,
    ) -> Result<NameResolution, ResolveError> {
        let mut attempt = 1;
        loop {
            let clock = trace.clock();
            let Answer { value: block, by } = self.rpc.latest().await?;
            trace.step(clock, "newest block", by, block.number);
            let mut outcome = self.resolve_at(name, keys, block, trace).await;
            let is_stale = match &outcome {
                Ok(resolution) => resolution.records.iter().any(OnchainRecord::is_stale),
                Err(error) => matches!(error, ResolveError::Chain(ChainError::LostBlock { .. })),
            };
            if !is_stale || attempt == ATTEMPTS {
                if let Ok(resolution) = &mut outcome {
                    resolution.records.iter_mut().for_each(|record| record.tried(attempt));
                }
                return outcome;
            }
            trace.note(format_args!(
                "the nodes do not all have block {}: again, at the newest (attempt {} of \
                 {ATTEMPTS})",
                block.number,
                attempt + 1,
            ));
            self.rpc.forget();
            sleep(PAUSE * u32::try_from(attempt).unwrap_or(1)).await;
            attempt += 1;
        }
    }

    async fn resolve_at(
        &self,
        name: &Name,
        keys: &[RecordKey],
        block: Block,
        trace: &Trace,
    ) -> Result<NameResolution, ResolveError> {
        let subject = self.subject(name, block, trace, 0).await?;
        let Some(resolver) = &subject.facts.resolver else {
            return Err(ResolveError::NoResolver { facts: Box::new(subject.facts) });
        };
        match self.dialect(&subject, resolver.address).await? {
            Some(dialect) => {
                self.resolve_records_of(&subject, resolver.address, dialect, keys).await
            }
            None => {
                self.check_is_contract(&subject, resolver.address).await?;
                Ok(self.resolve_plain(&subject, resolver, keys).await)
            }
        }
    }

    /// An account without code answers nothing, which is not that it has no record.
    async fn check_is_contract(
        &self,
        subject: &Subject,
        resolver: Address,
    ) -> Result<(), ResolveError> {
        if subject.view.has_code(resolver).await?.value {
            return Ok(());
        }
        Err(ResolveError::NoContract { name: subject.facts.name.clone(), resolver })
    }

    async fn subject(
        &self,
        name: &Name,
        block: Block,
        trace: &Trace,
        depth: usize,
    ) -> Result<Subject, ResolveError> {
        let clock = trace.clock();
        let view = self.rpc.at(block);
        let Answer { value: facts, by } = view.name_facts(name).await?;
        trace.step(clock, format!("owner and resolver of {name}"), by, &facts);
        let trace = trace.clone();
        let mut subject = Subject { view, facts, universal: false, trace, depth };
        if subject.facts.resolver.is_none() {
            self.find_universally(&mut subject).await?;
        }
        Ok(subject)
    }

    /// Names that moved to ENSv2 have no resolver in the registry: the Universal Resolver knows.
    async fn find_universally(&self, subject: &mut Subject) -> Result<(), ResolveError> {
        let clock = subject.trace.clock();
        let name = &subject.facts.name;
        let Answer { value: found, by } = subject.view.find_universally(name).await?;
        let said = found.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
        subject.trace.step(
            clock,
            format!("resolver of {name} by the Universal Resolver"),
            by,
            said,
        );
        subject.universal = found.is_some();
        subject.facts.resolver = found;
        Ok(())
    }

    /// What the chain says about a name whose resolver is `kind`.
    fn source(&self, subject: &Subject, kind: ResolverKind) -> FactsSource {
        let Subject { facts, universal, view, .. } = subject;
        FactsSource::Chain(Box::new(ChainFacts {
            name: facts.clone(),
            chain_id: self.config.chain_id,
            universal: *universal,
            block: view.block(),
            kind,
        }))
    }
}
