//! What a keystore file says, as the programs of ten years write it: names in any case, hexadecimal
//! with `0x` or without, fields left out that have one value only.

use alloy_primitives::{Address, hex, keccak256};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::aes128::counter_mode;
use super::scrypt::{Cost, pbkdf2, scrypt};
use crate::json;
use crate::keys::SignerKey;
use crate::secret::Secret;

/// Most memory, and most work (128·n·r·p), that scrypt may take, bytes: four times what geth's
/// keystores do.
const MAX_SCRYPT: u64 = 1 << 30;
/// Most rounds of PBKDF2: forty times what is usual.
const MAX_PBKDF2_ROUNDS: u32 = 10_000_000;

/// A keystore that can be opened, all of it checked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Keystore {
    ciphertext: Vec<u8>,
    iv: [u8; 16],
    mac: [u8; 32],
    salt: Vec<u8>,
    kdf: Kdf,
    /// Whose it says it is.
    pub(super) address: Option<Address>,
}

#[derive(Debug, PartialEq, Eq)]
enum Kdf {
    Scrypt(Cost),
    Pbkdf2(std::num::NonZeroU32),
}

/// Why it is not opened, as a clause.
pub(super) type Reason = String;

/// An object whose fields are found whatever their case.
struct Fields<'a>(&'a Map<String, Value>, &'static str);

impl<'a> Fields<'a> {
    fn of(value: &'a Value, name: &'static str) -> Result<Self, Reason> {
        let object = value.as_object();
        object.map(|map| Self(map, name)).ok_or_else(|| format!("{name} is no object"))
    }

    fn get(&self, field: &str) -> Option<&'a Value> {
        let exact = self.0.get(field);
        exact.or_else(|| {
            let same = |(name, _): &(&String, &Value)| name.eq_ignore_ascii_case(field);
            self.0.iter().find(same).map(|(_, value)| value)
        })
    }

    fn require(&self, field: &str) -> Result<&'a Value, Reason> {
        self.get(field).ok_or_else(|| format!("{} has no {field}", self.1))
    }

    fn object(&self, field: &'static str) -> Result<Fields<'a>, Reason> {
        Fields::of(self.require(field)?, field)
    }

    /// In lower case.
    fn word(&self, field: &str) -> Result<String, Reason> {
        let word = self.require(field)?.as_str();
        word.map(str::to_ascii_lowercase).ok_or_else(|| format!("its {field} is no text"))
    }

    fn bytes(&self, field: &str) -> Result<Vec<u8>, Reason> {
        let text = self.word(field)?;
        hex::decode(&text).map_err(|_| format!("its {field} is not hexadecimal"))
    }

    fn array<const LENGTH: usize>(&self, field: &str) -> Result<[u8; LENGTH], Reason> {
        let bytes = self.bytes(field)?;
        let length = bytes.len();
        bytes.try_into().map_err(|_| format!("its {field} has {length} bytes, and not {LENGTH}"))
    }

    /// Some write numbers as texts.
    fn number(&self, field: &str) -> Result<u64, Reason> {
        let value = self.require(field)?;
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        number.ok_or_else(|| format!("its {field} is no number"))
    }
}

impl Keystore {
    /// Reads the text of a keystore file.
    pub(super) fn parse(text: &str) -> Result<Self, Reason> {
        let text = text.trim_start_matches('\u{feff}');
        let value: Value =
            json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let file = Fields::of(&value, "the file")?;
        if file.get("encseed").is_some() {
            return Err("it is a wallet of Ethereum's presale, which is not read".to_owned());
        }
        let crypto = file.object("crypto")?;
        match file.number("version")? {
            3 => {}
            other => return Err(format!("its version is {other}")),
        }
        match crypto.word("cipher")?.as_str() {
            "aes-128-ctr" => {}
            other => return Err(format!("the cipher {other:?} is not known")),
        }
        let ciphertext = crypto.bytes("ciphertext")?;
        // Some left the zeros of a key's beginning out.
        if !(1..=32).contains(&ciphertext.len()) {
            let length = ciphertext.len();
            return Err(format!("its ciphertext has {length} bytes, and a key 32"));
        }
        let params = crypto.object("kdfparams")?;
        let kdf = kdf(&crypto.word("kdf")?, &params)?;
        Ok(Self {
            ciphertext,
            iv: crypto.object("cipherparams")?.array("iv")?,
            mac: crypto.array("mac")?,
            salt: params.bytes("salt")?,
            kdf,
            address: address(&file)?,
        })
    }

    /// The key, where the password fits.
    ///
    /// # Errors
    /// A key that is none, or another address's.
    pub(super) fn open(&self, password: &[u8]) -> Result<Option<SignerKey>, Reason> {
        let derived = match &self.kdf {
            Kdf::Scrypt(cost) => scrypt(password, &self.salt, *cost),
            Kdf::Pbkdf2(rounds) => {
                let mut derived = Zeroizing::new([0; 32]);
                pbkdf2(password, &self.salt, *rounds, derived.as_mut());
                derived
            }
        };
        let (cipher_key, mac_key) = derived.split_at(16);
        let checked = Zeroizing::new([mac_key, &self.ciphertext].concat());
        if keccak256(&*checked) != self.mac {
            return Ok(None);
        }
        let mut key = Zeroizing::new([0; 16]);
        key.copy_from_slice(cipher_key);
        let mut scalar = Zeroizing::new([0; 32]);
        let digits = &mut scalar[32 - self.ciphertext.len()..];
        digits.copy_from_slice(&self.ciphertext);
        counter_mode(&key, &self.iv, digits);
        let key =
            SignerKey::from_scalar(&Secret::new(*scalar)).map_err(|error| error.to_string())?;
        match self.address.filter(|address| *address != key.address()) {
            None => Ok(Some(key)),
            Some(said) => {
                Err(format!("it says its address is {said}, and its key's is {}", key.address()))
            }
        }
    }
}

/// How the password becomes a key, its cost bounded before anything is allocated.
fn kdf(name: &str, params: &Fields<'_>) -> Result<Kdf, Reason> {
    // More bytes than are used do not change those that are.
    if params.get("dklen").is_some() && params.number("dklen")? < 32 {
        return Err("its dklen is less than 32".to_owned());
    }
    match name {
        "scrypt" => {
            let (n, r, p) = (params.number("n")?, params.number("r")?, params.number("p")?);
            let work = [n, r, p].iter().try_fold(128_u64, |work, factor| work.checked_mul(*factor));
            if !n.is_power_of_two() || n < 2 || r == 0 || p == 0 {
                return Err(format!("scrypt has no n = {n}, r = {r}, p = {p}"));
            }
            if work.is_none_or(|work| work > MAX_SCRYPT) {
                return Err(format!(
                    "scrypt with n = {n}, r = {r}, p = {p} is excessive: 128·n·r·p is more than \
                     {} MiB",
                    MAX_SCRYPT >> 20
                ));
            }
            // Below 2^23 each.
            let [n, r, p] = [n, r, p].map(|factor| factor as usize);
            Ok(Kdf::Scrypt(Cost { n, r, p }))
        }
        "pbkdf2" => {
            if params.get("prf").is_some() && params.word("prf")? != "hmac-sha256" {
                return Err(format!("the prf {:?} is not known", params.word("prf")?));
            }
            let rounds = params.number("c")?;
            let bounded = u32::try_from(rounds).ok().filter(|c| *c <= MAX_PBKDF2_ROUNDS);
            let bounded = bounded.and_then(std::num::NonZeroU32::new);
            let wrong = || {
                format!(
                    "c = {rounds} rounds of PBKDF2 are none, or excessive: at most {MAX_PBKDF2_ROUNDS}"
                )
            };
            bounded.map(Kdf::Pbkdf2).ok_or_else(wrong)
        }
        other => Err(format!("the key derivation {other:?} is not known")),
    }
}

/// Left out or empty by those who do not want to tell it.
fn address(file: &Fields<'_>) -> Result<Option<Address>, Reason> {
    match file.get("address") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(_) => Ok(Some(Address::from(file.array::<20>("address")?))),
    }
}
