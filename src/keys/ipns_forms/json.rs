//! Keys in JSON: a JWK (RFC 8037), and Kubo's configuration.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{IpnsKeyError, from_seed, from_text, named};
use crate::keys::IpnsKey;

pub(super) fn parse(text: &str) -> Result<IpnsKey, IpnsKeyError> {
    let mut value: Value = crate::json::from_str(text).map_err(|_| IpnsKeyError::Form)?;
    let key = from_value(&value);
    wipe(&mut value);
    key
}

fn from_value(value: &Value) -> Result<IpnsKey, IpnsKeyError> {
    if let Some(key) = value.pointer("/Identity/PrivKey").and_then(Value::as_str) {
        return from_text(key);
    }
    if value.get("crypto").or_else(|| value.get("Crypto")).is_some() {
        return Err(named::KEYSTORE);
    }
    let field = |name: &str| value.get(name).and_then(Value::as_str);
    match (field("kty"), field("crv")) {
        (Some("OKP"), Some("Ed25519")) => {}
        (Some("OKP"), _) => return Err(IpnsKeyError::KeyType("an X25519 or Ed448")),
        (Some("RSA"), _) => return Err(IpnsKeyError::KeyType(named::RSA)),
        (Some("EC"), Some("secp256k1")) => return Err(IpnsKeyError::KeyType(named::SECP256K1)),
        (Some("EC"), _) => return Err(IpnsKeyError::KeyType(named::EC)),
        _ => return Err(IpnsKeyError::Form),
    }
    let decode = |text: &str| {
        let text = text.trim_end_matches('=');
        BASE64URL_NOPAD.decode(text.as_bytes()).map(Zeroizing::new).map_err(|_| IpnsKeyError::Form)
    };
    let key = from_seed(&decode(field("d").ok_or(named::PUBLIC)?)?)?;
    match field("x") {
        Some(public) if **decode(public)? != key.name().public_key() => {
            Err(IpnsKeyError::PublicHalf)
        }
        _ => Ok(key),
    }
}

/// serde_json's copies of what may be secret.
fn wipe(value: &mut Value) {
    use zeroize::Zeroize;
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        _ => {}
    }
}
