//! Hardware wallets, against servers that speak the devices' protocols with real keys behind.

#[path = "../../support/ledger.rs"]
mod fake_ledger;
#[path = "../../support/trezor.rs"]
mod fake_trezor;
#[path = "../../support/seed.rs"]
mod seed;
#[path = "../../support/trezor_typed.rs"]
mod trezor_typed;
#[path = "../../support/trezor_wire.rs"]
mod trezor_wire;

mod cli;
mod leaks;
mod ledger;
mod trezor;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy::consensus::transaction::SignerRecoverable;
use alloy::consensus::{Transaction, TxEnvelope};
use alloy::eips::Decodable2718;
use alloy::eips::eip2930::{AccessList, AccessListItem};
use alloy::network::TransactionBuilder;
use alloy::rpc::types::TransactionRequest;
use alloy_primitives::{Address, B256, U256, keccak256};
use namesys::ens::Name;
use namesys::request::{Caip10, Extradata, Origin, Request};
use namesys::secret::SecretString;
use namesys::wallet::device::{
    AskError, Attendant, DeviceConfig, DeviceError, DeviceKind, Passphrase, Place, Told,
};
use namesys::wallet::{Node, NodeError, TypedData, Wallet, WalletError, sign_twice};

const PATIENCE: Duration = Duration::from_secs(60);
const PATH: &str = "m/44'/60'/0'/0/0";

/// Answers as it was told to, and keeps what it was told.
#[derive(Default)]
struct Person {
    told: Mutex<Vec<String>>,
    pin: Mutex<Option<String>>,
    passphrase: Mutex<Option<Passphrase>>,
    asked: Mutex<Vec<&'static str>>,
}

impl Person {
    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    fn asked(&self) -> Vec<&'static str> {
        self.asked.lock().unwrap().clone()
    }
}

impl Attendant for Person {
    fn tell(&self, told: Told<'_>) {
        self.told.lock().unwrap().push(format!("{told:?}"));
    }

    fn pin(&self) -> Result<SecretString, AskError> {
        self.asked.lock().unwrap().push("pin");
        let pin = self.pin.lock().unwrap().clone();
        pin.map(SecretString::new).ok_or_else(|| "nobody is here".into())
    }

    fn passphrase(&self, may_be_on_device: bool) -> Result<Passphrase, AskError> {
        self.asked.lock().unwrap().push(match may_be_on_device {
            true => "passphrase here or there",
            false => "passphrase here",
        });
        self.passphrase.lock().unwrap().clone().ok_or_else(|| "nobody is here".into())
    }
}

fn config(device: DeviceKind, place: String, person: &Arc<Person>) -> DeviceConfig {
    let attendant = Arc::clone(person) as Arc<dyn Attendant>;
    DeviceConfig { device, place: Place::Emulator(place), attendant, patience: PATIENCE }
}

fn name() -> Name {
    Name::parse("nick.eth").unwrap()
}

/// SIGN 1, which is never to be seen.
fn sign_1(name: &Name, wallet: Address) -> Request<'_> {
    let extradata = Extradata::of_password(&SecretString::new("password".into()), wallet);
    Request::GenerateIpnsKey {
        origin: Origin::Name(name),
        extradata,
        wallet: Caip10::new(1, wallet),
    }
}

/// Nodes that keep what they are sent.
#[derive(Default)]
struct Nodes(Mutex<Vec<Vec<u8>>>);

#[async_trait::async_trait]
impl Node for Nodes {
    async fn fill(&self, transaction: TransactionRequest) -> Result<TransactionRequest, NodeError> {
        Ok(transaction.with_nonce(7).with_chain_id(31_337))
    }

    async fn broadcast(&self, raw: &[u8]) -> Result<B256, NodeError> {
        self.0.lock().unwrap().push(raw.to_vec());
        Ok(keccak256(raw))
    }
}

fn access_list() -> AccessList {
    let storage_keys = vec![B256::ZERO, B256::repeat_byte(9)];
    AccessList(vec![
        AccessListItem { address: Address::repeat_byte(3), storage_keys },
        AccessListItem { address: Address::repeat_byte(4), storage_keys: vec![] },
    ])
}

fn transaction(input: Vec<u8>) -> TransactionRequest {
    TransactionRequest::default()
        .with_to(Address::repeat_byte(2))
        .with_value(U256::from(5))
        .with_input(input)
        .with_gas_limit(30_000)
        .with_max_fee_per_gas(30_000_000_000)
        .with_max_priority_fee_per_gas(2)
}

/// Sends one with this input; what the nodes got is decoded by alloy, and is the wallet's.
async fn sends(wallet: &dyn Wallet, input: Vec<u8>) {
    sends_this(wallet, transaction(input.clone()), input).await;
}

async fn sends_this(wallet: &dyn Wallet, transaction: TransactionRequest, input: Vec<u8>) {
    let nodes = Nodes::default();
    let list = transaction.access_list.clone().unwrap_or_default();
    let hash = wallet.send(transaction, &nodes).await.unwrap();
    let sent = nodes.0.lock().unwrap().clone();
    let sent = TxEnvelope::decode_2718(&mut &sent[0][..]).unwrap();
    assert_eq!((*sent.tx_hash(), sent.recover_signer().unwrap()), (hash, wallet.address()));
    assert_eq!((sent.to(), sent.value()), (Some(Address::repeat_byte(2)), U256::from(5)));
    assert_eq!((sent.nonce(), sent.chain_id()), (7, Some(31_337)));
    assert_eq!((sent.gas_limit(), sent.max_fee_per_gas()), (30_000, 30_000_000_000));
    assert_eq!(sent.max_priority_fee_per_gas(), Some(2));
    assert_eq!(sent.input()[..], input[..]);
    assert_eq!(sent.access_list(), Some(&list));
}

fn device(error: WalletError) -> DeviceError {
    let WalletError::Device(error) = error else { panic!("{error}") };
    error
}

/// SIGN 1 is refused, with these words.
async fn refuses(wallet: &dyn Wallet, told: &str) {
    let error = wallet.sign(&sign_1(&name(), wallet.address())).await.unwrap_err().to_string();
    assert!(error.contains(told), "{told}: {error}");
}

/// A value of every kind.
fn typed() -> TypedData {
    alloy::sol! {
        #[derive(serde::Serialize)]
        struct Entry { address who; int16 change; }
        #[derive(serde::Serialize)]
        struct Message {
            bytes32 data; uint256 until; bytes more; bool yes; string text; uint8 small;
            uint64[] numbers; Entry first; Entry[] entries; bytes4[2] pair;
        }
    }
    let entry = |change| Entry { who: Address::repeat_byte(7), change };
    let message = Message {
        data: B256::repeat_byte(8),
        until: U256::from(1_000_000),
        more: vec![1, 2, 3].into(),
        yes: true,
        text: "grüße".into(),
        small: 9,
        numbers: vec![1, u64::MAX],
        first: entry(-2),
        entries: vec![entry(3), entry(i16::MIN)],
        pair: [[1, 2, 3, 4].into(), [5, 6, 7, 8].into()],
    };
    let domain = alloy::sol_types::eip712_domain! {
        name: "gateway", version: "2", chain_id: 1,
        verifying_contract: Address::repeat_byte(5), salt: B256::repeat_byte(6),
    };
    TypedData::new(&domain, &message).unwrap()
}

/// Signs SIGN 1 twice.
async fn signs(wallet: &dyn Wallet) {
    let name = name();
    let request = sign_1(&name, wallet.address());
    let signature = sign_twice(wallet, &request).await.unwrap();
    assert_eq!(request.recover(signature.expose()), Ok(wallet.address()));
}
