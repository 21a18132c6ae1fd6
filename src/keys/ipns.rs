//! The IPNS key (ed25519): [keys](crate::spec::keys), <https://specs.ipfs.tech/ipns/ipns-record/>.

use std::fmt;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{EncodePrivateKey, KeypairBytes};
use ed25519_dalek::{Signer, SigningKey};

use crate::multiformats::IpnsName;
use crate::secret::{Secret, Secret32, SecretBytes, SecretString};

/// Protobuf head of an ed25519 private key: type 1, then 64 bytes of data (seed ‖ public).
pub(super) const PRIVATE_HEAD: [u8; 4] = [0x08, 0x01, 0x12, 0x40];
/// An ed25519 secret key that signs the records of its [`IpnsName`]. Wiped on drop.
#[derive(Clone)]
pub struct IpnsKey(SigningKey);

impl IpnsKey {
    /// From the 32-byte seed (RFC 8032 secret key). Every seed is a key.
    pub fn from_seed(seed: &Secret32) -> Self {
        Self(SigningKey::from_bytes(seed.expose()))
    }

    /// The name whose records this key signs.
    pub fn name(&self) -> IpnsName {
        IpnsName::of_key(&self.0.verifying_key())
    }

    /// The ed25519 signature over `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// The 32-byte seed.
    pub fn seed(&self) -> Secret32 {
        Secret::new(self.0.to_bytes())
    }

    /// The libp2p protobuf, `08 01 12 40 ‖ seed ‖ pub`, 68 bytes: what Kubo keeps and imports.
    pub fn to_libp2p(&self) -> SecretBytes {
        let mut bytes = Vec::with_capacity(68);
        bytes.extend_from_slice(&PRIVATE_HEAD);
        bytes.extend_from_slice(self.seed().expose());
        bytes.extend_from_slice(&self.name().public_key());
        Secret::new(bytes)
    }

    /// PKCS#8 PEM, version 1: without the public half, since OpenSSL 3.0 and Node refuse it.
    pub fn to_pem(&self) -> SecretString {
        let pair = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let pem = pair.to_pkcs8_pem(LineEnding::LF).expect("a 32-byte key has a PKCS#8 form");
        Secret::new(pem.as_str().to_owned())
    }
}

impl fmt::Debug for IpnsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IpnsKey").field("name", &self.name()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "k51qzi5uqu5dm8vj5be9rx33v7q8eoxlfqj1k7moz7zjk2x6ihnbjwwo9bo5k6";

    fn vectors() -> Vec<serde_json::Value> {
        let file = include_str!("../../tests/vectors/keygen.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        file["cases"].as_array().unwrap().clone()
    }

    fn hex(value: &serde_json::Value) -> Vec<u8> {
        let text = value.as_str().unwrap();
        data_encoding::HEXLOWER.decode(text.trim_start_matches("0x").as_bytes()).unwrap()
    }

    #[test]
    fn seeds_give_the_names_of_the_vectors() {
        for case in vectors() {
            let seed: [u8; 32] = hex(&case["ed25519_seed"]).try_into().unwrap();
            let key = IpnsKey::from_seed(&seed.into());
            let name = key.name();
            assert_eq!(name.public_key()[..], hex(&case["ed25519_public"]));
            assert_eq!(name.to_string(), case["ipns_name"].as_str().unwrap());
            assert_eq!(name.contenthash(), hex(&case["contenthash"]));
            assert_eq!(*key.to_libp2p().expose(), hex(&case["libp2p_private_key"]));
            assert_eq!(IpnsName::from_contenthash(&name.contenthash()), Ok(name));

            let older: [u8; 32] = hex(&case["noble_1_6"]["ed25519_seed"]).try_into().unwrap();
            let older = IpnsKey::from_seed(&older.into()).name().to_string();
            assert_eq!(older, case["noble_1_6"]["ipns_name"].as_str().unwrap());
        }
    }

    #[test]
    fn signatures_verify_under_their_own_name_only() {
        let key = IpnsKey::from_seed(&[7; 32].into());
        let signature = key.sign(b"message");
        assert!(key.name().verify(b"message", &signature));
        assert!(!key.name().verify(b"massage", &signature));
        assert!(!NAME.parse::<IpnsName>().unwrap().verify(b"message", &signature));
        assert!(!key.name().verify(b"message", &signature[..63]));
    }

    #[test]
    fn debug_shows_the_name_only() {
        let key = IpnsKey::from_seed(&[7; 32].into());
        assert_eq!(format!("{key:?}"), format!("IpnsKey {{ name: IpnsName({}), .. }}", key.name()));
    }
}
