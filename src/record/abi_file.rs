//! Files that hold the ABI of a contract, as `abi/<content type>` takes them (ENSIP-4).

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::de::IgnoredAny;

const JSON: u64 = 1;
const ZLIB_JSON: u64 = 2;
const CBOR: u64 = 4;
const URI: u64 = 8;

/// The longest ABI that is looked at, in bytes, compressed or not.
const MAX_JSON: u64 = 16 << 20;

/// Why a file is not an ABI of the content type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AbiFileError {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// Not JSON, where JSON belongs.
    #[error("it is not JSON: {0}")]
    Json(String),
    /// JSON, but not the list of a contract's functions.
    #[error(
        "it is JSON, but not an ABI, which is a list, [{{\"type\":\"function\",…}}, …]{}",
        if *is_artifact { "; that of a compiler's artifact is its member \"abi\"" } else { "" }
    )]
    NoList {
        /// Whether it is an object with an `abi`, as compilers write them.
        is_artifact: bool,
    },
    /// Not CBOR, where CBOR belongs.
    #[error("it is not CBOR: {0}")]
    Cbor(String),
    /// Not a URI, where one belongs.
    #[error("it is not a URI, in one line of text, such as https://example.com/abi.json")]
    Uri,
}

/// The bytes of a record `abi/<content_type>` for the file `bytes`: JSON (1) as it is, also
/// compressed for 2, where a file that is compressed already stays so; CBOR (4); a URI (8)
/// without its line's end. Other content types are taken as they are.
///
/// # Errors
/// [`AbiFileError`] says why readers could not make anything of it.
pub fn abi_from_file(content_type: u64, bytes: &[u8]) -> Result<Vec<u8>, AbiFileError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(AbiFileError::Empty);
    }
    match content_type {
        JSON => check_json(bytes).map(|()| bytes.to_vec()),
        ZLIB_JSON => match inflated(bytes) {
            Some(json) => check_json(&json).map(|()| bytes.to_vec()),
            None => check_json(bytes).map(|()| deflated(bytes)),
        },
        CBOR => check_cbor(bytes).map(|()| bytes.to_vec()),
        URI => uri(bytes).map(|uri| uri.as_bytes().to_vec()).ok_or(AbiFileError::Uri),
        _ => Ok(bytes.to_vec()),
    }
}

fn check_json(bytes: &[u8]) -> Result<(), AbiFileError> {
    let error = match serde_json::from_slice::<Vec<IgnoredAny>>(bytes) {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(value) => Err(AbiFileError::NoList {
            is_artifact: value.get("abi").is_some_and(|abi| abi.is_array()),
        }),
        Err(_) => Err(AbiFileError::Json(error.to_string())),
    }
}

fn check_cbor(bytes: &[u8]) -> Result<(), AbiFileError> {
    let mut decoder = minicbor::Decoder::new(bytes);
    decoder.skip().map_err(|error| AbiFileError::Cbor(error.to_string()))?;
    match decoder.position() == bytes.len() {
        true => Ok(()),
        false => Err(AbiFileError::Cbor("bytes follow it".to_owned())),
    }
}

fn uri(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let (scheme, rest) = text.split_once(':')?;
    let scheme_is_one = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let rest_is_one =
        !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control());
    (scheme_is_one && rest_is_one).then_some(text)
}

/// What was compressed by zlib, whole and with nothing after it.
fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut decoder = ZlibDecoder::new(bytes);
    let read = decoder.by_ref().take(MAX_JSON + 1).read_to_end(&mut plain);
    let is_whole = read.is_ok() && plain.len() as u64 <= MAX_JSON;
    (is_whole && decoder.total_in() == bytes.len() as u64).then_some(plain)
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABI: &[u8] = b"[{\"type\":\"fallback\"}]\n";

    #[test]
    fn json_is_taken_and_nothing_else() {
        assert_eq!(abi_from_file(1, ABI).unwrap(), ABI);
        assert_eq!(abi_from_file(1, b"[]").unwrap(), b"[]");
        for empty in [&b""[..], b"\n ", b"\t"] {
            for content_type in [1, 2, 4, 8, 16] {
                assert_eq!(abi_from_file(content_type, empty), Err(AbiFileError::Empty));
            }
        }
        let error = abi_from_file(1, b"just notes").unwrap_err().to_string();
        assert!(error.starts_with("it is not JSON: "), "{error}");
        let error = abi_from_file(1, b"{\"abi\":[],\"bytecode\":\"0x\"}").unwrap_err();
        assert_eq!(error, AbiFileError::NoList { is_artifact: true });
        assert!(error.to_string().contains("member \"abi\""), "{error}");
        assert_eq!(abi_from_file(1, b"7"), Err(AbiFileError::NoList { is_artifact: false }));
        assert!(matches!(abi_from_file(1, &deflated(ABI)), Err(AbiFileError::Json(_))));
    }

    #[test]
    fn json_is_compressed_once() {
        let compressed = abi_from_file(2, ABI).unwrap();
        assert_eq!(compressed[0], 0x78, "zlib");
        assert_eq!(inflated(&compressed).unwrap(), ABI);
        assert_eq!(abi_from_file(2, &compressed).unwrap(), compressed);
        assert!(abi_from_file(2, &deflated(b"notes")).is_err());
        assert!(abi_from_file(2, &[&compressed[..], b"x"].concat()).is_err());
        let long = format!("[{}]", vec!["{\"type\":\"fallback\"}"; 50_000].join(","));
        assert!(abi_from_file(2, long.as_bytes()).unwrap().len() < 10_000);
    }

    #[test]
    fn cbor_and_uris() {
        assert_eq!(abi_from_file(4, &[0x80]).unwrap(), [0x80]);
        assert!(matches!(abi_from_file(4, &[0x80, 0x80]), Err(AbiFileError::Cbor(_))));
        assert!(matches!(abi_from_file(4, &[0x81]), Err(AbiFileError::Cbor(_))));
        assert_eq!(abi_from_file(8, b"https://a.example/abi\n").unwrap(), b"https://a.example/abi");
        for bad in [&b"notes"[..], b"https://a b", b"1x:y", b"x:", &[0xff, b':', b'x']] {
            assert_eq!(abi_from_file(8, bad), Err(AbiFileError::Uri));
        }
    }
}
