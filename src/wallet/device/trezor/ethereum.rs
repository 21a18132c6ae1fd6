//! What the device does with Ethereum.

use std::sync::Arc;
use std::time::Duration;

use alloy::consensus::TxEip1559;
use alloy_primitives::{Address, TxKind, U256};
use zeroize::Zeroizing;

use super::call::Call;
use super::messages::{
    AccessList, EthereumAddress, EthereumGetAddress, EthereumMessageSignature, EthereumSignMessage,
    EthereumSignTxEip1559, EthereumSignTypedHash, EthereumTxAck, EthereumTxRequest,
    EthereumTypedDataSignature, Features, Initialize, kind,
};
use super::typed_data;
use crate::request::Signature;
use crate::secret::Secret;
use crate::wallet::device::answers::signature;
use crate::wallet::device::path::levels;
use crate::wallet::device::{Attendant, DeviceClient, DeviceError, DeviceKind, Packets, Told};
use crate::wallet::{HdPath, TypedData};

const DEVICE: DeviceKind = DeviceKind::Trezor;

/// Most bytes of a transaction's data in one message.
const CHUNK: usize = 1024;
/// Most bytes of a text that the Model One takes.
const MODEL_ONE_TEXT: usize = 1024;
/// The first firmware whose sessions are those of today, of the Model One and of the others.
const LEAST: [([u32; 3], &str); 2] = [([1, 9, 0], "1.9.0"), ([2, 3, 0], "2.3.0")];
/// A firmware that knows Ethereum.
const CAPABILITY_ETHEREUM: i32 = 7;
/// A device that takes a passphrase by itself.
const CAPABILITY_PASSPHRASE_ENTRY: i32 = 17;

/// A Trezor.
pub struct Trezor {
    call: Call,
    /// Where it keeps the passphrase.
    session: Option<Vec<u8>>,
    /// Whether it was asked what it is.
    is_begun: bool,
    /// The oldest kind, with a firmware of its own.
    is_model_one: bool,
}

impl Trezor {
    /// A Trezor at the other end of `packets`, whose person may take so long.
    pub fn new(
        packets: Box<dyn Packets>,
        attendant: Arc<dyn Attendant>,
        patience: Duration,
    ) -> Self {
        let call = Call::new(packets, attendant, patience);
        Self { call, session: None, is_begun: false, is_model_one: false }
    }

    /// Begins a session, or goes on with the one there was. What was half done is given up.
    fn resume(&mut self) -> Result<(), DeviceError> {
        let message = Initialize { session_id: self.session.clone() };
        let features: Features = self.call.initialize(&message)?;
        let version = [features.major_version, features.minor_version, features.patch_version];
        let version = version.map(|part| part.unwrap_or(0));
        if features.bootloader_mode == Some(true) {
            return Err(DeviceError::Bootloader);
        }
        if features.initialized == Some(false) {
            return Err(DeviceError::Empty { device: DEVICE });
        }
        self.is_model_one = version[0] == 1;
        let (least, needs) = LEAST[usize::from(!self.is_model_one)];
        let shown = version.map(|part| part.to_string()).join(".");
        if version < least {
            let (program, what) = ("the firmware", "this program".to_owned());
            let (device, version, needs) = (DEVICE, shown, Some(needs));
            return Err(DeviceError::TooOld { device, program, version, what, needs });
        }
        // Old firmware lists none.
        let has = |capability| features.capabilities.contains(&capability);
        if !features.capabilities.is_empty() && !has(CAPABILITY_ETHEREUM) {
            return Err(DeviceError::BitcoinOnly);
        }
        self.call.is_known(shown, has(CAPABILITY_PASSPHRASE_ENTRY));
        self.session = features.session_id.filter(|id| id.len() <= 64);
        self.is_begun = true;
        Ok(())
    }

    /// Whatever is signed next, in a session.
    fn ready(&mut self) -> Result<(), DeviceError> {
        if !self.is_begun || !self.call.is_in_step() {
            self.resume()?;
        }
        self.call.begin(true);
        Ok(())
    }

    /// What the Model One signs of typed data, which it cannot show.
    fn sign_hashes(
        &mut self,
        path: &HdPath,
        data: &TypedData,
        what: &str,
    ) -> Result<EthereumTypedDataSignature, DeviceError> {
        let (domain, message) = data.hashes();
        self.call.tell(Told::Hashes { device: DEVICE, domain, message });
        let request = EthereumSignTypedHash {
            address_n: levels(path),
            domain_separator_hash: domain.to_vec(),
            message_hash: Some(message.to_vec()),
        };
        self.call.ask((kind::SIGN_TYPED_HASH, &request), kind::TYPED_DATA_SIGNATURE, what)
    }

    /// r ‖ s ‖ v
    fn signed(bytes: Vec<u8>) -> Result<Secret<Signature>, DeviceError> {
        match Zeroizing::new(bytes)[..] {
            [ref rs @ .., v] if rs.len() == 64 => signature(DEVICE, &rs[..32], &rs[32..], v.into()),
            _ => Err(DeviceError::Malformed { device: DEVICE, what: "a signature" }),
        }
    }
}

impl Drop for Trezor {
    fn drop(&mut self) {
        if self.is_begun {
            self.call.end();
        }
    }
}

impl DeviceClient for Trezor {
    fn address(&mut self, path: &HdPath) -> Result<Address, DeviceError> {
        self.resume()?;
        self.call.begin(false);
        let message = EthereumGetAddress { address_n: levels(path), show_display: Some(false) };
        let what = "the address";
        let answer: EthereumAddress =
            self.call.ask((kind::GET_ADDRESS, &message), kind::ADDRESS, what)?;
        let address = answer.address.and_then(|text| text.parse().ok());
        address.ok_or(DeviceError::Malformed { device: DEVICE, what: "an address" })
    }

    fn sign_text(
        &mut self,
        path: &HdPath,
        text: &str,
        what: &str,
    ) -> Result<Secret<Signature>, DeviceError> {
        self.ready()?;
        if self.is_model_one && text.len() > MODEL_ONE_TEXT {
            return Err(DeviceError::TooLong { device: DEVICE, what: what.to_owned() });
        }
        let message =
            EthereumSignMessage { address_n: levels(path), message: text.as_bytes().to_vec() };
        let answer: EthereumMessageSignature =
            self.call.ask((kind::SIGN_MESSAGE, &message), kind::MESSAGE_SIGNATURE, what)?;
        Self::signed(answer.signature)
    }

    fn sign_typed(
        &mut self,
        path: &HdPath,
        data: &TypedData,
        what: &str,
    ) -> Result<Secret<Signature>, DeviceError> {
        self.ready()?;
        let answer = match self.is_model_one {
            true => self.sign_hashes(path, data, what)?,
            false => typed_data::sign(&mut self.call, levels(path), data, what)?,
        };
        Self::signed(answer.signature)
    }

    fn sign_transaction(
        &mut self,
        path: &HdPath,
        transaction: &TxEip1559,
        what: &str,
    ) -> Result<Secret<Signature>, DeviceError> {
        self.ready()?;
        let too_long = |_| DeviceError::TooLong { device: DEVICE, what: what.to_owned() };
        let length = u32::try_from(transaction.input.len()).map_err(too_long)?;
        let (first, mut rest) = transaction.input.split_at(transaction.input.len().min(CHUNK));
        let message = request(levels(path), transaction, first, length);
        let sign = (kind::SIGN_TX_EIP1559, &message);
        let mut answer: EthereumTxRequest = self.call.ask(sign, kind::TX_REQUEST, what)?;
        loop {
            let wanted = answer.data_length.unwrap_or(0) as usize;
            if wanted == 0 {
                break;
            }
            // More than there is, or than it may.
            let Some((chunk, after)) = rest.split_at_checked(wanted).filter(|_| wanted <= CHUNK)
            else {
                let what = "a request for what is left of the transaction";
                return Err(self.call.given_up(DeviceError::Malformed { device: DEVICE, what }));
            };
            rest = after;
            let message = EthereumTxAck { data_chunk: chunk.to_vec() };
            answer = self.call.ask((kind::TX_ACK, &message), kind::TX_REQUEST, what)?;
        }
        match (answer.signature_v, &answer.signature_r, &answer.signature_s) {
            (Some(v), Some(r), Some(s)) if rest.is_empty() => signature(DEVICE, r, s, v),
            _ => Err(DeviceError::Malformed { device: DEVICE, what: "a signature" }),
        }
    }
}

fn request(
    address_n: Vec<u32>,
    transaction: &TxEip1559,
    first: &[u8],
    length: u32,
) -> EthereumSignTxEip1559 {
    let number = |number: U256| number.to_be_bytes_trimmed_vec();
    let entries = transaction.access_list.iter().map(|entry| AccessList {
        address: entry.address.to_string(),
        storage_keys: entry.storage_keys.iter().map(|key| key.to_vec()).collect(),
    });
    EthereumSignTxEip1559 {
        address_n,
        nonce: number(U256::from(transaction.nonce)),
        max_gas_fee: number(U256::from(transaction.max_fee_per_gas)),
        max_priority_fee: number(U256::from(transaction.max_priority_fee_per_gas)),
        gas_limit: number(U256::from(transaction.gas_limit)),
        to: match transaction.to {
            TxKind::Call(to) => Some(to.to_string()),
            TxKind::Create => None,
        },
        value: number(transaction.value),
        data_initial_chunk: Some(first.to_vec()),
        data_length: length,
        chain_id: transaction.chain_id,
        access_list: entries.collect(),
    }
}
