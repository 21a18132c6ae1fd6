//! What people write for content and for keys: CIDs and IPNS names, each in every text form, read
//! in this one place.
//!
//! | form | content | IPNS name |
//! | --- | --- | --- |
//! | bare, in any multibase | `bafy…`, `zdj7…`, `f0170…` | `k51…`, `bafzaa…`, `f0172…` |
//! | base58, the older form | `Qm…` (CIDv0) | `12D3KooW…`, `16Uiu2…`, `Qm…` (peer ids) |
//! | URI or path | `ipfs://…`, `/ipfs/…` | `ipns://…`, `/ipns/…` |
//! | contenthash in hex (ENSIP-7) | `0xe301…`, `e301…` | `0xe501…`, `e501…` |
//! | ed25519 public key in hex | | `0x` and 64 digits, or the digits alone |
//!
//! A bare `Qm…` is content, except where only a name can stand.

mod cid_text;
mod content_id;
mod ipns_name;

pub use cid_text::{CidTextError, long_identity, parse_cid, parse_long_identity};
pub use content_id::{ContentId, ContentIdError};
pub use ipns_name::{IpnsName, IpnsNameError, parse_key_cid};

/// Multicodec `libp2p-key`.
pub const LIBP2P_KEY: u64 = 0x72;
/// `ipfs-ns` as ENSIP-7 writes it: what a contenthash of content begins with.
pub const IPFS_NS: [u8; 2] = [0xe3, 0x01];
/// `ipns-ns` as ENSIP-7 writes it: what a contenthash of an IPNS name begins with.
pub const IPNS_NS: [u8; 2] = [0xe5, 0x01];

/// No form is longer, in bytes of text: 40 bytes in base 2 are 321 digits.
const MAX_TEXT: usize = 400;

/// `text` without the scheme, as a URI or a path.
fn without_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let uri = text.split_once("://").filter(|(found, _)| found.eq_ignore_ascii_case(scheme));
    let path = || text.strip_prefix('/')?.strip_prefix(scheme)?.strip_prefix('/');
    let rest = uri.map(|(_, rest)| rest).or_else(path)?;
    Some(rest.strip_suffix('/').unwrap_or(rest))
}

/// The bytes of `text` in hexadecimal, with `0x` or without.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()
}

/// `text` as an error quotes it.
fn quoted(text: &str) -> String {
    match text.len() > MAX_TEXT {
        true => text.chars().take(40).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
