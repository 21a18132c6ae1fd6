//! What is given for an IPNS key and is something else.

use super::IpnsKeyError;
use crate::multiformats::IpnsName;
use crate::secret::{SecretForm, is_or_holds};

pub(super) const RSA: &str = "an RSA";
pub(super) const EC: &str = "an EC";
pub(super) const SECP256K1: &str = "a secp256k1";

const SECRET_BELONGS: &str = "the secret key belongs there (namesys keygen --export writes it)";

pub(super) const PUBLIC: IpnsKeyError =
    IpnsKeyError::Other { what: "a public key", instead: SECRET_BELONGS };
pub(super) const ENCRYPTED: IpnsKeyError = IpnsKeyError::Other {
    what: "an encrypted private key",
    instead: "decrypt it first: openssl pkcs8 -in FILE -out KEY",
};
pub(super) const UTF16: IpnsKeyError = IpnsKeyError::Other {
    what: "a text in UTF-16, as Windows' tools write it",
    instead: "save it as UTF-8",
};
pub(super) const KEYSTORE: IpnsKeyError = IpnsKeyError::Other {
    what: "a keystore of an Ethereum wallet",
    instead: "it is given as --keystore, and the IPNS key is derived from it",
};
pub(super) const BASE64_OF_32: IpnsKeyError = IpnsKeyError::Other {
    what: "32 bytes in base64, which a public key is too",
    instead: "a seed is written as 64 hexadecimal digits",
};
const NAME: IpnsKeyError =
    IpnsKeyError::Other { what: "an IPNS name, which is public", instead: SECRET_BELONGS };
const WEB_CLIENT: IpnsKeyError = IpnsKeyError::Other {
    what: "the deployed web client's IPNS ENCODED KEY, which is two keys joined by a comma",
    instead: "of its fields of hexadecimal digits the third is the seed: give that alone",
};

/// What a PEM block with this label is.
pub(super) fn block(label: &str) -> IpnsKeyError {
    match label {
        "RSA PRIVATE KEY" => IpnsKeyError::KeyType(RSA),
        "EC PRIVATE KEY" => IpnsKeyError::KeyType(EC),
        "DSA PRIVATE KEY" => IpnsKeyError::KeyType("a DSA"),
        "ENCRYPTED PRIVATE KEY" => ENCRYPTED,
        "OPENSSH PRIVATE KEY" => IpnsKeyError::Other {
            what: "a key in OpenSSH's own form",
            instead: "an IPNS key is in PKCS#8, hex or libp2p's form",
        },
        "CERTIFICATE" => IpnsKeyError::Other { what: "a certificate", instead: SECRET_BELONGS },
        _ if label.contains("PUBLIC KEY") => PUBLIC,
        _ => IpnsKeyError::Form,
    }
}

/// What a text without white space is, where that is known.
pub(super) fn text(text: &str) -> Option<IpnsKeyError> {
    if text.starts_with("08011240") && text.contains(',') {
        return Some(WEB_CLIENT);
    }
    if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") {
        return Some(PUBLIC);
    }
    let is_name = text.starts_with("k51") || text.starts_with("k2k4") || text.starts_with("12D3");
    if is_name && text.parse::<IpnsName>().is_ok() {
        return Some(NAME);
    }
    match is_or_holds(text) {
        Some(SecretForm::Age) => Some(other("an age identity")),
        Some(SecretForm::Nostr) => Some(other("a Nostr private key")),
        Some(SecretForm::Extended) => Some(other("an extended private key")),
        Some(SecretForm::Wif) => Some(other("a Bitcoin private key")),
        Some(SecretForm::Mnemonic) => Some(other("a mnemonic")),
        Some(SecretForm::Jwt) => Some(other("a token (JWT)")),
        // Those that may be read.
        _ => None,
    }
}

fn other(what: &'static str) -> IpnsKeyError {
    IpnsKeyError::Other { what, instead: "an IPNS key belongs there" }
}

/// With its mark, or as every second byte is zero.
pub(in crate::keys) fn is_utf16(bytes: &[u8]) -> bool {
    let marked = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let zeros = |from: usize| bytes.iter().skip(from).step_by(2).all(|byte| *byte == 0);
    marked || (bytes.len() >= 8 && bytes.len().is_multiple_of(2) && (zeros(0) || zeros(1)))
}
