//! Report of `resolve` with a chain.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ErrorReport;
use crate::chain::GatewayLists;
use crate::resolve::{Freshness, GatewayNote, IpnsEvidence, Step};

/// `resolve NAME` with a chain: what it says about the name, and the records.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChainResolveReport {
    /// The name.
    pub name: String,
    /// The chain.
    pub chain_id: u64,
    /// Everything was read at this block.
    pub block: BlockReport,
    /// Its node, EIP-137.
    pub node: String,
    /// The resolver contract.
    pub resolver: String,
    /// What it is.
    pub resolver_kind: ResolverWord,
    /// The name it is set for.
    pub resolver_of: String,
    /// Who says so.
    pub resolver_by: ResolverSource,
    /// Whether that is a name above (ENSIP-10).
    pub wildcard: bool,
    /// Who owns the name, or the closest registered name above it, as the resolver sees it.
    pub owner: String,
    /// The registry's owner of the name, which is its manager.
    pub registry_owner: String,
    /// The NameWrapper's owner, of a wrapped name.
    pub wrapper_owner: Option<String>,
    /// Who holds the token of a second-level name.
    pub registrant: Option<String>,
    /// What the records are looked for under; `null` where there is none.
    pub recordhash: Option<String>,
    /// Where that is from; `null` for other resolvers.
    pub recordhash_from: Option<RecordhashOrigin>,
    /// The name or the owner it is set for.
    pub recordhash_of: Option<String>,
    /// The gateways of a records resolver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateways: Option<GatewayLists>,
    /// The IPNS record that led to the tree, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipns: Option<IpnsEvidence>,
    /// What gateways and publishers did that did not serve the newest IPNS record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<GatewayNote>,
    /// Whether the records are all that the tree lists; otherwise those asked for, or the usual.
    pub listed: bool,
    /// By record type.
    pub records: Vec<ChainRecordReport>,
    /// What was asked, with `--trace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Vec<Step>>,
}

/// What a resolver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolverWord {
    /// It finds signed records by a recordhash (CCIP2).
    Records,
    /// It answers for names below, too (ENSIP-10).
    Extended,
    /// Neither.
    Plain,
}

/// As in JSON.
impl fmt::Display for ResolverWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Who names a resolver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolverSource {
    /// The registry.
    Registry,
    /// The Universal Resolver, where the registry has none (ENSv2).
    UniversalResolver,
}

/// Where a recordhash is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordhashOrigin {
    /// The name's own.
    Name,
    /// That of a name above.
    Parent,
    /// The owner's ownerhash.
    Owner,
    /// There is none: the resolver's own gateways are asked.
    Web2,
}

/// As in JSON.
impl fmt::Display for RecordhashOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BlockReport {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: String,
    /// RFC 3339.
    pub time: String,
}

/// A record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChainRecordReport {
    /// The record type.
    pub record: String,
    /// Its value as text; only when it stands.
    pub value: Option<String>,
    /// Whether it stands: by its signatures, here and in the contract; or, of a resolver whose
    /// records are not signed, by the contract's word.
    pub verified: bool,
    /// Who signed it. Checksummed address.
    pub signer: Option<String>,
    /// Why that signer may, or whose word it is, in words.
    pub approval: Option<String>,
    /// Who served it; `null` where the chain did.
    pub gateway: Option<String>,
    /// Whether it is tied to what the chain says: by block hashes below the recordhash or the
    /// IPNS record of its key, or kept on chain at this block; without, an older validly signed
    /// record would not be noticed.
    pub proven: bool,
    /// What that is worth; `null` where nothing was fetched. Of `ipns`, `ipns.seen` says who was
    /// asked.
    pub freshness: Option<Freshness>,
    /// The names it was redirected to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirects: Vec<String>,
    /// Both judgements.
    pub verdicts: VerdictsReport,
    /// Why there is no value.
    pub error: Option<String>,
    /// Whether that is because there is no such record, so far as is known.
    pub absent: bool,
}

/// The judgements on a record: `accepted`, or `refused: …`; `null` where there is none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VerdictsReport {
    /// This program's.
    pub local: Option<String>,
    /// The resolver contract's, by `eth_call`.
    pub contract: Option<String>,
}

/// `resolve 0x…`: an address's primary name, checked forward.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReverseReport {
    /// Checksummed address.
    pub address: String,
    /// Its name; only when it leads back to the address.
    pub name: Option<String>,
    /// Whether there is a name and it leads back.
    pub verified: bool,
    /// The name, resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<ChainResolveReport>,
    /// What was asked, with `--trace`, where there is no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Vec<Step>>,
}

/// `resolve -`: many names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ManyReport {
    /// How many resolved without an error.
    pub ok: usize,
    /// How many did not.
    pub failed: usize,
    /// Each, in the order given.
    pub names: Vec<NameOutcomeReport>,
}

/// One of many names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NameOutcomeReport {
    /// What is known about it.
    #[serde(flatten)]
    pub found: FoundReport,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}

/// What is known about one of many names.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FoundReport {
    /// A name.
    Name(Box<ChainResolveReport>),
    /// An address.
    Address(Box<ReverseReport>),
    /// Nothing.
    Nothing {
        /// As given.
        name: String,
    },
}
