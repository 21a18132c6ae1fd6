//! The record file: the JSON that a resolver's gateways serve, with a payload in it
//! ([records](crate::spec::records)).

use alloy_primitives::hex;
use serde::{Deserialize, Serialize};

use crate::json;

/// The longest record file that is read, in bytes.
pub const MAX_RECORD_FILE: u64 = 1 << 20;

/// The longest ABI-encoded value, in bytes, whose record file with both signatures is not longer
/// than [`MAX_RECORD_FILE`]: two digits a byte, 420 bytes of payload before it, 13 of JSON around.
pub const MAX_VALUE: usize = (MAX_RECORD_FILE as usize - 13 - 2 * 420) / 64 * 32;

/// The JSON of a record file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFile {
    /// `0x` and the payload in lower-case hex.
    pub data: String,
    /// What the deployed backend writes beside it.
    pub metadata: Option<FileMetadata>,
}

/// The fields in the order of the deployed backend.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Deployed<'a> {
    domain: &'a str,
    data: &'a str,
    raw: &'a str,
    timestamp: i64,
    signer: &'a str,
    controller: &'a str,
    manager_signature: &'a str,
    record_signature: &'a str,
}

/// The other fields of the deployed backend, for people and its own client; nothing verifies
/// them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMetadata {
    /// The full name.
    pub domain: String,
    /// The value in its text form.
    pub raw: String,
    /// Seconds since 1970.
    pub timestamp: i64,
    /// The records signer.
    pub signer: String,
    /// The owner.
    pub controller: String,
    /// SIGN 3, or `0x`.
    pub manager_signature: String,
    /// SIGN 4.
    pub record_signature: String,
}

/// Why a file is not a record file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// More than a record file can have.
    #[error("it is longer than {MAX_RECORD_FILE} bytes")]
    TooLong,
    /// Not JSON with a text `data`.
    #[error("it is not JSON of the form {{\"data\":\"0x…\"}}: {0}")]
    Json(#[from] serde_json::Error),
    /// `data` is not hexadecimal.
    #[error("its data is not 0x and hexadecimal digits")]
    Hex,
}

impl RecordFile {
    /// The file of `payload`, without other fields.
    pub fn new(payload: &[u8]) -> Self {
        Self { data: hex::encode_prefixed(payload), metadata: None }
    }

    /// The bytes of the file.
    pub fn to_json(&self) -> Vec<u8> {
        match &self.metadata {
            // The usual case, a thousand times a second: hex needs no escaping.
            None => format!("{{\"data\":\"{}\"}}", self.data).into_bytes(),
            Some(metadata) => {
                let file = Deployed {
                    domain: &metadata.domain,
                    data: &self.data,
                    raw: &metadata.raw,
                    timestamp: metadata.timestamp,
                    signer: &metadata.signer,
                    controller: &metadata.controller,
                    manager_signature: &metadata.manager_signature,
                    record_signature: &metadata.record_signature,
                };
                serde_json::to_vec(&file).expect("texts and numbers always serialize")
            }
        }
    }

    /// The payload of the file in `bytes`.
    ///
    /// # Errors
    /// [`FileError`] says what is not as it must be.
    pub fn payload(bytes: &[u8]) -> Result<Vec<u8>, FileError> {
        #[derive(Deserialize)]
        struct Data<'a> {
            #[serde(borrow)]
            data: std::borrow::Cow<'a, str>,
        }
        if bytes.len() as u64 > MAX_RECORD_FILE {
            return Err(FileError::TooLong);
        }
        let file: Data<'_> = json::from_slice(bytes)?;
        let digits = file.data.strip_prefix("0x").ok_or(FileError::Hex)?;
        hex::decode(digits).map_err(|_| FileError::Hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_fields_stand_in_the_order_of_the_deployed_backend() {
        let text = || String::from("x");
        let metadata = FileMetadata {
            domain: "nick.eth".into(),
            raw: text(),
            timestamp: 1,
            signer: text(),
            controller: text(),
            manager_signature: "0x".into(),
            record_signature: text(),
        };
        let file = RecordFile { metadata: Some(metadata), ..RecordFile::new(&[1]) };
        assert_eq!(
            String::from_utf8(file.to_json()).unwrap(),
            r#"{"domain":"nick.eth","data":"0x01","raw":"x","timestamp":1,"signer":"x","controller":"x","managerSignature":"0x","recordSignature":"x"}"#
        );
        assert_eq!(RecordFile::payload(&file.to_json()).unwrap(), [1]);
    }

    #[test]
    fn files_are_read_strictly() {
        assert_eq!(RecordFile::payload(b"{\"data\":\"0x01ff\",\"x\":1}").unwrap(), [1, 255]);
        assert_eq!(RecordFile::payload(b"\xef\xbb\xbf{\"data\":\"0x01\"}").unwrap(), [1]);
        assert_eq!(RecordFile::new(&[1, 255]).to_json(), b"{\"data\":\"0x01ff\"}");
        for bad in [
            "{\"data\":\"01ff\"}",
            "{\"data\":\"0X01ff\"}",
            "{\"data\":\"0x1\"}",
            "{\"data\":1}",
            "{\"data\":[1,255]}",
            // What serde reads as well; no client does.
            "[\"0x01ff\"]",
            "<html>",
            "",
            "{}",
        ] {
            assert!(RecordFile::payload(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
