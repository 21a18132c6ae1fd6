//! The nostr key K_N ([keys](crate::spec::keys)): secp256k1 as BIP-340 has it, written as NIP-19
//! says.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::hex;
use bech32::{Bech32, Hrp};
use secp256k1::{Keypair, SECP256K1, SecretKey, XOnlyPublicKey};
use zeroize::Zeroize;

use super::Identity;
use super::derive::nostr_scalar;
use crate::ens::Name;
use crate::request::Signature;
use crate::secret::{Secret, Secret32, SecretString};

const NPUB: Hrp = Hrp::parse_unchecked("npub");
const NSEC: Hrp = Hrp::parse_unchecked("nsec");
/// The longest username: a name of NIP-05 has a part and a domain.
const MAX_USERNAME: usize = 320;

/// The secret key of a nostr account.
#[derive(Clone)]
pub struct NostrKey {
    pair: Keypair,
}

/// Its public half: the x coordinate of the point whose y is even, 32 bytes (BIP-340).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NostrPublicKey([u8; 32]);

/// Why a text is no nostr key. It is not quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NostrKeyError {
    /// Neither `npub1…` nor 64 digits.
    #[error("a nostr public key is npub1…, or 64 hexadecimal digits")]
    Form,
    /// A secret one.
    #[error("this is a secret key, nsec1…: its public half, npub1…, belongs there")]
    Secret,
    /// On no point of the curve.
    #[error("the number is the x coordinate of no point of secp256k1")]
    NotOnCurve,
}

/// Who logs in: a petname, a domain, or `name@domain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NostrUsername(String);

impl FromStr for NostrUsername {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // It stands between quotes in one line of what is signed.
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '\'';
        match !text.is_empty() && text.len() <= MAX_USERNAME && text.chars().all(is_plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(format!(
                "{text:?} is no username: a petname, a domain or name@domain, without spaces and \
                 quotes, of at most {MAX_USERNAME} bytes"
            )),
        }
    }
}

impl From<&Name> for NostrUsername {
    fn from(name: &Name) -> Self {
        // It has neither spaces nor quotes (ENSIP-15).
        Self(name.to_string())
    }
}

impl NostrUsername {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl NostrKey {
    /// The key that follows from the signature of [`Request::NostrLogin`] and the password:
    /// HKDF as for the other keys, `(okm mod (n − 1)) + 1`.
    ///
    /// # Errors
    /// Never for a signature: the scalar lies in 1..n by construction.
    ///
    /// [`Request::NostrLogin`]: crate::request::Request::NostrLogin
    pub fn derive(
        signature: &Signature,
        password: &SecretString,
        identity: &Identity,
    ) -> Result<Self, NostrKeyError> {
        Self::from_scalar(&nostr_scalar(signature, password, identity))
    }

    /// From the secret scalar, 32 bytes big-endian.
    ///
    /// # Errors
    /// [`NostrKeyError::NotOnCurve`] unless 0 < scalar < n.
    pub fn from_scalar(scalar: &Secret32) -> Result<Self, NostrKeyError> {
        let mut key =
            SecretKey::from_byte_array(*scalar.expose()).map_err(|_| NostrKeyError::NotOnCurve)?;
        let pair = Keypair::from_secret_key(SECP256K1, &key);
        key.non_secure_erase();
        Ok(Self { pair })
    }

    /// The public half.
    pub fn public(&self) -> NostrPublicKey {
        NostrPublicKey(self.pair.x_only_public_key().0.serialize())
    }

    /// `nsec1…` (NIP-19).
    pub fn nsec(&self) -> SecretString {
        let mut scalar = self.pair.secret_bytes();
        let text = bech32::encode::<Bech32>(NSEC, &scalar).expect("32 bytes fit into bech32");
        scalar.zeroize();
        SecretString::new(text)
    }

    /// 64 hexadecimal digits.
    pub fn hex(&self) -> SecretString {
        let mut scalar = self.pair.secret_bytes();
        let text = Secret::new(hex::encode(scalar));
        scalar.zeroize();
        text
    }

    /// Signs a message of 32 bytes (BIP-340; of an event its id), with `aux` as auxiliary
    /// randomness.
    pub fn sign(&self, message: &[u8; 32], aux: &[u8; 32]) -> [u8; 64] {
        SECP256K1.sign_schnorr_with_aux_rand(message, &self.pair, aux).to_byte_array()
    }
}

impl Drop for NostrKey {
    fn drop(&mut self) {
        self.pair.non_secure_erase();
    }
}

impl fmt::Debug for NostrKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NostrKey({})", self.public())
    }
}

impl NostrPublicKey {
    /// The 32 bytes, which `address/1237` holds.
    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// 64 hexadecimal digits, as NIP-05 has them.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Display for NostrPublicKey {
    /// `npub1…` (NIP-19).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = bech32::encode::<Bech32>(NPUB, &self.0).expect("32 bytes fit into bech32");
        f.write_str(&text)
    }
}

impl FromStr for NostrPublicKey {
    type Err = NostrKeyError;

    fn from_str(text: &str) -> Result<Self, NostrKeyError> {
        if text.to_ascii_lowercase().starts_with("nsec1") {
            return Err(NostrKeyError::Secret);
        }
        let bytes = match bech32::decode(text) {
            Ok((hrp, bytes)) if hrp == NPUB => bytes,
            Ok(_) => return Err(NostrKeyError::Form),
            Err(_) => hex::decode(text).map_err(|_| NostrKeyError::Form)?,
        };
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| NostrKeyError::Form)?;
        XOnlyPublicKey::from_byte_array(bytes).map_err(|_| NostrKeyError::NotOnCurve)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;

    use super::*;
    use crate::keys::derive::nostr_scalar_of_hex;
    use crate::record::{RecordKey, Value};
    use crate::request::{Caip10, Request};

    const WALLET: Caip10 =
        Caip10 { chain_id: 1, address: address!("0d2C290bb3fE24D8D566268d5c41527c519715Db") };

    /// The vectors that were published with the scheme.
    #[test]
    fn published_vectors() {
        let signature = SecretString::new("f".repeat(130));
        for (username, password, secret, public) in [
            (
                "me@example.com",
                "hello dear fucker",
                "fd6a6c03eadf0db178f79de3a2dd3f0464fb5fac96608842d68ce64da2e40954",
                None,
            ),
            (
                "me@example.com",
                "",
                "897c5140a6e0e09b512c755cfd60829998fb0d046c52fae0846cca045185a52b",
                None,
            ),
            (
                "nipxxtest1",
                "hello dear fucker",
                "3f0b9c0ddb02d7056c4908d362c8d03072ef3f2dc1eb10a6ef9706dc3f017198",
                Some("6cb22c9037a08313f0f1f2cfafebcb14cc57acef43b11c6343e6a0d5b46a4abe"),
            ),
        ] {
            let identity = Identity { wallet: WALLET, username: username.to_owned() };
            let password = SecretString::new(password.to_owned());
            let scalar = nostr_scalar_of_hex(&signature, &password, &identity);
            assert_eq!(hex::encode(scalar.expose()), secret);
            let key = NostrKey::from_scalar(&scalar).unwrap();
            assert_eq!(key.hex().expose(), secret);
            public.iter().for_each(|public| assert_eq!(key.public().hex(), *public));
            assert!(!format!("{key:?}").contains(secret));
        }
    }

    #[test]
    fn the_text_that_is_signed() {
        let text = Request::NostrLogin { username: "me@example.com", wallet: WALLET }.to_string();
        assert_eq!(
            text,
            "Log into Nostr client as 'me@example.com'\n\nIMPORTANT: Please verify the integrity \
             and authenticity of connected Nostr client before signing this message\n\nSIGNED BY: \
             eip155:1:0x0d2C290bb3fE24D8D566268d5c41527c519715Db"
        );
    }

    /// NIP-19's own examples, and the record's own text form.
    #[test]
    fn written_forms() {
        let secret = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa";
        let mut scalar = [0; 32];
        hex::decode_to_slice(secret, &mut scalar).unwrap();
        let key = NostrKey::from_scalar(&Secret::new(scalar)).unwrap();
        let nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
        assert_eq!(key.nsec().expose(), nsec);
        assert_eq!(nsec.parse::<NostrPublicKey>(), Err(NostrKeyError::Secret));
        let npub = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
        let public: NostrPublicKey = npub.parse().unwrap();
        let digits = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
        assert_eq!((public.hex().as_str(), public.to_string().as_str()), (digits, npub));
        assert_eq!(digits.parse(), Ok(public));
        let record = Value::parse(&RecordKey::parse("address/1237").unwrap(), npub).unwrap();
        assert_eq!(record.to_string(), npub);
        for (text, error) in [
            ("", NostrKeyError::Form),
            (&npub[..62], NostrKeyError::Form),
            (&digits[..62], NostrKeyError::Form),
            (&"f".repeat(64), NostrKeyError::NotOnCurve),
        ] {
            assert_eq!(text.parse::<NostrPublicKey>(), Err(error), "{text}");
        }
    }

    /// The signing vectors of BIP-340: secret key, public key, auxiliary randomness, message,
    /// signature.
    #[test]
    fn bip_340_signing_vectors() {
        for [secret, public, aux, message, signature] in [
            [
                "0000000000000000000000000000000000000000000000000000000000000003",
                "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0000000000000000000000000000000000000000000000000000000000000000",
                "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca821525f66a4a85ea8b71\
                 e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0",
            ],
            [
                "b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef",
                "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
                "0000000000000000000000000000000000000000000000000000000000000001",
                "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
                "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de33418906d11ac976abcc\
                 b20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a",
            ],
            [
                "c90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b14e5c9",
                "dd308afec5777e13121fa72b9cc1b7cc0139715309b086c960e18fd969774eb8",
                "c87aa53824b4d7ae2eb035a2b5bbbccc080e76cdc6d1692c4b0b62d798e6d906",
                "7e2d58d8b3bcdf1abadec7829054f90dda9805aab56c77333024b9d0a508b75c",
                "5831aaeed7b44bb74e5eab94ba9d4294c49bcf2a60728d8b4c200f50dd313c1bab745879a5ad954a\
                 72c45a91c3a51d3c7adea98d82f8481e0e1e03674a6f3fb7",
            ],
            [
                "0b432b2677937381aef05bb02a66ecd012773062cf3fa2549e44f58ed2401710",
                "25d1dff95105f5253c4022f628a996ad3a0d95fbf21d468a1b33f8c160d8f517",
                "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                "7eb0509757e246f19449885651611cb965ecc1a187dd51b64fda1edc9637d5ec97582b9cb13db393\
                 3705b32ba982af5af25fd78881ebb32771fc5922efc66ea3",
            ],
        ] {
            let bytes = |text: &str| -> [u8; 32] { hex::decode(text).unwrap().try_into().unwrap() };
            let key = NostrKey::from_scalar(&Secret::new(bytes(secret))).unwrap();
            assert_eq!(key.public().hex(), public);
            assert_eq!(hex::encode(key.sign(&bytes(message), &bytes(aux))), signature);
        }
    }
}
