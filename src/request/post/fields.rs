//! The fields of both bodies as JSON has them, and one record read from its own.

use alloy_primitives::{Bytes, hex};
use serde::{Deserialize, Serialize};

use super::error::PostError;
use super::record::PostedRecord;
use crate::record::{CoinType, RecordKey, RecordKeyError, TextKey, Value};
use crate::request::{PayloadError, Signature, SignedRecord};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Body {
    pub(super) ens: Option<String>,
    pub(super) node: Option<String>,
    pub(super) preimage: Option<String>,
    pub(super) chain_id: u64,
    pub(super) approval: String,
    pub(super) records: Option<Lists>,
    pub(super) payload: Option<Lists>,
    pub(super) freshness: Option<FreshnessField>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lists {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) contenthash: Option<Item>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) address: Vec<AddressItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) text: Vec<TextItem>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    pub(super) value: String,
    pub(super) signature: String,
    pub(super) timestamp: u64,
    pub(super) data: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AddressItem {
    pub(super) coin_type: u64,
    pub(super) value: String,
    pub(super) signature: String,
    pub(super) timestamp: u64,
    pub(super) data: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextItem {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) signature: String,
    pub(super) timestamp: u64,
    pub(super) data: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FreshnessField {
    pub(super) timestamp: u64,
    pub(super) signature: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ensip19<'a> {
    pub(super) ens: &'a str,
    pub(super) chain_id: u64,
    pub(super) approval: String,
    pub(super) records: Lists,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) freshness: Option<FreshnessField>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Erc7700<'a> {
    pub(super) node: String,
    pub(super) preimage: &'a str,
    pub(super) chain_id: u64,
    pub(super) approval: String,
    pub(super) payload: Lists,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) freshness: Option<FreshnessField>,
}

impl Lists {
    pub(super) fn read(self) -> Result<Vec<PostedRecord>, PostError> {
        let mut records = Vec::new();
        if let Some(item) = self.contenthash {
            records.push(item.read(RecordKey::Contenthash)?);
        }
        for AddressItem { coin_type, value, signature, timestamp, data } in self.address {
            let key = RecordKey::Address(CoinType::from_number(coin_type));
            records.push(Item { value, signature, timestamp, data }.read(key)?);
        }
        for TextItem { key, value, signature, timestamp, data } in self.text {
            let key = RecordKey::Text(TextKey::parse(&key).map_err(RecordKeyError::from)?);
            records.push(Item { value, signature, timestamp, data }.read(key)?);
        }
        Ok(records)
    }

    pub(super) fn push(&mut self, record: &PostedRecord) {
        let PostedRecord { key, value, timestamp, payload } = record;
        let (value, timestamp) = (value.to_string(), *timestamp);
        let signature = hex::encode_prefixed(&payload.signature);
        let data = hex::encode_prefixed(payload.encode());
        match key {
            RecordKey::Text(key) => {
                let key = key.as_str().to_owned();
                self.text.push(TextItem { key, value, signature, timestamp, data });
            }
            RecordKey::Address(coin) => {
                let coin_type = coin.number();
                self.address.push(AddressItem { coin_type, value, signature, timestamp, data });
            }
            _ => self.contenthash = Some(Item { value, signature, timestamp, data }),
        }
    }
}

impl Item {
    fn read(self, key: RecordKey) -> Result<PostedRecord, PostError> {
        let Self { value, signature, timestamp, data } = self;
        let name = key.to_string();
        let data = bytes(&name, "data", &data)?;
        let payload = |source| PostError::Payload { record: key.clone(), source: Box::new(source) };
        let found = SignedRecord::decode(&data).map_err(payload)?;
        // What is served again is what was checked.
        if found.encode() != data {
            return Err(payload(PayloadError::Malformed));
        }
        let differs = |field| PostError::Differs { record: key.clone(), field };
        if bytes(&name, "signature", &signature)? != found.signature {
            return Err(differs("signature"));
        }
        let form = |field, bytes: &Bytes| match Signature::from_slice(bytes) {
            Ok(_) => Ok(()),
            Err(source) => {
                let source = Box::new(source);
                Err(PostError::Signature { record: key.clone(), field, source })
            }
        };
        form("signature", &found.signature)?;
        if !found.approval.is_empty() {
            form("approval", &found.approval)?;
        }
        let wrong = |field| {
            let record = key.clone();
            move |source| PostError::Value { record, field, source: Box::new(source) }
        };
        let signed = Value::abi_decode(&key, &found.result).map_err(wrong("data"))?;
        if Value::parse(&key, &value).map_err(wrong("value"))? != signed {
            return Err(differs("value"));
        }
        Ok(PostedRecord { key, value: signed, timestamp, payload: found })
    }
}

pub(super) fn bytes(of: &str, field: &'static str, text: &str) -> Result<Bytes, PostError> {
    let digits = text.strip_prefix("0x").filter(|digits| !digits.starts_with("0x"));
    let decoded = digits.and_then(|digits| hex::decode(digits).ok());
    let given = || text.chars().take(20).collect();
    let wrong = || PostError::Hex { of: of.to_owned(), field, given: given() };
    decoded.map(Bytes::from).ok_or_else(wrong)
}
