//! What every wallet keeps to, asked of three: one whose key is here, one that has signatures
//! brought and sends nothing, and one that shows each text to a person and sends by itself.

use std::sync::Mutex;

use alloy::consensus::transaction::SignerRecoverable;
use alloy::consensus::{Transaction, TxEnvelope};
use alloy::eips::Decodable2718;
use alloy::network::TransactionBuilder;
use alloy_primitives::{U256, keccak256};

use super::*;
use crate::ens::Name;
use crate::secret::SecretString;

/// Nodes that keep what they are sent, or fail at one of the two.
#[derive(Default)]
struct Nodes {
    sent: Mutex<Vec<Vec<u8>>>,
    fails_to: Option<&'static str>,
}

impl Nodes {
    fn that_fail_to(what: &'static str) -> Self {
        Self { fails_to: Some(what), ..Self::default() }
    }

    fn may(&self, what: &'static str) -> Result<(), NodeError> {
        match self.fails_to == Some(what) {
            true => Err(format!("nodes that cannot {what}").into()),
            false => Ok(()),
        }
    }

    fn sent(&self) -> Vec<TxEnvelope> {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|raw| TxEnvelope::decode_2718(&mut &raw[..]).unwrap()).collect()
    }
}

#[async_trait]
impl Node for Nodes {
    async fn fill(&self, transaction: TransactionRequest) -> Result<TransactionRequest, NodeError> {
        self.may("fill")?;
        assert!(transaction.from.is_some(), "a sender, whose nonce it is");
        Ok(transaction.with_nonce(7).with_chain_id(31_337))
    }

    async fn broadcast(&self, raw: &[u8]) -> Result<B256, NodeError> {
        self.may("broadcast")?;
        self.sent.lock().unwrap().push(raw.to_vec());
        Ok(keccak256(raw))
    }
}

/// As in a browser: a person sees every text, and what is sent goes to nodes of its own; what was
/// signed for them is never seen here.
struct Browser {
    account: LocalWallet,
    shown: Mutex<Vec<String>>,
    own: Nodes,
}

#[async_trait]
impl Wallet for Browser {
    fn address(&self) -> Address {
        self.account.address()
    }

    async fn sign(&self, request: &Request<'_>) -> Result<Secret<Signature>, WalletError> {
        self.shown.lock().unwrap().push(request.to_string());
        self.account.sign(request).await
    }

    async fn sign_typed(&self, data: &TypedData) -> Result<Secret<Signature>, WalletError> {
        self.shown.lock().unwrap().push(data.json().to_string());
        self.account.sign_typed(data).await
    }

    async fn send(
        &self,
        transaction: TransactionRequest,
        _node: &dyn Node,
    ) -> Result<B256, WalletError> {
        self.account.send(transaction, &self.own).await
    }

    fn asks_a_person(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        format!("browser ({})", self.address())
    }
}

fn local() -> LocalWallet {
    LocalWallet::from_hex(&SecretString::new("01".repeat(32))).unwrap()
}

fn browser() -> Browser {
    Browser { account: local(), shown: Mutex::default(), own: Nodes::default() }
}

fn name() -> Name {
    Name::parse("nick.eth").unwrap()
}

fn request(name: &Name) -> Request<'_> {
    let (signer, owner) = (Address::ZERO, local().address());
    Request::ApproveSigner { name, chain_id: 1, signer, owner }
}

/// To a contract, with gas and fees decided, as `setup` has them.
fn transaction() -> TransactionRequest {
    TransactionRequest::default()
        .with_to(Address::repeat_byte(2))
        .with_value(U256::from(5))
        .with_input(vec![1, 2, 3])
        .with_gas_limit(30_000)
        .with_max_fee_per_gas(30)
        .with_max_priority_fee_per_gas(2)
}

/// What holds of every wallet, whatever it can do. `own` is where it sends by itself.
async fn keeps_the_contract(wallet: &dyn Wallet, own: Option<&Nodes>) {
    let address = wallet.address();
    assert!(wallet.describe().contains(&address.to_string()), "{}", wallet.describe());
    assert!(wallet.local_key().is_none_or(|key| key.address() == address));

    let name = name();
    let signature = sign_twice(wallet, &request(&name)).await.unwrap();
    assert_eq!(request(&name).recover(signature.expose()), Ok(address));

    let (mail, digest) = typed::tests::example();
    match wallet.sign_typed(&mail).await {
        Ok(signature) => assert_eq!(signature.expose().recover_digest(&digest), Ok(address)),
        Err(error) => assert!(
            matches!(error, WalletError::NoTypedData { wallet } if wallet == address),
            "{error}"
        ),
    }

    let node = Nodes::default();
    let sent = wallet.send(transaction(), &node).await;
    let seen: Vec<TxEnvelope> =
        [Some(&node), own].into_iter().flatten().flat_map(Nodes::sent).collect();
    match sent {
        Ok(hash) => {
            let [seen] = &seen[..] else { panic!("one transaction, not {}", seen.len()) };
            assert_eq!((*seen.tx_hash(), seen.recover_signer().unwrap()), (hash, address));
            assert_eq!((seen.to(), seen.value()), (Some(Address::repeat_byte(2)), U256::from(5)));
            assert_eq!(seen.input()[..], [1, 2, 3]);
            assert_eq!((seen.gas_limit(), seen.max_fee_per_gas()), (30_000, 30));
            assert!(own.is_none() || node.sent().is_empty(), "it sends by itself");
        }
        Err(error) => {
            assert!(matches!(error, WalletError::NoTransactions { wallet } if wallet == address));
            assert!(seen.is_empty(), "nothing was sent");
        }
    }
}

#[tokio::test]
async fn with_a_key_that_is_here() {
    keeps_the_contract(&local(), None).await;
}

#[tokio::test]
async fn with_signatures_made_elsewhere() {
    let (account, name) = (local(), name());
    let mut wallet = ExternalWallet::new(account.address());
    wallet.add(&request(&name), Secret::new(account.key().sign(&request(&name)))).unwrap();
    keeps_the_contract(&wallet, None).await;
}

#[tokio::test]
async fn that_shows_what_it_signs_and_sends_by_itself() {
    let (wallet, name) = (browser(), name());
    keeps_the_contract(&wallet, Some(&wallet.own)).await;
    let shown = wallet.shown.lock().unwrap();
    assert_eq!(shown[0], request(&name).to_string(), "a person compares it");
    assert!(shown.last().unwrap().contains("Hello, Bob!"));
}

#[tokio::test]
async fn nodes_that_fail() {
    let error = local().send(transaction(), &Nodes::that_fail_to("fill")).await.unwrap_err();
    assert!(matches!(error, WalletError::Node(_)), "{error}");
    assert_eq!(error.to_string(), "nodes that cannot fill");
    let error = local().send(transaction(), &Nodes::that_fail_to("broadcast")).await.unwrap_err();
    let WalletError::NotSent { hash, .. } = &error else { panic!("{error}") };
    let good = Nodes::default();
    assert_eq!(*hash, local().send(transaction(), &good).await.unwrap(), "of what was signed");
    let WalletError::Transaction(lacks) =
        local().send(TransactionRequest::default(), &good).await.unwrap_err()
    else {
        panic!("no gas, no fees");
    };
    assert!(lacks.contains("gas"), "{lacks}");
    // Whoever has nodes of its own does not mind.
    assert!(browser().send(transaction(), &Nodes::that_fail_to("fill")).await.is_ok());
}
