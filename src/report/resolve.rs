//! Report of `resolve`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ErrorReport;
use crate::chain::GatewayLists;
use crate::resolve::{Freshness, GatewayNote, IpnsEvidence, Step};

/// `resolve NAME`: whose it is and where its records are, by the chain or by a person in its
/// place; and the records, each with who signed it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolveReport {
    /// The name.
    pub name: String,
    /// The resolver contract; `null` when the chain facts were given by hand.
    pub resolver: Option<String>,
    /// Who owns the name, or the closest registered name above it, as the resolver sees it.
    /// Checksummed address.
    pub owner: String,
    /// What else the chain says; nothing when the facts were given by hand.
    #[serde(flatten)]
    pub chain: Option<ChainFactsReport>,
    /// What the records are looked for under; `null` where there is none.
    pub recordhash: Option<String>,
    /// The IPNS record that led to the tree, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipns: Option<IpnsEvidence>,
    /// What gateways and publishers did that did not serve the newest IPNS record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<GatewayNote>,
    /// By record type.
    pub records: Vec<ResolvedReport>,
    /// What was asked, with `--trace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Vec<Step>>,
}

/// What the chain says about a name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChainFactsReport {
    /// The chain.
    pub chain_id: u64,
    /// Everything was read at this block.
    pub block: BlockReport,
    /// The name's node, EIP-137.
    pub node: String,
    /// What the resolver is.
    pub resolver_kind: ResolverWord,
    /// The name it is set for.
    pub resolver_of: String,
    /// Who says so.
    pub resolver_by: ResolverSource,
    /// Whether that is a name above (ENSIP-10).
    pub wildcard: bool,
    /// The registry's owner of the name, which is its manager.
    pub registry_owner: String,
    /// The NameWrapper's owner, of a wrapped name.
    pub wrapper_owner: Option<String>,
    /// Who holds the token of a second-level name.
    pub registrant: Option<String>,
    /// Where the recordhash is from; `null` for other resolvers.
    pub recordhash_from: Option<RecordhashOrigin>,
    /// The name or the owner it is set for.
    pub recordhash_of: Option<String>,
    /// The gateways of a records resolver (CCIP2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateways: Option<GatewayLists>,
    /// Where a Dev3 resolver has the records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dev3: Option<Dev3Report>,
    /// Whether the records are all that the tree lists; otherwise those asked for, or the usual.
    pub listed: bool,
}

/// Where a Dev3 resolver has the records of a name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dev3Report {
    /// The host, without scheme.
    pub gateway: String,
    /// The name that it is set for.
    pub of: String,
    /// Whether that is one of the resolver's own, of which every record needs an approval.
    pub core: bool,
}

/// What a resolver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolverWord {
    /// It finds signed records by a recordhash (CCIP2).
    Records,
    /// It finds signed records on the web server of a name (Dev3).
    Dev3,
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

/// A record that was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolvedReport {
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
    /// Whether it is in the older flat layout alone (ENSIP-XX): other clients do not see it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flat: bool,
    /// Both judgements; nothing where no contract was there to judge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<VerdictsReport>,
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
    pub forward: Option<ResolveReport>,
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
    Name(Box<ResolveReport>),
    /// An address.
    Address(Box<ReverseReport>),
    /// Nothing.
    Nothing {
        /// As given.
        name: String,
    },
}
