//! Typed data (EIP-712) as a device with a screen of its own asks for it: the structs first, then
//! each value by its place. It hashes what it shows.

use std::collections::BTreeMap;

use alloy_primitives::{U256, hex};
use serde_json::Value;

use super::call::{Call, decoded};
use super::messages::{
    EthereumSignTypedData, EthereumTypedDataSignature, FieldType, StructAck, StructMember,
    StructRequest, ValueAck, ValueRequest, data_type, kind,
};
use crate::wallet::TypedData;
use crate::wallet::device::{DeviceError, DeviceKind};

const DEVICE: DeviceKind = DeviceKind::Trezor;

/// Questions for one document; more than that is no Trezor.
const MAX_REQUESTS: usize = 1 << 14;

const DOMAIN: &str = "EIP712Domain";

/// Has it signed at a path.
pub fn sign(
    call: &mut Call,
    address_n: Vec<u32>,
    data: &TypedData,
    what: &str,
) -> Result<EthereumTypedDataSignature, DeviceError> {
    let document = Document::new(data.json())?;
    conversation(call, address_n, &document, what).map_err(|error| match error {
        DeviceError::Malformed { .. } => call.given_up(error),
        error => error,
    })
}

fn conversation(
    call: &mut Call,
    address_n: Vec<u32>,
    document: &Document<'_>,
    what: &str,
) -> Result<EthereumTypedDataSignature, DeviceError> {
    let not_there = || malformed("a request for what the typed data has");
    let message = EthereumSignTypedData {
        address_n,
        primary_type: document.primary.to_owned(),
        metamask_v4_compat: Some(true),
    };
    let mut received = call.exchange((kind::SIGN_TYPED_DATA, &message), what)?;
    for _ in 0..MAX_REQUESTS {
        let (asked, body) = received;
        received = match asked {
            kind::STRUCT_REQUEST => {
                let request: StructRequest = decoded(&body, "a request for a struct")?;
                let members = document.types.get(&*request.name);
                let members = members.ok_or_else(not_there)?;
                call.exchange((kind::STRUCT_ACK, members), what)?
            }
            kind::VALUE_REQUEST => {
                let request: ValueRequest = decoded(&body, "a request for a value")?;
                let value = document.value(&request.member_path);
                let value = value.ok_or_else(not_there)?;
                call.exchange((kind::VALUE_ACK, &ValueAck { value }), what)?
            }
            kind::TYPED_DATA_SIGNATURE => return decoded(&body, "an answer to it"),
            _ => break,
        };
    }
    Err(malformed("an answer to it"))
}

fn malformed(what: &'static str) -> DeviceError {
    DeviceError::Malformed { device: DEVICE, what }
}

/// The document of `eth_signTypedData_v4`.
struct Document<'a> {
    types: BTreeMap<&'a str, StructAck>,
    primary: &'a str,
    domain: &'a Value,
    message: &'a Value,
}

impl<'a> Document<'a> {
    fn new(json: &'a Value) -> Result<Self, DeviceError> {
        let not_taken =
            || DeviceError::NotTaken { device: DEVICE, what: "typed data with such types" };
        let given = json["types"].as_object().ok_or_else(not_taken)?;
        let mut types = BTreeMap::new();
        for (name, members) in given {
            let members = members.as_array().into_iter().flatten().map(|member| {
                let field = field_type(member["type"].as_str()?, given)?;
                Some(StructMember { field, name: member["name"].as_str()?.to_owned() })
            });
            let members = members.collect::<Option<_>>().ok_or_else(not_taken)?;
            types.insert(name.as_str(), StructAck { members });
        }
        let primary = json["primaryType"].as_str().ok_or_else(not_taken)?;
        Ok(Self { types, primary, domain: &json["domain"], message: &json["message"] })
    }

    /// The bytes of the value at this place, or how many entries an array has.
    fn value(&self, place: &[u32]) -> Option<Vec<u8>> {
        let (first, steps) = place.split_first()?;
        let (name, mut value) = match first {
            0 => (DOMAIN, self.domain),
            1 => (self.primary, self.message),
            _ => return None,
        };
        let whole = FieldType {
            data_type: data_type::STRUCT,
            struct_name: Some(name.to_owned()),
            ..FieldType::default()
        };
        let mut field = &whole;
        for step in steps {
            let step = usize::try_from(*step).ok()?;
            (field, value) = match (&field.struct_name, &field.entry_type) {
                (Some(name), _) => {
                    let member = self.types.get(name.as_str())?.members.get(step)?;
                    (&member.field, value.get(&member.name)?)
                }
                (None, Some(entry)) => (&**entry, value.get(step)?),
                (None, None) => return None,
            };
        }
        encoded(field, value)
    }
}

/// `uint256`, `Person`, `Person[]`; nothing where the device has no such type.
fn field_type(text: &str, structs: &serde_json::Map<String, Value>) -> Option<FieldType> {
    if let Some((entry, length)) = text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
        let entry = field_type(entry, structs).filter(|entry| entry.entry_type.is_none())?;
        let size = if length.is_empty() { None } else { Some(length.parse().ok()?) };
        let entry_type = Some(Box::new(entry));
        return Some(FieldType {
            data_type: data_type::ARRAY,
            size,
            entry_type,
            struct_name: None,
        });
    }
    let plain = |data_type, size| FieldType { data_type, size, ..FieldType::default() };
    if let Some(members) = structs.get(text) {
        let size = u32::try_from(members.as_array()?.len()).ok()?;
        let struct_name = Some(text.to_owned());
        return Some(FieldType { struct_name, ..plain(data_type::STRUCT, Some(size)) });
    }
    let bytes = |bits: &str| match bits.parse() {
        Ok(bits @ 8..=256u32) if bits % 8 == 0 => Some(bits / 8),
        _ => None,
    };
    Some(match text {
        "string" => plain(data_type::STRING, None),
        "bool" => plain(data_type::BOOL, None),
        "address" => plain(data_type::ADDRESS, None),
        "bytes" => plain(data_type::BYTES, None),
        text => match text.strip_prefix("bytes") {
            Some(size) => {
                plain(data_type::BYTES, Some(size.parse().ok().filter(|n| (1..=32).contains(n))?))
            }
            None => match text.strip_prefix("uint") {
                Some(bits) => plain(data_type::UINT, Some(bytes(bits)?)),
                None => plain(data_type::INT, Some(bytes(text.strip_prefix("int")?)?)),
            },
        },
    })
}

fn encoded(field: &FieldType, value: &Value) -> Option<Vec<u8>> {
    let size = field.size.and_then(|size| usize::try_from(size).ok());
    let sized = |bytes: Vec<u8>| Some(bytes).filter(|bytes| size.is_none_or(|n| n == bytes.len()));
    match field.data_type {
        data_type::UINT | data_type::INT => number(value, size?, field.data_type == data_type::INT),
        data_type::BYTES => sized(hex::decode(value.as_str()?).ok()?),
        data_type::STRING => Some(value.as_str()?.as_bytes().to_vec()),
        data_type::BOOL => Some(vec![u8::from(value.as_bool()?)]),
        data_type::ADDRESS => {
            hex::decode(value.as_str()?).ok().filter(|address| address.len() == 20)
        }
        data_type::ARRAY => {
            let length = u16::try_from(value.as_array()?.len()).ok()?;
            Some(length.to_be_bytes().to_vec())
        }
        _ => None,
    }
}

/// In `size` bytes, where it fits: a number of JSON, or decimal or hex in a text.
fn number(value: &Value, size: usize, is_signed: bool) -> Option<Vec<u8>> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, &*text),
    };
    let number: U256 = digits.parse().ok()?;
    let number = if is_negative { number.wrapping_neg() } else { number };
    let bytes: [u8; 32] = number.to_be_bytes();
    let (above, rest) = bytes.split_at(32 - size);
    let fill = if is_negative && is_signed { 0xff } else { 0 };
    // A negative one has its highest bit.
    let fits = above.iter().all(|byte| *byte == fill)
        && (!is_signed || size == 32 || (rest.first()? & 0x80 != 0) == is_negative)
        && (is_signed || !is_negative);
    fits.then(|| rest.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_in_as_many_bytes_as_they_have() {
        for (value, size, signed, bytes) in [
            (json!(5), 1, false, Some(vec![5])),
            (json!(256), 1, false, None),
            (json!("0x0100"), 2, false, Some(vec![1, 0])),
            (json!("256"), 2, false, Some(vec![1, 0])),
            (json!(-1), 2, true, Some(vec![0xff, 0xff])),
            (json!("-128"), 1, true, Some(vec![0x80])),
            (json!(-129), 1, true, None),
            (json!(128), 1, true, None),
            (json!(127), 1, true, Some(vec![127])),
            (json!(-1), 1, false, None),
            (json!(1.5), 1, false, None),
            (json!("x"), 1, false, None),
            (json!(null), 1, false, None),
        ] {
            assert_eq!(number(&value, size, signed), bytes, "{value} in {size}");
        }
        assert_eq!(number(&json!("-1"), 32, true), Some(vec![0xff; 32]));
        assert_eq!(number(&json!(U256::MAX.to_string()), 32, false), Some(vec![0xff; 32]));
    }

    #[test]
    fn types_that_the_device_has() {
        let structs = json!({ "Person": [{ "name": "name", "type": "string" }] });
        let of = |text: &str| field_type(text, structs.as_object().unwrap());
        let size = |text: &str| of(text).map(|field| (field.data_type, field.size));
        assert_eq!(size("uint256"), Some((data_type::UINT, Some(32))));
        assert_eq!(size("int8"), Some((data_type::INT, Some(1))));
        assert_eq!(size("bytes32"), Some((data_type::BYTES, Some(32))));
        assert_eq!(size("bytes"), Some((data_type::BYTES, None)));
        assert_eq!(size("Person"), Some((data_type::STRUCT, Some(1))));
        assert_eq!(size("Person[]"), Some((data_type::ARRAY, None)));
        assert_eq!(size("bool[7]"), Some((data_type::ARRAY, Some(7))));
        for text in ["", "uint", "uint7", "uint264", "bytes0", "bytes33", "Other", "bool[][]", "]"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn values_by_their_places() {
        let (data, _) = crate::wallet::example_of_typed_data();
        let document = Document::new(data.json()).unwrap();
        assert_eq!(document.value(&[0, 0]).as_deref(), Some(&b"Ether Mail"[..]));
        assert_eq!(document.value(&[0, 2]).unwrap(), U256::ONE.to_be_bytes_vec());
        assert_eq!(document.value(&[1, 1, 1]).unwrap(), [0xbb; 20]);
        for place in [&[][..], &[0], &[1], &[2, 0], &[0, 4], &[1, 0], &[1, 3], &[1, 0, 0, 0]] {
            assert_eq!(document.value(place), None, "{place:?}");
        }
    }
}
