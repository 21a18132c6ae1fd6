//! Messages that the wallet itself signs under EIP-712, for databases of ERC-7884 and of the first
//! EIP-5559, and what is then posted.

use alloy::sol_types::{Eip712Domain, SolValue};
use alloy_primitives::{Address, Bytes, U256, hex};
use serde_json::{Value as Json, json};

use super::abi::{call_data, operation, parameters};
use crate::record::{RecordKey, Value};
use crate::request::Signature;
use crate::wallet::TypedData;

/// What stands after the URL of a gateway in these errors, and not in what is posted to.
const TEMPLATE: &str = "/{sender}/{data}.json";

/// A message of a resolver that the wallet is to sign and send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedWrite {
    /// The gateway, as the error names it.
    pub url: String,
    pub(super) domain: Domain,
    pub(super) message: Message,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Domain {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) chain_id: u64,
    pub(super) contract: Address,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Parameters(parameters::Message),
    CallData(call_data::Message),
    Data(operation::Message),
}

/// What was asked of the resolver, against which a message is checked.
#[derive(Clone, Copy, Debug)]
pub struct AskedFor<'a> {
    /// The setter that was called.
    pub calldata: &'a [u8],
    /// The record, where it is one alone.
    pub record: Option<(&'a RecordKey, &'a Value)>,
    /// The contract.
    pub resolver: Address,
    /// Its chain.
    pub chain_id: u64,
    /// The wallet.
    pub wallet: Address,
    /// Whether it was asked through `resolve()`, where the sender may be the resolver itself.
    pub through_resolve: bool,
    /// Seconds since 1970.
    pub now: u64,
}

/// Why a message is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// Other data than was asked for.
    #[error("it would have you sign other data than the setter that was called")]
    Data,
    /// Another contract.
    #[error("it would have you sign for the contract {found}, not for the resolver {resolver}")]
    Contract {
        /// In the message's domain.
        found: Address,
        /// That was asked.
        resolver: Address,
    },
    /// Another chain.
    #[error("it would have you sign for chain {found}, not for chain {chain_id}")]
    Chain {
        /// In the message's domain.
        found: u64,
        /// That was asked.
        chain_id: u64,
    },
    /// In another's name.
    #[error("it would have you sign as {found}, and you are {wallet}")]
    Sender {
        /// In the message.
        found: Address,
        /// The wallet.
        wallet: Address,
    },
    /// Too late.
    #[error("it expired at {0} (seconds since 1970): ask again")]
    Expired(U256),
}

impl TypedWrite {
    /// The contract that the message is for.
    pub fn contract(&self) -> Address {
        self.domain.contract
    }

    /// The chain that the message is for.
    pub fn chain_id(&self) -> u64 {
        self.domain.chain_id
    }

    /// In whose name it is.
    pub fn sender(&self) -> Address {
        match &self.message {
            Message::Parameters(message) => message.sender,
            Message::CallData(message) => message.sender,
            Message::Data(message) => message.sender,
        }
    }

    /// Whether it carries this calldata as it is.
    pub fn carries(&self, calldata: &[u8]) -> bool {
        match &self.message {
            Message::Parameters(_) => false,
            Message::CallData(message) => message.callData[..] == *calldata,
            Message::Data(message) => message.data[..] == *calldata,
        }
    }

    /// Until when it counts, in seconds since 1970.
    pub fn expires(&self) -> U256 {
        match &self.message {
            Message::Parameters(message) => message.expirationTimestamp,
            Message::CallData(message) => message.expirationTimestamp,
            Message::Data(message) => message.expirationTimestamp,
        }
    }

    /// Whether the message says what was asked, and nothing else.
    ///
    /// # Errors
    /// [`TypedError`] says what it would have the wallet sign.
    pub fn check(&self, asked: &AskedFor<'_>) -> Result<(), TypedError> {
        let same = match &self.message {
            Message::Parameters(message) => {
                asked.calldata.starts_with(message.functionSelector.as_slice())
                    && asked.record.is_some_and(|(key, value)| {
                        same_parameters(message, asked.calldata, key, value)
                    })
            }
            Message::CallData(message) => message.callData[..] == *asked.calldata,
            Message::Data(message) => message.data[..] == *asked.calldata,
        };
        let (found, resolver) = (self.domain.contract, asked.resolver);
        if !same {
            return Err(TypedError::Data);
        }
        if found != resolver {
            return Err(TypedError::Contract { found, resolver });
        }
        if self.domain.chain_id != asked.chain_id {
            let (found, chain_id) = (self.domain.chain_id, asked.chain_id);
            return Err(TypedError::Chain { found, chain_id });
        }
        let (found, wallet) = (self.sender(), asked.wallet);
        // Within resolve() a resolver that calls itself is its own sender.
        if found != wallet && !(asked.through_resolve && found == resolver) {
            return Err(TypedError::Sender { found, wallet });
        }
        match self.expires() {
            expires if expires > U256::from(asked.now) => Ok(()),
            expires => Err(TypedError::Expired(expires)),
        }
    }

    /// What the wallet signs.
    ///
    /// # Errors
    /// When the message cannot be written as JSON.
    pub fn typed_data(&self) -> Result<TypedData, serde_json::Error> {
        let Domain { name, version, chain_id, contract } = &self.domain;
        let domain = Eip712Domain {
            name: Some(name.clone().into()),
            version: Some(version.clone().into()),
            chain_id: Some(U256::from(*chain_id)),
            verifying_contract: Some(*contract),
            salt: None,
        };
        match &self.message {
            Message::Parameters(message) => TypedData::new(&domain, message),
            Message::CallData(message) => TypedData::new(&domain, message),
            Message::Data(message) => TypedData::new(&domain, message),
        }
    }

    /// The same as JSON, for whoever is to see what is signed.
    ///
    /// # Errors
    /// As [`typed_data`](Self::typed_data).
    pub fn typed_json(&self) -> Result<Json, serde_json::Error> {
        Ok(self.typed_data()?.json().clone())
    }

    /// Where it is posted to: the URL without what a reader would append, and with the sender
    /// where it stands elsewhere.
    pub fn post_url(&self) -> String {
        let base = self.url.strip_suffix(TEMPLATE).unwrap_or(&self.url);
        base.replace("{sender}", &format!("{:#x}", self.sender()))
    }

    /// The body as the public gateway of these forms takes it.
    pub fn body(&self, calldata: &[u8], signature: &Signature) -> Json {
        let Domain { name, version, chain_id, contract } = &self.domain;
        let sender = self.sender().to_string();
        let expires = self.expires().to_string();
        let message = match &self.message {
            Message::Parameters(message) => json!({
                "functionSelector": message.functionSelector.to_string(),
                "sender": sender,
                "parameters": message.parameters,
                "expirationTimestamp": expires,
            }),
            Message::CallData(message) => json!({
                "callData": message.callData.to_string(),
                "sender": sender,
                "expirationTimestamp": expires,
            }),
            Message::Data(message) => json!({
                "data": message.data.to_string(),
                "sender": sender,
                "expirationTimestamp": expires,
            }),
        };
        json!({
            "data": hex::encode_prefixed(calldata),
            "sender": sender,
            "signature": {
                "domain": {
                    "name": name,
                    "version": version,
                    "chainId": chain_id.to_string(),
                    "verifyingContract": contract.to_string(),
                },
                "message": message,
                "signature": format!("{signature:x}"),
            },
        })
    }

    /// The body as the text of the first EIP-5559 has it: both structs ABI-encoded.
    pub fn body_as_published(&self, signature: &Signature) -> Json {
        let Domain { name, version, chain_id, contract } = self.domain.clone();
        let domain = (name, version, chain_id, contract).abi_encode();
        let message = match &self.message {
            Message::Parameters(message) => message.abi_encode(),
            Message::CallData(message) => message.abi_encode(),
            Message::Data(message) => message.abi_encode(),
        };
        json!({
            "sender": hex::encode_prefixed(domain),
            "data": hex::encode_prefixed(message),
            "signature": format!("{signature:x}"),
        })
    }
}

/// Whether the parameters are the setter's arguments, in their order. What they are called is the
/// contract's own.
fn same_parameters(
    message: &parameters::Message,
    calldata: &[u8],
    key: &RecordKey,
    value: &Value,
) -> bool {
    let Some(node) = calldata.get(4..36) else { return false };
    let given: Vec<&str> =
        message.parameters.iter().map(|parameter| parameter.value.as_str()).collect();
    let Some((first, given)) = given.split_first() else { return false };
    let hex = |bytes: &[u8]| hex::encode_prefixed(bytes);
    let arguments = match (key, value) {
        (RecordKey::Text(key), Value::Text(text)) => {
            return *first == hex(node) && given == [key.as_str(), text];
        }
        (_, Value::Name(name)) => return *first == hex(node) && given == [name],
        (RecordKey::Address(coin), Value::Address { bytes, .. }) => match given {
            // The address alone, where the function takes no coin.
            [_] if coin.number() == 60 => vec![hex(bytes)],
            _ => vec![coin.to_string(), hex(bytes)],
        },
        (_, Value::Contenthash(hash)) => vec![hex(hash.as_bytes())],
        (_, Value::Pubkey { x, y }) => vec![x.to_string(), y.to_string()],
        (RecordKey::Interface(id), Value::Interface(address)) => {
            vec![hex(id), hex(address.as_slice())]
        }
        (_, Value::Abi { content_type, data, .. }) => vec![content_type.to_string(), hex(data)],
        (_, Value::Zonehash(bytes) | Value::Dns(bytes)) => vec![hex(bytes)],
        _ => return false,
    };
    let same = |(given, own): (&&str, &String)| given.eq_ignore_ascii_case(own);
    first.eq_ignore_ascii_case(&hex(node))
        && given.len() == arguments.len()
        && given.iter().zip(&arguments).all(same)
}

pub(super) fn of_parameters(error: parameters::StorageHandledByOffChainDatabase) -> TypedWrite {
    let parameters::Domain { name, version, chainId, verifyingContract } = error.sender;
    let domain = Domain { name, version, chain_id: chainId, contract: verifyingContract };
    TypedWrite { url: error.url, domain, message: Message::Parameters(error.data) }
}

pub(super) fn of_call_data(error: call_data::StorageHandledByOffChainDatabase) -> TypedWrite {
    let call_data::Domain { name, version, chainId, verifyingContract } = error.sender;
    let domain = Domain { name, version, chain_id: chainId, contract: verifyingContract };
    TypedWrite { url: error.url, domain, message: Message::CallData(error.data) }
}

pub(super) fn of_operation(error: operation::OperationHandledOffchain) -> TypedWrite {
    let operation::Domain { name, version, chainId, verifyingContract } = error.domain;
    let domain = Domain { name, version, chain_id: chainId, contract: verifyingContract };
    TypedWrite { url: error.url, domain, message: Message::Data(error.data) }
}

/// The calldata of `getOperationHandler(bytes)`, which tells where a call would go.
pub fn operation_handler_call(calldata: &[u8]) -> Vec<u8> {
    use alloy::sol_types::SolCall;
    let data = Bytes::copy_from_slice(calldata);
    operation::getOperationHandlerCall { data }.abi_encode()
}
