//! DNS wire form of a name (RFC 1035 section 3.1, as ENSIP-10 uses it: labels up to 255 bytes,
//! longer ones by their hash, `[<64 hexadecimal digits>]`).

use alloy_primitives::{hex, keccak256};

use super::name::{MAX_LABEL_BYTES, Name, NameError};

/// Why bytes are not the wire form of a normalised name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// A length byte points past the end, the final zero is missing, or bytes follow it.
    #[error("the DNS wire form is malformed at byte {at}")]
    Malformed {
        /// Offset of the offending byte.
        at: usize,
    },
    /// A label is not UTF-8.
    #[error("a label of the DNS wire form is not UTF-8")]
    NotUtf8,
    /// The labels are not a normalised name.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl Name {
    /// DNS wire form: each label after its length byte, then a zero byte (ENSIP-10).
    pub fn dns(&self) -> Vec<u8> {
        encode(self)
    }
}

/// Each label after its length byte, then a zero byte; a label that is too long for that is there
/// by its hash.
pub fn encode(name: &Name) -> Vec<u8> {
    let mut wire = Vec::with_capacity(name.as_str().len() + 2);
    for label in name.labels() {
        let hashed;
        let label = match label.len() {
            0..=MAX_LABEL_BYTES => label,
            _ => {
                hashed = format!("[{}]", hex::encode(keccak256(label)));
                &hashed
            }
        };
        wire.push(u8::try_from(label.len()).expect("it was looked at"));
        wire.extend_from_slice(label.as_bytes());
    }
    wire.push(0);
    wire
}

/// The name in `wire`, which must be normalised already.
///
/// # Errors
/// Says where the bytes are malformed, or why the labels are not a name.
pub fn decode(wire: &[u8]) -> Result<Name, DnsError> {
    let mut labels = Vec::new();
    let mut at = 0;
    loop {
        let length = usize::from(*wire.get(at).ok_or(DnsError::Malformed { at })?);
        at += 1;
        if length == 0 {
            break;
        }
        let label = wire.get(at..at + length).ok_or(DnsError::Malformed { at: at - 1 })?;
        if label.contains(&b'.') {
            return Err(DnsError::Malformed { at });
        }
        labels.push(std::str::from_utf8(label).map_err(|_| DnsError::NotUtf8)?);
        at += length;
    }
    if at != wire.len() {
        return Err(DnsError::Malformed { at });
    }
    Ok(Name::from_normalized(&labels.join("."))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_malformed() {
        let name = Name::parse("sub.nick.eth").unwrap();
        assert_eq!(decode(&encode(&name)).unwrap(), name);
        // Too long for its length byte: there by its hash, which is the same node.
        let long = Name::parse(&format!("{}.eth", "a".repeat(256))).unwrap();
        let short = decode(&encode(&long)).unwrap();
        assert_eq!((short.node(), encode(&short)), (long.node(), encode(&long)));
        assert_eq!(encode(&long).len(), 1 + 66 + 1 + 3 + 1);
        assert_eq!(decode(b"\x03a.b\x00"), Err(DnsError::Malformed { at: 1 }));
        assert_eq!(decode(b"\x04nick\x03eth"), Err(DnsError::Malformed { at: 9 }));
        assert_eq!(decode(b"\x09nick\x00"), Err(DnsError::Malformed { at: 0 }));
        assert_eq!(decode(b"\x03eth\x00x"), Err(DnsError::Malformed { at: 5 }));
        assert!(matches!(
            decode(b"\x03ETH\x00"),
            Err(DnsError::Name(NameError::NotNormalized { .. }))
        ));
        assert_eq!(decode(b"\x00"), Err(DnsError::Name(NameError::Empty)));
    }
}
