//! The messages that are sent and understood, by the numbers of their fields. Those with a PIN or a
//! passphrase are [written by hand](super::call): they are wiped. What may hold a signature, or
//! names a session, has no `Debug`.

use prost::Message;

/// The kinds of messages.
pub mod kind {
    pub const INITIALIZE: u16 = 0;
    pub const FAILURE: u16 = 3;
    pub const FEATURES: u16 = 17;
    pub const PIN_MATRIX_REQUEST: u16 = 18;
    pub const PIN_MATRIX_ACK: u16 = 19;
    pub const CANCEL: u16 = 20;
    pub const BUTTON_REQUEST: u16 = 26;
    pub const BUTTON_ACK: u16 = 27;
    pub const PASSPHRASE_REQUEST: u16 = 41;
    pub const PASSPHRASE_ACK: u16 = 42;
    pub const GET_ADDRESS: u16 = 56;
    pub const ADDRESS: u16 = 57;
    pub const TX_REQUEST: u16 = 59;
    pub const TX_ACK: u16 = 60;
    pub const SIGN_MESSAGE: u16 = 64;
    pub const MESSAGE_SIGNATURE: u16 = 66;
    pub const END_SESSION: u16 = 83;
    pub const SIGN_TX_EIP1559: u16 = 452;
    /// Of a device with a screen of its own; the Model One knows `SIGN_TYPED_HASH` alone.
    pub const SIGN_TYPED_DATA: u16 = 464;
    pub const STRUCT_REQUEST: u16 = 465;
    pub const STRUCT_ACK: u16 = 466;
    pub const VALUE_REQUEST: u16 = 467;
    pub const VALUE_ACK: u16 = 468;
    pub const TYPED_DATA_SIGNATURE: u16 = 469;
    pub const SIGN_TYPED_HASH: u16 = 470;
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct Initialize {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub session_id: Option<Vec<u8>>,
}

/// Of what the device says of itself, what matters here.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct Features {
    #[prost(uint32, optional, tag = "2")]
    pub major_version: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    pub minor_version: Option<u32>,
    #[prost(uint32, optional, tag = "4")]
    pub patch_version: Option<u32>,
    #[prost(bool, optional, tag = "5")]
    pub bootloader_mode: Option<bool>,
    #[prost(bool, optional, tag = "12")]
    pub initialized: Option<bool>,
    #[prost(int32, repeated, packed = "false", tag = "30")]
    pub capabilities: Vec<i32>,
    #[prost(bytes = "vec", optional, tag = "35")]
    pub session_id: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Failure {
    #[prost(int32, optional, tag = "1")]
    pub code: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub message: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ButtonRequest {
    #[prost(int32, optional, tag = "1")]
    pub code: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct EthereumGetAddress {
    #[prost(uint32, repeated, packed = "false", tag = "1")]
    pub address_n: Vec<u32>,
    #[prost(bool, optional, tag = "2")]
    pub show_display: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub struct EthereumAddress {
    #[prost(string, optional, tag = "2")]
    pub address: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct EthereumSignMessage {
    #[prost(uint32, repeated, packed = "false", tag = "1")]
    pub address_n: Vec<u32>,
    #[prost(bytes = "vec", required, tag = "2")]
    pub message: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct EthereumMessageSignature {
    #[prost(bytes = "vec", required, tag = "2")]
    pub signature: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct EthereumSignTypedHash {
    #[prost(uint32, repeated, packed = "false", tag = "1")]
    pub address_n: Vec<u32>,
    #[prost(bytes = "vec", required, tag = "2")]
    pub domain_separator_hash: Vec<u8>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub message_hash: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct EthereumTypedDataSignature {
    #[prost(bytes = "vec", required, tag = "1")]
    pub signature: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct EthereumSignTypedData {
    #[prost(uint32, repeated, packed = "false", tag = "1")]
    pub address_n: Vec<u32>,
    #[prost(string, required, tag = "2")]
    pub primary_type: String,
    /// Structs in arrays are hashed as the standard has it.
    #[prost(bool, optional, tag = "3")]
    pub metamask_v4_compat: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub struct StructRequest {
    #[prost(string, required, tag = "1")]
    pub name: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct StructAck {
    #[prost(message, repeated, tag = "1")]
    pub members: Vec<StructMember>,
}

#[derive(Clone, PartialEq, Message)]
pub struct StructMember {
    #[prost(message, required, tag = "1")]
    pub field: FieldType,
    #[prost(string, required, tag = "2")]
    pub name: String,
}

/// The kinds of [`FieldType`].
pub mod data_type {
    pub const UINT: i32 = 1;
    pub const INT: i32 = 2;
    pub const BYTES: i32 = 3;
    pub const STRING: i32 = 4;
    pub const BOOL: i32 = 5;
    pub const ADDRESS: i32 = 6;
    pub const ARRAY: i32 = 7;
    pub const STRUCT: i32 = 8;
}

#[derive(Clone, PartialEq, Message)]
pub struct FieldType {
    #[prost(int32, required, tag = "1")]
    pub data_type: i32,
    /// Bytes of a number or of bytes, entries of an array, members of a struct; none where it is
    /// dynamic.
    #[prost(uint32, optional, tag = "2")]
    pub size: Option<u32>,
    #[prost(message, optional, boxed, tag = "3")]
    pub entry_type: Option<Box<FieldType>>,
    #[prost(string, optional, tag = "4")]
    pub struct_name: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ValueRequest {
    /// 0 for the domain, 1 for the message; then the places of members and entries.
    #[prost(uint32, repeated, packed = "false", tag = "1")]
    pub member_path: Vec<u32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ValueAck {
    #[prost(bytes = "vec", required, tag = "1")]
    pub value: Vec<u8>,
}

/// Numbers are big-endian, without leading zeros.
#[derive(Clone, PartialEq, Message)]
pub struct EthereumSignTxEip1559 {
    #[prost(uint32, repeated, packed = "false", tag = "1")]
    pub address_n: Vec<u32>,
    #[prost(bytes = "vec", required, tag = "2")]
    pub nonce: Vec<u8>,
    #[prost(bytes = "vec", required, tag = "3")]
    pub max_gas_fee: Vec<u8>,
    #[prost(bytes = "vec", required, tag = "4")]
    pub max_priority_fee: Vec<u8>,
    #[prost(bytes = "vec", required, tag = "5")]
    pub gas_limit: Vec<u8>,
    #[prost(string, optional, tag = "6")]
    pub to: Option<String>,
    #[prost(bytes = "vec", required, tag = "7")]
    pub value: Vec<u8>,
    #[prost(bytes = "vec", optional, tag = "8")]
    pub data_initial_chunk: Option<Vec<u8>>,
    #[prost(uint32, required, tag = "9")]
    pub data_length: u32,
    #[prost(uint64, required, tag = "10")]
    pub chain_id: u64,
    #[prost(message, repeated, tag = "11")]
    pub access_list: Vec<AccessList>,
}

#[derive(Clone, PartialEq, Message)]
pub struct AccessList {
    #[prost(string, required, tag = "1")]
    pub address: String,
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub storage_keys: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct EthereumTxRequest {
    #[prost(uint32, optional, tag = "1")]
    pub data_length: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    pub signature_v: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub signature_r: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub signature_s: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct EthereumTxAck {
    #[prost(bytes = "vec", required, tag = "1")]
    pub data_chunk: Vec<u8>,
}
