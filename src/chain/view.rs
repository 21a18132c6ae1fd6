//! Calls at one block.

use std::fmt;

use alloy::eips::BlockId;
use alloy::network::TransactionBuilder;
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::json_rpc::{ErrorPayload, RpcError};
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::{SolCall, SolError};
use alloy::transports::TransportError;
use alloy_primitives::{Address, Bytes, hex};

use super::answers::Call;
use super::contracts::{Contracts, calls};
use super::error::ChainError;
use super::rpc::{Block, Nodes, Rpc};

/// More of a revert's own words is not shown, in characters.
const SHOWN: usize = 200;

/// The chain at one block.
#[derive(Clone, Debug)]
pub struct ChainView {
    rpc: Rpc,
    nodes: Nodes,
    block: Block,
}

/// A call that the contract did not let through, with the data it reverted with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revert(pub Bytes);

impl ChainView {
    pub(super) fn new(rpc: Rpc, nodes: Nodes, block: Block) -> Self {
        Self { rpc, nodes, block }
    }

    /// The block.
    pub fn block(&self) -> Block {
        self.block
    }

    /// The block, as calls name it: by hash, so that a node that has not seen it says so.
    pub fn block_id(&self) -> BlockId {
        BlockId::hash(self.block.hash)
    }

    /// The provider behind it.
    pub fn provider(&self) -> &RootProvider {
        &self.nodes.provider
    }

    /// The nodes behind it.
    pub fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    /// The contracts.
    pub fn contracts(&self) -> &Contracts {
        self.rpc.contracts()
    }

    /// `eth_call`, sent in any case.
    ///
    /// # Errors
    /// When the nodes fail. That the contract reverts is an answer, the inner error.
    pub async fn call(
        &self,
        what: &str,
        to: Address,
        data: Vec<u8>,
    ) -> Result<Result<Bytes, Revert>, ChainError> {
        let request = TransactionRequest::default().with_to(to).with_input(data);
        match self.provider().call(request).block(self.block_id()).await {
            Ok(answer) => Ok(Ok(answer)),
            Err(RpcError::ErrorResp(error)) if is_execution_failure(&error) => {
                Ok(Err(Revert(error.as_revert_data().unwrap_or_default())))
            }
            Err(error) => Err(self.error(what, error)),
        }
    }

    /// As [`call`](Self::call), sent only if the same was not answered before at this block.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn read(
        &self,
        what: &str,
        to: Address,
        data: Vec<u8>,
    ) -> Result<Result<Bytes, Revert>, ChainError> {
        let call = Call { block: self.block.hash, to, data };
        if let Some(answer) = self.nodes.answers.get(&call) {
            return Ok(answer);
        }
        let answer = self.call(what, to, call.data.clone()).await?;
        self.nodes.answers.keep(call, &answer);
        Ok(answer)
    }

    /// The error of a request that the nodes failed, with what each of them did.
    pub(crate) fn error(&self, what: &str, error: TransportError) -> ChainError {
        self.rpc.error_of(what, error, self.nodes.number)
    }

    /// A call whose answer may be missing: `None` when the contract reverts, does not exist, or
    /// answers something else.
    ///
    /// # Errors
    /// When the nodes fail.
    pub async fn ask<C: SolCall>(
        &self,
        to: Address,
        call: C,
    ) -> Result<Option<C::Return>, ChainError> {
        let answer = self.read(C::SIGNATURE, to, call.abi_encode()).await?;
        Ok(answer.ok().and_then(|data| C::abi_decode_returns(&data).ok()))
    }

    /// A call that the contract must answer.
    ///
    /// # Errors
    /// When the nodes fail, or [`ChainError::Contract`].
    pub async fn require<C: SolCall>(&self, to: Address, call: C) -> Result<C::Return, ChainError> {
        let answer = self.read(C::SIGNATURE, to, call.abi_encode()).await?;
        let contract = |revert| ChainError::Contract { contract: to, what: C::SIGNATURE, revert };
        let data = answer.map_err(contract)?;
        C::abi_decode_returns(&data).map_err(|_| contract(Revert::default()))
    }
}

/// Whether an error is about the call, not about the node: a revert, or code that cannot run
/// (old contracts end unknown functions with an invalid opcode).
pub(crate) fn is_execution_failure(error: &ErrorPayload) -> bool {
    let message = error.message.to_ascii_lowercase();
    let words = ["revert", "invalid opcode", "out of gas", "stack underflow", "invalid jump"];
    error.code == 3
        || words.iter().any(|word| message.contains(word))
        || message.contains("opcodenotfound")
        || message.contains("bad instruction")
        || message.contains("vm execution error")
}

impl Revert {
    /// The reason of `InvalidRequest(string)`, by which the records resolver refuses a callback.
    pub fn invalid_request(&self) -> Option<String> {
        calls::InvalidRequest::abi_decode(&self.0).ok().map(|error| error.message)
    }
}

/// The error by name, with its message where it has one.
impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = &self.0;
        let named = |name: &str, message: &str| {
            let short: String = message.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
            format!("{name}({short:?})")
        };
        let text = if data.is_empty() {
            "it gives no reason".to_owned()
        } else if let Ok(error) = calls::InvalidRequest::abi_decode(data) {
            named("InvalidRequest", &error.message)
        } else if let Ok(error) = calls::NotAuthorised::abi_decode(data) {
            named("NotAuthorised", &error.message)
        } else if let Ok(error) = calls::InvalidSignature::abi_decode(data) {
            named("InvalidSignature", &error.message)
        } else if calls::PlsFundDevs::abi_decode(data).is_ok() {
            "PlsFundDevs(): less is sent than the fee that ownerhashFees() names".to_owned()
        } else if let Ok(error) = calls::NotOwner::abi_decode(data) {
            format!("NotOwner: {} does not own the name in the registry", error.sender)
        } else if let Ok(error) = calls::Unauthorised::abi_decode(data) {
            format!("Unauthorised: {} does not own the wrapped name", error.addr)
        } else if calls::OperationProhibited::abi_decode(data).is_ok() {
            "OperationProhibited: a fuse of the wrapped name forbids it".to_owned()
        } else if let Ok(error) = calls::Error::abi_decode(data) {
            named("Error", &error.message)
        } else if let Ok(error) = calls::HttpError::abi_decode(data) {
            named(&format!("HttpError {}", error.status), &error.message)
        } else if let Ok(error) = calls::FeatureNotImplemented::abi_decode(data) {
            format!("FeatureNotImplemented({})", error.selector)
        } else {
            format!("it reverts with {}", hex::encode_prefixed(&data[..data.len().min(68)]))
        };
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::FixedBytes;

    use super::*;

    #[test]
    fn known_errors_are_put_into_words() {
        let text = |data: Vec<u8>| Revert(data.into()).to_string();
        let message = "NOT_APPROVED".to_owned();
        let shown = text(calls::NotAuthorised { message }.abi_encode());
        assert_eq!(shown, "NotAuthorised(\"NOT_APPROVED\")");
        let fee = text(calls::PlsFundDevs {}.abi_encode());
        assert!(fee.starts_with("PlsFundDevs()") && fee.contains("fee"), "{fee}");
        let sender = Address::repeat_byte(1);
        let node = Default::default();
        let owner = text(calls::NotOwner { node, sender }.abi_encode());
        assert!(owner.contains(&sender.to_string()), "{owner}");
        let wrapper = text(calls::Unauthorised { node, addr: sender }.abi_encode());
        assert!(wrapper.contains("wrapped"), "{wrapper}");
        let fuse = text(calls::OperationProhibited { node }.abi_encode());
        assert!(fuse.contains("fuse"), "{fuse}");
        let selector = FixedBytes([1, 2, 3, 4]);
        let feature = text(calls::FeatureNotImplemented { selector }.abi_encode());
        assert_eq!(feature, "FeatureNotImplemented(0x01020304)");
        assert_eq!(text(Vec::new()), "it gives no reason");
        assert_eq!(text(vec![1, 2, 3, 4]), "it reverts with 0x01020304");
    }
}
