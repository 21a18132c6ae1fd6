//! Hardware wallets, against servers that speak the devices' protocols with real keys behind.

#[path = "../../support/ledger.rs"]
mod fake_ledger;
#[path = "../../support/trezor.rs"]
mod fake_trezor;
#[path = "../../support/seed.rs"]
mod seed;
#[path = "../../support/trezor_wire.rs"]
mod trezor_wire;

mod cli;
mod ledger;
mod trezor;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy::consensus::transaction::SignerRecoverable;
use alloy::consensus::{Transaction, TxEnvelope};
use alloy::eips::Decodable2718;
use alloy::network::TransactionBuilder;
use alloy::rpc::types::TransactionRequest;
use alloy_primitives::{Address, B256, U256, keccak256};
use namesys::ens::Name;
use namesys::request::{Caip10, Extradata, Origin, Request};
use namesys::secret::SecretString;
use namesys::wallet::device::{
    AskError, Attendant, DeviceConfig, DeviceKind, Passphrase, Place, Told,
};
use namesys::wallet::{Node, NodeError, Wallet, sign_twice};

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
    let nodes = Nodes::default();
    let hash = wallet.send(transaction(input.clone()), &nodes).await.unwrap();
    let sent = nodes.0.lock().unwrap().clone();
    let sent = TxEnvelope::decode_2718(&mut &sent[0][..]).unwrap();
    assert_eq!((*sent.tx_hash(), sent.recover_signer().unwrap()), (hash, wallet.address()));
    assert_eq!((sent.to(), sent.value()), (Some(Address::repeat_byte(2)), U256::from(5)));
    assert_eq!((sent.nonce(), sent.chain_id()), (7, Some(31_337)));
    assert_eq!((sent.gas_limit(), sent.max_fee_per_gas()), (30_000, 30_000_000_000));
    assert_eq!(sent.max_priority_fee_per_gas(), Some(2));
    assert_eq!(sent.input()[..], input[..]);
}

/// Signs SIGN 1 twice.
async fn signs(wallet: &dyn Wallet) {
    let name = name();
    let request = sign_1(&name, wallet.address());
    let signature = sign_twice(wallet, &request).await.unwrap();
    assert_eq!(request.recover(signature.expose()), Ok(wallet.address()));
}
