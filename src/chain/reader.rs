//! Calls at one block, to one node, or to nodes that stand in for each other.

use std::future::Future;

use alloy::eips::BlockId;
use alloy::network::TransactionBuilder;
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::json_rpc::RpcError;
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::SolCall;
use alloy::transports::{TransportError, TransportResult};
use alloy_primitives::{Address, Bytes};

use super::answer::{Answer, Heard, Witness};
use super::answers::Call;
use super::contracts::{Contracts, calls};
use super::dialect::is_execution_failure;
use super::error::{ChainError, Reason};
use super::revert::Revert;
use super::rpc::{Block, Rpc, Whom};

/// ERC-165 allows 30,000 for an answer; what every transaction pays comes on top of it. Old
/// contracts that lack the function may burn all they are given.
const INTERFACE_GAS: u64 = 100_000;

/// More of an answer that cannot be read is not shown, in bytes.
const MAX_SHOWN: usize = 68;

/// The nodes of one question at one block: it knows which of them have answered.
#[derive(Clone, Debug)]
pub struct BlockReader {
    rpc: Rpc,
    whom: Whom,
    block: Block,
    heard: Heard,
}

impl BlockReader {
    pub(super) fn new(rpc: Rpc, whom: Whom, block: Block) -> Self {
        Self { rpc, whom, block, heard: Heard::default() }
    }

    /// The block.
    pub fn block(&self) -> Block {
        self.block
    }

    /// The block, as calls name it: by hash, so that a node that has not seen it says so.
    pub fn block_id(&self) -> BlockId {
        BlockId::hash(self.block.hash)
    }

    /// A provider for what is more than a call, such as a lookup.
    pub fn provider(&self) -> RootProvider {
        self.rpc.provider(self.whom, self.heard.clone())
    }

    /// Who has answered.
    pub fn heard(&self) -> Witness {
        self.heard.witness()
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
        Ok(self.said(what, request(to, data)).await?.value)
    }

    /// As [`call`](Self::call), as the account `from` would make it.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_as(
        &self,
        what: &str,
        from: Address,
        to: Address,
        data: Vec<u8>,
    ) -> Result<Result<Bytes, Revert>, ChainError> {
        Ok(self.said(what, request(to, data).with_from(from)).await?.value)
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
        let (answers, call) =
            (self.rpc.answers(self.whom), Call { block: self.block.hash, to, data });
        if let Some(Answer { value, by }) = answers.get(&call) {
            self.heard.add(by);
            return Ok(value);
        }
        let mut request = request(to, call.data.clone());
        if call.data.starts_with(&calls::supportsInterfaceCall::SELECTOR) {
            request.set_gas_limit(INTERFACE_GAS);
        }
        let answer = self.said(what, request).await?;
        answers.keep(call, &answer);
        Ok(answer.value)
    }

    async fn said(
        &self,
        what: &str,
        request: TransactionRequest,
    ) -> Result<Answer<Result<Bytes, Revert>>, ChainError> {
        let at = self.block_id();
        let question =
            |node: RootProvider| async move { reverted(node.call(request).block(at).await) };
        let answer = self.rpc.ask_of(self.whom, what, question).await?;
        self.heard.add(answer.by.clone());
        Ok(answer)
    }

    /// The error of a request of [`provider`](Self::provider), with what each node did.
    pub fn error(&self, what: &str, error: &TransportError) -> ChainError {
        self.rpc.error(what, error, &self.heard())
    }

    /// An answer that is none.
    pub(super) fn failed(&self, what: &str, said: &str) -> ChainError {
        let reason = Reason { node: self.heard().to_string(), said: said.to_owned() };
        ChainError::Rpc { what: what.to_owned(), reasons: vec![reason] }
    }

    /// Any other question to the same nodes.
    pub(super) async fn question<T, R>(
        &self,
        what: &str,
        question: impl FnOnce(RootProvider) -> R,
    ) -> Result<T, ChainError>
    where
        R: Future<Output = TransportResult<T>>,
    {
        let answer = self.rpc.ask_of(self.whom, what, question).await?;
        self.heard.add(answer.by);
        Ok(answer.value)
    }

    /// The code of an account; empty where there is none.
    pub(super) async fn code(&self, of: Address) -> Result<Bytes, ChainError> {
        let at = self.block_id();
        let question = |node: RootProvider| async move { node.get_code_at(of).block_id(at).await };
        self.question("the code of an account", question).await
    }

    /// A call whose answer may be missing: `None` when the contract reverts, or does not exist.
    ///
    /// # Errors
    /// When the nodes fail, or [`ChainError::Malformed`]: what cannot be read stands for nothing.
    pub async fn ask<C: SolCall>(
        &self,
        to: Address,
        call: C,
    ) -> Result<Option<C::Return>, ChainError> {
        match self.read(C::SIGNATURE, to, call.abi_encode()).await? {
            Ok(data) if !data.is_empty() => decoded::<C>(to, &data).map(Some),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// As [`ask`](Self::ask), of a contract of which it is not known what it is: `None` also when
    /// it answers something else.
    ///
    /// # Errors
    /// When the nodes fail.
    pub async fn probe<C: SolCall>(
        &self,
        to: Address,
        call: C,
    ) -> Result<Option<C::Return>, ChainError> {
        match self.ask(to, call).await {
            Err(ChainError::Malformed { .. }) => Ok(None),
            answer => answer,
        }
    }

    /// A call that the contract must answer.
    ///
    /// # Errors
    /// When the nodes fail, [`ChainError::Contract`], or [`ChainError::Malformed`].
    pub async fn require<C: SolCall>(&self, to: Address, call: C) -> Result<C::Return, ChainError> {
        let answer = self.read(C::SIGNATURE, to, call.abi_encode()).await?;
        let contract = |revert| ChainError::Contract { contract: to, what: C::SIGNATURE, revert };
        decoded::<C>(to, &answer.map_err(contract)?)
    }
}

fn decoded<C: SolCall>(contract: Address, data: &[u8]) -> Result<C::Return, ChainError> {
    let malformed = |_| ChainError::Malformed {
        contract,
        what: C::SIGNATURE,
        answer: Bytes::copy_from_slice(&data[..data.len().min(MAX_SHOWN)]),
    };
    C::abi_decode_returns_validate(data).map_err(malformed)
}

fn request(to: Address, data: Vec<u8>) -> TransactionRequest {
    TransactionRequest::default().with_to(to).with_input(data)
}

/// That the contract does not let a call through is an answer.
fn reverted(answer: TransportResult<Bytes>) -> TransportResult<Result<Bytes, Revert>> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(RpcError::ErrorResp(error)) if is_execution_failure(&error) => {
            Ok(Err(Revert(error.as_revert_data().unwrap_or_default())))
        }
        Err(error) => Err(error),
    }
}
