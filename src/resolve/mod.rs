//! From a name and chain facts to verified values.

mod gateway;
mod onchain;
mod resolver_urls;

pub use gateway::{
    BlockNode, BlockServers, FetchError, FetchLimits, Fetched, Freshness, Gateway, GatewayNote,
    GatewayParseError, GatewayProbe, GatewayRecords, IpnsEvidence, IpnsHop, IpnsSeen, Listing,
    Proof, RecordFiles, Sources, TreeFile, probe_gateway,
};
pub use onchain::{
    ChainFacts, Dev3Space, Dialect, FactsSource, GatewayFault, GivenFacts, Judgement, LookupProbe,
    NameResolution, NameResolver, OnchainConfig, OnchainRecord, OnchainRecordError, PROFILE,
    ProbedGateway, RecordsFacts, ResolveError, ResolverKind, ReverseError, ReverseResolution, Step,
    Trace, probe_lookup, profile, resolve_given,
};
pub use resolver_urls::ResolverGateways;
