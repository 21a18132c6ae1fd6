//! The devnet's chain: a real anvil with ENS on it.
//!
//! Contracts of our own Solidity stand at the mainnet addresses of what they stand for: the
//! registry, the NameWrapper, the Universal Resolver, a resolver with records on chain, and the
//! CCIP2 resolver ([the resolver](crate::spec::resolver)), which sends clients to the devnet's
//! gateway. They behave as what clients may rely on says; they are not the deployed bytecode.
//!
//! anvil answers whoever asks, so it listens where nobody looks, without CORS, and a server before
//! it refuses what comes from web pages of other sites or under another host's name.

mod anvil;
mod children;
mod contracts;
mod front;
mod gateways;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use alloy::network::{Ethereum, Network, TransactionBuilder};
use alloy::providers::{Provider, ProviderBuilder, RootProvider};
use alloy::sol_types::SolCall;
use alloy::transports::{RpcError, TransportErrorKind};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::ens::Name;
use anvil::Anvil;
pub use anvil::{AnvilError, AnvilSearch, CHAIN_ID, MNEMONIC};
use bindings::{CCIP2Resolver, GatewayManager, NameWrapper, PlainResolver, Registry};
pub use children::Inherited;
pub use contracts::{
    CCIP2_RESOLVER, GATEWAY_MANAGER, NAME_WRAPPER, PLAIN_RESOLVER, REGISTRY, UNIVERSAL_RESOLVER,
    bindings,
};
use front::Front;
pub use gateways::ChainGateways;

type TransactionRequest = <Ethereum as Network>::TransactionRequest;

/// Enough for any call here; anvil's blocks hold thirty million.
const GAS: u64 = 10_000_000;
/// How long a transaction may take to be mined; anvil mines each at once.
const RECEIPT_TIMEOUT: Duration = Duration::from_secs(10);

/// How a chain is started.
#[derive(Clone, Debug)]
pub struct ChainConfig {
    /// Where anvil may be.
    pub anvil: AnvilSearch,
    /// The loopback port of its RPC; 0 lets the system choose.
    pub port: u16,
    /// Where records are.
    pub gateways: ChainGateways,
}

/// Why the chain does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// No anvil, or it does not start.
    #[error(transparent)]
    Anvil(#[from] AnvilError),
    /// The RPC refused or failed.
    #[error("the devnet's chain failed at {step}: {source}")]
    Rpc {
        /// What was asked.
        step: &'static str,
        /// What anvil said.
        source: RpcError<TransportErrorKind>,
    },
    /// A transaction was mined, and reverted.
    #[error("the devnet's chain reverted the transaction {hash} of {from} to {to}")]
    Reverted {
        /// The transaction.
        hash: B256,
        /// Who sent it.
        from: Address,
        /// To which contract.
        to: Address,
    },
    /// A transaction was not mined in time.
    #[error("the devnet's chain did not mine the transaction {0} within ten seconds")]
    NotMined(B256),
    /// The answer is not what the function returns.
    #[error("the devnet's chain answered {step} with something else: {reason}")]
    Answer {
        /// What was asked.
        step: &'static str,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The port is taken.
    #[error("cannot listen on port {port} of the loopback address: {source}")]
    Listen {
        /// What was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The HTTP client or a task could not be made.
    #[error("the devnet's chain cannot be reached: {0}")]
    Client(String),
}

/// A running chain; anvil ends when this is dropped.
#[derive(Debug)]
pub struct ChainDevnet {
    rpc_url: String,
    accounts: Vec<Address>,
    provider: RootProvider,
    /// Impersonation is switched on and off around each transaction: one at a time.
    sending: Mutex<()>,
    /// Before anvil: it has to end first.
    front: Front,
    _anvil: Anvil,
}

impl ChainDevnet {
    /// Finds anvil, starts it, and puts the contracts on its chain. The root node and the
    /// contracts belong to the first account.
    ///
    /// # Errors
    /// [`ChainError`]; nothing runs then.
    pub async fn start(config: ChainConfig) -> Result<Self, ChainError> {
        let ChainConfig { anvil: search, port, gateways } = config;
        let start = move || {
            let program = search.find()?;
            Anvil::start(&program, &search.inherited)
        };
        let anvil = tokio::task::spawn_blocking(start)
            .await
            .map_err(|error| ChainError::Client(error.to_string()))??;
        let front = Front::start(port, anvil.addr());
        let front = front.map_err(|source| ChainError::Listen { port, source })?;
        let rpc_url = format!("http://{}", front.addr());
        let provider = provider(&format!("http://{}", anvil.addr()))?;
        let accounts = provider.get_accounts().await.map_err(rpc("eth_accounts"))?;
        if accounts.is_empty() {
            let reason = "there are no accounts".to_owned();
            return Err(ChainError::Answer { step: "eth_accounts", reason });
        }
        let sending = Mutex::new(());
        let chain = Self { rpc_url, accounts, provider, sending, front, _anvil: anvil };
        for contract in contracts::installations(&gateways) {
            chain.install(contract.address, contract.creation).await?;
        }
        Ok(chain)
    }

    /// Where the RPC listens.
    pub fn addr(&self) -> SocketAddr {
        self.front.addr()
    }

    /// The RPC's URL, without a trailing slash.
    pub fn rpc_url(&self) -> &str {
        &self.rpc_url
    }

    /// Accounts with 10,000 ether each, their keys those of [`MNEMONIC`]. The first owns the root
    /// node and administers the contracts.
    pub fn accounts(&self) -> &[Address] {
        &self.accounts
    }

    /// alloy's provider of the RPC, without fillers.
    pub fn provider(&self) -> &RootProvider {
        &self.provider
    }

    /// Runs a contract's constructor at an address of choice and leaves its code there, whatever
    /// was there before. `creation` is the creation bytecode with the constructor's arguments.
    ///
    /// # Errors
    /// [`ChainError`], also when the constructor reverts.
    pub async fn install(&self, address: Address, creation: Bytes) -> Result<(), ChainError> {
        // As code of the address, the constructor writes that address's storage; what it returns
        // is the code to stay, immutables included.
        self.set_code(address, creation).await?;
        let runtime = self.eth_call(self.accounts[0], address, Bytes::new()).await?;
        self.transact(self.accounts[0], address, Bytes::new()).await?;
        self.set_code(address, runtime).await
    }

    /// Gives `name` to `owner`, with `resolver` (zero for none). Ancestors that do not exist
    /// belong to the first account. A name that exists is given anew; a wrapped parent's names
    /// cannot be given so.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn register(
        &self,
        name: &Name,
        owner: Address,
        resolver: Address,
    ) -> Result<(), ChainError> {
        let mut parent = B256::ZERO;
        let labels: Vec<B256> = name.labels().map(|label| keccak256(label.as_bytes())).collect();
        for (above, label) in labels.iter().enumerate().rev() {
            let holder = self.call(REGISTRY, Registry::ownerCall { node: parent }).await?;
            let (node, label) = (keccak256([parent, *label].concat()), *label);
            if above == 0 {
                let call =
                    Registry::setSubnodeRecordCall { node: parent, label, owner, resolver, ttl: 0 };
                self.send(holder, REGISTRY, call).await?;
            } else if !self.call(REGISTRY, Registry::recordExistsCall { node }).await? {
                let owner = self.accounts[0];
                let call = Registry::setSubnodeOwnerCall { node: parent, label, owner };
                self.send(holder, REGISTRY, call).await?;
            }
            parent = node;
        }
        Ok(())
    }

    /// Wraps `name`, which must be registered: its registry owner then owns it in the
    /// NameWrapper.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn wrap(&self, name: &Name) -> Result<(), ChainError> {
        let owner = self.call(REGISTRY, Registry::ownerCall { node: name.node() }).await?;
        let approve = Registry::setApprovalForAllCall { operator: NAME_WRAPPER, approved: true };
        self.send(owner, REGISTRY, approve).await?;
        let resolver = Address::ZERO;
        let name = name.dns().into();
        let wrap = NameWrapper::wrapCall { name, wrappedOwner: owner, resolver };
        self.send(owner, NAME_WRAPPER, wrap).await
    }

    /// Makes `name` the primary name of `account` (`<account>.addr.reverse`).
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn set_primary_name(&self, account: Address, name: &Name) -> Result<(), ChainError> {
        let reverse = Name::parse(&format!("{account:x}.addr.reverse"))
            .expect("40 hexadecimal digits are a valid label");
        self.register(&reverse, account, PLAIN_RESOLVER).await?;
        let call = PlainResolver::setNameCall { node: reverse.node(), newName: name.to_string() };
        self.send(account, PLAIN_RESOLVER, call).await
    }

    /// Replaces the gateways of the CCIP2 resolver, scheme included.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn set_gateways(&self, gateways: &ChainGateways) -> Result<(), ChainError> {
        for contract in contracts::installations(gateways) {
            if contract.address == GATEWAY_MANAGER {
                self.clear_lists().await?;
                self.install(contract.address, contract.creation).await?;
            }
        }
        Ok(())
    }

    /// The signers or managers `owner` approves for `node` in the CCIP2 resolver.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn approve(
        &self,
        owner: Address,
        name: &Name,
        signer: Address,
    ) -> Result<(), ChainError> {
        let node = name.node();
        let call = CCIP2Resolver::approveCall { node, signer, approved: true };
        self.send(owner, CCIP2_RESOLVER, call).await
    }

    /// Gives `account` 10,000 ether, for gas.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn fund(&self, account: Address) -> Result<(), ChainError> {
        let plenty = U256::from(10).pow(U256::from(22));
        self.anvil_request("anvil_setBalance", json!([account, plenty])).await
    }

    /// Sends a transaction as `from`, whoever that is, and waits until it is mined.
    ///
    /// # Errors
    /// [`ChainError`], also when it reverts.
    pub async fn send<C: SolCall>(
        &self,
        from: Address,
        to: Address,
        call: C,
    ) -> Result<(), ChainError> {
        self.transact(from, to, call.abi_encode().into()).await
    }

    /// Calls a function that changes nothing.
    ///
    /// # Errors
    /// [`ChainError::Rpc`] with the revert's data when it reverts.
    pub async fn call<C: SolCall>(&self, to: Address, call: C) -> Result<C::Return, ChainError> {
        let answer = self.eth_call(self.accounts[0], to, call.abi_encode().into()).await?;
        C::abi_decode_returns(&answer)
            .map_err(|error| ChainError::Answer { step: C::SIGNATURE, reason: error.to_string() })
    }

    async fn eth_call(&self, from: Address, to: Address, data: Bytes) -> Result<Bytes, ChainError> {
        let request = TransactionRequest::default().from(from).to(to).with_input(data);
        self.provider.call(request).await.map_err(rpc("eth_call"))
    }

    async fn transact(&self, from: Address, to: Address, data: Bytes) -> Result<(), ChainError> {
        let _one_at_a_time = self.sending.lock().await;
        let own = self.accounts.contains(&from);
        if !own {
            let plenty = U256::from(10).pow(U256::from(20));
            self.anvil_request("anvil_setBalance", json!([from, plenty])).await?;
            self.anvil_request("anvil_impersonateAccount", json!([from])).await?;
        }
        let request =
            TransactionRequest::default().from(from).to(to).with_input(data).with_gas_limit(GAS);
        let sent: Result<B256, _> =
            self.provider.raw_request("eth_sendTransaction".into(), (request,)).await;
        if !own {
            self.anvil_request("anvil_stopImpersonatingAccount", json!([from])).await?;
        }
        let hash = sent.map_err(rpc("eth_sendTransaction"))?;
        if self.succeeded(hash).await? {
            Ok(())
        } else {
            Err(ChainError::Reverted { hash, from, to })
        }
    }

    async fn succeeded(&self, hash: B256) -> Result<bool, ChainError> {
        let mined = async {
            loop {
                let receipt = self.provider.get_transaction_receipt(hash).await;
                if let Some(receipt) = receipt.map_err(rpc("eth_getTransactionReceipt"))? {
                    return Ok(receipt.status());
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(RECEIPT_TIMEOUT, mined)
            .await
            .unwrap_or(Err(ChainError::NotMined(hash)))
    }

    async fn set_code(&self, address: Address, code: Bytes) -> Result<(), ChainError> {
        self.anvil_request("anvil_setCode", json!([address, code])).await
    }

    /// The lists of the gateway manager are storage: a shorter one would leave the rest.
    async fn clear_lists(&self) -> Result<(), ChainError> {
        let admin = self.accounts[0];
        let web3 = GatewayManager::setWeb3GatewaysCall { gateways: Vec::new() };
        self.send(admin, GATEWAY_MANAGER, web3).await?;
        let web2 = GatewayManager::setWeb2GatewaysCall { gateways: Vec::new() };
        self.send(admin, GATEWAY_MANAGER, web2).await
    }

    async fn anvil_request(&self, method: &'static str, params: Value) -> Result<(), ChainError> {
        let answer: Result<Option<Value>, _> =
            self.provider.raw_request(method.into(), params).await;
        answer.map(drop).map_err(rpc(method))
    }
}

fn rpc(step: &'static str) -> impl FnOnce(RpcError<TransportErrorKind>) -> ChainError {
    move |source| ChainError::Rpc { step, source }
}

/// A provider over plain HTTP: neither proxies nor certificates concern the loopback address.
fn provider(url: &str) -> Result<RootProvider, ChainError> {
    let failed = |error: String| ChainError::Client(error);
    // An error means that a provider is installed already, which will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let url = url.parse().map_err(|error: url::ParseError| failed(error.to_string()))?;
    Ok(ProviderBuilder::default().connect_reqwest(client, url))
}
