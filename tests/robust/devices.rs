//! What a Ledger and a Trezor answer: packets of any bytes.

use std::sync::Arc;
use std::time::Duration;

use alloy::consensus::TxEip1559;
use alloy_primitives::{Address, TxKind, U256};
use namesys::secret::SecretString;
use namesys::wallet::device::{
    AskError, Attendant, DeviceClient, DeviceError, DeviceKind, Framed, Ledger, Packets,
    Passphrase, Told, Trezor,
};
use namesys::wallet::{HdPath, TypedData};
use zeroize::Zeroizing;

/// Gives the packets one after the other, once it is asked; then it is unplugged.
struct Replay {
    rest: Vec<u8>,
    is_asked: bool,
}

impl Packets for Replay {
    fn send(&mut self, _: &[u8; 64]) -> Result<(), DeviceError> {
        self.is_asked = true;
        Ok(())
    }

    fn receive(&mut self, waited: Duration) -> Result<Zeroizing<[u8; 64]>, DeviceError> {
        let device = DeviceKind::Trezor;
        if !self.is_asked {
            return Err(DeviceError::Silent { device, waited });
        }
        if self.rest.is_empty() {
            return Err(DeviceError::Unplugged { device });
        }
        let rest = self.rest.split_off(self.rest.len().min(64));
        let mut packet = std::mem::replace(&mut self.rest, rest);
        packet.resize(64, 0);
        Ok(Zeroizing::new(packet.try_into().expect("64 bytes")))
    }
}

/// Answers everything.
struct Somebody;

impl Attendant for Somebody {
    fn tell(&self, _: Told<'_>) {}

    fn pin(&self) -> Result<SecretString, AskError> {
        Ok(SecretString::new("1".into()))
    }

    fn passphrase(&self, may_be_on_device: bool) -> Result<Passphrase, AskError> {
        Ok(match may_be_on_device {
            true => Passphrase::OnDevice,
            false => Passphrase::Here(SecretString::new(String::new())),
        })
    }
}

/// Everything that is asked of a device, one after the other.
pub fn device_answers(input: &[u8]) {
    let (patience, replay) =
        (Duration::from_secs(60), || Replay { rest: input.to_vec(), is_asked: false });
    let ledger = Ledger::new(Box::new(Framed(replay())), Arc::new(Somebody), patience);
    let trezor = Trezor::new(Box::new(replay()), Arc::new(Somebody), patience);
    let path: HdPath = "m/44'/60'/0'/0/0".parse().expect("a path");
    let clients: [Box<dyn DeviceClient>; 2] = [Box::new(ledger), Box::new(trezor)];
    for mut client in clients {
        let _ = client.address(&path);
        let _ = client.sign_text(&path, &"text ".repeat(100), "a text");
        let _ = client.sign_transaction(&path, &transaction(), "a transaction");
        let _ = client.sign_typed(&path, &typed(), "typed data");
    }
}

fn typed() -> TypedData {
    alloy::sol! {
        #[derive(serde::Serialize)]
        struct Message { bytes data; uint256[] until; }
    }
    let domain = alloy::sol_types::eip712_domain! { name: "gateway", };
    let message = Message { data: vec![1].into(), until: vec![U256::ONE] };
    TypedData::new(&domain, &message).expect("typed data")
}

fn transaction() -> TxEip1559 {
    TxEip1559 {
        chain_id: 1,
        nonce: 0,
        gas_limit: 21_000,
        max_fee_per_gas: 2,
        max_priority_fee_per_gas: 1,
        to: TxKind::Call(Address::ZERO),
        value: Default::default(),
        access_list: Default::default(),
        input: vec![1; 1500].into(),
    }
}

/// A whole conversation of each.
pub fn seeds() -> Vec<Vec<u8>> {
    let key = [&[65, 4][..], &[1; 64], &[40], &[b'a'; 40]].concat();
    let signature = [&[27][..], &[1; 64]].concat();
    let name = b"\x01\x08Ethereum\x061.10.4\x01\0".to_vec();
    let ledger = [name, vec![1, 1, 10, 4], key, signature.clone(), vec![], signature];
    let features = [
        &b"\x10\x02\x18\x05\x20\x01\x28\0\x60\x01\xf0\x01\x07\xf0\x01\x11\x9a\x02\x20"[..],
        &[9; 32],
    ]
    .concat();
    let address = [&[0x12, 42][..], b"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"].concat();
    let signed = |field: u8| [&[field, 65][..], &[1; 64], &[27]].concat();
    let last = [&[0x10, 27, 0x1a, 32][..], &[1; 32], &[0x22, 32], &[1; 32]].concat();
    let trezor = [
        (17, features),
        (18, vec![8, 1]),
        (41, vec![]),
        (57, address),
        (26, vec![8, 1]),
        (66, signed(0x12)),
        (59, vec![8, 0xdc, 3]),
        (59, last),
        (465, b"\x0a\x07Message".to_vec()),
        (467, vec![8, 1, 8, 1, 8, 0]),
        (469, signed(0x0a)),
        (3, b"\x08\x04\x12\x02no".to_vec()),
    ];
    vec![
        ledger.iter().flat_map(|data| framed(data)).collect(),
        trezor.iter().flat_map(|(kind, body)| message(*kind, body)).collect(),
    ]
}

/// An answer of a Ledger, in packets.
fn framed(data: &[u8]) -> Vec<u8> {
    let length = (data.len() + 2) as u16;
    let bytes = [&length.to_be_bytes()[..], data, &[0x90, 0]].concat();
    let packet = |(number, part): (usize, &[u8])| {
        let mut packet = [&[1, 1, 5][..], &(number as u16).to_be_bytes(), part].concat();
        packet.resize(64, 0);
        packet
    };
    bytes.chunks(59).enumerate().flat_map(packet).collect()
}

/// A message of a Trezor, in packets.
fn message(kind: u16, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    let bytes = [b"##", &kind.to_be_bytes()[..], &length, body].concat();
    let packet = |part: &[u8]| {
        let mut packet = [b"?", part].concat();
        packet.resize(64, 0);
        packet
    };
    bytes.chunks(63).flat_map(packet).collect()
}
