//! From a name and chain facts to verified values.

mod gateway;
mod onchain;
mod resolver_urls;

pub use gateway::{
    FetchError, FetchLimits, Fetched, Freshness, Gateway, GatewayNote, GatewayParseError,
    GatewayRecords, IpnsEvidence, IpnsSeen, Listing, Proof, RecordFiles, Sources, TreeFile,
};
pub use onchain::{
    ChainFacts, Dev3Space, Dialect, FactsSource, GivenFacts, Judgement, NameResolution,
    NameResolver, OnchainConfig, OnchainRecord, OnchainRecordError, PROFILE, RecordsFacts,
    ResolveError, ResolverKind, ReverseError, ReverseResolution, Step, Trace, profile,
    resolve_given,
};
pub use resolver_urls::ResolverGateways;
