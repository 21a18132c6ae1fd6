//! What stands on chain for a name.

use alloy_primitives::{Address, Bytes, U256};
use futures_util::future::try_join;

use super::{SetupError, SetupRequest};
use crate::chain::contracts::calls;
use crate::chain::facts::levels;
use crate::chain::{ChainError, ChainView, NameFacts, Walk};
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
    /// Whether the signer to be approved is approved already.
    pub signer_approved: Option<bool>,
    /// The chain id that the resolver puts into the texts.
    pub text_chain_id: Option<u64>,
}

impl Standing {
    /// Whether the base has no resolver at all, as ENSv2 leaves names it has taken over.
    pub fn resolver_is_cleared(&self) -> bool {
        self.resolver_now.is_zero() && self.base.name.as_str().ends_with(".eth")
    }
}

impl ChainView {
    /// Reads what stands for the name of `request`; owner, resolver and recordhash with the
    /// quorum of the nodes.
    ///
    /// # Errors
    /// [`SetupError::NotRegistered`], [`SetupError::NoRecordsResolver`], and when the chain cannot
    /// be asked.
    pub async fn standing(&self, request: &SetupRequest) -> Result<Standing, SetupError> {
        let base = self.base(&request.name).await?;
        let owner = base.owner();
        let sender = request.sender.unwrap_or(owner);
        let node = base.name.node();
        let registry = self.contracts().registry;
        let resolver_now = base.resolver.as_ref().map(|found| found.address).unwrap_or_default();
        let resolver = self.resolver_of(request.resolver, resolver_now).await?;
        let operator = calls::isApprovedForAllCall { owner, operator: sender };
        let operator_of = base.wrapper_owner.map_or(registry, |_| self.contracts().name_wrapper);
        let ((is_operator, is_manager), walk) = try_join(
            try_join(
                self.ask(operator_of, operator),
                self.is_approved_signer(resolver, owner, node, sender),
            ),
            self.agreed_walk(resolver, &request.name),
        )
        .await?;
        let ((recordhash, ownerhash), (fee, text_chain_id)) = try_join(
            try_join(
                self.recordhash(resolver, request.name.node()),
                self.recordhash(resolver, owner.into_word()),
            ),
            try_join(
                self.ask(resolver, calls::ownerhashFeesCall {}),
                self.ask(resolver, calls::chainIDCall {}),
            ),
        )
        .await?;
        let signer_approved = match request.approve {
            Some(signer) => Some(self.is_approved_signer(resolver, owner, node, signer).await?),
            None => None,
        };
        let (resolver_is_locked, (owner_is_contract, expires)) = try_join(
            self.resolver_is_locked(&base),
            try_join(self.is_contract(owner), self.expires(&base.name)),
        )
        .await?;
        Ok(Standing {
            resolver_is_locked,
            owner_is_contract,
            expires,
            now: self.block().timestamp,
            may_set_resolver: sender == owner || is_operator.unwrap_or(false),
            base,
            sender,
            is_manager,
            resolver,
            resolver_now,
            walk,
            recordhash,
            ownerhash,
            ownerhash_fee: fee.unwrap_or_default(),
            signer_approved,
            text_chain_id: text_chain_id.and_then(|text| text.parse().ok()),
        })
    }

    /// The name itself or its closest ancestor that somebody owns; a top-level domain does not
    /// count, it is nobody's to set up.
    async fn base(&self, name: &Name) -> Result<NameFacts, SetupError> {
        let mut names = levels(name);
        names.pop();
        for level in names {
            let facts = self.agreed_facts(&level).await?;
            if !facts.owner().is_zero() {
                return Ok(facts);
            }
        }
        Err(SetupError::NotRegistered(name.clone()))
    }

    async fn resolver_is_locked(&self, base: &NameFacts) -> Result<bool, ChainError> {
        if base.wrapper_owner.is_none() {
            return Ok(false);
        }
        let id = U256::from_be_bytes(base.name.node().0);
        let data = self.ask(self.contracts().name_wrapper, calls::getDataCall { id }).await?;
        Ok(data.is_some_and(|data| data.fuses & CANNOT_SET_RESOLVER != 0))
    }

    /// Owner and resolver; with a quorum, as so many nodes agree.
    async fn agreed_facts(&self, name: &Name) -> Result<NameFacts, ChainError> {
        let ask = |view: ChainView| async move { view.name_facts(name).await };
        self.rpc().agreed(&format!("owner and resolver of {name}"), self.block(), ask).await
    }

    /// The recordhash that applies; with a quorum, as so many nodes agree.
    async fn agreed_walk(&self, resolver: Address, name: &Name) -> Result<Walk, ChainError> {
        let ask = |view: ChainView| async move { view.walk(resolver, name).await };
        self.rpc().agreed(&format!("recordhash of {name}"), self.block(), ask).await
    }

    async fn resolver_of(
        &self,
        given: Option<Address>,
        now: Address,
    ) -> Result<Address, SetupError> {
        let own = given.is_none() && !now.is_zero() && self.is_records_resolver(now).await?;
        if own {
            return Ok(now);
        }
        let resolver = given.unwrap_or(self.contracts().records_resolver);
        match self.is_records_resolver(resolver).await? {
            true => Ok(resolver),
            false => Err(SetupError::NoRecordsResolver(resolver)),
        }
    }
}
