//! What is found about a name.

use std::fmt;

use alloy_primitives::Address;

use super::super::{FetchError, GatewayNote, IpnsEvidence, Proof};
use super::dev3::Dev3Space;
use crate::chain::{Block, ChainError, FoundResolver, GatewayLists, NameFacts, Walk};
use crate::ens::Name;
use crate::record::{RecordKey, Value};
use crate::recordhash::Recordhash;
use crate::request::ApprovalBasis;

/// A name, resolved.
#[derive(Clone, Debug)]
pub struct NameResolution {
    /// The name.
    pub name: Name,
    /// Who says whose it is and where its records are.
    pub source: FactsSource,
    /// The IPNS record that led to the files, where one did.
    pub ipns: Option<IpnsEvidence>,
    /// What gateways did that did not serve blocks or the IPNS record.
    pub notes: Vec<GatewayNote>,
    /// Whether the records are all that the tree lists, or the usual ones.
    pub listed: bool,
    /// Why the tree could not be listed, where that was tried.
    pub unlisted: Option<FetchError>,
    /// The records.
    pub records: Vec<OnchainRecord>,
    /// Where none was named and none could be fetched: why, once for all.
    pub unfetched: Option<FetchError>,
}

/// Where the facts about a name are from.
#[derive(Clone, Debug)]
pub enum FactsSource {
    /// The chain.
    Chain(Box<ChainFacts>),
    /// A person, in its place: no contract has judged.
    Hand(Box<GivenFacts>),
}

/// What the chain would say about a name with a records resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenFacts {
    /// The full name.
    pub name: Name,
    /// Its owner.
    pub owner: Address,
    /// Where its records are.
    pub recordhash: Recordhash,
    /// The chain id in the texts.
    pub chain_id: u64,
    /// Signers and managers the owner approved on chain.
    pub approved_signers: Vec<Address>,
}

/// What the chain says about a name.
#[derive(Clone, Debug)]
pub struct ChainFacts {
    /// Owner and resolver.
    pub name: NameFacts,
    /// The chain's id.
    pub chain_id: u64,
    /// Whether the registry has no resolver for it and the Universal Resolver has (ENSv2).
    pub universal: bool,
    /// At this block.
    pub block: Block,
    /// What the resolver is.
    pub kind: ResolverKind,
}

/// What a resolver is.
#[derive(Clone, Debug)]
pub enum ResolverKind {
    /// A records resolver (CCIP2): every record carries signatures, which are verified here.
    Records(Box<RecordsFacts>),
    /// A Dev3 resolver, whose records are verified here too: where they are.
    Dev3(Option<Box<Dev3Space>>),
    /// Any other: its word is the answer.
    Plain(FoundResolver),
}

/// What a records resolver says about a name.
#[derive(Clone, Debug)]
pub struct RecordsFacts {
    /// Whose recordhash applies, and who owns what it is set for.
    pub walk: Walk,
    /// The recordhash; `None` when there is none.
    pub recordhash: Option<Recordhash>,
    /// Its gateways.
    pub gateways: GatewayLists,
}

/// A judgement on a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It stands.
    Accepted,
    /// It does not, for this reason.
    Refused(String),
}

impl Judgement {
    /// Whether the record stands.
    pub fn is_accepted(&self) -> bool {
        *self == Self::Accepted
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Refused(reason) => write!(f, "refused: {reason}"),
        }
    }
}

/// A record that was asked for.
#[derive(Clone, Debug)]
pub struct OnchainRecord {
    /// Which.
    pub key: RecordKey,
    /// The value, or why there is none to show.
    pub value: Result<Value, OnchainRecordError>,
    /// Who signed it and why that signer may, once verified.
    pub signed: Option<(Address, ApprovalBasis)>,
    /// Who served it, where it came from a gateway.
    pub gateway: Option<String>,
    /// What shows that the file is the one the recordhash leads to.
    pub proof: Option<Proof>,
    /// The judgement of this program; `None` where nothing is signed.
    pub local: Option<Judgement>,
    /// The judgement of the resolver contract; `None` where it was not asked.
    pub contract: Option<Judgement>,
    /// The names it was redirected to, in order.
    pub redirects: Vec<Name>,
    /// Whether it is in the older flat layout alone, where no resolver sends its clients.
    pub flat: bool,
    /// Whether it is what a gateway answered, signed by nobody that this program knows: the
    /// resolver contract alone says what that is worth. Also where a redirect leads there.
    pub gateways_word: bool,
}

/// Why a record has no value to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OnchainRecordError {
    /// The resolver has none.
    #[error("it is not set")]
    NotSet,
    /// It could not be fetched, or does not exist.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It does not verify, here and in the contract.
    #[error("it does not verify: {0}")]
    Unverified(String),
    /// This program and the contract do not agree.
    #[error(
        "the judgements differ: namesys says {local:?}, the resolver contract says {contract:?}; \
         do not rely on it"
    )]
    Differ {
        /// This program's.
        local: String,
        /// The contract's.
        contract: String,
    },
    /// The resolver does not answer for it.
    #[error("the resolver does not answer for it: {0}")]
    Resolver(String),
    /// It is redirected to a name whose resolver is an account without code.
    #[error("{0}")]
    NoContract(String),
    /// The resolver answers with what its interface does not allow.
    #[error("the resolver's answer is malformed: {0}")]
    Malformed(String),
    /// It is set to something that is no value of its kind.
    #[error("it is set to something else than such a value: {0}")]
    Value(String),
    /// The lookup and its callback were answered at different blocks, or on different forks, at
    /// every attempt.
    #[error(
        "the contract refuses the callback with {reason}: the lookup and the callback were \
         answered from different blocks, by a pool of nodes that are not in step{}; nothing can \
         be said about the record", after(*attempts)
    )]
    Stale {
        /// What the contract says: `BAD_CHECKSUM` or `BLOCK_TIMEOUT`.
        reason: String,
        /// How often it was tried, each time at the newest block.
        attempts: usize,
    },
    /// Names redirect to names without end.
    #[error("{0} names redirect to one another; no more are followed")]
    TooManyRedirects(usize),
}

/// Why nothing can be said about the records of a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The chain could not be asked, or does not agree with itself.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Neither it nor a name above it has one that resolves it.
    #[error("{}", no_resolver(facts))]
    NoResolver {
        /// What the chain says.
        facts: Box<NameFacts>,
    },
    /// Its resolver is an account without code.
    #[error("the resolver of {name}, {resolver}, is not a contract: it answers nothing")]
    NoContract {
        /// The name.
        name: Name,
        /// What is set as its resolver.
        resolver: Address,
    },
    /// What the resolver keeps as recordhash is none.
    #[error("the recordhash of {name} cannot be used: {reason}; the resolver contract: {contract}")]
    Recordhash {
        /// The name.
        name: Name,
        /// What is wrong with it.
        reason: String,
        /// What the contract does when it is asked for a record.
        contract: String,
    },
}

fn after(attempts: usize) -> String {
    match attempts {
        0 | 1 => String::new(),
        count => format!(", {count} times in a row"),
    }
}

fn no_resolver(facts: &NameFacts) -> String {
    let name = &facts.name;
    match facts.owner().is_zero() {
        true => format!("{name} is not registered, and no name above it resolves it"),
        false => format!("{name} has no resolver"),
    }
}

impl NameResolution {
    /// Leaves out records that are not set, of those that nobody asked for by name.
    pub(super) fn leave_out_unset(&mut self) {
        let unset = |record: &OnchainRecord| {
            record.is_absent() || matches!(record.value, Err(OnchainRecordError::Resolver(_)))
        };
        self.records.retain(|record| !unset(record));
    }

    /// Where none of the records could be fetched, says so once for all.
    pub(super) fn say_unfetched_once(&mut self) {
        self.unfetched = OnchainRecord::all_unfetched(&self.records);
        if self.unfetched.is_some() {
            self.records.clear();
        }
    }
}

impl OnchainRecord {
    pub(super) fn of(key: &RecordKey, value: Result<Value, OnchainRecordError>) -> Self {
        Self {
            key: key.clone(),
            value,
            signed: None,
            gateway: None,
            proof: None,
            local: None,
            contract: None,
            redirects: Vec::new(),
            flat: false,
            gateways_word: false,
        }
    }

    /// Whether the record does not exist, so far as is known.
    pub fn is_absent(&self) -> bool {
        matches!(
            self.value,
            Err(OnchainRecordError::NotSet | OnchainRecordError::Fetch(FetchError::NotFound { .. }))
        )
    }

    /// Why it could not be fetched, where it is not known to be missing.
    fn unfetched(&self) -> Option<&FetchError> {
        match &self.value {
            Err(OnchainRecordError::Fetch(FetchError::NotFound { .. })) => None,
            Err(OnchainRecordError::Fetch(error)) => Some(error),
            _ => None,
        }
    }

    /// Why none of `records` could be fetched, if that is so of each: what does not verify comes
    /// before what only failed.
    pub(super) fn all_unfetched(records: &[Self]) -> Option<FetchError> {
        let errors: Option<Vec<&FetchError>> = records.iter().map(Self::unfetched).collect();
        let errors = errors?;
        let is_wrong = |error: &&&FetchError| {
            matches!(error, FetchError::Refuted { .. } | FetchError::BadIpnsRecord { .. })
        };
        errors.iter().find(is_wrong).or(errors.first()).map(|error| (*error).clone())
    }

    /// Whether another block may give an answer.
    pub(super) fn is_stale(&self) -> bool {
        matches!(
            self.value,
            Err(OnchainRecordError::Stale { .. }
                | OnchainRecordError::Chain(ChainError::LostBlock { .. }))
        )
    }

    /// Tells how often it was tried.
    pub(super) fn tried(&mut self, times: usize) {
        if let Err(OnchainRecordError::Stale { attempts, .. }) = &mut self.value {
            *attempts = times;
        }
    }
}
