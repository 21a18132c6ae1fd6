//! Public keys of EOSIO and of Graphene before it (Steem, Hive, BitShares, …): a prefix, and base58
//! of a compressed secp256k1 point with four bytes of its RIPEMD-160.

use super::codec::CHECKSUM;
use super::reason::Reason;
use super::ripemd160::ripemd160;

pub(super) fn parse(text: &str, prefix: &str) -> Result<Vec<u8>, Reason> {
    let body =
        text.strip_prefix(prefix).ok_or_else(|| format!("it does not begin with {prefix}"))?;
    let bytes = super::base58::parse_unchecked(body, 37)?;
    let (key, checksum) = bytes.split_at(33);
    if ripemd160(key).is_none_or(|hash| hash[..4] != *checksum) {
        return Err(CHECKSUM.into());
    }
    match is_point(key) {
        true => Ok(key.to_vec()),
        false => Err("it is not the public key of any account".into()),
    }
}

pub(super) fn display(key: &[u8], prefix: &str) -> Option<String> {
    if key.len() != 33 || !is_point(key) {
        return None;
    }
    let checksum = ripemd160(key)?;
    Some(format!("{prefix}{}", bs58::encode([key, &checksum[..4]].concat()).into_string()))
}

fn is_point(key: &[u8]) -> bool {
    k256::ecdsa::VerifyingKey::from_sec1_bytes(key).is_ok()
}
