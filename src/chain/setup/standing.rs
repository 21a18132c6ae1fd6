//! What stands on chain for a name.

use std::fmt;

use alloy_primitives::{Address, Bytes, U256};
use futures_util::future::try_join;

use super::{SetupError, SetupRequest, SignerStanding};
use crate::chain::contracts::calls;
use crate::chain::facts::levels;
use crate::chain::{BlockReader, ChainError, ChainView, NameFacts, Walk};
use crate::ens::Name;

/// The NameWrapper's fuse after which a name's resolver stays as it is.
const CANNOT_SET_RESOLVER: u32 = 8;

/// What the chain says about a name, as far as a setup may change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Owner, wrapper and resolver of the name in the registry that decides: the name itself, or
    /// its closest ancestor there.
    pub base: NameFacts,
    /// Who would send.
    pub sender: Address,
    /// Whether the sender may set the resolver.
    pub may_set_resolver: bool,
    /// Whether nobody may: the name is wrapped, and its fuse CANNOT_SET_RESOLVER is burned.
    pub resolver_is_locked: bool,
    /// The resolver of the base by the Universal Resolver, where it is another than in the
    /// registry: the name is registered in ENSv2, which clients ask.
    pub moved_to: Option<Address>,
    /// Whether the owner is a contract, such as a multisig.
    pub owner_is_contract: bool,
    /// When the registration of the base ends, in seconds since 1970, where its registrar says.
    pub expires: Option<u64>,
    /// The time of the block that was read, in seconds since 1970.
    pub now: u64,
    /// Whether the owner approved the sender on chain, which makes it a manager of records.
    pub is_manager: bool,
    /// The records resolver that the name has or will have.
    pub resolver: Address,
    /// The resolver of the base now, which may be one of a name above it (ENSIP-10); zero for
    /// none.
    pub resolver_now: Address,
    /// What the records resolver finds for the name.
    pub walk: Walk,
    /// What it keeps for the name by itself; may be empty.
    pub recordhash: Bytes,
    /// What it keeps for the owner; may be empty.
    pub ownerhash: Bytes,
    /// What an ownerhash costs, in wei.
    pub ownerhash_fee: U256,
    /// The signers to be approved, or no longer, as they stand for the base, then for other names.
    pub signers: Vec<SignerStanding>,
    /// The chain id that the resolver puts into the texts.
    pub text_chain_id: Option<u64>,
}

impl Standing {
    /// Whether the base has no resolver at all, as ENSv2 leaves names it has taken over.
    pub fn resolver_is_cleared(&self) -> bool {
        self.resolver_now.is_zero() && self.base.name.as_str().ends_with(".eth")
    }

    /// Whether the first signer that is asked about is approved for the base.
    pub fn signer_approved(&self) -> Option<bool> {
        self.signers.first().map(|signer| signer.is_approved)
    }
}

/// What chain and resolver keep, once owner and resolver are known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    may_set_resolver: bool,
    resolver_is_locked: bool,
    moved_to: Option<Address>,
    owner_is_contract: bool,
    expires: Option<u64>,
    is_manager: bool,
    recordhash: Bytes,
    ownerhash: Bytes,
    ownerhash_fee: U256,
    signers: Vec<SignerStanding>,
    text_chain_id: Option<u64>,
}

/// What nodes must agree on.
impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { recordhash, ownerhash, ownerhash_fee, is_manager, signers, .. } = self;
        let approved = signers.iter().filter(|signer| signer.is_approved);
        let approved: Vec<String> =
            approved.map(|one| format!("{} of {}", one.signer, one.name)).collect();
        write!(
            f,
            "recordhash {recordhash}, ownerhash {ownerhash}, its fee {ownerhash_fee} wei, \
             operator {}, manager {is_manager}, signers approved {approved:?}, expiry {}",
            self.may_set_resolver,
            self.expires.unwrap_or_default(),
        )
    }
}

impl ChainView {
    /// Reads what stands for the name of `request`, with the quorum of the nodes.
    ///
    /// # Errors
    /// [`SetupError::NotRegistered`], [`SetupError::NoRecordsResolver`], and when the chain cannot
    /// be asked.
    pub async fn standing(&self, request: &SetupRequest) -> Result<Standing, SetupError> {
        let base = &self.base(&request.name).await?;
        let sender = request.sender.unwrap_or(base.owner());
        let resolver_now = base.resolver.as_ref().map(|found| found.address).unwrap_or_default();
        let resolver = self.resolver_of(request.resolver, resolver_now).await?;
        let walk = self.walk(resolver, &request.name).await?.value;
        let what = format!("what is kept for {}", request.name);
        let others = &self.others(request, base, resolver).await?;
        let keep = |at: BlockReader| async move { at.kept(request, base, others, resolver).await };
        let kept = self.agreed(&what, keep).await?.value;
        Ok(Standing {
            resolver_is_locked: kept.resolver_is_locked,
            moved_to: kept.moved_to,
            owner_is_contract: kept.owner_is_contract,
            expires: kept.expires,
            now: self.block().timestamp,
            may_set_resolver: kept.may_set_resolver,
            base: base.clone(),
            sender,
            is_manager: kept.is_manager,
            resolver,
            resolver_now,
            walk,
            recordhash: kept.recordhash,
            ownerhash: kept.ownerhash,
            ownerhash_fee: kept.ownerhash_fee,
            signers: kept.signers,
            text_chain_id: kept.text_chain_id,
        })
    }

    /// The name itself or its closest ancestor that somebody owns; a top-level domain does not
    /// count, it is nobody's to set up.
    pub(super) async fn base(&self, name: &Name) -> Result<NameFacts, SetupError> {
        let mut names = levels(name);
        names.pop();
        for level in names {
            let facts = self.name_facts(&level).await?.value;
            if !facts.owner().is_zero() {
                return Ok(facts);
            }
        }
        Err(SetupError::NotRegistered(name.clone()))
    }

    pub(super) async fn resolver_of(
        &self,
        given: Option<Address>,
        now: Address,
    ) -> Result<Address, SetupError> {
        let own = given.is_none() && !now.is_zero() && self.is_records_resolver(now).await?.value;
        if own {
            return Ok(now);
        }
        let resolver = given.unwrap_or(self.contracts().records_resolver);
        match self.is_records_resolver(resolver).await?.value {
            true => Ok(resolver),
            false => Err(SetupError::NoRecordsResolver(resolver)),
        }
    }
}

impl BlockReader {
    async fn kept(
        &self,
        request: &SetupRequest,
        base: &NameFacts,
        others: &[Name],
        resolver: Address,
    ) -> Result<Kept, ChainError> {
        let owner = base.owner();
        let sender = request.sender.unwrap_or(owner);
        let node = base.name.node();
        let operator = calls::isApprovedForAllCall { owner, operator: sender };
        let operator_of = match base.wrapper_owner {
            Some(_) => self.contracts().name_wrapper,
            None => self.contracts().registry,
        };
        let ((is_operator, is_manager), (recordhash, ownerhash)) = try_join(
            try_join(
                self.ask(operator_of, operator),
                self.is_approved_signer(resolver, owner, node, sender),
            ),
            try_join(
                self.recordhash(resolver, request.name.node()),
                self.recordhash(resolver, owner.into_word()),
            ),
        )
        .await?;
        let (fee, text_chain_id) = try_join(
            self.ask(resolver, calls::ownerhashFeesCall {}),
            self.ask(resolver, calls::chainIDCall {}),
        )
        .await?;
        let names = [&base.name].into_iter().chain(others);
        let signers = self.signers(request, resolver, owner, names).await?;
        let ((resolver_is_locked, moved_to), (owner_is_contract, expires)) = try_join(
            try_join(self.resolver_is_locked(base), self.moved_to(base)),
            try_join(self.is_contract(owner), self.expires(&base.name)),
        )
        .await?;
        Ok(Kept {
            may_set_resolver: sender == owner || is_operator.unwrap_or(false),
            resolver_is_locked,
            moved_to,
            owner_is_contract,
            expires,
            is_manager,
            recordhash,
            ownerhash,
            ownerhash_fee: fee.unwrap_or_default(),
            signers,
            text_chain_id: text_chain_id.and_then(|text| text.parse().ok()),
        })
    }

    async fn resolver_is_locked(&self, base: &NameFacts) -> Result<bool, ChainError> {
        if base.wrapper_owner.is_none() {
            return Ok(false);
        }
        let id = U256::from_be_bytes(base.name.node().0);
        let data = self.ask(self.contracts().name_wrapper, calls::getDataCall { id }).await?;
        Ok(data.is_some_and(|data| data.fuses & CANNOT_SET_RESOLVER != 0))
    }

    async fn moved_to(&self, base: &NameFacts) -> Result<Option<Address>, ChainError> {
        let found = self.find_universally(&base.name).await?;
        let found = found.filter(|found| found.level == base.name).map(|found| found.address);
        let own = base.resolver.as_ref().filter(|own| own.level == base.name);
        Ok(found.filter(|found| own.is_none_or(|own| own.address != *found)))
    }
}
