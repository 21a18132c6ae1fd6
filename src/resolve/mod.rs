//! From a name and chain facts to verified values.

mod gateway;
mod onchain;
mod records;
mod resolver_urls;

pub use gateway::{
    FetchError, FetchLimits, Fetched, Freshness, Gateway, GatewayNote, GatewayParseError,
    GatewayRecords, IpnsEvidence, IpnsSeen, Listing, Proof, RecordFiles, Sources, TreeFile,
};
pub use onchain::{
    Judgement, NameResolution, NameResolver, OnchainConfig, OnchainRecord, OnchainRecordError,
    PROFILE, RecordsFacts, ResolveError, ResolverKind, ReverseError, ReverseResolution, Step,
    Trace, profile,
};
pub use records::{ChainFacts, RecordError, ResolvedRecord, resolve_listed, resolve_records};
pub use resolver_urls::ResolverGateways;
