//! Filecoin: `f`, a protocol, and for 1 (secp256k1), 2 (actor) and 3 (BLS) base32 of the payload with
//! four bytes of BLAKE2b; for 0 the number of the account, stored as LEB128.

use blake2::digest::consts::U4;
use blake2::{Blake2b, Digest};
use data_encoding::{Encoding, Specification};

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const CODEC: Codec =
    Codec { parse, display, expected: "f1…, f2…, f3…, or f0 and a number", is_hex: false };

/// RFC 4648 in lower case without padding.
fn base32() -> Option<Encoding> {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().ok()
}

fn payload_length(protocol: u8) -> Option<usize> {
    match protocol {
        1 | 2 => Some(20),
        3 => Some(48),
        _ => None,
    }
}

fn parse(text: &str) -> Result<Vec<u8>, Reason> {
    let rest = text.strip_prefix('f').ok_or("it does not begin with f")?;
    let (protocol, body) = match rest.split_at_checked(1) {
        Some(("0", number)) => return account(number),
        Some((protocol @ ("1" | "2" | "3"), body)) => (protocol.as_bytes()[0] - b'0', body),
        Some(("4", _)) => return Err("addresses of protocol 4 cannot be stored".into()),
        _ => return Err("0, 1, 2 or 3 belongs after f".into()),
    };
    let bytes = base32().and_then(|base32| base32.decode(body.as_bytes()).ok());
    let bytes = bytes.ok_or("it is not base32 in lower case")?;
    let (payload, checksum) = bytes.split_last_chunk::<4>().ok_or("it is too short")?;
    if payload_length(protocol) != Some(payload.len()) {
        return Err("its length is wrong".into());
    }
    let stored = [&[protocol], payload].concat();
    let hash: [u8; 4] = Blake2b::<U4>::digest(&stored).into();
    if hash == *checksum { Ok(stored) } else { Err(CHECKSUM.into()) }
}

fn display(stored: &[u8]) -> Option<String> {
    let (protocol, payload) = stored.split_first()?;
    if *protocol == 0 {
        let number = unleb(payload)?;
        return Some(format!("f0{number}"));
    }
    let hash: [u8; 4] = Blake2b::<U4>::digest(stored).into();
    let is_right = payload_length(*protocol) == Some(payload.len());
    let text = base32()?.encode(&[payload, &hash].concat());
    is_right.then(|| format!("f{protocol}{text}"))
}

fn account(number: &str) -> Result<Vec<u8>, Reason> {
    let parsed = number.parse().ok().filter(|parsed: &u64| parsed.to_string() == number);
    let mut rest = parsed.ok_or("a number without leading zeros belongs after f0")?;
    let mut stored = vec![0];
    loop {
        let byte = (rest & 0x7f) as u8;
        rest >>= 7;
        if rest == 0 {
            stored.push(byte);
            return Ok(stored);
        }
        stored.push(byte | 0x80);
    }
}

fn unleb(bytes: &[u8]) -> Option<u64> {
    let (number, left) = unsigned_varint::decode::u64(bytes).ok()?;
    left.is_empty().then_some(number)
}
